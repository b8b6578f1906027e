// Knowledge, hypotheses, collaboration, teams, patterns, traces, limits, export and live topics on a real node.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join, open_socket } from '../support/channels.mjs';
import { uuid7 } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';
import { in_time } from '../support/until.mjs';

const minute = 60_000;
const start = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 18 * 3_600_000; // 06:00 of yesterday
const window = { from: start - 6 * 3_600_000, to: start + 12 * 3_600_000 };
let node, api;

before(async () => {
  node = await Node.start();
  api = node.api;
});
after(() => node?.remove());

const event = (at, agent_id, type, fields = {}) => ({ id: uuid7(), type, time: start + at, agent_id, ...fields });
const trace_id = (n) => n.toString(16).padStart(32, '0');

test('knowledge: items, heat map, graph and what is used together', async () => {
  const access = (at, agent, knowledge_id, session_id, tier) =>
    event(at, agent, 'knowledge.access', { knowledge_id, session_id, tier, latency_by_tier_ms: { [tier]: tier === 'redis' ? 5 : 150 } });
  await api.send([
    ...[0, 1, 2, 3].flatMap((i) => [access(i * minute, 'reader-1', 'kb-sleep', `s-${i}`, 'chromadb'), access(i * minute + 1, 'reader-1', 'kb-hrv', `s-${i}`, 'redis')]),
    access(65 * minute, 'reader-2', 'kb-sleep', 's-9', 'chromadb'),
  ]);
  const items = await api.read('/api/v2/knowledge/items', window);
  assert.deepEqual(items.items.map((i) => [i.id, i.accesses]), [['kb-sleep', 5], ['kb-hrv', 4]]);
  assert.deepEqual(items.items[0].agents, [{ agent_id: 'reader-1', accesses: 4 }, { agent_id: 'reader-2', accesses: 1 }]);
  assert.deepEqual(items.items[0].related, [{ id: 'kb-hrv', together: 4 }]);
  assert.equal(items.items[0].last_at, new Date(start + 65 * minute).toISOString());
  assert.deepEqual(items.total, { accesses: 9, items: 2 });
  const cells = async (query) => {
    const map = await api.read('/api/v2/knowledge/heatmap', { ...window, ...query });
    return map.cells.map(([r, c, n]) => [map.rows[r], map.columns[c], n]);
  };
  assert.deepEqual(await cells({ by: 'agent' }), [['kb-sleep', 'reader-1', 4], ['kb-sleep', 'reader-2', 1], ['kb-hrv', 'reader-1', 4]]);
  assert.deepEqual(await cells({ by: 'hour' }), [['kb-sleep', '6', 4], ['kb-sleep', '7', 1], ['kb-hrv', '6', 4]]);
  assert.equal((await cells({ by: 'time', bucket: 'hour' })).length, 3);
  const graph = await api.read('/api/v2/knowledge/graph', window);
  assert.ok(graph.edges.some((e) => e.kind === 'together' && e.weight === 4));
  assert.equal(graph.edges.filter((e) => e.kind === 'access').length, 3);
  const patterns = await api.read('/api/v2/patterns', window);
  const cache = patterns.advice.find((a) => a.kind === 'cache_items');
  assert.deepEqual([cache.items, cache.tier, cache.saving_ms], [['kb-sleep'], 'redis', 5 * 145]);
  assert.equal(patterns.hours[6].knowledge, 8);
});

test('knowledge: every planted search without a result is listed, and closed once it finds something', async () => {
  const ask = (at, agent, query, items_retrieved) => event(at, agent, 'memory.access', { query, items_retrieved });
  const planted = Array.from({ length: 40 }, (_, i) => ask(i * minute, `asker-${i % 4}`, `Planted  ${i}`, 0));
  await api.send([...planted, ask(50 * minute, 'asker-0', 'planted 0', 3), ask(51 * minute, 'asker-1', 'PLANTED 1', 0), ask(0, 'asker-1', 'found', 1)]);
  const { items, total } = await api.read('/api/v2/knowledge/gaps', window);
  assert.deepEqual(items.map((i) => i.query).sort(), planted.map((_, i) => `planted ${i}`).sort());
  assert.deepEqual(total, { queries: 43, without_result: 41, gap_rate: 0.953488372, distinct: 40 });
  assert.deepEqual([items[0].query, items[0].without_result, items[0].open], ['planted 1', 2, true]);
  assert.equal(items.find((i) => i.query === 'planted 0').open, false);
  const advice = (await api.read('/api/v2/patterns', window)).advice.filter((a) => a.kind === 'fill_gap');
  assert.deepEqual(advice.map((a) => a.query), ['planted 1']);
});

