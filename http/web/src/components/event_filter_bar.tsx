// Purpose: the controls of the event filter: the four that are always wanted, the rest behind a disclosure.
// Invariant: whatever narrows the list is visible as a control or as a chip that takes it away.
import { event_types, is_empty, no_filter, type EventFilter, type FilterName } from '../filters/event_filter.ts';
import { full_time, hour_of_day } from '../format/times.ts';
import { t, type MessageKey } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';
import { FilterChips, MoreFilters, type FilterField } from './filter_parts.tsx';
import { preset_name } from './range_control.tsx';

export interface EventFilterBarProps {
  readonly filter: EventFilter;
  readonly change: (filter: EventFilter) => void;
}

const more_fields = [
  'team',
  'model',
  'provider',
  'tool',
  'tier',
  'knowledge_id',
  'peer_agent_id',
  'user_id',
  'trace_id',
  'session_id',
] as const;
const chip_fields = [...more_fields, 'since', 'until', 'range', 'hour'] as const;

export function EventFilterBar({ filter, change }: EventFilterBarProps) {
  const { room } = use_session();
  const { agents } = use_store(room.agents);
  const log = use_store(room.log);
  const seen = log.entries.slice(0, 500).map(({ event }) => event.type);
  const types = [...new Set<string>([...event_types, ...seen, filter.type])].filter((type) => type !== '').sort();
  const ids = [...new Set([...agents.map((agent) => agent.id), filter.agent_id])].filter((id) => id !== '').sort();
  const field = (name: FilterName, value: string): FilterField => ({
    name,
    title: name === 'range' ? t('range.last') : t(`field.${name}` as MessageKey),
    value,
    change: (next) => change({ ...filter, [name]: next }),
  });
  return (
    <form
      className="filter_bar"
      role="search"
      aria-label={t('events.filter')}
      onSubmit={(event) => event.preventDefault()}
    >
      <label>
        {t('field.type')}
        <select value={filter.type} onChange={(event) => change({ ...filter, type: event.target.value })}>
          <option value="">{t('events.all_types')}</option>
          {types.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
      </label>
      <label>
        {t('field.agent')}
        <select value={filter.agent_id} onChange={(event) => change({ ...filter, agent_id: event.target.value })}>
          <option value="">{t('events.all_agents')}</option>
          {ids.map((id) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </label>
      <label>
        {t('field.status')}
        <select
          value={filter.status}
          onChange={(event) => change({ ...filter, status: event.target.value as EventFilter['status'] })}
        >
          <option value="">{t('events.any_status')}</option>
          <option value="ok">{t('status.ok')}</option>
          <option value="error">{t('status.error')}</option>
        </select>
      </label>
      <label className="filter_text">
        {t('field.text')}
        <input
          type="search"
          value={filter.q}
          placeholder={t('events.text_hint')}
          onChange={(event) => change({ ...filter, q: event.target.value })}
        />
      </label>
      <button
        type="button"
        className="button button_small"
        disabled={is_empty(filter)}
        onClick={() => change(no_filter)}
      >
        {t('events.clear_filter')}
      </button>
      <MoreFilters fields={more_fields.map((name) => field(name, filter[name]))} />
      <FilterChips fields={chip_fields.filter((name) => filter[name] !== '').map((name) => field(name, chip_text(name, filter)))} />
    </form>
  );
}

function chip_text(name: FilterName, filter: EventFilter): string {
  if (name === 'since' || name === 'until') return full_time(filter[name]);
  if (name === 'range' && filter.range !== '') return preset_name(filter.range);
  return name === 'hour' ? hour_of_day(Number(filter.hour), Number(filter.utc_offset_minutes)) : filter[name];
}
