// Purpose: which items of knowledge go together and who uses them, as a graph; the chosen node with what is around it.
// Invariant: the chosen node and the kinds of edges shown are in the address.
import { useMemo } from 'react';
import type { KnowledgeGraph } from '../api/insight.ts';
import { t } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { use_events_link } from '../routing/events_link.ts';
import { use_narrowing } from '../routing/narrowed.ts';
import { use_range } from '../routing/range.ts';
import { navigate, replace_query, use_route } from '../routing/router.ts';
import { Choice, use_choice } from './choice.tsx';
import { GraphPanel } from './graph_panel.tsx';
import { describe_knowledge, knowledge_drawing } from './knowledge_drawing.ts';
import { address_of, KnowledgeNeighbours } from './knowledge_neighbours.tsx';
import { Exactness, state_of } from './states.tsx';

const edge_kinds = ['all', 'together', 'access'] as const;
const items_max = 60;
const names = { all: 'collaboration.all', together: 'knowledge.together', access: 'knowledge.access' } as const;

function choose(id: string | null): void {
  const query = new URLSearchParams(window.location.search);
  if (id === null) query.delete('node');
  else query.set('node', id);
  replace_query(query);
}

export function KnowledgeGraphPanel() {
  const graph = use_read<KnowledgeGraph>('/knowledge/graph', { params: { ...use_narrowing(), limit: items_max }, range: use_range() });
  const events = use_events_link();
  const kind = use_choice('edges', edge_kinds, 'all');
  const chosen = use_route().query.get('node');
  const drawing = useMemo(() => knowledge_drawing(graph.data, kind), [graph.data, kind]);
  const nodes = graph.data?.nodes ?? [];
  const node = nodes.find(({ id }) => id === chosen) ?? null;
  const open = (id: string): void => {
    const found = nodes.find((each) => each.id === id);
    if (found) navigate(address_of(found, events));
  };
  return (
    <div className={node ? 'graph_split graph_split_open' : 'graph_split'}>
      <GraphPanel
        title={t('knowledge.graph')}
        drawing={drawing}
        keys={t('knowledge.graph_keys')}
        chosen={node?.id ?? null}
        choose={choose}
        open={open}
        describe={describe_knowledge}
        state={state_of(graph, (data) => data.nodes.length === 0, t('knowledge.none'))}
        note={<KnowledgeGraphNotes data={graph.data} />}
        controls={
          <Choice
            name="edges"
            label={t('collaboration.edges')}
            value={kind}
            options={edge_kinds.map((each) => [each, t(names[each])] as const)}
          />
        }
      />
      {node && <KnowledgeNeighbours node={node} nodes={nodes} edges={graph.data?.edges ?? []} choose={choose} />}
    </div>
  );
}

export function KnowledgeGraphNotes({ data }: { readonly data: KnowledgeGraph | undefined }) {
  return (
    <>
      <Exactness data={data} />
      {data?.truncated && <p className="note">{t('knowledge.graph_truncated')}</p>}
    </>
  );
}
