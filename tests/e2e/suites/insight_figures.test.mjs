// Figures of the insight paths that are easily taken for granted, each reckoned by hand: percentiles, cached and reasoning
// tokens, how busy a team is, edges of traces, pairs, and hours of the day. Each test has a team of its own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { uuid7 } from '../support/events.mjs';
import { Node } from '../support/node.mjs';

const minute = 60_000;
const start = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 18 * 3_600_000; // 06:00 of yesterday
const window = { from: start - 6 * 3_600_000, to: start + 12 * 3_600_000 };
let node, api;

before(async () => {
  node = await Node.start();
  api = node.api;
});
after(() => node?.remove());

const event = (team) => (at, agent_id, type, fields = {}) => ({ id: uuid7(), type, time: start + at, agent_id, team, ...fields });
const trace_id = (n) => n.toString(16).padStart(32, '0');
const near = (actual, expected, about, by = 1e-9) => assert.ok(Math.abs(actual - expected) <= by, `${about}: ${actual} is not ${expected}`);

test('percentiles: p50, p95 and p99 of 1 to 100 ms are the middles of their buckets, within 1/128 of the value', async () => {
  const asked = Array.from({ length: 100 }, (_, i) =>
    event('measured')((i * 37) % 60 * minute, 'measurer', 'memory.access', { tier: 'slow', latency_by_tier_ms: { slow: ((i * 37) % 100) + 1 } }));
  await api.send(asked);
  const { tiers } = await api.read('/api/v2/memory/tier-stats', { ...window, team: 'measured', bucket: 'day' });
  assert.equal(tiers.length, 1);
  // 50,000 us lie in [49,664, 50,176), 95,000 in [94,208, 95,232), 99,000 in [98,304, 99,328): each power of two in 64 parts.
  assert.deepEqual(tiers[0].latency_ms, { avg: 50.5, p50: 49.92, p95: 94.72, p99: 98.816, max: 100 });
  for (const [p, exact] of [['p50', 50], ['p95', 95], ['p99', 99]]) near(tiers[0].latency_ms[p], exact, p, exact / 128);
  assert.deepEqual(tiers[0].series.map((s) => [s.asked, s.avg_ms, s.p95_ms]), [[100, 50.5, 94.72]]);
});

test('tokens: what was written to caches and spent on reasoning is told along every dimension, and priced once', async () => {
  const of = event('thinkers');
  const call = { model: 'claude-sonnet-4-5', provider: 'anthropic', tool: 'search', session_id: 's-think', user_id: 'u-think', trace_id: trace_id(5) };
  await api.send([
    // (1000 - 300 - 400) x 3 + 300 x 0.30 + 400 x 3.75 + 200 x 15 = 5,490 USD per 1M; reasoning is part of the output.
    of(0, 'thinker', 'llm.call', { ...call, tokens: { input: 1000, output: 200, cache_read: 300, cache_write: 400, reasoning: 50 } }),
    // 400 x 3 + 100 x 3.75 + 100 x 15 = 3,075
    of(minute, 'thinker', 'llm.call', { ...call, tokens: { input: 500, output: 100, cache_write: 100, reasoning: 80 } }),
    of(2 * minute, 'thinker', 'tool.call', { tool: 'search', session_id: 's-think' }),
  ]);
  const tokens = { input: 1500, output: 300, cache_read: 300, cache_write: 500, reasoning: 130 };
  const summary = await api.read('/api/v2/tokens/summary', { ...window, team: 'thinkers' });
  assert.deepEqual(summary.total.tokens, tokens);
  assert.equal(summary.total.cost_usd, 0.008565);
  assert.deepEqual([summary.total.events, summary.total.calls], [3, 2]);
  assert.deepEqual([summary.cache.read_share, summary.cache.saved_usd], [0.2, 0.00081]); // 300 x (3 - 0.30) per 1M
  assert.equal(summary.cost_per_call_usd, 0.0042825);
  assert.deepEqual(summary.series.map((s) => s.tokens), [tokens]);
  const keys = { agent: 'thinker', team: 'thinkers', model: call.model, tool: 'search', session: 's-think', user: 'u-think', query: trace_id(5), hour: '6' };
  for (const [dimension, key] of Object.entries(keys)) {
    const { items, total } = await api.read('/api/v2/tokens/by', { ...window, team: 'thinkers', dimension });
    const row = items.find((item) => item.key === key);
    assert.deepEqual([row.tokens, row.cost_usd, row.cost_share], [tokens, 0.008565, 1], dimension);
    assert.deepEqual(total.tokens, tokens, dimension);
  }
  const [first] = (await api.read('/api/v2/tokens/by', { ...window, team: 'thinkers', dimension: 'model', series: true, bucket: 'minute' })).items;
  assert.deepEqual(first.series.map((s) => [s.tokens.cache_write, s.tokens.reasoning]), [[400, 50], [100, 80]]);
});

