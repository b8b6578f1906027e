import { describe, expect, test } from 'vitest';
import type { GraphEdge } from '../../src/api/insight.ts';
import { neighbours_of } from '../../src/components/neighbours.tsx';

const edge = (from: string, to: string, kind: GraphEdge['kind'], count: number, errors = 0): GraphEdge => ({
  from,
  to,
  kind,
  count,
  errors,
  success_rate: null,
  avg_ms: null,
});

describe('those an agent works with', () => {
  test('each direction and the shared traces are counted apart, the closest come first', () => {
    const edges = [
      edge('b', 'a', 'explicit', 2, 1),
      edge('a', 'b', 'explicit', 3),
      edge('b', 'a', 'trace', 1),
      edge('c', 'a', 'explicit', 9, 2),
      edge('b', 'c', 'explicit', 100),
    ];
    expect(neighbours_of('a', edges)).toEqual([
      { id: 'c', to: 0, from: 9, traces: 0, errors: 2 },
      { id: 'b', to: 3, from: 2, traces: 1, errors: 1 },
    ]);
  });
});
