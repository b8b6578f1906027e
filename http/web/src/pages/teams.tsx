// Purpose: how the teams do: use, load, cost, success; who is overloaded; what to change.
import { useMemo, type ReactNode } from 'react';
import type { Team, TeamMember, TeamsAnswer } from '../api/insight.ts';
import { Gauge } from '../charts/gauge.tsx';
import { TimeChart } from '../charts/time_chart.tsx';
import { on_steps, type Line, type TimeData } from '../charts/time_data.ts';
import { AdviceList } from '../components/advice_list.tsx';
import { Panel } from '../components/panel.tsx';
import { Answer, Exactness } from '../components/states.tsx';
import { RowTable, type TableColumn } from '../components/table.tsx';
import { traces_address } from '../filters/narrowing.ts';
import { steps_of } from '../filters/time_range.ts';
import { count, decimal, duration, percent, sum_usd, usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_live_topic } from '../queries/live_topic.ts';
import { use_read } from '../queries/use_read.ts';
import { between, use_events_link, type EventCondition } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_narrowing } from '../routing/narrowed.ts';
import { use_range } from '../routing/range.ts';
import { agent_address } from '../routing/router.ts';

const colours = ['--series_1', '--series_2', '--series_3', '--series_4', '--series_5', '--series_6'] as const;
const share = (value: number | null): string => (value === null ? '–' : percent(value));
const name_of = (team: Team): string => team.team ?? t('teams.none');

export function Teams() {
  const answer = use_read<TeamsAnswer>('/teams', { params: use_narrowing(), range: use_range() });
  use_live_topic('teams', ['/teams']);
  return (
    <Answer read={answer} empty={({ teams }) => teams.length === 0} empty_text={t('teams.empty')}>
      {(data) => (
        <>
          <Exactness data={data} />
          <div className="halves">
            <Utilisation data={data} />
            <Panel title={t('teams.recommendations')}>
              <AdviceList items={data.recommendations} />
            </Panel>
          </div>
          {data.teams.map((team) => (
            <TeamPanel key={team.team ?? ''} team={team} />
          ))}
        </>
      )}
    </Answer>
  );
}

function Utilisation({ data }: { readonly data: TeamsAnswer }) {
  const events = use_events_link();
  const series = useMemo<TimeData>(() => {
    const times = steps_of({
      since_ms: Date.parse(data.window.from),
      until_ms: Date.parse(data.window.to),
      resolution: data.window.bucket,
    });
    const lines = data.teams.slice(0, colours.length).map(
      (team, index): Line => ({
        name: name_of(team),
        colour: colours[index] ?? '--series_4',
        draw: 'line',
        values: on_steps(times, team.series, (step) => step.utilisation, null),
      }),
    );
    return { times, resolution: data.window.bucket, lines, meaning: 'level' };
  }, [data]);
  return (
    <TimeChart
      title={t('teams.utilisation')}
      data={series}
      exact={percent}
      short={percent}
      events={(since_ms, until_ms) => events({}, between(since_ms, until_ms))}
    />
  );
}

function TeamPanel({ team }: { readonly team: Team }) {
  const name = name_of(team);
  const events = use_events_link();
  const of_team = (condition: EventCondition, value: string): ReactNode =>
    team.team === null ? value : <LinkTo to={events({ team: team.team, ...condition })}>{value}</LinkTo>;
  const facts: readonly (readonly [string, ReactNode])[] = [
    [t('teams.active'), t('teams.active_of', { active: count(team.active_agents), n: team.agents })],
    [t('figure.events'), of_team({}, count(team.events))],
    [t('teams.error_rate'), of_team({ status: 'error' }, share(team.error_rate))],
    [t('teams.success'), of_team({ type: 'execution.completed' }, share(team.executions.success_rate))],
    [t('teams.average'), team.executions.avg_ms === null ? '–' : duration(team.executions.avg_ms)],
    [t('figure.cost'), of_team({ type: 'llm.call' }, usd(team.cost_usd))],
    [t('teams.cost_per_execution'), team.cost_per_execution_usd === null ? '–' : usd(team.cost_per_execution_usd)],
    [t('teams.open_tasks'), count(team.open_tasks)],
    [t('teams.imbalance'), share(team.imbalance)],
  ];
  const use = team.utilisation ?? 0;
  return (
    <Panel
      title={name}
      // Events of no team have nothing that could be asked for.
      controls={
        team.team !== null && (
          <>
            <LinkTo to={events({ team: team.team })}>{t('chart.show_events')}</LinkTo>
            <LinkTo to={traces_address({ team: team.team })}>{t('nav.traces')}</LinkTo>
          </>
        )
      }
    >
      <p className="gauge_line">
        <span>{t('teams.utilisation')}</span>
        <Gauge
          label={t('teams.utilisation_of', { name })}
          used={use}
          tone={use > 0.85 ? 'warn' : 'good'}
          text={share(team.utilisation)}
        />
        <b>{share(team.utilisation)}</b>
      </p>
      <dl className="facts">
        {facts.map(([title, value]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <Members team={team} />
    </Panel>
  );
}

function Members({ team }: { readonly team: Team }) {
  const events = use_events_link();
  const of_member = (member: TeamMember, condition: EventCondition = {}): string =>
    events({ agent_id: member.agent_id, team: team.team ?? undefined, ...condition });
  const columns: readonly TableColumn<TeamMember>[] = [
    {
      key: 'agent',
      title: t('field.agent'),
      cell: (member) => <LinkTo to={agent_address(member.agent_id)}>{member.agent_id}</LinkTo>,
    },
    {
      key: 'use',
      title: t('teams.utilisation'),
      cell: (member) => (
        <span className="share">
          <meter min={0} max={1} value={member.utilisation ?? 0} aria-hidden="true" />
          {share(member.utilisation)}
        </span>
      ),
    },
    {
      key: 'load',
      title: t('teams.load'),
      number: true,
      cell: (member) => (member.load === null ? '–' : decimal(member.load)),
    },
    { key: 'share', title: t('teams.share'), number: true, wide: true, cell: (member) => share(member.share) },
    { key: 'events', title: t('figure.events'), number: true, wide: true, cell: (member) => <LinkTo to={of_member(member)}>{count(member.events)}</LinkTo> },
    {
      key: 'errors',
      title: t('figure.errors'),
      number: true,
      cell: (member) =>
        member.errors > 0 ? (
          <LinkTo className="bad" to={of_member(member, { status: 'error' })}>
            {count(member.errors)}
          </LinkTo>
        ) : (
          count(0)
        ),
    },
    {
      key: 'tasks',
      title: t('teams.tasks'),
      number: true,
      wide: true,
      cell: (member) => count(member.open_tasks + member.claimed_tasks),
    },
    { key: 'cost', title: t('figure.cost'), number: true, cell: (member) => sum_usd(member.cost_usd) },
  ];
  return (
    <RowTable
      caption={t('teams.members', { name: name_of(team) })}
      columns={columns}
      rows={team.members}
      row_key={(member) => member.agent_id}
    />
  );
}