test('tokens: what a query costs at the median, at the 95th percentile and at most', async () => {
  // Traces of 1 to 20 cents, each of two agents; one without tokens or cost is no query.
  const of = event('askers');
  await api.send(Array.from({ length: 20 }, (_, i) => [
    of(i * minute, 'asker', 'llm.call', { trace_id: trace_id(100 + i), cost_usd: i / 100 }),
    of(i * minute + 10, 'answerer', 'llm.call', { trace_id: trace_id(100 + i), cost_usd: 0.01 }),
  ]).flat());
  await api.send([of(0, 'asker', 'custom.step', { trace_id: trace_id(99) })]);
  const { cost_per_query } = await api.read('/api/v2/tokens/summary', { ...window, team: 'askers' });
  assert.deepEqual(cost_per_query, { queries: 20, avg_usd: 0.105, p50_usd: 0.1, p95_usd: 0.19, max_usd: 0.2, sampled: { rate: 1 } });
});

test('teams: utilisation and imbalance of an hour, with nested work counted once', async () => {
  const of = event('mill');
  const work = (at, agent, seconds) => of(at, agent, 'execution.completed', { duration_ms: seconds * 1000 });
  await api.send([
    ...[10, 20, 30].map((m) => work(m * minute, 'first', 60)), // 18 slots of 10 s
    work(30 * minute - 15_000, 'first', 30), // within the last of them
    work(10 * minute, 'second', 60), // 6
    work(0, 'third', 3600), // before the window
    work(40 * minute, 'third', 60), // 12
    work(60 * minute, 'third', 60),
  ]);
  const { teams } = await api.read('/api/v2/teams', { from: start + minute, to: start + 61 * minute, team: 'mill', bucket: 'day' });
  const [mill] = teams;
  const member = Object.fromEntries(mill.members.map((m) => [m.agent_id, m]));
  for (const [agent, slots] of [['first', 18], ['second', 6], ['third', 12]]) {
    assert.equal(member[agent].busy_ms, slots * 10_000, agent);
    near(member[agent].utilisation, slots / 360, agent);
  }
  assert.deepEqual([mill.agents, mill.active_agents, mill.busy_ms], [3, 3, 360_000]);
  near(mill.utilisation, 36 / (3 * 360), 'of the team');
  near(mill.imbalance, 2 / 9, 'Gini coefficient of 6, 12, 18'); // 2 (1x6 + 2x12 + 3x18) / (3 x 36) - 4/3
  near(member.second.share, 1 / 7, 'of the events');
  assert.deepEqual(mill.series.map((s) => s.events), [7]);
  near(mill.series[0].utilisation, 36 / (3 * 8640), 'of a day');
});

