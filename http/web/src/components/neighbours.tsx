// Purpose: beside the graph: the chosen agent with those it works with.
import type { ReactNode } from 'react';
import type { GraphEdge, GraphNode } from '../api/insight.ts';
import { traces_address } from '../filters/narrowing.ts';
import { count, percent } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_events_link, type EventsLink } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address } from '../routing/router.ts';
import { RowTable, type TableColumn } from './table.tsx';

interface NeighboursProps {
  readonly node: GraphNode;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly choose: (id: string | null) => void;
}

export interface Neighbour {
  readonly id: string;
  /** events of the agent that name this one, and the other way round */
  readonly to: number;
  readonly from: number;
  readonly traces: number;
  readonly errors: number;
}

export function neighbours_of(id: string, edges: readonly GraphEdge[]): Neighbour[] {
  const sums = new Map<string, Neighbour>();
  for (const edge of edges) {
    if (edge.from !== id && edge.to !== id) continue;
    const other = edge.from === id ? edge.to : edge.from;
    const way = edge.kind === 'trace' ? 'traces' : edge.from === id ? 'to' : 'from';
    const sum = sums.get(other) ?? { id: other, to: 0, from: 0, traces: 0, errors: 0 };
    sums.set(other, { ...sum, [way]: sum[way] + edge.count, errors: sum.errors + edge.errors });
  }
  return [...sums.values()].sort((a, b) => count_of(b) - count_of(a) || (a.id < b.id ? -1 : 1));
}

const count_of = ({ to, from, traces }: Neighbour): number => to + from + traces;

/** Each figure leads to exactly what it counts; a trace is reached through the traces of the agent. */
function columns_of(id: string, rows: readonly Neighbour[], events: EventsLink): readonly TableColumn<Neighbour>[] {
  const linked = (figure: number, to: string): ReactNode => (figure === 0 ? count(0) : <LinkTo to={to}>{count(figure)}</LinkTo>);
  const columns: readonly (TableColumn<Neighbour> & { readonly key: 'to' | 'from' | 'traces' })[] = [
    {
      key: 'to',
      title: t('collaboration.to'),
      number: true,
      cell: (row) => linked(row.to, events({ agent_id: id, peer_agent_id: row.id })),
    },
    {
      key: 'from',
      title: t('collaboration.from'),
      number: true,
      cell: (row) => linked(row.from, events({ agent_id: row.id, peer_agent_id: id })),
    },
    {
      key: 'traces',
      title: t('collaboration.trace'),
      number: true,
      cell: (row) => linked(row.traces, traces_address({ agent_id: id })),
    },
  ];
  return columns.filter(({ key }) => rows.some((row) => row[key] > 0));
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
    ...columns_of(node.id, rows, events),
    {
      key: 'success',
      title: t('collaboration.success'),
      number: true,
      cell: (row) => percent(1 - row.errors / Math.max(1, count_of(row))),
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
