// Memory tiers and tokens over REST: figures reckoned by hand, cut by windows and names, the same after a restart.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { uuid7 } from '../support/events.mjs';
import { Node } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';

const minute = 60_000;
// An hour that lies well within the day, so that windows cut hours and days.
const noon = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 12 * 3_600_000;
let node, api;

before(async () => {
  node = await Node.start();
  api = node.api;
});
after(() => node?.remove());

const memory = (at, agent_id, fields) => ({ id: uuid7(), type: 'memory.access', time: noon + at, agent_id, ...fields });

// 20 queries: 9 served by redis in 5 ms, 8 by postgresql in 25 ms, 3 by chromadb in 150 ms, as the seed has it.
function queries() {
  const events = [];
  for (let i = 0; i < 20; i += 1) {
    const latency_by_tier_ms = { redis: 5 };
    let tier = 'redis_immediate';
    let cost_usd = 0.1 / 9;
    if (i >= 9) [latency_by_tier_ms.postgresql, tier, cost_usd] = [25, 'postgresql_structured', 0.35 / 8];
    if (i >= 17) [latency_by_tier_ms.chromadb, tier, cost_usd] = [150, 'chromadb_semantic', 2.15 / 3];
    events.push(memory(i * 7 * minute, `agent-${i % 2}`, { tier, latency_by_tier_ms, cost_usd, query: `q ${i}`, items_retrieved: 1 }));
  }
  return events;
}

const near = (actual, expected, about) => assert.ok(Math.abs(actual - expected) < 1e-6, `${about}: ${actual} is not ${expected}`);
const window = { from: noon, to: noon + 24 * 3_600_000 };

test('memory tiers: hit rates, latencies and cost are those reckoned by hand', async () => {
  const sent = queries().toSorted((a, b) => (a.id.at(-1) < b.id.at(-1) ? -1 : 1)); // out of order
  for (const event of sent) await api.send([event]);
  await api.send(sent); // known already
  const check = (stats) => {
    assert.deepEqual(stats.tier_hit_rates, { redis: 0.45, postgresql: 0.4, chromadb: 0.15 });
    assert.deepEqual(stats.average_latencies_ms, { redis: 5, postgresql: 25, chromadb: 150 });
    for (const [tier, usd] of Object.entries({ redis: 0.1, postgresql: 0.35, chromadb: 2.15 })) near(stats.cost_by_tier[tier], usd, tier);
    assert.deepEqual([stats.queries, stats.misses, stats.miss_rate], [20, 0, 0]);
    assert.deepEqual(stats.tiers.map((t) => [t.tier, t.asked, t.hits]), [['redis', 20, 9], ['postgresql', 11, 8], ['chromadb', 3, 3]]);
    near(stats.tiers[1].hit_rate, 8 / 11, 'of those asked');
    assert.deepEqual(stats.tiers.map((t) => t.latency_histogram), [
      [{ from_ms: 5, to_ms: 10, count: 20 }],
      [{ from_ms: 20, to_ms: 50, count: 11 }],
      [{ from_ms: 100, to_ms: 200, count: 3 }],
    ]);
    const flow = Object.fromEntries(stats.flow.map((f) => [`${f.from}>${f.to}`, f.count]));
    assert.deepEqual(flow, { 'query>redis': 20, 'redis>hit': 9, 'redis>postgresql': 11, 'postgresql>hit': 8, 'postgresql>chromadb': 3, 'chromadb>hit': 3 });
    assert.equal(stats.series.reduce((sum, s) => sum + s.queries, 0), 20);
    assert.equal(stats.complete, true);
  };
  check(await api.read('/api/v2/memory/tier-stats', window));
  check(await api.read('/api/v2/memory/tier-stats', { window_hours: 72 }));
  await node.restart();
  check(await api.read('/api/v2/memory/tier-stats', window));
});

