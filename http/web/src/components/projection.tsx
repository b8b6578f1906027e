// Purpose: what will be spent this hour, day and month, and the next 24 hours as a line with its interval.
// Invariant: how sure it is stands beside it: the interval, the method, the history it rests on.
import { useMemo } from 'react';
import type { ProjectedSpan, Projection } from '../api/insight.ts';
import { TimeChart } from '../charts/time_chart.tsx';
import type { TimeData } from '../charts/time_data.ts';
import { percent, short_usd, usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import type { Read } from '../queries/use_read.ts';
import { state_of } from './states.tsx';

export function ProjectionPanels({ projection }: { readonly projection: Read<Projection> }) {
  const data = projection.data;
  const series = useMemo<TimeData>(() => {
    const hours = data?.hours ?? [];
    return {
      times: hours.map((hour) => Date.parse(hour.time)),
      resolution: 'hour',
      meaning: 'per_step',
      lines: [
        {
          name: t('projection.expected'),
          colour: '--series_3',
          draw: 'line',
          dashed: true,
          values: hours.map((hour) => hour.expected_usd),
        },
      ],
      band: {
        name: t('projection.interval', { share: percent(data?.interval ?? 0.8) }),
        colour: '--series_3',
        low: hours.map((hour) => hour.low_usd),
        high: hours.map((hour) => hour.high_usd),
      },
    };
  }, [data]);
  const state = state_of(projection, ({ hours }) => hours.length === 0, t('projection.none'));
  return (
    <TimeChart
      title={t('projection.title')}
      data={series}
      exact={usd}
      short={short_usd}
      state={state}
      zooms="own_part"
      note={data && <Spans data={data} />}
    />
  );
}

/** In hours where it is too short for days. */
function history_of({ method, history_days }: Projection): number {
  return Math.max(1, Math.round(method === 'run_rate' ? history_days * 24 : history_days));
}

function Spans({ data }: { readonly data: Projection }) {
  return (
    <>
      <dl className="spans">
        <SpanFigure name={t('projection.hour')} span={data.next_hour} />
        <SpanFigure name={t('projection.day')} span={data.day} />
        <SpanFigure name={t('projection.month')} span={data.month} />
      </dl>
      <p className="hint">
        {t(`projection.${data.method}`, { n: history_of(data), share: percent(data.interval) })}
      </p>
    </>
  );
}

function SpanFigure({ name, span }: { readonly name: string; readonly span: ProjectedSpan }) {
  const money = (value: number | null): string => (value === null ? '–' : usd(value));
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi className="spans_value">{money(span.expected_usd)}</bdi>
        <span className="muted">
          {t('projection.between', { low: money(span.low_usd), high: money(span.high_usd) })}
          <br />
          {t('projection.spent', { amount: usd(span.spent_usd) })}
        </span>
      </dd>
    </div>
  );
}
