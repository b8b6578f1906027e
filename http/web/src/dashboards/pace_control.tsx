// Purpose: how often the charts of a dashboard are renewed while one looks at it, and whether at once.
// Invariant: it changes what this reader sees, not what is stored.
import { span_of } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import type { Pace } from './charts/chart_read.ts';

const offered_ms = [1_000, 5_000, 15_000, 60_000, 300_000, 3_600_000] as const;

export function interval_name(ms: number): string {
  if (ms % 3_600_000 === 0) return span_of(ms / 3_600_000, 'hour');
  return ms % 60_000 === 0 ? span_of(ms / 60_000, 'minute') : span_of(ms / 1_000, 'second');
}

export interface PaceControlProps {
  readonly pace: Pace;
  readonly change: (pace: Pace) => void;
}

export function PaceControl({ pace, change }: PaceControlProps) {
  return (
    <div className="dash_pace" role="group" aria-label={t('dashboard.pace')}>
      <button
        type="button"
        className="button button_small"
        aria-pressed={pace.real_time}
        title={t(pace.real_time ? 'dashboard.real_time_means' : 'dashboard.intervals_mean')}
        onClick={() => change({ ...pace, real_time: !pace.real_time })}
      >
        {t('dashboard.real_time')}
      </button>
      <IntervalChoice value={pace.every_ms} change={(every_ms) => change({ ...pace, every_ms })} />
    </div>
  );
}

interface IntervalChoiceProps {
  readonly value: number;
  readonly change: (ms: number) => void;
}

export function IntervalChoice({ value, change }: IntervalChoiceProps) {
  const offered = [...new Set([...offered_ms, value])].sort((a, b) => a - b);
  return (
    <label className="choice choice_small">
      <span className="muted">{t('dashboard.interval')}</span>
      <select value={value} onChange={(event) => change(Number(event.target.value))}>
        {offered.map((ms) => (
          <option key={ms} value={ms}>
            {interval_name(ms)}
          </option>
        ))}
      </select>
    </label>
  );
}
