// Purpose: the agents: as a list that is kept live, by their events, or what one of them did lately.
// Invariant: the list has what an agent did in all its life; the other charts have the span of time of the page.
import { useMemo, useState } from 'react';
import type { Agent } from '../../api/types.ts';
import type { TableModel } from '../../charts/table_model.ts';
import { Timeline } from '../../charts/timeline.tsx';
import { address_of, use_latest, use_stored_events } from '../../components/agent_timeline.tsx';
import { use_now } from '../../components/now.ts';
import { Empty, Loading, state_of } from '../../components/states.tsx';
import { count, sum_usd } from '../../format/numbers.ts';
import { ago } from '../../format/times.ts';
import { t, type MessageKey } from '../../i18n/i18n.ts';
import { use_agent_feed } from '../../live/agent_feed.ts';
import { status_at } from '../../live/agent_book.ts';
import { empty_log, type LogView } from '../../live/event_log.ts';
import { Store, use_store } from '../../live/store.ts';
import { LinkTo } from '../../routing/link_to.tsx';
import { use_range } from '../../routing/range.ts';
import { agent_address, navigate } from '../../routing/router.ts';
import { use_session } from '../../session/room_context.ts';
import { every_ms_of, type ChartProps } from './chart_read.ts';
import { TableChart } from './key_chart.tsx';
import { UsageChart } from './usage_chart.tsx';

const list_every_ms = 5_000;

export function AgentsChart(props: ChartProps) {
  const { type } = props.chart;
  if (type === 'table') return <AgentList {...props} />;
  if (type !== 'timeline') return <UsageChart {...props} />;
  return props.pace.real_time ? <LiveTimeline {...props} /> : <StillTimeline {...props} />;
}

function AgentList({ chart, title }: ChartProps) {
  const { room } = use_session();
  const { loaded, agents } = use_store(room.agents);
  const now_ms = use_now(list_every_ms);
  const { filters, top } = chart.source;
  const table = useMemo(() => {
    const chosen = agents
      .filter(({ id, team }) => (!filters.agent_id || id === filters.agent_id) && (!filters.team || team === filters.team))
      .sort((a, b) => (b.totals?.events ?? 0) - (a.totals?.events ?? 0));
    return table_of(chosen.slice(0, top), now_ms);
  }, [agents, filters, top, now_ms]);
  const state = !loaded ? <Loading /> : table.rows.length === 0 ? <Empty>{t('agents.none_match')}</Empty> : undefined;
  return <TableChart title={title} table={table} state={state} />;
}

function table_of(agents: readonly Agent[], now_ms: number): TableModel {
  return {
    columns: [
      { name: t('field.agent'), link: (_row, index) => agent_address(agents[index]?.id ?? '') },
      { name: t('field.status'), show: (cell) => t(`status.${cell}` as MessageKey) },
      { name: t('field.team') },
      { name: t('figure.events'), number: true, show: (cell) => count(Number(cell)) },
      { name: t('figure.errors'), number: true, show: (cell) => count(Number(cell)) },
      { name: t('figure.cost'), number: true, show: (cell) => sum_usd(Number(cell)) },
      { name: t('agents.last_seen'), number: true, show: (cell) => ago(String(cell), now_ms) },
    ],
    rows: agents.map((agent) => [
      agent.name || agent.id,
      status_at(agent, now_ms),
      agent.team ?? null,
      agent.totals?.events ?? null,
      agent.totals?.errors ?? null,
      agent.totals?.cost_usd ?? null,
      agent.last_activity ?? null,
    ]),
  };
}

function LiveTimeline(props: ChartProps) {
  const { room } = use_session();
  const feed = use_agent_feed(room, props.chart.source.filters.agent_id ?? '');
  return <AgentEvents {...props} log={feed.log} />;
}

function StillTimeline(props: ChartProps) {
  const [log] = useState(() => new Store(empty_log));
  return <AgentEvents {...props} log={log} />;
}

const no_traces = [] as const;

function AgentEvents({ chart, title, pace, log }: ChartProps & { readonly log: Store<LogView> }) {
  const range = use_range();
  const stored = use_stored_events(chart.source.filters.agent_id ?? '', range, every_ms_of(pace));
  const events = use_latest(stored.data, use_store(log), range);
  return (
    <Timeline
      title={title}
      events={events}
      traces={no_traces}
      choose={(event) => navigate(address_of(event))}
      links={(event) => <LinkTo to={address_of(event)}>{t(event.trace_id ? 'nav.trace' : 'chart.show_events')}</LinkTo>}
      state={state_of(stored, () => events.length === 0)}
    />
  );
}
