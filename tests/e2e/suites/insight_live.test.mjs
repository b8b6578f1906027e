// Live topics of the insight pages on a real node: each is told of what belongs to it and of nothing else, at once, and what
// the page would ask for then has it already. Across nodes: insight_cluster.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open_socket } from '../support/channels.mjs';
import { InsightReader, insight_views } from '../support/insight_reader.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { until } from '../support/until.mjs';

let node, api, socket, reader;

before(async () => {
  node = await Node.start();
  api = node.api;
  socket = open_socket(node.base, admin_key);
  reader = new InsightReader(socket);
  await until('the topics to be joined', () => reader.joined);
});
after(async () => {
  socket?.disconnect();
  await node?.remove();
});

// Everything belongs to teams and patterns.
const told = {
  memory: { type: 'memory.access', tier: 'redis', latency_by_tier_ms: { redis: 3 } },
  tokens: { type: 'llm.call', tokens: { input: 20, output: 10 }, cost_usd: 0.5 },
  knowledge: { type: 'knowledge.access', knowledge_id: 'kb-live' },
  collaboration: { type: 'collaboration', peer_agent_id: 'peer', status: 'error' },
  teams: { type: 'execution.completed', team: 'live' },
};

for (const [view, event] of Object.entries(told)) {
  test(`live: insight:${view} is told of what belongs to it, and the others are not`, async () => {
    const agent_id = `agent of ${view}`;
    await api.send([{ ...event, agent_id }]);
    const concerned = [...new Set([view, 'teams', 'patterns'])];
    await until('those concerned to be told', () => concerned.every((each) => reader.agents_of(each).has(agent_id)));
    for (const each of insight_views) assert.equal(reader.agents_of(each).has(agent_id), concerned.includes(each), each);
    const push = reader.pushes[view].find((p) => p.agents.includes(agent_id));
    assert.deepEqual([push.events, push.agents, push.more_agents], [1, [agent_id], false]);
    assert.ok(Date.now() - Date.parse(push.since) < 60_000);
    const figures = {
      memory: { tiers: { redis: { hits: 1 } } },
      tokens: { tokens: 30, cost_usd: 0.5 },
      collaboration: { edges: [{ from: agent_id, to: 'peer', count: 1, errors: 1 }] },
    }[view];
    for (const [name, value] of Object.entries(figures ?? {})) assert.deepEqual(push[name], value, name);
  });
}

test('live: what a push is about is in the answers when it comes', async () => {
  const answers = {
    memory: async () => (await api.read('/api/v2/memory/tier-stats', { window_hours: 1, agent_id: 'prompt' })).queries,
    tokens: async () => (await api.read('/api/v2/tokens/summary', { window_hours: 1, agent_id: 'prompt' })).total.cost_usd / 0.25,
    knowledge: async () => (await api.read('/api/v2/knowledge/items', { window_hours: 1, agent_id: 'prompt' })).total.accesses,
    collaboration: async () => (await api.read('/api/v2/collaboration/graph', { window_hours: 1, agent_id: 'prompt' })).edges[0]?.count,
    teams: async () => (await api.read('/api/v2/teams', { window_hours: 1, team: 'prompt' })).teams[0]?.events,
    patterns: async () => (await api.read('/api/v2/patterns', { window_hours: 1, agent_id: 'prompt' })).hours.reduce((n, h) => n + h.events, 0),
  };
  const asked = insight_views.map((view) => reader.next(view, 'prompt').then(answers[view]));
  await api.send([{
    type: 'knowledge.access', agent_id: 'prompt', team: 'prompt', peer_agent_id: 'peer', knowledge_id: 'kb', tier: 'redis',
    latency_by_tier_ms: { redis: 1 }, tokens: { input: 1, output: 1 }, cost_usd: 0.25,
  }]);
  assert.deepEqual(Object.fromEntries((await Promise.all(asked)).map((n, i) => [insight_views[i], n])), Object.fromEntries(insight_views.map((view) => [view, 1])));
});

test('live: a burst is told in few pushes that add up to it', async () => {
  const agents = Array.from({ length: 10 }, (_, i) => `burst ${i}`);
  await api.send(agents.flatMap((agent_id) => Array.from({ length: 50 }, () => ({ type: 'llm.call', agent_id, tokens: { input: 2, output: 1 }, cost_usd: 0.001 }))));
  const pushes = () => reader.pushes.tokens.filter((p) => p.agents.some((agent) => agents.includes(agent)));
  const sum = (name) => pushes().reduce((n, p) => n + p[name], 0);
  await until('all to be told', () => sum('events') >= 500);
  assert.deepEqual([sum('events'), sum('tokens'), Math.round(sum('cost_usd') * 1e6)], [500, 1500, 500_000]);
  assert.ok(pushes().length < 100, `${pushes().length} pushes`);
  assert.deepEqual([...reader.agents_of('tokens')].filter((agent) => agents.includes(agent)).sort(), agents);
});
