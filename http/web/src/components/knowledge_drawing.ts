// Purpose: the graph of knowledge and who uses it, as it is drawn and told.
// Invariant: pure. No answer yet is a graph of nothing.
import type { KnowledgeEdge, KnowledgeGraph, KnowledgeNode } from '../api/insight.ts';
import type { EdgeData, NodeData } from '../charts/graph_sim.ts';
import type { TableModel } from '../charts/table_model.ts';
import { count } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import type { GraphDrawing } from './graph_panel.tsx';
import { kind_name } from './knowledge_neighbours.tsx';

const groups = ['item', 'agent'] as const;
const no_nodes: readonly KnowledgeNode[] = [];

export function knowledge_drawing(
  graph: KnowledgeGraph | undefined,
  kind: 'all' | KnowledgeEdge['kind'] = 'all',
): GraphDrawing {
  const nodes = graph?.nodes ?? no_nodes;
  const edges = (graph?.edges ?? []).filter((edge) => kind === 'all' || edge.kind === kind);
  return {
    nodes: nodes.map(node_data),
    edges: edges.map(edge_data),
    groups,
    legend: groups.map((group, index) => ({ name: kind_name(group), colour: `--series_${index + 1}` })),
    table: table_of(nodes, edges),
    summary: graph ? summary_of(nodes, edges) : '',
  };
}

const node_data = ({ id, label, kind, weight }: KnowledgeNode): NodeData => ({ id, label, group: kind, weight });

const edge_data = ({ from, to, kind, weight }: KnowledgeEdge): EdgeData => ({
  from,
  to,
  line: kind === 'access' ? 'faint' : 'strong',
  weight,
  errors: 0,
});

export const describe_knowledge = ({ label, group, weight }: NodeData): string =>
  t('knowledge.describe', { name: label, kind: kind_name(group), n: weight });

function summary_of(nodes: readonly KnowledgeNode[], edges: readonly KnowledgeEdge[]): string {
  const items = nodes.filter(({ kind }) => kind === 'item').length;
  return t('knowledge.graph_summary', { items: count(items), agents: count(nodes.length - items), n: edges.length });
}

function table_of(nodes: readonly KnowledgeNode[], edges: readonly KnowledgeEdge[]): TableModel {
  const labels = new Map(nodes.map(({ id, label }) => [id, label]));
  return {
    columns: [
      { name: t('collaboration.from') },
      { name: t('collaboration.to') },
      { name: t('collaboration.kind'), show: (kind) => t(kind === 'access' ? 'knowledge.access' : 'knowledge.together') },
      { name: t('collaboration.count'), number: true, show: (cell) => count(Number(cell)) },
    ],
    rows: edges.map(({ from, to, kind, weight }) => [labels.get(from) ?? from, labels.get(to) ?? to, kind, weight]),
  };
}