test('hypotheses: formed by one agent, decided by another, in any order', async () => {
  await api.send([
    event(60 * minute, 'checker', 'hypothesis.validated', { knowledge_id: 'h-1' }),
    event(0, 'thinker', 'hypothesis.formed', { knowledge_id: 'h-1', query: 'HRV predicts sleep' }),
    event(minute, 'thinker', 'hypothesis.formed', { attributes: { hypothesis_id: 'h-2' } }),
    event(2 * minute, 'thinker', 'hypothesis.formed', { knowledge_id: 'h-3' }),
    event(32 * minute, 'checker', 'hypothesis.rejected', { knowledge_id: 'h-3' }),
  ]);
  const found = await api.read('/api/v2/knowledge/hypotheses', window);
  assert.deepEqual([found.formed, found.validated, found.rejected, found.open, found.validation_rate], [3, 1, 1, 1, 0.5]);
  const first = found.items.find((h) => h.id === 'h-1');
  assert.deepEqual([first.state, first.label, first.agent_id, first.decided_by, first.time_to_decision_ms], ['validated', 'HRV predicts sleep', 'thinker', 'checker', 3_600_000]);
  assert.equal(found.items.find((h) => h.id === 'h-2').state, 'open');
  assert.ok(Math.abs(found.learning_velocity_per_day - 1 / 0.75) < 1e-8);
  assert.equal(found.time_to_decision_ms.avg, 2_700_000);
});

test('collaboration: edges that events name and those of one trace, pairs and the trace as a waterfall', async () => {
  const span = (at, agent, type, span_id, parent_span_id, duration_ms, fields) =>
    event(at, agent, type, { trace_id: trace_id(7), span_id, parent_span_id, duration_ms, ...fields });
  await api.send([
    event(0, 'planner', 'collaboration', { peer_agent_id: 'coder', duration_ms: 100, trace_id: trace_id(1) }),
    event(minute, 'planner', 'collaboration', { peer_agent_id: 'coder', duration_ms: 200, trace_id: trace_id(2), status: 'error' }),
    span(2 * minute, 'planner', 'execution.completed', 'aaaaaaaaaaaaaaaa', undefined, 60_000),
    span(2 * minute - 10_000, 'coder', 'llm.call', 'bbbbbbbbbbbbbbbb', 'aaaaaaaaaaaaaaaa', 30_000, { cost_usd: 0.5, tokens: { input: 10, output: 1 } }),
    span(2 * minute - 12_000, 'coder', 'tool.call', 'cccccccccccccccc', 'bbbbbbbbbbbbbbbb', 1000, { tool: 'search' }),
  ]);
  const graph = await api.read('/api/v2/collaboration/graph', window);
  const edge = (from, to, kind) => graph.edges.find((e) => e.from === from && e.to === to && e.kind === kind);
  assert.deepEqual([edge('planner', 'coder', 'explicit').count, edge('planner', 'coder', 'explicit').errors], [2, 1]);
  assert.equal(edge('planner', 'coder', 'explicit').avg_ms, 150);
  assert.equal(edge('planner', 'coder', 'trace').count, 1);
  const pair = (await api.read('/api/v2/collaboration/pairs', window)).items.find((p) => p.a === 'coder' && p.b === 'planner');
  assert.deepEqual([pair.explicit, pair.shared_traces, pair.traces_a, pair.traces_b, pair.together_share], [2, 1, 1, 3, 1]);
  const trace = await api.read(`/api/v2/traces/${trace_id(7)}`);
  assert.deepEqual(trace.spans.map((s) => [s.span_id[0], s.depth, s.parent, s.across_agents]), [['a', 0, null, false], ['b', 1, 0, true], ['c', 2, 1, false]]);
  assert.deepEqual([trace.duration_ms, trace.cost_usd, trace.spans[0].self_ms, trace.spans[1].start_ms], [60_000, 0.5, 30_000, 20_000]);
  const listed = await api.read('/api/v2/traces', { ...window, agent_id: 'coder' });
  assert.deepEqual(listed.items.map((t) => [t.trace_id, t.agents, t.events]), [[trace_id(7), ['planner', 'coder'], 3]]);
  assert_problem(await api.get('/api/v2/traces/nowhere'), 404, 'no such trace');
});

test('teams: a planted overload is ranked first', async () => {
  for (const agent of ['calm-1', 'calm-2', 'calm-3', 'swamped']) {
    const count = agent === 'swamped' ? 40 : 10;
    await api.send(Array.from({ length: count }, (_, i) => event(i * minute, agent, 'execution.completed', { team: 'ops', duration_ms: 20_000, cost_usd: 0.01 })));
  }
  const { teams, recommendations } = await api.read('/api/v2/teams', { ...window, team: 'ops' });
  assert.equal(teams.length, 1);
  const [ops] = teams;
  assert.deepEqual([ops.team, ops.agents, ops.events, ops.executions.completed], ['ops', 4, 70, 70]);
  assert.deepEqual([ops.members[0].agent_id, ops.members[0].load, ops.members[0].busy_ms], ['swamped', 4, 800_000]);
  assert.equal(ops.cost_per_execution_usd, 0.01);
  assert.deepEqual([recommendations[0].kind, recommendations[0].agent_id], ['overloaded_agent', 'swamped']);
});

