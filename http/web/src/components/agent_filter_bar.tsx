// Purpose: the controls of the agent filter.
import { t } from '../i18n/i18n.ts';
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
    <form className="filter_bar" role="search" aria-label={t('agents.filter')} onSubmit={(event) => event.preventDefault()}>
      <label className="filter_text">
        {t('field.text')}
        <input
          type="search"
          value={filter.q}
          placeholder={t('agents.text_hint')}
          onChange={(event) => change({ ...filter, q: event.target.value })}
        />
      </label>
      <label>
        {t('field.team')}
        <select value={filter.team} onChange={(event) => change({ ...filter, team: event.target.value })}>
          <option value="">{t('agents.all_teams')}</option>
          {teams.map((team) => (
            <option key={team}>{team}</option>
          ))}
        </select>
      </label>
      <label>
        {t('field.status')}
        <select
          value={filter.status}
          onChange={(event) => change({ ...filter, status: event.target.value as AgentFilter['status'] })}
        >
          <option value="">{t('events.any_status')}</option>
          <option value="active">{t('status.active')}</option>
          <option value="idle">{t('status.idle')}</option>
          <option value="offline">{t('status.offline')}</option>
        </select>
      </label>
      <button
        type="button"
        className="button button_small"
        disabled={clean}
        onClick={() => change({ ...default_agent_filter, sort: filter.sort, descending: filter.descending })}
      >
        {t('events.clear_filter')}
      </button>
    </form>
  );
}
