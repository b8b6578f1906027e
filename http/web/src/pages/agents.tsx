// Purpose: every agent, filtered and sorted, and the chosen one's detail beside the list.
// Invariant: filter, order and choice live in the address.
import { useMemo } from 'react';
import { AgentDetail } from '../components/agent_detail.tsx';
import { AgentFilterBar } from '../components/agent_filter_bar.tsx';
import { AgentTable } from '../components/agent_table.tsx';
import { FirstEvent } from '../components/first_event.tsx';
import { use_now } from '../components/now.ts';
import { Empty } from '../components/states.tsx';
import { agent_filter_from_query, agent_filter_to_query, arrange, type AgentFilter } from '../filters/agent_filter.ts';
import { count } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { replace_query, use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';

const rows_max = 500;

export function Agents() {
  const { room } = use_session();
  const { loaded, agents } = use_store(room.agents);
  const { query } = use_route();
  const now_ms = use_now(1_000);
  const text = query.toString();
  const filter = useMemo(() => agent_filter_from_query(new URLSearchParams(text)), [text]);
  const selected = query.get('agent') ?? undefined;
  const rows = useMemo(() => arrange(agents, filter, now_ms), [agents, filter, now_ms]);
  const change = (next: AgentFilter): void => replace_query(agent_filter_to_query(next, query));

  const link = (id: string): string => {
    const next = new URLSearchParams(query);
    next.set('agent', id);
    return `/agents?${next.toString()}`;
  };
  const list = new URLSearchParams(query);
  list.delete('agent');

  return (
    <>
      <FirstEvent />
      <div className={selected === undefined ? 'agents' : 'agents agents_split'}>
        <section className="panel agents_list" aria-labelledby="agents_title">
          <h2 id="agents_title" className="hidden">
            {t('agents.all')}
          </h2>
          <AgentFilterBar agents={agents} filter={filter} change={change} />
          <p className="muted list_count" role="status">
            {loaded ? t('agents.shown', { shown: count(rows.length), n: agents.length }) : t('state.loading')}
          </p>
          {rows.length > 0 && (
            <AgentTable
              agents={rows.slice(0, rows_max)}
              now_ms={now_ms}
              selected={selected}
              link={link}
              filter={filter}
              change={change}
            />
          )}
          {rows.length > rows_max && <p className="muted">{t('agents.only_first', { n: rows_max })}</p>}
          {loaded && rows.length === 0 && agents.length > 0 && <Empty>{t('agents.none_match')}</Empty>}
        </section>
        {selected !== undefined && (
          <AgentDetail key={selected} id={selected} back={list.size === 0 ? '/agents' : `/agents?${list.toString()}`} />
        )}
      </div>
    </>
  );
}
