// Purpose: one agent in full: figures, its work over time, its latest events and traces, memory, tasks, tokens, events.
import { useMemo } from 'react';
import type { Agent } from '../api/types.ts';
import { CostChart, EventChart, TokenChart } from '../charts/usage_charts.tsx';
import { AgentFacts } from '../components/agent_facts.tsx';
import { AgentTimeline } from '../components/agent_timeline.tsx';
import { EventStream } from '../components/event_stream.tsx';
import { Panel } from '../components/panel.tsx';
import { Empty, Loading } from '../components/states.tsx';
import { TaskTable } from '../components/task_table.tsx';
import { TierTable } from '../components/tier_table.tsx';
import { TokenKinds } from '../components/token_kinds.tsx';
import { TraceList } from '../components/trace_list.tsx';
import { no_filter } from '../filters/event_filter.ts';
import { t } from '../i18n/i18n.ts';
import { use_agent_feed, use_agent_of } from '../live/agent_feed.ts';
import { use_refresh_with } from '../queries/live_topic.ts';
import { usage_steps, use_rollups, type UsageView } from '../queries/usage.ts';
import { events_address } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_range } from '../routing/range.ts';
import { use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';

export function AgentPage() {
  const id = use_route().query.get('id') ?? '';
  if (id === '') return <Empty>{t('agent.no_id')}</Empty>;
  return <OneAgent key={id} id={id} />;
}

/** What an agent's events change here. */
const of_agent = ['rollups', '/traces', '/memory/tier-stats', '/agents/'] as const;

function OneAgent({ id }: { readonly id: string }) {
  const { room } = use_session();
  const feed = use_agent_feed(room, id);
  const { agent, missing } = use_agent_of(room, feed, id);
  use_refresh_with(feed.log, of_agent);
  const filter = useMemo(() => ({ ...no_filter, agent_id: id }), [id]);
  if (missing && !agent) return <Empty>{t('agent.unknown')}</Empty>;
  return (
    <>
      <Panel title={agent?.name || id}>{agent ? <AgentFacts agent={agent} /> : <Loading />}</Panel>
      <AgentCharts id={id} />
      <AgentTimeline id={id} log={feed.log} />
      <TraceList agent_id={id} limit={12} />
      <div className="halves">
        <div className="column">
          <Panel title={t('nav.memory')}>
            <TierTable agent_id={id} />
          </Panel>
          {agent && <Work agent={agent} />}
        </div>
        <Panel
          title={t('agent.recent')}
          controls={<LinkTo to={events_address({ agent_id: id }, null)}>{t('overview.explore')}</LinkTo>}
        >
          <EventStream filter={filter} source={feed.log} step={25} without_agent label={t('agent.events')} />
        </Panel>
      </div>
    </>
  );
}

function AgentCharts({ id }: { readonly id: string }) {
  const rollups = use_rollups('agent', id, use_range());
  const steps = useMemo(() => (rollups.data ? usage_steps(rollups.data) : []), [rollups.data]);
  const usage: UsageView = {
    loaded: rollups.data !== undefined,
    error: rollups.error,
    again: () => void rollups.refetch(),
    resolution: rollups.data?.span.resolution ?? 'hour',
    steps,
  };
  return (
    <div className="thirds">
      <EventChart usage={usage} agent_id={id} />
      <TokenChart usage={usage} agent_id={id} />
      <CostChart usage={usage} agent_id={id} />
    </div>
  );
}

function Work({ agent }: { readonly agent: Agent }) {
  return (
    <>
      <Panel title={t('tasks.title')}>
        <TaskTable agent={agent} />
      </Panel>
      <Panel title={t('tokens.by_kind')}>
        <TokenKinds tokens={agent.totals?.tokens} />
      </Panel>
    </>
  );
}
