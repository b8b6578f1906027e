import { describe, expect, test } from 'vitest';
import type { CollaborationGraph, GraphEdge, GraphNode } from '../../src/api/insight.ts';
import { with_new_edges } from '../../src/queries/graph_news.ts';

const node = (id: string): GraphNode => ({ id, team: 'red', events: 1, errors: 0, collaborations: 1 });
const edge = (from: string, to: string, kind: GraphEdge['kind']): GraphEdge => ({
  from,
  to,
  kind,
  count: 3,
  errors: 0,
  success_rate: 1,
  avg_ms: 5,
});
const graph: CollaborationGraph = {
  window: { from: '2026-01-05T00:00:00Z', to: '2026-01-06T00:00:00Z', bucket: 'hour' },
  nodes: ['a', 'b', 'c'].map(node),
  edges: [edge('a', 'b', 'explicit'), edge('b', 'c', 'trace')],
  truncated: false,
};
const pushed = (from: string, to: string) => ({ from, to, count: 4, errors: 1 });

describe('the collaboration graph and what is pushed', () => {
  test('an edge between agents that are there appears at once, with the figures of the push', () => {
    const made = with_new_edges(graph, [pushed('b', 'c'), pushed('b', 'a')]);
    expect(made?.edges.slice(0, 2)).toEqual(graph.edges);
    expect(made?.edges.slice(2)).toEqual([
      { from: 'b', to: 'c', kind: 'explicit', count: 4, errors: 1, success_rate: 0.75, avg_ms: null },
      { from: 'b', to: 'a', kind: 'explicit', count: 4, errors: 1, success_rate: 0.75, avg_ms: null },
    ]);
  });

  test('nothing is touched by an edge that is there, by a new agent, in a graph that was cut, or before the first answer', () => {
    expect(with_new_edges(graph, [pushed('a', 'b')])).toBeUndefined();
    expect(with_new_edges(graph, [pushed('a', 'new')])).toBeUndefined();
    expect(with_new_edges({ ...graph, truncated: true }, [pushed('c', 'a')])).toBeUndefined();
    expect(with_new_edges(undefined, [pushed('c', 'a')])).toBeUndefined();
  });
});
