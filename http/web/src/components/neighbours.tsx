// Purpose: beside the graph: the chosen agent with those it works with.
import type { GraphEdge, GraphNode } from '../api/insight.ts';
import { count, percent } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_events_link } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address } from '../routing/router.ts';
import { RowTable, type TableColumn } from './table.tsx';

interface NeighboursProps {
  readonly node: GraphNode;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly choose: (id: string | null) => void;
}

interface Neighbour {
  readonly id: string;
  readonly count: number;
  readonly errors: number;
}

export function neighbours_of(id: string, edges: readonly GraphEdge[]): Neighbour[] {
  const sums = new Map<string, Neighbour>();
  for (const edge of edges) {
    if (edge.from !== id && edge.to !== id) continue;
    const other = edge.from === id ? edge.to : edge.from;
    const before = sums.get(other);
    sums.set(other, {
      id: other,
      count: (before?.count ?? 0) + edge.count,
      errors: (before?.errors ?? 0) + edge.errors,
    });
  }
  return [...sums.values()].sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
}

export function Neighbours({ node, edges, choose }: NeighboursProps) {
  const events = use_events_link();
  const rows = neighbours_of(node.id, edges);
  const columns: readonly TableColumn<Neighbour>[] = [
    {
      key: 'agent',
      title: t('field.agent'),
      cell: (row) => (
        <button type="button" className="link_button" onClick={() => choose(row.id)}>
          {row.id}
        </button>
      ),
    },
    {
      key: 'count',
      title: t('collaboration.count'),
      number: true,
      cell: (row) => (
        <LinkTo to={events({ agent_id: node.id, q: row.id })}>{count(row.count)}</LinkTo>
      ),
    },
    {
      key: 'success',
      title: t('collaboration.success'),
      number: true,
      cell: (row) => percent(row.count === 0 ? 1 : 1 - row.errors / row.count),
    },
  ];
  return (
    <section className="panel neighbours" aria-label={t('collaboration.neighbours', { agent: node.id })}>
      <header className="panel_head">
        <h2>
          <bdi>{node.id}</bdi>
        </h2>
        <LinkTo className="button button_small" to={agent_address(node.id)}>
          {t('agent.whole')}
        </LinkTo>
        <button type="button" className="button button_small" onClick={() => choose(null)}>
          {t('agent.close')}
        </button>
      </header>
      <p className="muted">
        {t('collaboration.node_figures', {
          team: node.team ?? '–',
          events: count(node.events),
          errors: count(node.errors),
        })}
      </p>
      <RowTable
        caption={t('collaboration.neighbours', { agent: node.id })}
        columns={columns}
        rows={rows}
        row_key={(row) => row.id}
      />
    </section>
  );
}
