// Filters of the insight paths: what a path says of some events of an organisation is what it says of one that has no others;
// what it cannot be asked is refused by name.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { uuid7 } from '../support/events.mjs';
import { Node, bin_dir } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';

const minute = 60_000;
const hour = 60 * minute;
const begin = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 24 * hour;
const window = { from: begin, to: begin + 12 * hour };
let node, all;

async function org(name) {
  const made = await promisify(execFile)(join(bin_dir, 'troupectl'), ['--data-dir', node.data_dir, '-o', 'json', 'keys', 'create', name, '--role', 'admin', '--org', name]);
  return node.api_as(JSON.parse(made.stdout).key);
}

// The same figures in every run: a linear congruential generator (Numerical Recipes).
let state = 7;
const below = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const perhaps = (fields) => (below(2) ? fields : {});
const types = ['llm.call', 'tool.call', 'memory.access', 'knowledge.access', 'collaboration', 'execution.completed', 'hypothesis.formed', 'hypothesis.validated', 'custom.review'];

// An agent has one team, so that it is of that team whichever of its events one has.
function made_event() {
  const agent = below(4);
  const tiers = below(2) ? { redis: 3 + below(5), chromadb: 90 + below(200) } : {};
  return {
    id: uuid7(),
    type: types[below(types.length)],
    time: begin + below(12 * 60) * minute + below(minute),
    agent_id: `agent-${agent}`,
    team: `team-${agent % 2}`,
    status: below(4) ? 'ok' : 'error',
    cost_usd: (1 + below(900)) / 1e4,
    duration_ms: below(60_000),
    trace_id: String(1 + below(40)).padStart(32, '0'),
    session_id: `session-${below(6)}`,
    ...perhaps({ user_id: `user-${below(3)}` }),
    ...perhaps({ model: `model-${below(3)}`, provider: `provider-${below(2)}`, tokens: { input: 10 + below(500), output: below(90) } }),
    ...perhaps({ tool: `tool-${below(3)}` }),
    ...perhaps({ knowledge_id: `item-${below(8)}` }),
    ...perhaps({ query: `question ${below(9)}`, items_retrieved: below(3) }),
    ...perhaps({ peer_agent_id: `agent-${(agent + 1 + below(3)) % 4}` }),
    ...(tiers.redis ? { latency_by_tier_ms: tiers, tier: below(2) ? 'redis' : 'chromadb' } : {}),
  };
}
const events = Array.from({ length: 600 }, made_event);

before(async () => {
  node = await Node.start();
  all = await org('all');
  await all.send(events);
});
after(() => node?.remove());

const dimensions = ['agent', 'team', 'model', 'tool', 'session', 'user', 'query', 'hour'];
const paths = [
  ['/memory/tier-stats', {}],
  ['/tokens/summary', {}],
  ...dimensions.map((dimension) => ['/tokens/by', { dimension }]),
  ['/tokens/by', { dimension: 'agent', series: true }],
  ['/tokens/advice', {}],
  ['/knowledge/items', {}],
  ...['agent', 'hour', 'time'].map((by) => ['/knowledge/heatmap', { by }]),
  ['/knowledge/gaps', {}],
  ['/knowledge/graph', {}],
  ['/knowledge/hypotheses', {}],
  ['/collaboration/graph', {}],
  ['/collaboration/pairs', {}],
  ['/teams', {}],
  ['/patterns', { utc_offset_minutes: 120 }],
  ['/export/analytics', { format: 'json' }],
];
const read = (api, path, query) => api.read(`/api/v2${path}`, { ...window, ...query });

const concerns = (event, tier) => event.tier === tier || event.latency_by_tier_ms?.[tier] !== undefined;
const meets = (event, filter) =>
  Object.entries(filter).every(([name, value]) => (name === 'tier' ? concerns(event, value) : event[name] === value));

const filters = [
  { model: 'model-1' },
  { provider: 'provider-0' },
  { tool: 'tool-2' },
  { session_id: 'session-3' },
  { user_id: 'user-1' },
  { status: 'error' },
  { type: 'memory.access' },
  { type: 'custom.review' },
  { team: 'team-1', model: 'model-0', status: 'ok' },
  { session_id: 'session-0', user_id: 'user-0', provider: 'provider-1' },
];

