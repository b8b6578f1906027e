// Purpose: the collaboration graph with edges that were pushed and are in no answer yet.
// Invariants: pure. Only what a push knows is added: an edge between agents that are already there. A new agent's team is
// not in the push, so its node waits for the next answer; so do the figures of edges that are there.
import type { CollaborationGraph, GraphEdge } from '../api/insight.ts';
import type { Changed } from './live_topic.ts';

/** undefined: there is nothing to add. */
export function with_new_edges(
  graph: CollaborationGraph | undefined,
  pushed: NonNullable<Changed['edges']>,
): CollaborationGraph | undefined {
  // Which edges are left out of a graph that was cut is for the node to say.
  if (!graph || graph.truncated) return undefined;
  const agents = new Set(graph.nodes.map(({ id }) => id));
  const known = new Set(graph.edges.filter(({ kind }) => kind === 'explicit').map(({ from, to }) => `${from}\n${to}`));
  const added = pushed
    .filter(({ from, to }) => agents.has(from) && agents.has(to) && !known.has(`${from}\n${to}`))
    .map(
      ({ from, to, count, errors }): GraphEdge => ({
        from,
        to,
        kind: 'explicit',
        count,
        errors,
        success_rate: count === 0 ? null : 1 - errors / count,
        avg_ms: null,
      }),
    );
  return added.length === 0 ? undefined : { ...graph, edges: [...graph.edges, ...added] };
}
