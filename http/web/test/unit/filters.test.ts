import { describe, expect, test } from 'vitest';
import type { Agent, AgentEvent } from '../../src/api/types.ts';
import {
  agent_filter_from_query,
  agent_filter_to_query,
  arrange,
  default_agent_filter,
} from '../../src/filters/agent_filter.ts';
import { filter_from_query, filter_to_query, matches, no_filter, type EventFilter } from '../../src/filters/event_filter.ts';

const event: AgentEvent = {
  id: '1',
  type: 'llm.call',
  agent_id: 'planner',
  time: '2026-01-05T12:00:00Z',
  model: 'GPT-4o',
  provider: 'openai',
  query: 'Open \n incidents',
  error: 'two\n lines',
  tier: 'redis_immediate',
  latency_by_tier_ms: { redis: 1, postgresql: 2 },
  attributes: { 'gen_ai.operation.name': 'chat' },
};

describe('event filter', () => {
  test('an empty filter lets everything through', () => {
    expect(matches(event, no_filter)).toBe(true);
  });

  test.each([
    [{ type: 'llm.call' }, true],
    [{ type: 'tool.call' }, false],
    [{ agent_id: 'planner' }, true],
    [{ agent_id: 'plan' }, false],
    [{ q: 'gpt-4O' }, true],
    [{ q: '  chat ' }, true],
    [{ q: 'claude' }, false],
    [{ q: ' OPEN  incidents' }, true],
    [{ q: 'openincidents' }, false],
    [{ q: 'two lines' }, true],
    [{ q: 'llm.call planner' }, false],
    [{ tier: 'redis_immediate' }, true],
    [{ tier: 'postgresql' }, true],
    [{ tier: 'postgres' }, false],
    [{ tier: 'toString' }, false],
    [{ provider: 'openai' }, true],
    [{ knowledge_id: 'k' }, false],
    [{ peer_agent_id: 'planner' }, false],
    [{ user_id: 'u' }, false],
    [{ q: 'agent_id' }, false],
    [{ q: '2026' }, false],
    [{ status: 'ok' as const }, false],
    [{ status: 'error' as const }, false],
    [{ type: 'llm.call', q: 'claude' }, false],
  ])('%j gives %s', (part, expected) => {
    expect(matches(event, { ...no_filter, ...part })).toBe(expected);
  });

  test('what is written to the address is read back equal, and other parameters stay', () => {
    const filter = { ...no_filter, type: 'custom.a b', agent_id: 'x/y?z', status: 'error' as const, q: 'a&b=c' };
    const query = filter_to_query(filter, new URLSearchParams('keep=1'));
    expect(filter_from_query(new URLSearchParams(query.toString()))).toEqual(filter);
    expect(query.get('keep')).toBe('1');
    expect(filter_to_query(no_filter, query).toString()).toBe('keep=1');
  });

  test.each([
    ['range=7d', { range: '7d' }],
    ['range=7d&since=2026-01-05T10:00:00Z', { since: '2026-01-05T10:00:00Z' }],
    ['range=weird', {}],
    ['range=7d&hour=07&utc_offset_minutes=-90', { range: '7d', hour: '7', utc_offset_minutes: '-90' }],
    ['since=2026-01-05T10:00:00Z&hour=0', { since: '2026-01-05T10:00:00Z', hour: '0' }],
    ['hour=7&utc_offset_minutes=60', {}],
    ['until=2026-01-05T10:00:00Z&hour=7', { until: '2026-01-05T10:00:00Z' }],
    ['range=7d&hour=24', { range: '7d' }],
    ['range=7d&utc_offset_minutes=60', { range: '7d' }],
  ])('of when, "%s" says %j', (query, expected) => {
    const filter = { ...no_filter, ...expected } as EventFilter;
    expect(filter_from_query(new URLSearchParams(query))).toEqual(filter);
    expect(filter_from_query(filter_to_query(filter))).toEqual(filter);
  });

  test('when the span goes, so does the hour of the day within it', () => {
    const filter = { ...no_filter, range: '7d' as const, hour: '7', utc_offset_minutes: '60' };
    expect(filter_to_query({ ...filter, range: '' }).toString()).toBe('');
    expect(filter_to_query({ ...filter, hour: '' }).toString()).toBe('range=7d');
  });

  test.each([
    [{ range: '1h' as const }, '2026-01-05T12:59:00Z', true],
    [{ range: '1h' as const }, '2026-01-05T13:00:01Z', false],
    [{ since: '2026-01-05T12:00:00Z' }, '2026-01-05T13:00:00Z', true],
    [{ until: '2026-01-05T12:00:00Z' }, '2026-01-05T13:00:00Z', false],
    [{ range: '24h' as const, hour: '12' }, '2026-01-05T13:00:00Z', true],
    [{ range: '24h' as const, hour: '13', utc_offset_minutes: '60' }, '2026-01-05T13:00:00Z', true],
    [{ range: '24h' as const, hour: '12', utc_offset_minutes: '60' }, '2026-01-05T13:00:00Z', false],
    [{ range: '24h' as const, hour: '11', utc_offset_minutes: '-30' }, '2026-01-05T13:00:00Z', true],
  ])('an event of noon fulfils %j at %s: %s', (part, now, expected) => {
    expect(matches(event, { ...no_filter, ...part }, Date.parse(now))).toBe(expected);
  });

  test('a status that does not exist is no status', () => {
    expect(filter_from_query(new URLSearchParams('status=weird'))).toEqual(no_filter);
  });
});

