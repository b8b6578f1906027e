// Purpose: the first look: headline figures, tokens and cost per minute, busiest agents, latest events.
import { useMemo } from 'react';
import { AgentTable } from '../components/agent_table.tsx';
import { EventStream } from '../components/event_stream.tsx';
import { FirstEvent } from '../components/first_event.tsx';
import { KeyTables } from '../components/key_tables.tsx';
import { Headlines } from '../components/headlines.tsx';
import { use_now } from '../components/now.ts';
import { CostChart, TokenChart } from '../charts/minute_charts.tsx';
import { arrange, default_agent_filter } from '../filters/agent_filter.ts';
import { no_filter } from '../filters/event_filter.ts';
import { use_store } from '../live/store.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';

const agents_shown = 12;

export function Overview() {
  const { room } = use_session();
  return (
    <>
      <FirstEvent />
      <Headlines />
      <div className="charts">
        <TokenChart />
        <CostChart />
      </div>
      <div className="overview_lists">
        <div className="column">
          <LatestAgents />
          <KeyTables />
        </div>
        <section className="panel" aria-labelledby="latest_events">
          <header className="panel_head">
            <h2 id="latest_events">Events</h2>
            <LinkTo to="/events">
              Filter<span className="hidden"> all events</span>
            </LinkTo>
          </header>
          <EventStream filter={no_filter} source={room.log} step={25} />
        </section>
      </div>
    </>
  );
}

function LatestAgents() {
  const { room } = use_session();
  const { loaded, agents } = use_store(room.agents);
  const now_ms = use_now(1_000);
  const rows = useMemo(() => arrange(agents, default_agent_filter, now_ms).slice(0, agents_shown), [agents, now_ms]);
  return (
    <section className="panel" aria-labelledby="latest_agents">
      <header className="panel_head">
        <h2 id="latest_agents">Agents</h2>
        <LinkTo to="/agents">
          All {agents.length}
          <span className="hidden"> agents</span>
        </LinkTo>
      </header>
      {rows.length > 0 && <AgentTable agents={rows} now_ms={now_ms} link={agent_address} />}
      {rows.length === 0 && <p className="empty">{loaded ? 'No agents yet.' : 'Loading…'}</p>}
    </section>
  );
}
