// Purpose: which items of knowledge go together and who uses them, as a graph; the chosen node with what is around it.
// Invariant: the chosen node and the kinds of edges shown are in the address.
import { lazy, Suspense, useMemo, useRef } from 'react';
import type { KnowledgeEdge, KnowledgeGraph, KnowledgeNode } from '../api/insight.ts';
import { ChartPanel } from '../charts/chart_panel.tsx';
import type { GraphHandle } from '../charts/force_graph.tsx';
import type { EdgeData, NodeData } from '../charts/graph_sim.ts';
import { graph_tool_zoom, GraphPan } from '../charts/graph_tools.tsx';
import type { TableModel } from '../charts/table_model.ts';
import { count } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { use_events_link } from '../routing/events_link.ts';
import { use_range } from '../routing/range.ts';
import { navigate, replace_query, use_route } from '../routing/router.ts';
import { Choice, use_choice } from './choice.tsx';
import { address_of, kind_name, KnowledgeNeighbours } from './knowledge_neighbours.tsx';
import { Empty, Exactness, Failed, Loading } from './states.tsx';

const ForceGraph = lazy(() => import('../charts/force_graph.tsx'));
const edge_kinds = ['all', 'together', 'access'] as const;
const items_max = 60;
const groups = ['item', 'agent'] as const;
const no_nodes: readonly KnowledgeNode[] = [];
const names = { all: 'collaboration.all', together: 'knowledge.together', access: 'knowledge.access' } as const;

function choose(id: string | null): void {
  const query = new URLSearchParams(window.location.search);
  if (id === null) query.delete('node');
  else query.set('node', id);
  replace_query(query);
}

export function KnowledgeGraphPanel() {
  const graph = use_read<KnowledgeGraph>('/knowledge/graph', { params: { limit: items_max }, range: use_range() });
  const events = use_events_link();
  const handle = useRef<GraphHandle>(null);
  const kind = use_choice('edges', edge_kinds, 'all');
  const chosen = use_route().query.get('node');
  const nodes = graph.data?.nodes ?? no_nodes;
  const edges = useMemo(
    () => (graph.data?.edges ?? []).filter((edge) => kind === 'all' || edge.kind === kind),
    [graph.data, kind],
  );
  const drawn = useMemo(() => ({ nodes: nodes.map(node_data), edges: edges.map(edge_data) }), [nodes, edges]);
  const table = useMemo(() => table_of(nodes, edges), [nodes, edges]);
  const node = nodes.find(({ id }) => id === chosen) ?? null;
  const open = (id: string): void => {
    const found = nodes.find((each) => each.id === id);
    if (found) navigate(address_of(found, events));
  };
  const state = graph.data ? (
    nodes.length === 0 ? (
      <Empty>{t('knowledge.none')}</Empty>
    ) : undefined
  ) : graph.isError ? (
    <Failed error={graph.error} again={() => void graph.refetch()} />
  ) : (
    <Loading />
  );
  return (
    <div className={node ? 'graph_split graph_split_open' : 'graph_split'}>
      <ChartPanel
        title={t('knowledge.graph')}
        table={table}
        legend={groups.map((group, index) => ({ name: kind_name(group), colour: `--series_${index + 1}` }))}
        state={state}
        zoom={graph_tool_zoom(handle)}
        note={<Notes data={graph.data} />}
        summary={graph.data ? summary_of(nodes, edges) : ''}
        picture={() => handle.current?.picture() ?? null}
        controls={
          <Choice
            name="edges"
            label={t('collaboration.edges')}
            value={kind}
            options={edge_kinds.map((each) => [each, t(names[each])] as const)}
          />
        }
        className="graph_panel"
      >
        <Suspense fallback={<div className="graph" />}>
          <ForceGraph
            handle={handle}
            nodes={drawn.nodes}
            edges={drawn.edges}
            groups={groups}
            chosen={node?.id ?? null}
            choose={choose}
            open={open}
            describe={describe}
            label={`${t('knowledge.graph')}. ${t('knowledge.graph_keys')}`}
          />
        </Suspense>
        <GraphPan handle={handle} />
      </ChartPanel>
      {node && <KnowledgeNeighbours node={node} nodes={nodes} edges={graph.data?.edges ?? []} choose={choose} />}
    </div>
  );
}

function Notes({ data }: { readonly data: KnowledgeGraph | undefined }) {
  return (
    <>
      <Exactness data={data} />
      {data?.truncated && <p className="note">{t('knowledge.graph_truncated')}</p>}
    </>
  );
}

const node_data = ({ id, label, kind, weight }: KnowledgeNode): NodeData => ({ id, label, group: kind, weight });

const edge_data = ({ from, to, kind, weight }: KnowledgeEdge): EdgeData => ({
  from,
  to,
  line: kind === 'access' ? 'faint' : 'strong',
  weight,
  errors: 0,
});

const describe = ({ label, group, weight }: NodeData): string =>
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
