// Purpose: which knowledge is used, and which is asked for in vain.
// Invariant: misses are of questions, since what is not there is no item.
import { useMemo, useState } from 'react';
import type { KnowledgeGaps, KnowledgeGraph, KnowledgeHeat, KnowledgeItems } from '../../api/insight.ts';
import type { KeyData } from '../../charts/key_data.ts';
import { GraphPanel } from '../../components/graph_panel.tsx';
import { describe_knowledge, knowledge_drawing } from '../../components/knowledge_drawing.ts';
import { KnowledgeGraphNotes } from '../../components/knowledge_graph.tsx';
import { heat_params, KnowledgeHeatMap } from '../../components/knowledge_heat.tsx';
import { address_of } from '../../components/knowledge_neighbours.tsx';
import { Exactness, state_of } from '../../components/states.tsx';
import { preset_ms, span_at } from '../../filters/time_range.ts';
import { t } from '../../i18n/i18n.ts';
import { use_events_link } from '../../routing/events_link.ts';
import { use_range } from '../../routing/range.ts';
import { navigate } from '../../routing/router.ts';
import { group_name, measure_of } from '../words.ts';
import { use_chart_read, type ChartProps } from './chart_read.ts';
import { KeyChart } from './key_chart.tsx';

export function KnowledgeChart(props: ChartProps) {
  const { type, source } = props.chart;
  if (source.measure === 'misses') return <Misses {...props} />;
  if (type === 'heatmap') return <Heat {...props} />;
  return type === 'graph' ? <Graph {...props} /> : <Items {...props} />;
}

function Heat({ chart, title, pace }: ChartProps) {
  const { filters, top } = chart.source;
  const { since_ms, until_ms } = span_at(use_range(), Date.now());
  // Hours of the day are worth comparing once there is more than one of each.
  const by = until_ms - since_ms > preset_ms['24h'] ? 'hour' : 'time';
  const heat = use_chart_read<KnowledgeHeat>('/knowledge/heatmap', { ...filters, ...heat_params(by, top) }, pace);
  return <KnowledgeHeatMap title={title} heat={heat} by={by} />;
}

function Graph({ chart, title, pace }: ChartProps) {
  const { filters, top } = chart.source;
  const graph = use_chart_read<KnowledgeGraph>('/knowledge/graph', { ...filters, limit: top }, pace);
  const drawing = useMemo(() => knowledge_drawing(graph.data), [graph.data]);
  const events = use_events_link();
  const [chosen, choose] = useState<string | null>(null);
  const open = (id: string): void => {
    const node = graph.data?.nodes.find((each) => each.id === id);
    if (node) navigate(address_of(node, events));
  };
  return (
    <GraphPanel
      title={title}
      drawing={drawing}
      keys={t('knowledge.graph_keys')}
      chosen={chosen}
      choose={choose}
      open={open}
      describe={describe_knowledge}
      state={state_of(graph, ({ nodes }) => nodes.length === 0, t('knowledge.none'))}
      note={<KnowledgeGraphNotes data={graph.data} />}
    />
  );
}

function Items({ chart, title, pace }: ChartProps) {
  const { filters, top } = chart.source;
  const read = use_chart_read<KnowledgeItems>('/knowledge/items', { ...filters, limit: top }, pace);
  const events = use_events_link();
  const other = read.data?.other;
  const data: KeyData = {
    keys: group_name('item'),
    measure: measure_of('accesses'),
    rest: other ? { value: other.accesses, keys: other.items } : null,
    rows: (read.data?.items ?? []).slice(0, top).map((item) => ({
      key: item.id,
      name: item.id,
      value: item.accesses,
      to: events({ ...filters, knowledge_id: item.id }),
    })),
  };
  const state = state_of(read, ({ items }) => items.length === 0, t('knowledge.none'));
  return <KeyChart chart={chart} title={title} data={data} state={state} note={<Exactness data={read.data} />} />;
}

function Misses({ chart, title, pace }: ChartProps) {
  const { filters, top } = chart.source;
  const read = use_chart_read<KnowledgeGaps>('/knowledge/gaps', { ...filters, limit: top }, pace);
  const events = use_events_link();
  const data: KeyData = {
    keys: t('knowledge.query'),
    measure: measure_of('misses'),
    rest: null,
    rows: (read.data?.items ?? []).slice(0, top).map((gap) => ({
      key: gap.query,
      name: gap.query,
      value: gap.without_result,
      to: events({ ...filters, q: gap.query }),
    })),
  };
  const state = state_of(read, ({ items }) => items.length === 0, t('knowledge.no_gaps'));
  return <KeyChart chart={chart} title={title} data={data} state={state} note={<Exactness data={read.data} />} />;
}
