// Advice: of every kind one is planted, and it is named first, with the arithmetic done by hand. Each test has a team of its own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { uuid7 } from '../support/events.mjs';
import { Node } from '../support/node.mjs';

const minute = 60_000;
const day = 24 * 60 * minute;
const start = Math.floor(Date.now() / day) * day - 18 * 60 * minute; // 06:00 of yesterday
const window = { from: start - 6 * 60 * minute, to: start + 12 * 60 * minute };
let node, api;

before(async () => {
  node = await Node.start();
  api = node.api;
});
after(() => node?.remove());

const event = (team) => (at, agent_id, type, fields = {}) => ({ id: uuid7(), type, time: start + at, agent_id, team, ...fields });
const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const near = (actual, expected, about) => assert.ok(Math.abs(actual - expected) < 1e-9, `${about}: ${actual} is not ${expected}`);
const tokens_advice = async (team) => (await api.read('/api/v2/tokens/advice', { ...window, team })).items;
const patterns_advice = async (team) => (await api.read('/api/v2/patterns', { ...window, team })).advice;

test('advice: a smaller model that is in use already, for short calls', async () => {
  const of = event('frugal');
  const call = (i, agent, model, tokens) => of(i * 1000, agent, 'llm.call', { model, provider: 'openai', tokens });
  await api.send([
    ...times(30, (i) => call(i, 'small-talk', 'gpt-4o', { input: 500, output: 50 })),
    ...times(20, (i) => call(i, 'thrifty', 'gpt-4o-mini', { input: 100, output: 10 })),
  ]);
  const [first, ...others] = await tokens_advice('frugal');
  assert.deepEqual([first.kind, first.subject, others], ['smaller_model', { agent_id: 'small-talk', model: 'gpt-4o' }, []]);
  // 15,000 x 2.50 + 1,500 x 10 against 15,000 x 0.15 + 1,500 x 0.60, USD per 1M
  assert.deepEqual(first.evidence, { calls: 30, input_per_call: 500, output_per_call: 50, other_model: 'gpt-4o-mini', cost_usd: 0.0525, other_cost_usd: 0.00315 });
  near(first.saving_usd, 0.04935, 'saving');
  assert.equal(first.arithmetic, '30 calls of 500 and 50 tokens on average: 0.052500 USD at the price of gpt-4o - 0.003150 USD at that of gpt-4o-mini = 0.049350 USD');
});

test('advice: calls that fail and cost', async () => {
  const of = event('faulty');
  await api.send([
    ...times(20, (i) => of(i * 1000, 'breaker', 'llm.call', { model: 'in-house', cost_usd: 0.1, status: i < 6 ? 'error' : 'ok' })),
    ...times(20, (i) => of(i * 1000, 'careful', 'llm.call', { model: 'in-house', cost_usd: 0.1, status: i < 4 ? 'error' : 'ok' })), // too few to tell
  ]);
  const [first, ...others] = await tokens_advice('faulty');
  assert.deepEqual([first.kind, first.subject, others], ['failing_calls', { agent_id: 'breaker', model: 'in-house' }, []]);
  assert.deepEqual(first.evidence, { calls: 20, errors: 6, error_rate: 0.3, cost_usd: 2 });
  near(first.saving_usd, 0.6, 'saving');
  assert.equal(first.arithmetic, '6 of 20 calls failed (30.0 %) x 2.000000 USD = 0.600000 USD if they cost as much as the others');
});

test('advice: one agent of several that spends most', async () => {
  const of = event('lopsided');
  await api.send([['spends', 0.8], ['saves', 0.1], ['also-saves', 0.1]].map(([agent, cost_usd]) => of(0, agent, 'llm.call', { model: 'in-house', cost_usd })));
  const [first, ...others] = await tokens_advice('lopsided');
  assert.deepEqual([first.kind, first.subject, first.saving_usd, others], ['concentrated_cost', { agent_id: 'spends' }, null, []]);
  assert.deepEqual(first.evidence, { cost_usd: 0.8, total_usd: 1, share: 0.8, agents: 3 });
  assert.equal(first.arithmetic, '0.800000 of 1.000000 USD = 80.0 %, of 3 agents');
});

test('advice: the largest saving comes first', async () => {
  const of = event('wasteful');
  await api.send([
    // 200,000 uncached tokens x (2.50 - 1.25) USD per 1M x 50 % = 0.125 USD
    ...times(20, (i) => of(i * 1000, 'forgetful', 'llm.call', { model: 'gpt-4o', provider: 'openai', tokens: { input: 10_000, output: 300 } })),
    ...times(10, (i) => of(i * 1000, 'unlucky', 'llm.call', { model: 'in-house', cost_usd: 0.02, status: 'error' })), // 0.2 USD
  ]);
  assert.deepEqual((await tokens_advice('wasteful')).map((a) => [a.kind, a.saving_usd]), [['failing_calls', 0.2], ['cache_prompts', 0.125]]);
});

