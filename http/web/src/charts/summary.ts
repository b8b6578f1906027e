// Purpose: says in one sentence what a chart shows.
import { minute_time } from '../format/times.ts';

interface Values {
  readonly name: string;
  readonly values: readonly number[];
}

export function summary_of_series(
  times: readonly number[],
  series: readonly Values[],
  exact: (value: number) => string,
): string {
  const totals = times.map((_, index) => series.reduce((sum, line) => sum + (line.values[index] ?? 0), 0));
  const all = totals.reduce((sum, value) => sum + value, 0);
  if (all === 0) return 'Nothing in the last hour.';
  const peak = totals.reduce((best, value, index) => (value > (totals[best] ?? 0) ? index : best), 0);
  const now = totals.at(-1) ?? 0;
  return (
    `${exact(all)} in the last hour, most at ${minute_time(times[peak] ?? 0)} with ${exact(totals[peak] ?? 0)}, ` +
    `${exact(now)} in this minute.`
  );
}