test('limits: kept over a restart, they warn before they are reached', async () => {
  const put = (id, body) => api.call('PUT', `/api/v2/tokens/limits/${id}`, { body });
  const made = await put('spenders', { scope: 'agent', key: 'spender', period: 'month', cost_usd: 1 });
  assert.equal(made.status, 200, made.text);
  assert.deepEqual([made.body.state, made.body.used, made.body.warn_at], ['ok', 0, 0.8]);
  for (const [body, field] of [[{ scope: 'agent', period: 'day', cost_usd: 1 }, 'key'], [{ scope: 'org', period: 'day' }, 'cost_usd'], [{ scope: 'org', period: 'year', tokens: 5 }, 'period']]) {
    const answer = await put('wrong', body);
    assert_problem(answer, 400, field);
    assert.equal(answer.body.errors[0].field, field);
  }
  await node.restart();
  await api.send([{ type: 'llm.call', agent_id: 'spender', cost_usd: 0.85, tokens: { input: 1, output: 1 } }]);
  const [limit] = (await api.read('/api/v2/tokens/limits')).items;
  assert.deepEqual([limit.id, limit.state, limit.used_share], ['spenders', 'warning', 0.85]);
  const projection = await api.read('/api/v2/tokens/projection', { agent_id: 'spender' });
  assert.equal(projection.day.spent_usd, 0.85);
  assert.ok(projection.month.expected_usd >= projection.day.expected_usd);
  assert.equal((await api.call('DELETE', '/api/v2/tokens/limits/spenders')).status, 204);
  assert_problem(await api.call('DELETE', '/api/v2/tokens/limits/spenders'), 404, 'again');
});

test('advice: uncached prompts, with the arithmetic', async () => {
  await api.send(Array.from({ length: 30 }, (_, i) =>
    event(i * 1000, 'wordy', 'llm.call', { model: 'gpt-4o', provider: 'openai', tokens: { input: 10_000, output: 500 } })));
  const { items } = await api.read('/api/v2/tokens/advice', { ...window, agent_id: 'wordy' });
  assert.equal(items[0].kind, 'cache_prompts');
  // 300,000 tokens x (2.50 - 1.25) USD per 1M x 50 %
  assert.equal(items[0].saving_usd, 0.1875);
  assert.deepEqual(items[0].subject, { agent_id: 'wordy', model: 'gpt-4o' });
});

test('export: CSV is one table without formulas, JSON has the sections', async () => {
  await api.send([event(0, '=cmd|calc', 'llm.call', { model: 'm,1', cost_usd: 1, tokens: { input: 2, output: 3 } })]);
  const csv = await api.get(`/api/v2/export/analytics?format=csv&section=token_usage&from=${window.from}&to=${window.to}`);
  assert.equal(csv.type, 'text/csv');
  assert.match(csv.headers.get('content-disposition'), /^attachment; filename="troupe-analytics-.*\.csv"$/);
  const lines = csv.text.split('\r\n');
  assert.equal(lines.at(-1), '');
  const day = new Date(start).toISOString().slice(0, 10);
  assert.ok(lines.includes(`token_usage,${day},'=cmd|calc,,"m,1",,,,1,0,1,2,3,0,0,0,1,,,,,`), csv.text);
  const json = await api.read('/api/v2/export/analytics', { format: 'json', ...window });
  assert.deepEqual(Object.keys(json), ['window', 'token_usage', 'knowledge', 'memory_tiers', 'cost', 'complete']);
  assert.ok(json.token_usage.some((row) => row.agent_id === '=cmd|calc' && row.cost_usd === 1 && row.day === day));
});

test('live: an edge across traces is pushed at once, and the figures are there when it comes', async () => {
  const socket = open_socket(node.base, admin_key);
  const { channel, status } = await join(socket, 'insight:collaboration');
  assert.equal(status, 'ok');
  const changed = in_time('the push', new Promise((resolve) => channel.on('changed', resolve)));
  await api.send([{ type: 'collaboration', agent_id: 'left', peer_agent_id: 'right', trace_id: trace_id(99) }]);
  const push = await changed;
  assert.deepEqual(push.edges, [{ from: 'left', to: 'right', count: 1, errors: 0 }]);
  assert.deepEqual(push.agents, ['left']);
  const graph = await api.read('/api/v2/collaboration/graph', { window_hours: 1 });
  assert.ok(graph.edges.some((e) => e.from === 'left' && e.to === 'right'));
  socket.disconnect();
});