test('memory tiers: a window that cuts an hour, an agent, and a query that nobody served', async () => {
  // Minutes 0, 7, ... 133: those from 35 to 70 are number 5 to 9, four by redis and one by postgresql.
  const cut = await api.read('/api/v2/memory/tier-stats', { from: noon + 35 * minute, to: noon + 64 * minute, bucket: 'minute' });
  assert.equal(cut.queries, 5);
  assert.deepEqual(cut.tier_hit_rates, { redis: 0.8, postgresql: 0.2 });
  const one = await api.read('/api/v2/memory/tier-stats', { ...window, agent_id: 'agent-0' });
  assert.equal(one.queries, 10);
  await api.send([memory(3 * 3_600_000, 'agent-0', { latency_by_tier_ms: { redis: 4, postgresql: 20 }, query: 'nothing', items_retrieved: 0 })]);
  const missed = await api.read('/api/v2/memory/tier-stats', { ...window, agent_id: 'agent-0' });
  assert.deepEqual([missed.queries, missed.misses], [11, 1]);
  assert.ok(missed.flow.some((f) => f.from === 'postgresql' && f.to === 'miss' && f.count === 1));
  // A tier is named, but it found nothing: it did not serve.
  await api.send([memory(4 * 3_600_000, 'agent-0', { tier: 'redis_immediate', latency_by_tier_ms: { redis: 4 }, items_retrieved: 0 })]);
  const empty = await api.read('/api/v2/memory/tier-stats', { ...window, agent_id: 'agent-0' });
  assert.deepEqual([empty.queries, empty.misses], [12, 2]);
  const of = (stats, tier) => stats.tiers.find((t) => t.tier === tier);
  assert.deepEqual([of(empty, 'redis').asked - of(missed, 'redis').asked, of(empty, 'redis').hits - of(missed, 'redis').hits], [1, 0]);
});

test('memory tiers: wrong windows and names are refused by name', async () => {
  for (const [query, field] of [
    ['window_hours=0', 'window_hours'],
    ['window_hours=x', 'window_hours'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['window_hours=900&bucket=minute', 'bucket'],
    ['modle=x', 'modle'],
  ]) {
    const answer = await api.get(`/api/v2/memory/tier-stats?${query}`);
    assert_problem(answer, 400, query);
    assert.equal(answer.body.errors[0].field, field, query);
  }
});

test('tokens: cached tokens are priced once, and a parent span repeats nothing', async () => {
  const call = (at, agent_id, fields) => ({ id: uuid7(), type: 'llm.call', time: noon + at, agent_id, team: 'research', model: 'gpt-4o', provider: 'openai', ...fields });
  const trace_id = '0af7651916cd43dd8448eb211c80319c';
  await api.send([
    // (1000 - 600) * 2.50 + 600 * 1.25 + 100 * 10 USD per 1M = 0.00275
    call(0, 'planner', { tokens: { input: 1000, output: 100, cache_read: 600 }, trace_id, span_id: 'b7ad6b7169203331', parent_span_id: '00f067aa0ba902b7' }),
    call(5 * minute, 'planner', { cost_usd: 0.01, tokens: { input: 10, output: 1 }, session_id: 's-1', user_id: 'u-1' }),
    { id: uuid7(), type: 'execution.completed', time: noon + minute, agent_id: 'planner', team: 'research', trace_id, span_id: '00f067aa0ba902b7', duration_ms: 60_000 },
    call(-30 * minute, 'writer', { cost_usd: 0.002, tokens: { input: 5, output: 5 }, status: 'error' }),
  ]);
  const query = { ...window, team: 'research' };
  const summary = await api.read('/api/v2/tokens/summary', query);
  near(summary.total.cost_usd, 0.01275, 'cost');
  assert.deepEqual(summary.total.tokens, { input: 1010, output: 101, cache_read: 600, cache_write: 0, reasoning: 0 });
  assert.deepEqual([summary.total.events, summary.total.calls, summary.total.errors], [3, 2, 0]);
  near(summary.previous.cost_usd, 0.002, 'the day before');
  near(summary.cache.saved_usd, (600 * 1.25) / 1e6, 'saved');
  assert.equal(summary.cost_per_query.queries, 1);
  near(summary.cost_per_query.max_usd, 0.00275, 'of the trace');
  const by = async (dimension, more) => (await api.read('/api/v2/tokens/by', { from: noon - 3_600_000, to: window.to, team: 'research', dimension, ...more })).items;
  assert.deepEqual((await by('agent')).map((i) => [i.key, i.calls]), [['planner', 2], ['writer', 1]]);
  assert.deepEqual((await by('session')).map((i) => i.key), ['s-1']);
  assert.deepEqual((await by('user')).map((i) => i.key), ['u-1']);
  assert.deepEqual((await by('query')).map((i) => [i.key, i.events]), [[trace_id, 2]]);
  assert.deepEqual((await by('model', { limit: 1 })).map((i) => i.key), ['gpt-4o']);
  const hours = await by('hour', { utc_offset_minutes: 60 });
  assert.equal(hours.length, 24);
  near(hours[13].cost_usd, 0.01275, 'the hour of noon, an hour further east');
  near(hours[12].cost_usd, 0.002, 'the hour before');
  const series = (await by('agent', { series: true, bucket: 'hour' }))[0].series;
  assert.equal(series.reduce((sum, s) => sum + s.calls, 0), 2);
});
