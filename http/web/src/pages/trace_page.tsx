// Purpose: one trace: its figures, its waterfall, the way to its events.
import type { Trace } from '../api/insight.ts';
import { Waterfall } from '../charts/waterfall.tsx';
import { Figures, type Figure } from '../components/figures.tsx';
import { Answer, Empty } from '../components/states.tsx';
import { count, duration, short_count, total_tokens, usd } from '../format/numbers.ts';
import { full_time } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { events_address, type EventCondition } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_route } from '../routing/router.ts';

const every_ms = 10_000;

export function TracePage() {
  const id = use_route().query.get('id') ?? '';
  const trace = use_read<Trace>(`/traces/${encodeURIComponent(id)}`, { every_ms, enabled: id !== '' });
  if (id === '') return <Empty>{t('trace.no_id')}</Empty>;
  return (
    <>
      <p className="subject">
        <bdi>
          <code>{id}</code>
        </bdi>{' '}
        <LinkTo time="all" to={events_address({ trace_id: id }, null)}>
          {t('chart.show_events')}
        </LinkTo>
      </p>
      <Answer read={trace} missing_text={t('trace.unknown')}>
        {(data) => (
          <>
            <TraceFigures trace={data} />
            <Waterfall trace={data} />
          </>
        )}
      </Answer>
    </>
  );
}

function TraceFigures({ trace }: { readonly trace: Trace }) {
  const events = (condition: EventCondition): Pick<Figure, 'to' | 'time'> => ({
    to: events_address({ trace_id: trace.trace_id, ...condition }, null),
    time: 'all',
  });
  return (
    <Figures
      label={t('trace.figures')}
      figures={[
        { name: t('figure.duration'), value: duration(trace.duration_ms), more: full_time(trace.started_at) },
        {
          name: t('figure.events'),
          value: count(trace.events),
          more: t('trace.by_agents', { n: trace.agents.length }),
          ...events({}),
        },
        {
          name: t('figure.errors'),
          value: count(trace.errors),
          tone: trace.errors > 0 ? 'bad' : undefined,
          ...events({ status: 'error' }),
        },
        {
          name: t('figure.tokens'),
          value: short_count(total_tokens(trace.tokens)),
          more: t('figure.in_calls', { n: trace.calls }),
          ...events({ type: 'llm.call' }),
        },
        { name: t('figure.cost'), value: usd(trace.cost_usd), ...events({ type: 'llm.call' }) },
      ]}
    />
  );
}
