// Purpose: who works with whom: the graph, its edges as a table, agents by what they do together, and as a heat map.
import { useMemo, useState } from 'react';
import type { ChartSource } from '../../api/dashboards.ts';
import type { CollaborationGraph, GraphEdge } from '../../api/insight.ts';
import type { HeatData } from '../../charts/heat_data.ts';
import { HeatMap } from '../../charts/heat_map.tsx';
import type { KeyData } from '../../charts/key_data.ts';
import { collaboration_drawing, describe_agent } from '../../components/collaboration_drawing.ts';
import { GraphPanel } from '../../components/graph_panel.tsx';
import { Exactness, state_of } from '../../components/states.tsx';
import { t } from '../../i18n/i18n.ts';
import { use_events_link } from '../../routing/events_link.ts';
import { agent_address, navigate } from '../../routing/router.ts';
import { group_name, measure_of } from '../words.ts';
import { use_chart_read, type ChartProps } from './chart_read.ts';
import { KeyChart, TableChart } from './key_chart.tsx';

export function CollaborationChart({ chart, title, pace }: ChartProps) {
  const { source, type } = chart;
  const read = use_chart_read<CollaborationGraph>('/collaboration/graph', { ...source.filters, limit: source.top }, pace);
  const drawing = useMemo(() => collaboration_drawing(read.data), [read.data]);
  const heat = useMemo(() => heat_of(read.data, source.measure), [read.data, source.measure]);
  const [chosen, choose] = useState<string | null>(null);
  const events = use_events_link();
  const measure = measure_of(source.measure);
  const state = state_of(read, ({ nodes }) => nodes.length === 0, t('collaboration.none'));
  const note = <Exactness data={read.data} />;
  const failed = source.measure === 'errors' ? { status: 'error' as const } : {};
  switch (type) {
    case 'graph':
      return (
        <GraphPanel
          title={title}
          drawing={drawing}
          keys={t('collaboration.keys')}
          chosen={chosen}
          choose={choose}
          open={(id) => navigate(agent_address(id))}
          describe={describe_agent}
          state={state}
          note={note}
        />
      );
    case 'table':
      return <TableChart title={title} table={drawing.table} state={state} note={note} />;
    case 'heatmap':
      return (
        <HeatMap
          title={title}
          data={heat}
          row_title={t('collaboration.from')}
          figure={(value) => `${measure.name} ${measure.exact(value)}`}
          address={(row, column) => events({ ...failed, agent_id: heat.rows[row], peer_agent_id: heat.columns[column] })}
          state={state}
          note={note}
        />
      );
    default: {
      const to = (agent_id: string): string => events({ ...failed, type: 'collaboration', agent_id });
      return <KeyChart chart={chart} title={title} data={by_agent(read.data, source, to)} state={state} note={note} />;
    }
  }
}

const figure_of = ({ count, errors }: GraphEdge, measure: ChartSource['measure']): number =>
  measure === 'errors' ? errors : count;

/** An edge counts for both of its ends. */
function by_agent(graph: CollaborationGraph | undefined, source: ChartSource, to: (agent_id: string) => string): KeyData {
  const sums = new Map<string, number>();
  for (const edge of graph?.edges ?? []) {
    for (const end of [edge.from, edge.to]) sums.set(end, (sums.get(end) ?? 0) + figure_of(edge, source.measure));
  }
  const rows = [...sums].sort((a, b) => b[1] - a[1]).slice(0, source.top);
  return {
    keys: group_name('agent'),
    measure: measure_of(source.measure),
    rest: null,
    rows: rows.map(([key, value]) => ({ key, name: key, value, to: to(key) })),
  };
}

function heat_of(graph: CollaborationGraph | undefined, measure: ChartSource['measure']): HeatData {
  const edges = graph?.edges ?? [];
  const names = (end: 'from' | 'to'): string[] => [...new Set(edges.map((edge) => edge[end]))].sort();
  const [rows, columns] = [names('from'), names('to')];
  const values = rows.map((from) =>
    columns.map((to) =>
      edges.filter((edge) => edge.from === from && edge.to === to).reduce((sum, edge) => sum + figure_of(edge, measure), 0),
    ),
  );
  return { rows, columns, values, max: Math.max(0, ...values.flat()), label_every: 1 };
}
