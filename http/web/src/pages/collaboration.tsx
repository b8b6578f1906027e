// Purpose: who works with whom, live: the graph, the chosen agent's neighbours, the pairs that work best.
// Invariant: the chosen agent and the kinds of edges shown are in the address.
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useRef } from 'react';
import type { CollaborationGraph, Pairs } from '../api/insight.ts';
import type { GraphHandle } from '../charts/force_graph.tsx';
import { Choice, use_choice } from '../components/choice.tsx';
import { collaboration_drawing, describe_agent } from '../components/collaboration_drawing.ts';
import { GraphPanel } from '../components/graph_panel.tsx';
import { Neighbours } from '../components/neighbours.tsx';
import { Panel } from '../components/panel.tsx';
import { Answer, Exactness, state_of } from '../components/states.tsx';
import { RowTable, type TableColumn } from '../components/table.tsx';
import { is_narrowed } from '../filters/narrowing.ts';
import { count, percent, sum_usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { with_new_edges } from '../queries/graph_news.ts';
import { use_live_topic, type Changed } from '../queries/live_topic.ts';
import { key_of_read, use_read } from '../queries/use_read.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_narrowing } from '../routing/narrowed.ts';
import { use_range } from '../routing/range.ts';
import { agent_address, navigate, replace_query, use_route } from '../routing/router.ts';

const edge_kinds = ['all', 'explicit', 'trace'] as const;

export function Collaboration() {
  const range = use_range();
  const narrowing = use_narrowing();
  const graph = use_read<CollaborationGraph>('/collaboration/graph', { params: narrowing, range });
  const handle = useRef<GraphHandle>(null);
  const queries = useQueryClient();
  const changed = useCallback(
    ({ edges: pushed = [] }: Changed) => {
      // What is pushed is of all events.
      if (range.kind === 'last' && !is_narrowed(narrowing)) {
        queries.setQueryData<CollaborationGraph>(key_of_read('/collaboration/graph', { params: narrowing, range }), (graph) =>
          with_new_edges(graph, pushed),
        );
      }
      handle.current?.pulse(pushed);
    },
    [queries, range, narrowing],
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

  const drawing = useMemo(() => collaboration_drawing(graph.data, kind), [graph.data, kind]);
  const edges = graph.data?.edges.filter((edge) => kind === 'all' || edge.kind === kind) ?? [];
  const node = graph.data?.nodes.find((each) => each.id === chosen) ?? null;

  return (
    <>
      <div className={node ? 'graph_split graph_split_open' : 'graph_split'}>
        <GraphPanel
          title={t('collaboration.graph')}
          drawing={drawing}
          keys={t('collaboration.keys')}
          handle={handle}
          chosen={chosen}
          choose={choose}
          open={(id) => navigate(agent_address(id))}
          describe={describe_agent}
          state={state_of(graph, ({ nodes }) => nodes.length === 0, t('collaboration.none'))}
          note={<Exactness data={graph.data} />}
          controls={
            <Choice
              name="edges"
              label={t('collaboration.edges')}
              value={kind}
              options={edge_kinds.map((each) => [each, t(`collaboration.${each}`)] as const)}
            />
          }
        />
        {node && <Neighbours node={node} nodes={graph.data?.nodes ?? []} edges={edges} choose={choose} />}
      </div>
      <PairTable />
    </>
  );
}

function PairTable() {
  const pairs = use_read<Pairs>('/collaboration/pairs', { params: { ...use_narrowing(), limit: 15 }, range: use_range() });
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
