// Purpose: what a chart over time is made of, and its table.
// Invariant: pure. Every line has one value for each time; null leaves a gap and is never drawn as zero.
import type { Resolution } from '../filters/time_range.ts';
import { resolution_ms } from '../filters/time_range.ts';
import { day_hour_time, day_time, minute_time } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import type { TableModel } from './table_model.ts';
import type { Part } from './zoom_span.ts';

export interface Line {
  readonly name: string;
  /** a colour token of the design */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly draw?: 'bar' | 'line' | 'area';
  /** lines of the same stack are drawn on top of each other */
  readonly stack?: string;
  readonly dashed?: boolean;
}

/** What is expected to contain the true value: drawn as a pale area. */
export interface Band {
  readonly name: string;
  readonly colour: string;
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

export interface TimeData {
  readonly times: readonly number[];
  readonly resolution: Resolution;
  readonly lines: readonly Line[];
  readonly band?: Band;
  /** per_step: sums, which have a total; level: rates and latencies, which have none */
  readonly meaning: 'per_step' | 'level';
}

const day_ms = 86_400_000;

export function moment_of(data: Pick<TimeData, 'times' | 'resolution'>): (time_ms: number) => string {
  if (data.resolution === 'day') return day_time;
  const length_ms = (data.times.at(-1) ?? 0) - (data.times[0] ?? 0);
  return length_ms > day_ms ? day_hour_time : minute_time;
}

export function step_end(data: Pick<TimeData, 'times' | 'resolution'>, index: number): number {
  return (data.times[index] ?? 0) + resolution_ms[data.resolution];
}

export function table_of_times(data: TimeData, exact: (value: number) => string): TableModel {
  const show = (cell: string | number): string => exact(Number(cell));
  const moment = moment_of(data);
  const { band } = data;
  return {
    columns: [
      { name: t('chart.time'), show: (cell) => moment(Date.parse(String(cell))) },
      ...data.lines.map((line) => ({ name: line.name, number: true, show })),
      ...(band
        ? [
            { name: t('chart.low', { name: band.name }), number: true, show },
            { name: t('chart.high', { name: band.name }), number: true, show },
          ]
        : []),
    ],
    rows: data.times
      .map((time, index) => [
        new Date(time).toISOString(),
        ...data.lines.map((line) => line.values[index] ?? null),
        ...(band ? [band.low[index] ?? null, band.high[index] ?? null] : []),
      ])
      .reverse(),
  };
}

/** What a zoom shows of it. */
export function part_of(data: TimeData, part: Part | null): TimeData {
  if (part === null) return data;
  const cut = <Value>(values: readonly Value[]): readonly Value[] => values.slice(part.first, part.last + 1);
  return {
    ...data,
    times: cut(data.times),
    lines: data.lines.map((line) => ({ ...line, values: cut(line.values) })),
    ...(data.band ? { band: { ...data.band, low: cut(data.band.low), high: cut(data.band.high) } } : {}),
  };
}

/** Rows of the node, which leave out steps without data, as one value for each step. */
export function on_steps<Row extends { readonly time: string }>(
  steps: readonly number[],
  rows: readonly Row[],
  value: (row: Row) => number | null,
  missing: number | null,
): (number | null)[] {
  const known = new Map(rows.map((row) => [Date.parse(row.time), value(row)]));
  return steps.map((step) => (known.has(step) ? (known.get(step) ?? null) : missing));
}
