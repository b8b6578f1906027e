// Purpose: figures by key (a model, a team, a tier), as bars, slices, points and gauges show them, and their table.
// Invariants: pure. null is not known: it is in the table and in no drawing. Rows are in the order they are shown in.
import { percent } from '../format/numbers.ts';
import { list_of, t } from '../i18n/i18n.ts';
import type { TableModel } from './table_model.ts';

export interface KeyRow {
  readonly key: string;
  readonly name: string;
  readonly value: number | null;
  /** what a point is placed by in the reading direction */
  readonly beside?: number | null;
  /** the address of what is counted */
  readonly to?: string | undefined;
}

export interface Measure {
  readonly name: string;
  readonly exact: (value: number) => string;
  readonly short: (value: number) => string;
}

export interface KeyData {
  /** what a key is: "Model" */
  readonly keys: string;
  readonly rows: readonly KeyRow[];
  /** of the keys that have no row of their own */
  readonly rest: { readonly value: number; readonly keys: number } | null;
  readonly measure: Measure;
  readonly beside?: Measure;
}

export interface Slice extends KeyRow {
  readonly value: number;
  /** of the whole, where it begins and ends */
  readonly from: number;
  readonly to_share: number;
  /** how many keys it stands for */
  readonly keys: number;
}

export const known_rows = (data: KeyData): (KeyRow & { readonly value: number })[] =>
  data.rows.filter((row): row is KeyRow & { readonly value: number } => row.value !== null);

/** The largest as slices of their own; the others, with those the node summed up, as one. */
export function slices_of(data: KeyData, slices_max: number): Slice[] {
  const rows = known_rows(data)
    .filter(({ value }) => value > 0)
    .toSorted((a, b) => b.value - a.value);
  const fits = rows.length <= slices_max && data.rest === null;
  const own = fits ? rows : rows.slice(0, slices_max - 1);
  const others = rows.slice(own.length);
  const rest = others.reduce((sum, { value }) => sum + value, data.rest?.value ?? 0);
  const keys = others.length + (data.rest?.keys ?? 0);
  const all = [
    ...own.map((row) => ({ ...row, keys: 1 })),
    ...(rest > 0 ? [{ key: '', name: t('chart.others', { n: keys }), value: rest, keys }] : []),
  ];
  const whole = all.reduce((sum, { value }) => sum + value, 0);
  let from = 0;
  return all.map((row) => {
    const begin = from;
    from += row.value / whole;
    return { ...row, from: begin, to_share: from };
  });
}

export function table_of_keys(data: KeyData): TableModel {
  const { keys, rows, rest, measure, beside } = data;
  const show = (cell: string | number): string => measure.exact(Number(cell));
  return {
    columns: [
      { name: keys, link: (_row, index) => rows[index]?.to },
      ...(beside ? [{ name: beside.name, number: true, show: (cell: string | number) => beside.exact(Number(cell)) }] : []),
      { name: measure.name, number: true, show },
    ],
    rows: [
      ...rows.map((row) => [row.name, ...(beside ? [row.beside ?? null] : []), row.value]),
      ...(rest ? [[t('chart.others', { n: rest.keys }), ...(beside ? [null] : []), rest.value]] : []),
    ],
  };
}

const told_max = 3;

/** "Cost by model: gpt-4o $1.20, …": the largest, in words. */
export function summary_of_keys(data: KeyData): string {
  const largest = known_rows(data).toSorted((a, b) => b.value - a.value);
  if (largest.length === 0) return t('chart.nothing');
  const words = largest.slice(0, told_max).map(({ name, value }) => `${name} ${data.measure.exact(value)}`);
  return t('chart.largest', { measure: data.measure.name, figures: list_of(words) });
}

export const share_of_slice = ({ from, to_share }: Slice): string => percent(to_share - from);
