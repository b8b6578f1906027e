// Purpose: the graph of who works with whom, as it is drawn and told.
// Invariant: pure. No answer yet is a graph of nothing.
import type { CollaborationGraph, GraphEdge, GraphNode } from '../api/insight.ts';
import type { EdgeData, NodeData } from '../charts/graph_sim.ts';
import type { TableModel } from '../charts/table_model.ts';
import { count, percent } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import type { GraphDrawing } from './graph_panel.tsx';

const legend_max = 6;
const no_nodes: readonly GraphNode[] = [];

export function collaboration_drawing(
  graph: CollaborationGraph | undefined,
  kind: 'all' | GraphEdge['kind'] = 'all',
): GraphDrawing {
  const nodes = graph?.nodes ?? no_nodes;
  const edges = (graph?.edges ?? []).filter((edge) => kind === 'all' || edge.kind === kind);
  const teams = teams_of(nodes);
  return {
    nodes: nodes.map(node_data),
    edges: edges.map(edge_data),
    groups: teams,
    legend: teams.slice(0, legend_max).map((team, index) => ({
      name: team === '' ? t('teams.none') : team,
      colour: `--series_${index + 1}`,
    })),
    table: table_of(edges),
    summary: graph ? summary_of(nodes, edges) : '',
  };
}

export function describe_agent({ label, group, weight }: NodeData): string {
  return t('collaboration.describe', { agent: label, team: group === '' ? '–' : group, n: weight });
}

const node_data = ({ id, team, collaborations }: GraphNode): NodeData => ({
  id,
  label: id,
  group: team ?? '',
  weight: collaborations,
});

const edge_data = ({ from, to, kind, count: weight, errors }: GraphEdge): EdgeData => ({
  from,
  to,
  line: kind === 'trace' ? 'faint' : 'strong',
  weight,
  errors,
});

/** Largest first, so that the large ones have colours of their own. */
function teams_of(nodes: readonly GraphNode[]): string[] {
  const sizes = new Map<string, number>();
  for (const node of nodes) sizes.set(node.team ?? '', (sizes.get(node.team ?? '') ?? 0) + 1);
  return [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([team]) => team);
}

function summary_of(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): string {
  const most = edges.toSorted((a, b) => b.count - a.count)[0];
  const start = t('collaboration.summary', { agents: count(nodes.length), n: edges.length });
  return most ? `${start} ${t('collaboration.most', { from: most.from, to: most.to, n: most.count })}` : start;
}

function table_of(edges: readonly GraphEdge[]): TableModel {
  return {
    columns: [
      { name: t('collaboration.from') },
      { name: t('collaboration.to') },
      { name: t('collaboration.kind'), show: (kind) => t(kind === 'trace' ? 'collaboration.trace' : 'collaboration.explicit') },
      { name: t('collaboration.count'), number: true, show: (cell) => count(Number(cell)) },
      { name: t('figure.errors'), number: true, show: (cell) => count(Number(cell)) },
      { name: t('collaboration.success'), number: true, show: (cell) => percent(Number(cell)) },
    ],
    rows: edges
      .toSorted((a, b) => b.count - a.count)
      .map((edge) => [edge.from, edge.to, edge.kind, edge.count, edge.errors, edge.success_rate]),
  };
}
