// Purpose: the controls of the event filter: the four that are always wanted, the rest behind a disclosure.
// Invariant: whatever narrows the list is visible as a control or as a chip that takes it away.
import { event_types, is_empty, no_filter, type EventFilter, type FilterName } from '../filters/event_filter.ts';
import { full_time, hour_of_day } from '../format/times.ts';
import { t, type MessageKey } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';
import { Icon } from './icons.tsx';
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
      <MoreFields filter={filter} change={change} />
      <Chips filter={filter} change={change} />
    </form>
  );
}

function MoreFields({ filter, change }: EventFilterBarProps) {
  return (
    <details className="filter_more">
      <summary>{t('events.more_filters')}</summary>
      <div className="filter_more_fields">
        {more_fields.map((name) => (
          <label key={name}>
            {t(`field.${name}` as MessageKey)}
            <input
              type="text"
              spellCheck={false}
              value={filter[name]}
              onChange={(event) => change({ ...filter, [name]: event.target.value })}
            />
          </label>
        ))}
      </div>
    </details>
  );
}

function chip_text(name: FilterName, filter: EventFilter): string {
  if (name === 'since' || name === 'until') return full_time(filter[name]);
  if (name === 'range' && filter.range !== '') return preset_name(filter.range);
  return name === 'hour' ? hour_of_day(Number(filter.hour), Number(filter.utc_offset_minutes)) : filter[name];
}

function Chips({ filter, change }: EventFilterBarProps) {
  const set = chip_fields.filter((name) => filter[name] !== '');
  if (set.length === 0) return null;
  return (
    <ul className="chips" aria-label={t('events.chips')}>
      {set.map((name) => {
        const title = name === 'range' ? t('range.last') : t(`field.${name}` as MessageKey);
        return (
          <li key={name}>
            {title}: <bdi>{chip_text(name, filter)}</bdi>
            <button
              type="button"
              className="chip_close"
              aria-label={t('events.drop_filter', { name: title })}
              onClick={() => change({ ...filter, [name]: '' })}
            >
              <Icon name="close" />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
