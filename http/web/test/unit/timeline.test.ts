import { describe, expect, test } from 'vitest';
import type { TraceSummary } from '../../src/api/insight.ts';
import type { AgentEvent } from '../../src/api/types.ts';
import { in_order, lay_out_timeline, mark_at, mark_px } from '../../src/charts/timeline_layout.ts';
import { knowledge_neighbours } from '../../src/components/knowledge_neighbours.tsx';
import type { KnowledgeEdge, KnowledgeNode } from '../../src/api/insight.ts';

const start_ms = Date.parse('2026-01-05T12:00:00Z');
const event = (id: string, type: string, after_ms: number, duration_ms?: number): AgentEvent => ({
  id,
  type,
  agent_id: 'a',
  time: new Date(start_ms + after_ms).toISOString(),
  ...(duration_ms === undefined ? {} : { duration_ms }),
});
const trace = (trace_id: string, after_ms: number, duration_ms: number): TraceSummary => ({
  trace_id,
  started_at: new Date(start_ms + after_ms).toISOString(),
  ended_at: '',
  duration_ms,
  agents: [],
  events: 1,
  errors: 0,
  calls: 0,
  tokens: {},
  cost_usd: 0,
});

describe('timeline', () => {
  const events = in_order([
    event('c', 'custom.step', 9_000, 1_000),
    event('b', 'tool.call', 5_000),
    event('a', 'llm.call', 0, 2_500),
  ]);

  test('events stand in order, each in the lane of its kind, as long as it took', () => {
    const { lanes, marks } = lay_out_timeline(events, [], 'Traces', 1_000);
    expect(events.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(lanes.map(({ name }) => name)).toEqual(['llm', 'tool', 'custom']);
    expect(marks.map(({ x, width }) => [Math.round(x), Math.round(width)])).toEqual([[0, 250], [500, 3], [900, 100]]);
    expect(marks[1]?.y).toBeGreaterThan(marks[0]?.y ?? 0);
  });

  test('traces have a lane above, end where the axis does, and those of another time are left out', () => {
    const { lanes, traces } = lay_out_timeline(events, [trace('t', -5_000, 10_000), trace('u', -9_000, 10)], 'Traces', 1_000);
    expect(lanes[0]?.name).toBe('Traces');
    expect(traces.map((each) => [each.trace.trace_id, Math.round(each.x), Math.round(each.width)])).toEqual([['t', 0, 500]]);
  });

  test('the last moment is within the drawing, and so is everything of no events', () => {
    const { marks, width } = lay_out_timeline([event('a', 'llm.call', 0), event('b', 'llm.call', 4_000)], [], 'Traces', 300);
    expect((marks[1]?.x ?? 0) + (marks[1]?.width ?? 0)).toBe(width);
    expect(lay_out_timeline([], [], 'Traces', 300).marks).toEqual([]);
  });

  test('a finger finds what it is near, and nothing further away', () => {
    const { marks } = lay_out_timeline(events, [], 'Traces', 1_000);
    const y = (marks[1]?.y ?? 0) + mark_px / 2;
    expect(mark_at(marks, 508, y, 12)).toBe(1);
    expect(mark_at(marks, 560, y, 12)).toBeNull();
  });
});

test('what goes with an item: both directions, items and agents, most first', () => {
  const node = (kind: KnowledgeNode['kind'], label: string): KnowledgeNode => ({ id: `${kind}:${label}`, kind, label, weight: 1 });
  const nodes = [node('item', 'x'), node('item', 'y'), node('agent', 'p')];
  const edges: KnowledgeEdge[] = [
    { from: 'agent:p', to: 'item:x', kind: 'access', weight: 2 },
    { from: 'item:y', to: 'item:x', kind: 'together', weight: 5 },
    { from: 'agent:p', to: 'item:y', kind: 'access', weight: 9 },
  ];
  const found = knowledge_neighbours('item:x', nodes, edges);
  expect(found.map(({ node: { label }, weight }) => [label, weight])).toEqual([['y', 5], ['p', 2]]);
});
