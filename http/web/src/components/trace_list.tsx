// Purpose: traces as a table; each leads to its waterfall.
import type { Traces, TraceSummary } from '../api/insight.ts';
import { useState } from 'react';
import { count, duration, short_count, sum_usd, total_tokens } from '../format/numbers.ts';
import { day_hour_time, full_time } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_narrowing } from '../routing/narrowed.ts';
import { use_range } from '../routing/range.ts';
import { trace_address } from '../routing/router.ts';
import { Choice, use_choice } from './choice.tsx';
import { Panel } from './panel.tsx';
import { Answer, Exactness } from './states.tsx';
import { RowTable, type TableColumn } from './table.tsx';

const shown_max = 1000;
const orders = ['newest', 'slowest', 'costliest', 'errors'] as const;

export interface TraceListProps {
  readonly limit: number;
  /** beside what the view is narrowed to */
  readonly agent_id?: string;
}

export function TraceList({ limit, agent_id }: TraceListProps) {
  const order = use_choice('order', orders, 'newest');
  const [shown, set_shown] = useState(limit);
  const narrowing = use_narrowing();
  const traces = use_read<Traces>('/traces', { params: { ...narrowing, ...(agent_id === undefined ? {} : { agent_id }), order, limit: shown }, range: use_range() });
  const columns: readonly TableColumn<TraceSummary>[] = [
    {
      key: 'started',
      title: t('trace.started'),
      cell: (trace) => (
        <LinkTo to={trace_address(trace.trace_id)} title={full_time(trace.started_at)}>
          {day_hour_time(trace.started_at)}
        </LinkTo>
      ),
    },
    { key: 'agents', title: t('nav.agents'), cell: (trace) => names(trace.agents) },
    { key: 'events', title: t('figure.events'), number: true, wide: true, cell: (trace) => count(trace.events) },
    {
      key: 'errors',
      title: t('figure.errors'),
      number: true,
      cell: (trace) => <span className={trace.errors > 0 ? 'bad' : undefined}>{count(trace.errors)}</span>,
    },
    { key: 'time', title: t('figure.duration'), number: true, cell: (trace) => duration(trace.duration_ms) },
    {
      key: 'tokens',
      title: t('figure.tokens'),
      number: true,
      wide: true,
      cell: (trace) => short_count(total_tokens(trace.tokens)),
    },
    { key: 'cost', title: t('figure.cost'), number: true, cell: (trace) => sum_usd(trace.cost_usd) },
  ];
  return (
    <Panel
      title={t('trace.list')}
      controls={
        <Choice
          name="order"
          label={t('trace.order')}
          value={order}
          options={orders.map((each) => [each, t(`trace.${each}`)] as const)}
        />
      }
    >
      <Answer read={traces} empty={({ items }) => items.length === 0} empty_text={t('trace.none')}>
        {(data) => (
          <>
            <Exactness data={data} />
            <RowTable
              caption={t('trace.list')}
              columns={columns}
              rows={data.items}
              row_key={(trace) => trace.trace_id}
            />
            {has_more(data) && shown < shown_max && (
              <button type="button" className="button" onClick={() => set_shown(Math.min(shown_max, shown * 2))}>
                {t(traces.isPlaceholderData ? 'state.loading' : 'events.older')}
              </button>
            )}
          </>
        )}
      </Answer>
    </Panel>
  );
}

/** The newest come in pages, the others are the first of all. */
function has_more({ next_cursor, total, items }: Traces): boolean {
  return next_cursor ? true : total.traces > items.length;
}

function names(agents: readonly string[]): string {
  const shown = agents.slice(0, 3).join(', ');
  return agents.length > 3 ? t('trace.more_agents', { agents: shown, n: agents.length - 3 }) : shown;
}
