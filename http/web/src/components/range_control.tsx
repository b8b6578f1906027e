// Purpose: chooses the span of time for every view: the last hour to the last month, or from one moment to another.
// Invariant: it shows what the address says; a zoom into a chart appears here and can be widened or left.
import { useState, type FormEvent } from 'react';
import { presets, widened, without_range, zoomed, type Preset, type RangeChoice } from '../filters/time_range.ts';
import { span_of } from '../format/numbers.ts';
import { day_hour_time } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import { choose_range, use_range } from '../routing/range.ts';
import { push_query, use_route } from '../routing/router.ts';
import { Icon } from './icons.tsx';

const units: { readonly [preset in Preset]: readonly [number, 'hour' | 'day'] } = {
  '1h': [1, 'hour'],
  '6h': [6, 'hour'],
  '24h': [24, 'hour'],
  '7d': [7, 'day'],
  '30d': [30, 'day'],
};

export function preset_name(preset: Preset): string {
  return span_of(...units[preset]);
}

export function RangeControl() {
  const range = use_range();
  return (
    <div className="range" role="group" aria-label={t('range.title')}>
      {range.kind === 'between' && <Between range={range} />}
      <fieldset className="segments">
        <legend className="hidden">{t('range.last')}</legend>
        {presets.map((preset) => (
          <label key={preset}>
            <input
              type="radio"
              name="range"
              value={preset}
              checked={range.kind === 'last' && range.preset === preset}
              onChange={() => choose_range({ kind: 'last', preset })}
            />
            <span>{preset_name(preset)}</span>
          </label>
        ))}
      </fieldset>
      <Custom range={range} />
    </div>
  );
}

function Between({ range }: { readonly range: RangeChoice & { readonly kind: 'between' } }) {
  const { query } = use_route();
  return (
    <div className="range_between">
      <span>{t('range.between', { from: day_hour_time(range.since_ms), to: day_hour_time(range.until_ms) })}</span>
      <button
        type="button"
        className="button button_icon"
        title={t('range.widen')}
        aria-label={t('range.widen')}
        onClick={() => choose_range(widened(range, Date.now()))}
      >
        <Icon name="widen" />
      </button>
      <button
        type="button"
        className="button button_icon"
        title={t('range.reset')}
        aria-label={t('range.reset')}
        onClick={() => push_query(without_range(query))}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** As a datetime-local field wants it: the reader's own time, to the minute. */
function local_moment(ms: number): string {
  const date = new Date(ms);
  return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function Custom({ range }: { readonly range: RangeChoice }) {
  const [open, set_open] = useState(false);
  const now_ms = Date.now();
  const [from, set_from] = useState(local_moment(range.kind === 'between' ? range.since_ms : now_ms - 7_200_000));
  const [to, set_to] = useState(local_moment(range.kind === 'between' ? range.until_ms : now_ms));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const since_ms = new Date(from).getTime();
    const until_ms = new Date(to).getTime();
    if (Number.isNaN(since_ms) || Number.isNaN(until_ms)) return;
    set_open(false);
    choose_range(zoomed(since_ms, until_ms));
  };
  return (
    <details className="range_custom" open={open} onToggle={(event) => set_open(event.currentTarget.open)}>
      <summary className="button button_small">{t('range.custom')}</summary>
      <form className="range_form" onSubmit={submit}>
        <label>
          {t('range.from')}
          <input type="datetime-local" value={from} required onChange={(event) => set_from(event.target.value)} />
        </label>
        <label>
          {t('range.to')}
          <input type="datetime-local" value={to} required onChange={(event) => set_to(event.target.value)} />
        </label>
        <button type="submit" className="button button_small">
          {t('range.apply')}
        </button>
      </form>
    </details>
  );
}