const now = Date.parse('2026-01-05T12:00:00Z');
const agent = (id: string, more: Partial<Agent> = {}): Agent => ({
  id,
  status: 'active',
  last_activity: '2026-01-05T11:59:00Z',
  ...more,
});
const ids = (agents: readonly Agent[]): string[] => agents.map(({ id }) => id);

describe('agent filter', () => {
  const agents = [
    agent('b', { team: 'red', current_load: 2, totals: { cost_usd: 3, tokens: { input: 5, output: 5 } } }),
    agent('a', { team: 'blue', current_load: 7, capabilities: ['planning'], status: 'idle' }),
    agent('c', { team: 'red', last_activity: '2026-01-05T11:00:00Z' }),
  ];

  test('sorts by figures and by name, both ways', () => {
    const by = (sort: 'load' | 'name' | 'cost' | 'last_activity', descending: boolean) =>
      ids(arrange(agents, { ...default_agent_filter, sort, descending }, now));
    expect(by('load', true)).toEqual(['a', 'b', 'c']);
    expect(by('name', false)).toEqual(['a', 'b', 'c']);
    expect(by('name', true)).toEqual(['c', 'b', 'a']);
    expect(by('cost', true)).toEqual(['b', 'a', 'c']);
    expect(by('last_activity', true)).toEqual(['a', 'b', 'c']);
  });

  test('filters by team, status and text', () => {
    const only = (part: Partial<typeof default_agent_filter>) =>
      ids(arrange(agents, { ...default_agent_filter, ...part }, now));
    expect(only({ team: 'red' })).toEqual(['b', 'c']);
    expect(only({ status: 'idle' })).toEqual(['a', 'c']);
    expect(only({ q: 'PLANN' })).toEqual(['a']);
  });

  test('an agent silent for more than five minutes is no longer among the active', () => {
    expect(ids(arrange(agents, { ...default_agent_filter, status: 'active' }, now))).toEqual(['b']);
  });

  test('what is written to the address is read back equal', () => {
    const filter = { q: 'x y', team: 'r&d', status: 'offline' as const, sort: 'cost' as const, descending: true };
    expect(agent_filter_from_query(agent_filter_to_query(filter))).toEqual(filter);
    expect(agent_filter_to_query(default_agent_filter).toString()).toBe('');
  });
});
