// Purpose: how busy teams are, what they do and what they cost.
import type { SourceMeasure } from '../../api/dashboards.ts';
import type { Team, TeamsAnswer } from '../../api/insight.ts';
import type { KeyData } from '../../charts/key_data.ts';
import { Exactness, state_of } from '../../components/states.tsx';
import { t } from '../../i18n/i18n.ts';
import { use_events_link } from '../../routing/events_link.ts';
import { group_name, measure_of } from '../words.ts';
import { use_chart_read, type ChartProps } from './chart_read.ts';
import { KeyChart } from './key_chart.tsx';

export function TeamsChart({ chart, title, pace }: ChartProps) {
  const { source } = chart;
  const read = use_chart_read<TeamsAnswer>('/teams', { ...source.filters }, pace);
  const events = use_events_link();
  const beside: SourceMeasure = source.measure === 'events' ? 'cost_usd' : 'events';
  const teams = (read.data?.teams ?? []).toSorted((a, b) => (value_of(source.measure, b) ?? -1) - (value_of(source.measure, a) ?? -1));
  const data: KeyData = {
    keys: group_name('team'),
    measure: measure_of(source.measure),
    beside: measure_of(beside),
    rest: null,
    rows: teams.slice(0, source.top).map((team) => ({
      key: team.team ?? '',
      name: team.team ?? t('teams.none'),
      value: value_of(source.measure, team),
      beside: value_of(beside, team),
      to: team.team === null ? undefined : events({ team: team.team }),
    })),
  };
  const state = state_of(read, ({ teams: all }) => all.length === 0, t('teams.empty'));
  return <KeyChart chart={chart} title={title} data={data} state={state} note={<Exactness data={read.data} />} />;
}

function value_of(measure: SourceMeasure, team: Team): number | null {
  if (measure === 'utilisation') return team.utilisation;
  return measure === 'cost_usd' ? team.cost_usd : team.events;
}
