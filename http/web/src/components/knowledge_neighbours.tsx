// Purpose: beside the knowledge graph: the chosen item or agent with what goes with it, each with the way to its events.
import type { KnowledgeEdge, KnowledgeNode } from '../api/insight.ts';
import { count } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_events_link } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address } from '../routing/router.ts';
import { RowTable, type TableColumn } from './table.tsx';

type EventsLink = ReturnType<typeof use_events_link>;

/** What happened with a node: accesses to the item, or the agent itself. */
export function address_of({ kind, label }: KnowledgeNode, events: EventsLink): string {
  return kind === 'agent' ? agent_address(label) : events({ type: 'knowledge.access', q: label });
}

export const kind_name = (kind: string): string => t(kind === 'agent' ? 'field.agent' : 'knowledge.item');

export interface KnowledgeNeighbour {
  readonly node: KnowledgeNode;
  readonly kind: KnowledgeEdge['kind'];
  readonly weight: number;
}

/** Most first. */
export function knowledge_neighbours(
  id: string,
  nodes: readonly KnowledgeNode[],
  edges: readonly KnowledgeEdge[],
): KnowledgeNeighbour[] {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const found = edges.flatMap(({ from, to, kind, weight }) => {
    const node = from === id ? known.get(to) : to === id ? known.get(from) : undefined;
    return node ? [{ node, kind, weight }] : [];
  });
  return found.sort((a, b) => b.weight - a.weight || (a.node.label < b.node.label ? -1 : 1));
}

interface Props {
  readonly node: KnowledgeNode;
  readonly nodes: readonly KnowledgeNode[];
  readonly edges: readonly KnowledgeEdge[];
  readonly choose: (id: string | null) => void;
}

/** The accesses an edge stands for; of two items, those to the other one. */
function events_of(node: KnowledgeNode, { node: other, kind }: KnowledgeNeighbour, events: EventsLink): string {
  const agent = [node, other].find((each) => each.kind === 'agent');
  const item = kind === 'together' || other.kind === 'item' ? other : node;
  return events({ type: 'knowledge.access', q: item.label, agent_id: agent?.label });
}

export function KnowledgeNeighbours({ node, nodes, edges, choose }: Props) {
  const events = use_events_link();
  const title = t('knowledge.around', { name: node.label });
  const columns: readonly TableColumn<KnowledgeNeighbour>[] = [
    {
      key: 'name',
      title: t('field.name'),
      cell: ({ node: other }) => (
        <button type="button" className="link_button" onClick={() => choose(other.id)}>
          {other.label}
        </button>
      ),
    },
    {
      key: 'kind',
      title: t('collaboration.kind'),
      cell: ({ node: other, kind }) => (kind === 'together' ? t('knowledge.together') : kind_name(other.kind)),
    },
    {
      key: 'count',
      title: t('collaboration.count'),
      number: true,
      cell: (row) => <LinkTo to={events_of(node, row, events)}>{count(row.weight)}</LinkTo>,
    },
  ];
  return (
    <section className="panel neighbours" aria-label={title}>
      <header className="panel_head">
        <h2>
          <bdi>{node.label}</bdi>
        </h2>
        <LinkTo className="button button_small" to={address_of(node, events)}>
          {t(node.kind === 'agent' ? 'agent.whole' : 'chart.show_events')}
        </LinkTo>
        <button type="button" className="button button_small" onClick={() => choose(null)}>
          {t('agent.close')}
        </button>
      </header>
      <p className="muted">{t('knowledge.n_accesses', { n: node.weight })}</p>
      <RowTable
        caption={title}
        columns={columns}
        rows={knowledge_neighbours(node.id, nodes, edges)}
        row_key={(row) => `${row.kind} ${row.node.id}`}
      />
    </section>
  );
}
