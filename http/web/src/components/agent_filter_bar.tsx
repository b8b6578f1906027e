// Purpose: the controls of the agent filter.
import { default_agent_filter, type AgentFilter } from '../filters/agent_filter.ts';
import type { Agent } from '../api/types.ts';

export interface AgentFilterBarProps {
  readonly agents: readonly Agent[];
  readonly filter: AgentFilter;
  readonly change: (filter: AgentFilter) => void;
}

export function AgentFilterBar({ agents, filter, change }: AgentFilterBarProps) {
  const teams = [...new Set([...agents.map((agent) => agent.team ?? ''), filter.team])].filter((t) => t !== '').sort();
  const clean = filter.q === '' && filter.team === '' && filter.status === '';
  return (
    <form className="filter_bar" role="search" aria-label="Filter agents" onSubmit={(event) => event.preventDefault()}>
      <label className="filter_text">
        Text
        <input
          type="search"
          value={filter.q}
          placeholder="name, team, capability…"
          onChange={(event) => change({ ...filter, q: event.target.value })}
        />
      </label>
      <label>
        Team
        <select value={filter.team} onChange={(event) => change({ ...filter, team: event.target.value })}>
          <option value="">All teams</option>
          {teams.map((team) => (
            <option key={team}>{team}</option>
          ))}
        </select>
      </label>
      <label>
        Status
        <select
          value={filter.status}
          onChange={(event) => change({ ...filter, status: event.target.value as AgentFilter['status'] })}
        >
          <option value="">Any status</option>
          <option value="active">active</option>
          <option value="idle">idle</option>
          <option value="offline">offline</option>
        </select>
      </label>
      <button
        type="button"
        className="button button_small"
        disabled={clean}
        onClick={() => change({ ...default_agent_filter, sort: filter.sort, descending: filter.descending })}
      >
        Clear filter
      </button>
    </form>
  );
}
