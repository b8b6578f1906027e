// Purpose: which agents the list shows and in what order; lives in the URL's query like the event filter.
import type { Agent, AgentStatus } from '../api/types.ts';
import { status_at } from '../live/agent_book.ts';
import { total_tokens } from '../format/numbers.ts';

export type SortKey = 'name' | 'status' | 'team' | 'load' | 'pending' | 'errors' | 'last_activity' | 'tokens' | 'cost';

export interface AgentFilter {
  readonly q: string;
  readonly team: string;
  readonly status: '' | AgentStatus;
  readonly sort: SortKey;
  readonly descending: boolean;
}

export const default_agent_filter: AgentFilter = {
  q: '',
  team: '',
  status: '',
  sort: 'last_activity',
  descending: true,
};

const sort_keys: readonly SortKey[] = [
  'name',
  'status',
  'team',
  'load',
  'pending',
  'errors',
  'last_activity',
  'tokens',
  'cost',
];

const status_rank: Record<AgentStatus, number> = { active: 2, idle: 1, offline: 0 };

export function agent_filter_from_query(query: URLSearchParams): AgentFilter {
  const status = query.get('status');
  const sort = (query.get('sort') ?? '').replace(/^-/, '');
  const known = sort_keys.find((key) => key === sort);
  return {
    q: query.get('q') ?? '',
    team: query.get('team') ?? '',
    status: status === 'active' || status === 'idle' || status === 'offline' ? status : '',
    sort: known ?? default_agent_filter.sort,
    descending: known ? (query.get('sort') ?? '').startsWith('-') : default_agent_filter.descending,
  };
}

export function agent_filter_to_query(filter: AgentFilter, query = new URLSearchParams()): URLSearchParams {
  const out = new URLSearchParams(query);
  const put = (name: string, value: string): void => (value === '' ? out.delete(name) : out.set(name, value));
  put('q', filter.q);
  put('team', filter.team);
  put('status', filter.status);
  const standard = filter.sort === default_agent_filter.sort && filter.descending === default_agent_filter.descending;
  put('sort', standard ? '' : `${filter.descending ? '-' : ''}${filter.sort}`);
  return out;
}

function sort_value(agent: Agent, key: SortKey, now_ms: number): number | string {
  switch (key) {
    case 'name':
      return (agent.name || agent.id).toLowerCase();
    case 'status':
      return status_rank[status_at(agent, now_ms)];
    case 'team':
      return (agent.team ?? '').toLowerCase();
    case 'load':
      return agent.current_load ?? 0;
    case 'pending':
      return agent.pending_tasks ?? 0;
    case 'errors':
      return agent.totals?.errors ?? 0;
    case 'last_activity':
      return agent.last_activity ? Date.parse(agent.last_activity) || 0 : 0;
    case 'tokens':
      return total_tokens(agent.totals?.tokens);
    case 'cost':
      return agent.totals?.cost_usd ?? 0;
  }
}

/** Filters, then sorts; equal agents are ordered by id, so that rows do not jump. */
export function arrange(agents: readonly Agent[], filter: AgentFilter, now_ms: number): Agent[] {
  const text = filter.q.trim().toLowerCase();
  const chosen = agents.filter((agent) => {
    if (filter.team !== '' && (agent.team ?? '') !== filter.team) return false;
    if (filter.status !== '' && status_at(agent, now_ms) !== filter.status) return false;
    if (text === '') return true;
    return [agent.id, agent.name ?? '', agent.team ?? '', ...(agent.capabilities ?? [])]
      .join('\n')
      .toLowerCase()
      .includes(text);
  });
  const direction = filter.descending ? -1 : 1;
  return chosen
    .map((agent) => ({ agent, value: sort_value(agent, filter.sort, now_ms) }))
    .sort((a, b) => {
      if (a.value < b.value) return -direction;
      if (a.value > b.value) return direction;
      return a.agent.id < b.agent.id ? -1 : 1;
    })
    .map(({ agent }) => agent);
}
