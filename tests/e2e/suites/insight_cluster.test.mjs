// The same events give the same figures, whether one node was told them in order, or three nodes in turn, in any order, in
// batches of any size, some of them twice. What a node is told, readers on all nodes hear; who is active, all say alike.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open_socket } from '../support/channels.mjs';
import { Cluster } from '../support/cluster.mjs';
import { generator, uuid7 } from '../support/events.mjs';
import { InsightReader, insight_views } from '../support/insight_reader.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { until } from '../support/until.mjs';

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

test('insight: a reader on one node is told of what is stored through another, whichever node leads it', async () => {
  // The agents lie in many shards; each is told through another node than the one before.
  const agents = Array.from({ length: 24 }, (_, i) => `told ${i}`);
  const sockets = cluster.nodes.map((node) => open_socket(node.base, admin_key));
  try {
    const readers = sockets.map((socket) => new InsightReader(socket));
    await until('the topics to be joined', () => readers.every((reader) => reader.joined));
    for (const [i, agent_id] of agents.entries()) {
      await cluster.api(i).send([{
        type: 'knowledge.access', agent_id, peer_agent_id: 'anybody', knowledge_id: 'kb', tier: 'redis', latency_by_tier_ms: { redis: 1 },
        tokens: { input: 1, output: 1 }, cost_usd: 0.001,
      }]);
    }
    for (const [i, reader] of readers.entries()) {
      for (const view of insight_views) {
        const heard = () => [...reader.agents_of(view)].filter((agent) => agents.includes(agent)).sort();
        await until(`${view} on node ${i + 1} to be told of all`, () => heard().length === agents.length);
        const sum = reader.pushes[view].reduce((n, push) => n + push.events, 0);
        assert.equal(sum, agents.length, `${view} on node ${i + 1}: each once`);
      }
    }
  } finally {
    for (const socket of sockets) socket.disconnect();
  }
});

test('agents: who is active is the same on every node, and five minutes after its last event an agent is so on none', async () => {
  const active_ms = 300_000;
  const ids = async (i) => (await cluster.api(i).read('/api/v2/agents/active')).agents.map((agent) => agent.id);
  // The last event counts, not when it came: of this one the five minutes are over in a few seconds.
  const last = Date.now() - active_ms + 4_000;
  await cluster.api(0).send([
    { type: 'custom.step', agent_id: 'about to go', time: last },
    { type: 'custom.step', agent_id: 'about to go', time: last - 60_000 },
    { type: 'custom.step', agent_id: 'stays', time: Date.now() },
  ]);
  const listed = await Promise.all([0, 1, 2].map(ids));
  for (const list of listed) assert.deepEqual([list.includes('about to go'), list.includes('stays')], [true, true]);
  await Promise.all([0, 1, 2].map(async (i) => {
    // Still listed: the question was asked before the time; gone: it was answered after it.
    await until(`it to be gone from node ${i + 1}`, async () => {
      const asked_at = Date.now();
      const list = await ids(i);
      const is_listed = list.includes('about to go');
      assert.ok(list.includes('stays'));
      if (is_listed) assert.ok(asked_at <= last + active_ms, 'listed for too long');
      else assert.ok(Date.now() >= last + active_ms, 'gone too early');
      return !is_listed;
    });
  }));
  // A new event brings it back, on all of them.
  await cluster.api(1).send([{ type: 'custom.step', agent_id: 'about to go' }]);
  for (const i of [0, 1, 2]) assert.ok((await ids(i)).includes('about to go'), `node ${i + 1}`);
});
