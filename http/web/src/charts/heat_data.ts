// Purpose: what a heat map is made of: its levels of colour, and moving about in it. Pure.
import type { Direction } from '../i18n/locales.ts';

export interface HeatData {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** by row, then column; null and 0 are the ground */
  readonly values: readonly (readonly (number | null)[])[];
  readonly max: number;
  /** where rows count different things, each has its own scale */
  readonly row_max?: readonly number[];
  /** a row of bars instead of a row of colours: a histogram */
  readonly drawn?: 'bars';
  /** every which heading of a column is written */
  readonly label_every: number;
}

export const heat_levels = 6;

/** 0 for nothing, else 1 to `heat_levels`; by the square root, because few items get most of the accesses. */
export function heat_level(value: number | null, max: number): number {
  if (value === null || value <= 0 || max <= 0) return 0;
  return 1 + Math.min(heat_levels - 1, Math.floor(Math.sqrt(value / max) * (heat_levels - 1)));
}

/** The height of a bar, 0 to 1. What is there can be seen. */
export function bar_height(value: number | null, max: number): number {
  return value === null || value <= 0 || max <= 0 ? 0 : Math.max(0.04, Math.min(1, value / max));
}

export function heat_values(
  rows: number,
  columns: number,
  cells: readonly (readonly [number, number, number])[],
): number[][] {
  const values = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  for (const [row, column, value] of cells) {
    const line = values[row];
    if (line && column < columns) line[column] = value;
  }
  return values;
}

export interface HistogramStep {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly count: number;
}

/** 1, 2, 5, 10, ...: exact, as the node writes them. */
function bound_after(ms: number): number {
  const power = Math.floor(Math.log10(ms) + 1e-9);
  const factor = Math.round(ms / 10 ** power);
  return Number(`${factor === 1 ? 2 : factor === 2 ? 5 : 10}e${power}`);
}

/** Histograms under each other, over the same columns: from the lowest step of all to the highest, without gaps. */
export function histogram_of(
  rows: readonly (readonly [name: string, steps: readonly HistogramStep[]])[],
  step_name: (from_ms: number, to_ms: number) => string,
): HeatData {
  const ends = new Map(rows.flatMap(([, own]) => own.map(({ from_ms, to_ms }) => [from_ms, to_ms] as const)));
  const bounds: [number, number][] = [];
  const last = Math.max(...ends.keys());
  for (let at = Math.min(...ends.keys()); at <= last; ) {
    const to_ms = ends.get(at) ?? bound_after(at);
    bounds.push([at, to_ms]);
    at = to_ms;
  }
  const values = rows.map(([, own]) => {
    const counts = new Map(own.map(({ from_ms, count }) => [from_ms, count]));
    return bounds.map(([from_ms]) => counts.get(from_ms) ?? 0);
  });
  const row_max = values.map((row) => Math.max(0, ...row));
  return {
    rows: rows.map(([name]) => name),
    columns: bounds.map(([from_ms, to_ms]) => step_name(from_ms, to_ms)),
    values,
    max: Math.max(0, ...row_max),
    row_max,
    drawn: 'bars',
    label_every: Math.max(1, Math.ceil(bounds.length / 12)),
  };
}

export function move_in_grid(
  key: string,
  at: { readonly row: number; readonly column: number },
  size: Pick<HeatData, 'rows' | 'columns'>,
  reading: Direction,
): { readonly row: number; readonly column: number } | null {
  const last_row = size.rows.length - 1;
  const last_column = size.columns.length - 1;
  const sideways = reading === 'rtl' ? -1 : 1;
  const to = (row: number, column: number) => ({
    row: Math.max(0, Math.min(last_row, row)),
    column: Math.max(0, Math.min(last_column, column)),
  });
  switch (key) {
    case 'ArrowRight':
      return to(at.row, at.column + sideways);
    case 'ArrowLeft':
      return to(at.row, at.column - sideways);
    case 'ArrowDown':
      return to(at.row + 1, at.column);
    case 'ArrowUp':
      return to(at.row - 1, at.column);
    case 'Home':
      return to(at.row, 0);
    case 'End':
      return to(at.row, last_column);
    case 'PageUp':
      return to(0, at.column);
    case 'PageDown':
      return to(last_row, at.column);
    default:
      return null;
  }
}
