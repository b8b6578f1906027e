// Purpose: the controls of what the figures of a view are of: an agent and a team, the rest behind a disclosure; kept in the
// address.
// Invariants: what the address names can be chosen, whether or not an agent of now has it. Whatever narrows the figures is
// visible as a control or as a chip that takes it away.
import { event_types } from '../filters/event_filter.ts';
import { is_narrowed, narrowing_names, narrowing_to_query, type Narrowing, type NarrowingName } from '../filters/narrowing.ts';
import { t } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { use_narrowing } from '../routing/narrowed.ts';
import { replace_query, use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';
import { FilterChips, MoreFilters, type FilterField } from './filter_parts.tsx';

const typed = ['model', 'provider', 'tool', 'tier', 'session_id', 'user_id'] as const;
const sorted = (values: readonly (string | null | undefined)[]): string[] =>
  [...new Set(values)].filter((value): value is string => Boolean(value)).sort();

export function NarrowingBar({ label }: { readonly label: string }) {
  const { room } = use_session();
  const { agents } = use_store(room.agents);
  const { query } = use_route();
  const narrowing = use_narrowing();
  const change = (next: Narrowing): void => replace_query(narrowing_to_query(next, query));
  const field = (name: NarrowingName, value = narrowing[name] ?? ''): FilterField => ({
    name,
    title: t(`field.${name}`),
    value,
    change: (next) => change({ ...narrowing, [name]: next }),
  });
  const behind = narrowing_names.filter((name) => name !== 'agent_id' && name !== 'team' && narrowing[name]);
  return (
    <form className="filter_bar" role="search" aria-label={label} onSubmit={(event) => event.preventDefault()}>
      <Options
        field={field('agent_id')}
        all={t('events.all_agents')}
        values={sorted([...agents.map(({ id }) => id), narrowing.agent_id])}
      />
      <Options
        field={field('team')}
        all={t('agents.all_teams')}
        values={sorted([...agents.map(({ team }) => team), narrowing.team])}
      />
      <button type="button" className="button button_small" disabled={!is_narrowed(narrowing)} onClick={() => change({})}>
        {t('events.clear_filter')}
      </button>
      <MoreFilters fields={typed.map((name) => field(name))}>
        <Options field={field('type')} all={t('events.all_types')} values={sorted([...event_types, narrowing.type])} />
        <Options field={field('status')} all={t('events.any_status')} values={['ok', 'error']} text={status_text} />
      </MoreFilters>
      <FilterChips fields={behind.map((name) => field(name, name === 'status' ? status_text(narrowing.status ?? '') : narrowing[name]))} />
    </form>
  );
}

const status_text = (status: string): string =>
  status === 'ok' ? t('status.ok') : status === 'error' ? t('status.error') : status;

interface OptionsProps {
  readonly field: FilterField;
  readonly all: string;
  readonly values: readonly string[];
  readonly text?: (value: string) => string;
}

function Options({ field, all, values, text = (value) => value }: OptionsProps) {
  return (
    <label>
      {field.title}
      <select value={field.value} onChange={(event) => field.change(event.target.value)}>
        <option value="">{all}</option>
        {values.map((value) => (
          <option key={value} value={value}>
            {text(value)}
          </option>
        ))}
      </select>
    </label>
  );
}
