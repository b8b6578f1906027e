// Purpose: the controls of the trace explorer: an agent that took part, a team; kept in the address.
// Invariant: what the address names can be chosen, whether or not an agent of now has it.
import { t } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { replace_query, use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';

const names = ['agent_id', 'team'] as const;
export type TraceFilter = { readonly [name in (typeof names)[number]]: string };

export function trace_filter_from_query(query: URLSearchParams): TraceFilter {
  return { agent_id: query.get('agent_id') ?? '', team: query.get('team') ?? '' };
}

export function trace_filter_to_query(filter: TraceFilter, query = new URLSearchParams()): URLSearchParams {
  const out = new URLSearchParams(query);
  for (const name of names) {
    if (filter[name] === '') out.delete(name);
    else out.set(name, filter[name]);
  }
  return out;
}

export function traces_address(filter: Partial<TraceFilter>): string {
  return `/traces?${trace_filter_to_query({ agent_id: '', team: '', ...filter }).toString()}`;
}

const sorted = (values: readonly string[]): string[] => [...new Set(values)].filter((value) => value !== '').sort();

export function TraceFilterBar({ filter }: { readonly filter: TraceFilter }) {
  const { room } = use_session();
  const { agents } = use_store(room.agents);
  const { query } = use_route();
  const change = (next: TraceFilter): void => replace_query(trace_filter_to_query(next, query));
  const offered = {
    agent_id: sorted([...agents.map(({ id }) => id), filter.agent_id]),
    team: sorted([...agents.map(({ team }) => team ?? ''), filter.team]),
  };
  const all = { agent_id: t('events.all_agents'), team: t('agents.all_teams') };
  return (
    <form
      className="filter_bar"
      role="search"
      aria-label={t('trace.filter')}
      onSubmit={(event) => event.preventDefault()}
    >
      {names.map((name) => (
        <label key={name}>
          {t(`field.${name}`)}
          <select value={filter[name]} onChange={(event) => change({ ...filter, [name]: event.target.value })}>
            <option value="">{all[name]}</option>
            {offered[name].map((value) => (
              <option key={value}>{value}</option>
            ))}
          </select>
        </label>
      ))}
      <button
        type="button"
        className="button button_small"
        disabled={filter.agent_id === '' && filter.team === ''}
        onClick={() => change({ agent_id: '', team: '' })}
      >
        {t('events.clear_filter')}
      </button>
    </form>
  );
}