for (const filter of filters) {
  test(`filters: of ${new URLSearchParams(filter)} every path says what it says of those events alone`, async () => {
    const own = events.filter((event) => meets(event, filter));
    assert.ok(own.length > 3, `${own.length} events`);
    const some = await org(`some-${filters.indexOf(filter)}`);
    await some.send(own); // the same ids: hypotheses are named by them
    for (const [path, query] of paths) {
      const [narrowed, alone] = await Promise.all([read(all, path, { ...query, ...filter }), read(some, path, query)]);
      assert.deepEqual(narrowed, alone, `${path} ${new URLSearchParams({ ...query, ...filter })}`);
      assert.equal(narrowed.complete, true, path);
    }
  });
}

test('filters: by tier, usage is that of events that asked it or were served by it; accesses are those it served', async () => {
  const filter = { tier: 'chromadb' };
  const some = await org('tier');
  const own = events.filter((event) => meets(event, filter));
  await some.send(own); // the same ids: hypotheses are named by them
  for (const [path, query] of paths.filter(([path]) => /tokens|collaboration|teams|gaps|hypotheses/.test(path)))
    assert.deepEqual(await read(all, path, { ...query, ...filter }), await read(some, path, query), path);
  const served = own.filter((event) => event.knowledge_id && event.tier === 'chromadb' && !event.type.startsWith('hypothesis'));
  const items = await read(all, '/knowledge/items', filter);
  assert.equal(items.total.accesses, served.length);
  const together = new Set(served.map((event) => `${event.session_id} ${event.knowledge_id}`));
  for (const { id, related } of items.items)
    for (const other of related)
      assert.equal(other.together, ['0', '1', '2', '3', '4', '5'].filter((n) => [id, other.id].every((item) => together.has(`session-${n} ${item}`))).length);
  const stats = await read(all, '/memory/tier-stats', { ...filter, model: 'model-1' });
  assert.deepEqual(stats.tiers.map((tier) => [tier.tier, tier.asked]), [['chromadb', own.filter((event) => event.model === 'model-1').length]]);
});

test('filters: a trace is listed when one event of it meets all, with the figures of all its events', async () => {
  for (const filter of [{ model: 'model-2' }, { user_id: 'user-2', status: 'error' }, { agent_id: 'agent-1', tool: 'tool-0' }, { tier: 'redis', team: 'team-0' }]) {
    const wanted = [...new Set(events.filter((event) => meets(event, filter)).map((event) => event.trace_id))].sort();
    for (const order of ['newest', 'costliest', 'slowest', 'errors']) {
      const whole = new Map((await read(all, '/traces', { order, limit: 100 })).items.map((item) => [item.trace_id, item]));
      const listed = await read(all, '/traces', { order, limit: 100, ...filter });
      assert.deepEqual(listed.items.map((item) => item.trace_id).sort(), wanted, `${order} ${new URLSearchParams(filter)}`);
      assert.equal(listed.total.traces, wanted.length);
      for (const item of listed.items) assert.deepEqual(item, whole.get(item.trace_id));
    }
    const paged = [];
    for (let cursor; cursor !== null && paged.length < 100; ) {
      const page = await read(all, '/traces', { limit: 3, ...filter, ...(cursor ? { cursor } : {}) });
      paged.push(...page.items.map((item) => item.trace_id));
      cursor = page.next_cursor;
    }
    assert.deepEqual(paged.sort(), wanted, 'page by page, each once');
  }
});

test('filters: what a path cannot be asked is refused, and it says what it takes', async () => {
  let refused = await all.get('/api/v2/knowledge/gaps?modle=x');
  assert_problem(refused, 400, 'modle');
  assert.match(refused.body.errors[0].error, /it takes .*model.*session_id.*limit/);
  for (const [query, field] of [['user_id=u', 'user_id'], ['status=error', 'status']]) {
    refused = await all.get(`/api/v2/tokens/projection?${query}`);
    assert_problem(refused, 400, query);
    assert.equal(refused.body.errors[0].field, field);
    assert.match(refused.body.errors[0].error, /it takes agent_id, team, model, provider, tool/);
  }
  for (const [query, field] of [['status=late', 'status'], ['type=nothing', 'type']]) {
    refused = await all.get(`/api/v2/teams?${query}`);
    assert_problem(refused, 400, query);
    assert.equal(refused.body.errors[0].field, field);
  }
});
