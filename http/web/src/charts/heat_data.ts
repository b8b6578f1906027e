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
  /** every which heading of a column is written */
  readonly label_every: number;
}

export const heat_levels = 6;

/** 0 for nothing, else 1 to `heat_levels`; by the square root, because few items get most of the accesses. */
export function heat_level(value: number | null, max: number): number {
  if (value === null || value <= 0 || max <= 0) return 0;
  return 1 + Math.min(heat_levels - 1, Math.floor(Math.sqrt(value / max) * (heat_levels - 1)));
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
