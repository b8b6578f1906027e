// Purpose: who works with whom, live: the graph, the chosen agent's neighbours, the pairs that work best.
// Invariant: the chosen agent and the kinds of edges shown are in the address.
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useMemo, useRef } from 'react';
import type { CollaborationGraph, GraphEdge, GraphNode, Pairs } from '../api/insight.ts';
import { ChartPanel } from '../charts/chart_panel.tsx';
import type { GraphHandle } from '../charts/force_graph.tsx';
import type { EdgeData, NodeData } from '../charts/graph_sim.ts';
import { graph_tool_zoom, GraphPan } from '../charts/graph_tools.tsx';
import type { TableModel } from '../charts/table_model.ts';
import { Choice, use_choice } from '../components/choice.tsx';
import { Neighbours } from '../components/neighbours.tsx';
import { Panel } from '../components/panel.tsx';
import { Answer, Empty, Exactness, Failed, Loading } from '../components/states.tsx';
import { RowTable, type TableColumn } from '../components/table.tsx';
import { count, percent, sum_usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { with_new_edges } from '../queries/graph_news.ts';
import { use_live_topic, type Changed } from '../queries/live_topic.ts';
import { key_of_read, use_read } from '../queries/use_read.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_range } from '../routing/range.ts';
import { agent_address, navigate, replace_query, use_route } from '../routing/router.ts';

const ForceGraph = lazy(() => import('../charts/force_graph.tsx'));
const edge_kinds = ['all', 'explicit', 'trace'] as const;
const no_nodes: readonly GraphNode[] = [];

export function Collaboration() {
  const range = use_range();
  const graph = use_read<CollaborationGraph>('/collaboration/graph', { range });
  const handle = useRef<GraphHandle>(null);
  const queries = useQueryClient();
  const changed = useCallback(
    ({ edges: pushed = [] }: Changed) => {
      if (range.kind === 'last') {
        queries.setQueryData<CollaborationGraph>(key_of_read('/collaboration/graph', { range }), (graph) =>
          with_new_edges(graph, pushed),
        );
      }
      handle.current?.pulse(pushed);
    },
    [queries, range],
  );
  use_live_topic('collaboration', ['/collaboration/'], changed);
  const kind = use_choice('edges', edge_kinds, 'all');
  const { query } = use_route();
  const chosen = query.get('agent');
  const choose = (id: string | null): void => {
    const next = new URLSearchParams(window.location.search);
    if (id === null) next.delete('agent');
    else next.set('agent', id);
    replace_query(next);
  };

  const nodes = graph.data?.nodes ?? no_nodes;
  const edges = useMemo(
    () => (graph.data?.edges ?? []).filter((edge) => kind === 'all' || edge.kind === kind),
    [graph.data, kind],
  );
  const teams = useMemo(() => teams_of(nodes), [nodes]);
  const drawn = useMemo(() => ({ nodes: nodes.map(node_data), edges: edges.map(edge_data) }), [nodes, edges]);
  const table = useMemo(() => table_of(edges), [edges]);
  const state = graph.data ? (
    nodes.length === 0 ? (
      <Empty>{t('collaboration.none')}</Empty>
    ) : undefined
  ) : graph.isError ? (
    <Failed error={graph.error} again={() => void graph.refetch()} />
  ) : (
    <Loading />
  );
  const describe = ({ label, group, weight }: NodeData): string =>
    t('collaboration.describe', { agent: label, team: group === '' ? '–' : group, n: weight });
  const summary = graph.data ? summary_of(nodes, edges) : undefined;
  const node = nodes.find((each) => each.id === chosen) ?? null;

  return (
    <>
      <div className={node ? 'graph_split graph_split_open' : 'graph_split'}>
        <ChartPanel
          title={t('collaboration.graph')}
          table={table}
          legend={teams.slice(0, 6).map((team, index) => ({
            name: team === '' ? t('teams.none') : team,
            colour: `--series_${index + 1}`,
          }))}
          state={state}
          zoom={graph_tool_zoom(handle)}
          note={<Exactness data={graph.data} />}
          {...(summary === undefined ? {} : { summary })}
          picture={() => handle.current?.picture() ?? null}
          controls={
            <Choice
              name="edges"
              label={t('collaboration.edges')}
              value={kind}
              options={edge_kinds.map((each) => [each, t(`collaboration.${each}`)] as const)}
            />
          }
          className="graph_panel"
        >
          <Suspense fallback={<div className="graph" />}>
            <ForceGraph
              handle={handle}
              nodes={drawn.nodes}
              edges={drawn.edges}
              groups={teams}
              chosen={chosen}
              choose={choose}
              open={(id) => navigate(agent_address(id))}
              describe={describe}
              label={`${t('collaboration.graph')}. ${t('collaboration.keys')}`}
            />
          </Suspense>
          <GraphPan handle={handle} />
        </ChartPanel>
        {node && <Neighbours node={node} nodes={nodes} edges={edges} choose={choose} />}
      </div>
      <PairTable />
    </>
  );
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

function PairTable() {
  const pairs = use_read<Pairs>('/collaboration/pairs', { params: { limit: 15 }, range: use_range() });
  type Pair = Pairs['items'][number];
  const share = (value: number | null): string => (value === null ? '–' : percent(value));
  const columns: readonly TableColumn<Pair>[] = [
    {
      key: 'pair',
      title: t('collaboration.pair'),
      cell: (pair) => (
        <>
          {/* Not the other way round: Chromium draws the first one's underline through the text then. */}
          <bdi>
            <LinkTo to={agent_address(pair.a)}>{pair.a}</LinkTo>
          </bdi>
          {' · '}
          <bdi>
            <LinkTo to={agent_address(pair.b)}>{pair.b}</LinkTo>
          </bdi>
        </>
      ),
    },
    { key: 'explicit', title: t('collaboration.explicit'), number: true, cell: (pair) => count(pair.explicit) },
    { key: 'traces', title: t('collaboration.shared'), number: true, cell: (pair) => count(pair.shared_traces) },
    { key: 'together', title: t('collaboration.together'), number: true, wide: true, cell: (pair) => share(pair.together_share) },
    { key: 'success', title: t('collaboration.success'), number: true, cell: (pair) => share(pair.success_rate) },
    {
      key: 'cost',
      title: t('collaboration.cost_per_trace'),
      number: true,
      wide: true,
      cell: (pair) => (pair.cost_per_trace_usd === null ? '–' : sum_usd(pair.cost_per_trace_usd)),
    },
  ];
  return (
    <Panel title={t('collaboration.pairs')}>
      <Answer read={pairs} empty={({ items }) => items.length === 0} empty_text={t('collaboration.none')}>
        {(data) => (
          <>
            <Exactness data={data} />
            <RowTable
              caption={t('collaboration.pairs')}
              columns={columns}
              rows={data.items}
              row_key={(pair) => `${pair.a} ${pair.b}`}
            />
          </>
        )}
      </Answer>
    </Panel>
  );
}
