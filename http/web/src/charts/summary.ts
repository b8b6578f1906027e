// Purpose: says in one sentence what a chart over time shows.
import { t } from '../i18n/i18n.ts';

interface Values {
  readonly values: readonly (number | null)[];
}

export function summary_of_series(
  times: readonly number[],
  lines: readonly Values[],
  exact: (value: number) => string,
  moment: (time_ms: number) => string,
): string {
  const totals = times.map((_, index) => lines.reduce((sum, line) => sum + (line.values[index] ?? 0), 0));
  const all = totals.reduce((sum, value) => sum + value, 0);
  if (all === 0) return t('chart.nothing');
  const peak = totals.reduce((best, value, index) => (value > (totals[best] ?? 0) ? index : best), 0);
  return t('chart.summary', {
    total: exact(all),
    time: moment(times[peak] ?? 0),
    peak: exact(totals[peak] ?? 0),
    latest: exact(totals.at(-1) ?? 0),
  });
}
