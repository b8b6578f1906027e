// Purpose: the controls of the event filter.
import { event_types, is_empty, no_filter, type EventFilter } from '../filters/event_filter.ts';
import { use_store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';

export interface EventFilterBarProps {
  readonly filter: EventFilter;
  readonly change: (filter: EventFilter) => void;
}

export function EventFilterBar({ filter, change }: EventFilterBarProps) {
  const { room } = use_session();
  const { agents } = use_store(room.agents);
  const log = use_store(room.log);
  const seen = log.entries.slice(0, 500).map(({ event }) => event.type);
  const types = [...new Set<string>([...event_types, ...seen, filter.type])].filter((type) => type !== '').sort();
  const ids = [...new Set([...agents.map((agent) => agent.id), filter.agent_id])].filter((id) => id !== '').sort();
  return (
    <form className="filter_bar" role="search" aria-label="Filter events" onSubmit={(event) => event.preventDefault()}>
      <label>
        Type
        <select value={filter.type} onChange={(event) => change({ ...filter, type: event.target.value })}>
          <option value="">All types</option>
          {types.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
      </label>
      <label>
        Agent
        <select value={filter.agent_id} onChange={(event) => change({ ...filter, agent_id: event.target.value })}>
          <option value="">All agents</option>
          {ids.map((id) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </label>
      <label>
        Status
        <select
          value={filter.status}
          onChange={(event) => change({ ...filter, status: event.target.value as EventFilter['status'] })}
        >
          <option value="">Any status</option>
          <option value="ok">ok</option>
          <option value="error">error</option>
        </select>
      </label>
      <label className="filter_text">
        Text
        <input
          type="search"
          value={filter.q}
          placeholder="model, tool, error, trace id…"
          onChange={(event) => change({ ...filter, q: event.target.value })}
        />
      </label>
      <button
        type="button"
        className="button button_small"
        disabled={is_empty(filter)}
        onClick={() => change(no_filter)}
      >
        Clear filter
      </button>
    </form>
  );
}
