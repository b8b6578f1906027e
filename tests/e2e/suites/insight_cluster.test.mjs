// The same events give the same figures, whether one node was told them in order, or three nodes in turn, in any order, in
// batches of any size, some of them twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from '../support/cluster.mjs';
import { generator, uuid7 } from '../support/events.mjs';
import { Node } from '../support/node.mjs';

const hour = 3_600_000;
const start = Math.floor(Date.now() / (24 * hour)) * 24 * hour - 30 * hour; // cut by neither hours nor days below
const window = { from: start + 47 * 60_000, to: start + 26 * hour + 13 * 60_000, limit: 500 };

let alone, cluster;
before(async () => {
  [alone, cluster] = await Promise.all([Node.start(), Cluster.start(3)]);
});
after(async () => {
  await alone?.remove();
  await cluster?.remove();
});

function fleet(random, count) {
  const below = (n) => Math.floor(random() * n);
  const maybe = (share, value) => (random() < share ? value() : undefined);
  return Array.from({ length: count }, (_, i) => ({
    id: uuid7(),
    time: start + below(28 * hour),
    type: ['llm.call', 'tool.call', 'memory.access', 'knowledge.access', 'execution.completed', 'hypothesis.formed', 'hypothesis.validated'][i % 7],
    agent_id: `agent-${below(9)}`,
    team: ['blue', 'red'][below(2)],
    status: below(9) === 0 ? 'error' : 'ok',
    trace_id: maybe(0.7, () => below(60).toString(16).padStart(32, '0')),
    session_id: maybe(0.5, () => `s-${below(20)}`),
    user_id: maybe(0.3, () => `u-${below(4)}`),
    model: maybe(0.5, () => `m-${below(3)}`),
    tool: maybe(0.3, () => `t-${below(3)}`),
    duration_ms: below(60_000),
    tokens: maybe(0.5, () => ({ input: 50 + below(500), output: below(90), cache_read: below(40) })),
    cost_usd: below(1000) / 1e5,
    peer_agent_id: maybe(0.2, () => `agent-${below(9)}`),
    tier: maybe(0.3, () => ['fast', 'slow'][below(2)]),
    latency_by_tier_ms: { fast: below(9), slow: 50 + below(90) },
    ...maybe(0.3, () => ({ query: `q ${below(9)}`, items_retrieved: below(3) })),
    knowledge_id: maybe(0.4, () => `kb-${below(12)}`),
  })).map((event) => Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)));
}

function shuffled(list, random) {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

const paths = [
  '/memory/tier-stats', '/memory/tier-stats?agent_id=agent-3', '/tokens/summary', '/tokens/summary?team=blue&bucket=hour',
  ...['agent', 'team', 'model', 'tool', 'session', 'user', 'query', 'hour'].map((dimension) => `/tokens/by?dimension=${dimension}`),
  '/tokens/by?dimension=model&agent_id=agent-1&series=true', '/tokens/by?dimension=tool&session_id=s-4', '/tokens/advice',
  '/knowledge/items', '/knowledge/heatmap?by=agent', '/knowledge/heatmap?by=time&bucket=hour', '/knowledge/gaps', '/knowledge/graph',
  '/knowledge/hypotheses', '/collaboration/graph', '/collaboration/pairs?team=red', '/teams', '/patterns?utc_offset_minutes=90',
  '/traces', '/traces?order=slowest', '/traces?order=costliest&agent_id=agent-2', '/export/analytics?format=json',
];

test('insight: the same figures from one node, told in order, and from three, told in any order and twice', async () => {
  const random = generator(5);
  const events = fleet(random, 900);
  await alone.api.send(events);
  const told = shuffled([...events, ...events.slice(0, 200)], random);
  for (let i = 0, n = 0; i < told.length; n += 1) {
    const size = 1 + Math.floor(random() * 120);
    await cluster.api(n).send(told.slice(i, i + size));
    i += size;
  }
  for (const path of paths) {
    // Of the list in pages and of the export each parameter is a known one.
    const query = path.startsWith('/tokens/advice') || path.startsWith('/memory') || /hypotheses|patterns|export|summary/.test(path) ? { from: window.from, to: window.to } : window;
    const expected = await alone.api.read(`/api/v2${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(query)}`);
    for (const i of [0, 1, 2]) {
      const found = await cluster.api(i).read(`/api/v2${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(query)}`);
      assert.deepEqual(found, expected, `${path} from node ${i + 1}`);
    }
    assert.ok(expected.complete !== false, path);
    assert.equal(expected.sampled?.rate ?? 1, 1, path);
  }
});

test('insight: pages of traces follow each other, newest first, each trace once', async () => {
  // Figures go back at most a day from the oldest trace of a page.
  const day = { ...window, from: window.to - 23 * hour };
  const whole = await alone.api.read('/api/v2/traces', day);
  assert.equal(whole.next_cursor, null);
  assert.equal(whole.items.length, 60);
  assert.equal(whole.total.traces, 60);
  const pages = await alone.api.all('/api/v2/traces', { ...day, limit: 7 });
  assert.deepEqual(pages.map((t) => t.trace_id), whole.items.map((t) => t.trace_id));
  assert.deepEqual(pages, whole.items);
  const wrong = await alone.api.get('/api/v2/traces?order=slowest&cursor=abc');
  assert.equal(wrong.status, 400);
});