test('advice: a query that is asked again and again', async () => {
  const of = event('curious');
  const ask = (i, query, duration_ms, items_retrieved = 2) => of(i * minute, 'asker', 'memory.access', { query, duration_ms, items_retrieved });
  await api.send([
    ...times(3, (i) => ask(i, 'asked less', 50)),
    ...times(4, (i) => ask(i, 'Weekly  report', 100)),
    ...times(2, (i) => ask(i, 'asked twice', 9_000)),
  ]);
  const advice = await patterns_advice('curious');
  assert.deepEqual(advice.map((a) => [a.kind, a.query, a.saving_ms]), [['precompute_query', 'weekly report', 300], ['precompute_query', 'asked less', 100]]);
  assert.equal(advice[0].arithmetic, 'asked 3 times again x 100 ms = 300 ms');
  assert.deepEqual(advice[0].evidence, [{ asked: 4, with_result: 4, avg_ms: 100 }]);
});

test('advice: two agents that belong together', async () => {
  const of = event('duo');
  const together = (n, ...agents) => agents.map((agent, i) => of(n * minute + i, agent, 'custom.step', { trace_id: (300 + n).toString(16).padStart(32, '0') }));
  await api.send([
    ...times(3, (n) => together(n, 'writes', 'reviews')).flat(),
    ...together(3, 'writes'),
    ...times(3, (n) => together(4 + n, 'writes', 'deploys')).flat(), // 3 of the 7 of one, of the 9 of the other
    ...times(6, (n) => together(10 + n, 'deploys')).flat(),
  ]);
  const [first, ...others] = await patterns_advice('duo');
  assert.deepEqual([first.kind, first.items, others], ['pair', ['reviews', 'writes'], []]);
  assert.equal(first.arithmetic, '3 of 3 traces of the one that has fewer have both');
  assert.deepEqual(first.evidence, [{ shared_traces: 3, traces_a: 3, traces_b: 7, together_share: 1, sampled_rate: 1 }]);
});

test('advice: the idlest of a team that has more than enough to do', async () => {
  const of = event('crew');
  const work = (agent, count, seconds) => times(count, (i) => of((i + 1) * minute, agent, 'execution.completed', { duration_ms: seconds * 1000 }));
  await api.send([...work('hero', 30, 20), ...work('helper', 10, 20), ...work('napper', 2, 20), ...work('loafer', 1, 5)]);
  const { recommendations } = await api.read('/api/v2/teams', { from: start, to: start + 60 * minute, team: 'crew' });
  assert.deepEqual([recommendations[0].kind, recommendations[0].agent_id, recommendations[0].to_agent_id], ['overloaded_agent', 'hero', 'loafer']);
  const idle = recommendations.filter((r) => r.kind === 'idle_agent');
  // Of 360 slots the helper was at work in 20 (5.6 %), the napper in 4, the loafer in 1.
  assert.deepEqual(idle.map((r) => r.agent_id), ['loafer', 'napper']);
  near(idle[0].score, 0.05 - 1 / 360, 'score');
  near(idle[1].score, 0.05 - 4 / 360, 'score');
  // The hero: 600 busy seconds against (200 + 40 + 10) / 3.
  assert.equal(idle[0].arithmetic, '0.28 % of the time at work and no open task, while hero has 7.20 times the mean');
  assert.deepEqual([idle[0].evidence.events, idle[0].evidence.busy_ms], [1, 10_000]);
});

test('advice: the one of a team whose work fails most', async () => {
  const of = event('shaky');
  const work = (agent, count, failed) => times(count, (i) => of(i * minute, agent, 'execution.completed', { status: i < failed ? 'error' : 'ok' }));
  await api.send([...work('steady', 20, 1), ...work('breaks', 20, 10), ...work('wobbles', 20, 5)]);
  const { recommendations } = await api.read('/api/v2/teams', { ...window, team: 'shaky' });
  assert.deepEqual(recommendations.map((r) => [r.kind, r.agent_id, r.score]), [['failing_agent', 'breaks', 0.5], ['failing_agent', 'wobbles', 0.25]]);
  assert.equal(recommendations[0].arithmetic, '10 of 20 events failed: 50 %');
});

test('advice: a team whose executions cost more than those of the others', async () => {
  const on = start - 3 * day; // a day of its own: it is compared with all other teams
  const done = (team, agent, cost_usd) => ({ ...event(team)(0, agent, 'execution.completed', { cost_usd }), time: on });
  await api.send([
    ...times(5, () => done('cheap', 'cheap-1', 0.1)),
    ...times(5, () => done('plain', 'plain-1', 0.15)),
    ...times(2, () => done('dear', 'dear-1', 0.5)),
  ]);
  const { recommendations } = await api.read('/api/v2/teams', { from: on - minute, to: on + minute });
  const [first, ...others] = recommendations;
  assert.deepEqual([first.kind, first.team, others], ['costly_team', 'dear', []]);
  // (0.50 + 0.75) USD of 10 executions; the score is a tenth of 0.5 / 0.125.
  assert.deepEqual([first.evidence, first.score], [{ completed: 2, cost_per_execution_usd: 0.5, others_usd: 0.125 }, 0.4]);
  assert.equal(first.arithmetic, '0.50 USD an execution against 0.12 USD of the other teams');
});