test('collaboration: an edge of traces counts those in which one of the two failed, and a pair has its score and cost', async () => {
  const of = event('bridge');
  const part = (trace, at, agent, cost_usd, status = 'ok') => of(at, agent, 'llm.call', { trace_id: trace_id(trace), cost_usd, status });
  await api.send([
    part(201, 0, 'asks', 0.1), part(201, 1000, 'helps', 0.02),
    part(202, minute, 'asks', 0.1), part(202, minute + 1000, 'helps', 0.05, 'error'),
    part(203, 2 * minute, 'asks', 0.03), part(203, 2 * minute + 1000, 'helps', 0),
    part(204, 3 * minute, 'asks', 5), // alone
    part(205, 4 * minute, 'helps', 0.01), part(205, 4 * minute + 1000, 'checks', 0.01, 'error'),
  ]);
  const query = { ...window, team: 'bridge' };
  const { edges } = await api.read('/api/v2/collaboration/graph', query);
  assert.deepEqual(edges.map((e) => [e.from, e.to, e.kind, e.count, e.errors, e.success_rate, e.avg_ms]),
    [['asks', 'helps', 'trace', 3, 1, 0.666666667, null], ['helps', 'checks', 'trace', 1, 1, 0, null]]);
  assert.deepEqual([edges[0].first_at, edges[0].last_at], [start, start + 2 * minute + 1000].map((at) => new Date(at).toISOString()));
  const { items } = await api.read('/api/v2/collaboration/pairs', query);
  assert.deepEqual(items.map((p) => [p.a, p.b, p.explicit, p.shared_traces, p.traces_a, p.traces_b, p.errors]),
    [['asks', 'helps', 0, 3, 4, 4, 1], ['checks', 'helps', 0, 1, 1, 4, 1]]);
  assert.deepEqual([items[0].together_share, items[0].success_rate], [0.75, 0.666666667]);
  near(items[0].cost_per_trace_usd, 0.1, 'that of both, in the traces they share: (0.12 + 0.15 + 0.03) / 3');
  // (2/3 + z2/6 - z sqrt(2/27 + z2/36)) / (1 + z2/3) with z2 = 3.8415
  near(items[0].score, 0.20766, 'the lower end of the Wilson interval of 2 of 3', 1e-5);
  assert.equal(items[1].score, 0);
});

test('patterns: items by hour of the day and the peak, also where clocks are half an hour apart', async () => {
  const of = event('clock');
  const use = (at, knowledge_id) => of(at, 'reader', 'knowledge.access', { knowledge_id });
  await api.send([
    use(10 * minute, 'kb-a'), use(11 * minute, 'kb-a'),
    ...[45, 46, 47].map((m) => use(m * minute, 'kb-b')),
    use(180 * minute, 'kb-a'),
  ]);
  const read = async (utc_offset_minutes) => {
    const { items_by_hour, peak, hours } = await api.read('/api/v2/patterns', { ...window, team: 'clock', utc_offset_minutes });
    const counted = hours.filter((h) => h.events > 0).map((h) => [h.hour, h.events, h.knowledge]);
    return { items: items_by_hour.map((h) => [h.hour, h.items.map((i) => `${i.id} ${i.accesses}`).join(', ')]), peak, counted };
  };
  assert.deepEqual(await read(0), { items: [[6, 'kb-b 3, kb-a 2'], [9, 'kb-a 1']], peak: { hour: 6, factor: 20 }, counted: [[6, 5, 5], [9, 1, 1]] });
  assert.deepEqual(await read(-420), { items: [[2, 'kb-a 1'], [23, 'kb-b 3, kb-a 2']], peak: { hour: 23, factor: 20 }, counted: [[2, 1, 1], [23, 5, 5]] });
  // +05:30: 06:10 is 11:40, 06:45 is 12:15.
  assert.deepEqual(await read(330), { items: [[11, 'kb-a 2'], [12, 'kb-b 3'], [14, 'kb-a 1']], peak: { hour: 12, factor: 12 }, counted: [[11, 2, 2], [12, 3, 3], [14, 1, 1]] });
});
