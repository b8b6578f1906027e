// Purpose: the first look: headline figures, what to look into, events, tokens and cost over time, busiest agents, latest events.
import { useCallback, useMemo, useState } from 'react';
import { CostChart, EventChart, TokenChart } from '../charts/usage_charts.tsx';
import { AgentTable } from '../components/agent_table.tsx';
import { EventStream } from '../components/event_stream.tsx';
import { FirstEvent } from '../components/first_event.tsx';
import { Headlines } from '../components/headlines.tsx';
import { KeyTables } from '../components/key_tables.tsx';
import { use_now } from '../components/now.ts';
import { Outlook } from '../components/outlook.tsx';
import { Empty, Loading } from '../components/states.tsx';
import { arrange, default_agent_filter } from '../filters/agent_filter.ts';
import { no_filter } from '../filters/event_filter.ts';
import { t } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { use_usage } from '../queries/usage.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_range } from '../routing/range.ts';
import { agent_address } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';

const agents_shown = 12;

export function Overview() {
  const { room } = use_session();
  const usage = use_usage(use_range());
  const agents = use_store(room.agents);
  const [listed, set_listed] = useState(false);
  const on_listed = useCallback(() => set_listed(true), []);
  return (
    <>
      <FirstEvent />
      <Headlines usage={usage} />
      <Outlook shown={usage.loaded && agents.loaded && listed} />
      <div className="thirds">
        <EventChart usage={usage} />
        <TokenChart usage={usage} />
        <CostChart usage={usage} />
      </div>
      <div className="halves">
        <div className="column">
          <LatestAgents />
          <KeyTables />
        </div>
        <section className="panel" aria-labelledby="latest_events">
          <header className="panel_head">
            <h2 id="latest_events">{t('nav.events')}</h2>
            <LinkTo to="/events">{t('overview.explore')}</LinkTo>
          </header>
          <EventStream filter={no_filter} source={room.log} step={25} on_listed={on_listed} />
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
        <h2 id="latest_agents">{t('nav.agents')}</h2>
        <LinkTo to="/agents">{t('overview.all_agents', { n: agents.length })}</LinkTo>
      </header>
      {rows.length > 0 && <AgentTable agents={rows} now_ms={now_ms} link={agent_address} />}
      {rows.length === 0 && (loaded ? <Empty>{t('agents.none_yet')}</Empty> : <Loading />)}
    </section>
  );
}
