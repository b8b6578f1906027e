// Purpose: hypotheses: formed, validated and rejected over time, and each with its state.
import { useMemo } from 'react';
import type { Hypotheses } from '../api/insight.ts';
import { TimeChart } from '../charts/time_chart.tsx';
import { on_steps, type TimeData } from '../charts/time_data.ts';
import { steps_of } from '../filters/time_range.ts';
import { count, duration, short_count } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import type { Read } from '../queries/use_read.ts';
import { between, use_events_link } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address } from '../routing/router.ts';
import { Panel } from './panel.tsx';
import { Answer, Exactness } from './states.tsx';
import { RowTable, type TableColumn } from './table.tsx';

const rows_max = 10;

export function HypothesisPanels({ hypotheses }: { readonly hypotheses: Read<Hypotheses> }) {
  if (hypotheses.data && hypotheses.data.items.length === 0 && hypotheses.data.formed === 0) return null;
  return (
    <div className="halves">
      <Answer read={hypotheses}>{(data) => <Learning data={data} />}</Answer>
      <Panel title={t('knowledge.hypotheses')}>
        <Answer read={hypotheses}>{(data) => <List data={data} />}</Answer>
      </Panel>
    </div>
  );
}

function Learning({ data }: { readonly data: Hypotheses }) {
  const events = use_events_link();
  const series = useMemo<TimeData>(() => {
    const times = steps_of({
      since_ms: Date.parse(data.window.from),
      until_ms: Date.parse(data.window.to),
      resolution: data.window.bucket,
    });
    const line = (name: 'formed' | 'validated' | 'rejected', colour: string) => ({
      name: t(`hypothesis.${name}`),
      colour,
      values: on_steps(times, data.series, (row) => row[name], 0),
    });
    return {
      times,
      resolution: data.window.bucket,
      meaning: 'per_step',
      lines: [
        line('formed', '--series_3'),
        line('validated', '--series_1'),
        line('rejected', '--series_bad'),
      ],
    };
  }, [data]);
  return (
    <TimeChart
      title={t('knowledge.learning')}
      data={series}
      exact={count}
      short={short_count}
      note={<Exactness data={data} />}
      events={(since_ms, until_ms) => events({ q: 'hypothesis' }, between(since_ms, until_ms))}
    />
  );
}

function List({ data }: { readonly data: Hypotheses }) {
  type Item = Hypotheses['items'][number];
  const events = use_events_link();
  const columns: readonly TableColumn<Item>[] = [
    {
      key: 'label',
      title: t('knowledge.hypothesis'),
      cell: (item) => <LinkTo to={events({ q: item.id })}>{item.label ?? item.id}</LinkTo>,
    },
    { key: 'state', title: t('field.status'), cell: (item) => t(`hypothesis.${item.state}`) },
    {
      key: 'agent',
      title: t('field.agent'),
      wide: true,
      cell: (item) => <LinkTo to={agent_address(item.agent_id)}>{item.agent_id}</LinkTo>,
    },
    {
      key: 'decided',
      title: t('knowledge.decided_in'),
      number: true,
      cell: (item) => (item.time_to_decision_ms === null ? '–' : duration(item.time_to_decision_ms)),
    },
  ];
  return (
    <RowTable
      caption={t('knowledge.hypotheses')}
      columns={columns}
      rows={data.items.slice(0, rows_max)}
      row_key={(item) => item.id}
    />
  );
}
