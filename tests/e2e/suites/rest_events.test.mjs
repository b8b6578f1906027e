// Events over REST: what is sent is what is read; bad items and bad bodies change nothing; retries never double.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import { assert_problem } from '../support/problem.mjs';
import { by_place, numbers, place, step_of, steps, uuid7 } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { in_time } from '../support/until.mjs';
import { zstd, zstd_bomb } from '../support/zstd.mjs';

let node, api;
before(async () => {
  node = await Node.start();
  api = node.api;
});
after(() => node?.remove());

const post = (body, headers) => api.call('POST', '/api/v2/events', { body, headers });

test('events: every field comes back as it was sent', async () => {
  const sent = {
    id: uuid7(),
    type: 'llm.call',
    time: '2025-11-20T10:11:12.345Z',
    agent_id: 'every field / ü',
    session_id: 's-1',
    user_id: 'u-1',
    team: 'research',
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    span_id: 'b7ad6b7169203331',
    parent_span_id: '00f067aa0ba902b7',
    status: 'error',
    error: 'upstream said "no" \u{1F600}',
    duration_ms: 1234.5,
    model: 'no-price-for-this-model',
    provider: 'nobody',
    tokens: { input: 100, output: 50, cache_read: 40, cache_write: 5, reasoning: 20 },
    cost_usd: 0.001234567,
    tool: 'web.search',
    tier: 'redis_immediate',
    latency_by_tier_ms: { redis_immediate: 1.5, postgresql_structured: 25 },
    query: 'open incidents',
    items_retrieved: 3,
    knowledge_id: 'k-9',
    peer_agent_id: 'planner',
    attributes: { nested: { list: [1, 'two', null, true] }, text: 'ß' },
  };
  assert.deepEqual(await api.send(sent), { accepted: 1, duplicates: 0, rejected: [] });
  const stored = await api.read(`/api/v2/events/${sent.id}`);
  for (const [field, value] of Object.entries(sent)) assert.deepEqual(stored[field], value, field);
  assert.equal(stored.org, 'default');
  assert.match(stored.offset, /^\d+\.\d+$/);
  assert.match(stored.received_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('events: the server gives id, time and place when only type and agent are sent', async () => {
  const before_ms = Date.now();
  await api.send([{ type: 'execution.started', agent_id: 'bare' }]);
  const { items, next_cursor } = await api.read('/api/v2/events', { agent_id: 'bare' });
  assert.equal(items.length, 1);
  assert.equal(next_cursor, null);
  assert.match(items[0].id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const time_ms = Date.parse(items[0].time);
  assert.ok(time_ms >= before_ms - 5 && time_ms <= Date.now() + 5, items[0].time);
});

test('events: NDJSON is taken line by line, blank lines aside', async () => {
  const lines = steps('ndjson', 20).map((event) => JSON.stringify(event));
  const answer = await post(`${lines.join('\n\n')}\n`, { 'content-type': 'application/x-ndjson' });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.accepted, 20);
  const items = by_place(await api.all('/api/v2/events', { agent_id: 'ndjson' }));
  assert.deepEqual(items.map(step_of), numbers(20));
});

const codings = [
  ['gzip', async (text) => zlib.gzipSync(text), (bytes) => zlib.gzipSync(Buffer.alloc(bytes, 0x20))],
  ['zstd', zstd, zstd_bomb],
];
for (const [encoding, pack, make_bomb] of codings) {
  test(`events: a body in ${encoding} is unpacked`, async () => {
    const body = await pack(JSON.stringify(steps(`in ${encoding}`, 300)));
    const answer = await post(body, { 'content-type': 'application/json', 'content-encoding': encoding });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.accepted, 300);
    const items = by_place(await api.all('/api/v2/events', { agent_id: `in ${encoding}` }));
    assert.deepEqual(items.map(step_of), numbers(300));
  });

  test(`events: a cut-off ${encoding} body is a problem and changes nothing`, async () => {
    const whole = await pack(JSON.stringify(steps(`cut ${encoding}`, 300)));
    const answer = await post(whole.subarray(0, whole.length >> 1), {
      'content-type': 'application/json',
      'content-encoding': encoding,
    });
    assert_problem(answer, 400);
    assert.deepEqual(await api.all('/api/v2/events', { agent_id: `cut ${encoding}` }), []);
  });

  test(`events: a ${encoding} bomb is refused as too large`, async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    assert_problem(await post(make_bomb(80 * 1024 * 1024), headers), 413);
  });
}

test('events: each bad item is rejected by index, field and reason, the others are taken', async () => {
  const good = steps('mixed', 3);
  const answer = await post([
    good[0],
    { type: 'custom.step' },
    good[1],
    { agent_id: 'mixed' },
    { type: 'no.such.type', agent_id: 'mixed' },
    { type: 'custom.step', agent_id: 'mixed', colour: 'red' },
    { type: 'custom.step', agent_id: 'mixed', time: 'yesterday' },
    { type: 'llm.call', agent_id: 'mixed', tokens: { input: -1 } },
    { type: 'custom.step', agent_id: 'mixed', id: 'not a uuid' },
    { type: 'custom.step', agent_id: 'mixed', status: 'maybe' },
    { type: 'custom.step', agent_id: 'mixed', duration_ms: 'long' },
    'a string',
    good[2],
  ]);
  assert.equal(answer.status, 200, answer.text);
  const { accepted, duplicates, rejected } = answer.body;
  assert.deepEqual({ accepted, duplicates }, { accepted: 3, duplicates: 0 });
  assert.deepEqual(rejected.map((r) => r.index), [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  for (const row of rejected) assert.ok(row.error.length > 10, JSON.stringify(row));
  const fields = Object.fromEntries(rejected.map((r) => [r.index, r.field]));
  assert.equal(fields[1], 'agent_id');
  assert.equal(fields[3], 'type');
  assert.equal(fields[4], 'type');
  assert.match(JSON.stringify(rejected[3]), /colour/, 'an unknown field is refused by name');
  assert.equal(fields[6], 'time');
  assert.match(fields[7], /^tokens/);
  assert.equal(fields[8], 'id');
  const items = by_place(await api.all('/api/v2/events', { agent_id: 'mixed' }));
  assert.deepEqual(items.map(step_of), [0, 1, 2]);
});

test('events: bodies that are no events are problems', async () => {
  const json = { 'content-type': 'application/json' };
  for (const [body, status, headers] of [
    ['[{"type":', 400, json],
    ['', 400, json],
    ['"text"', 400, json],
    ['[]]', 400, json],
    ['[{}]', 415, { 'content-type': 'text/csv' }],
    ['[{}]', 415, { ...json, 'content-encoding': 'br' }],
    [Buffer.from([0xff, 0xfe, 0x00]), 400, json],
  ]) {
    const answer = await post(body, headers);
    if (body === '"text"' && answer.status === 200) assert.equal(answer.body.rejected.length, 1);
    else assert_problem(answer, status, `${body}`);
  }
});

test('events: a body that is announced too large is refused before it is sent', async () => {
  const answered = new Promise((resolve, reject) => {
    const out = request(`${node.base}/api/v2/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${admin_key}`,
        'content-type': 'application/json',
        'content-length': 17 * 1024 * 1024,
      },
    });
    out.on('response', (response) => {
      resolve({ status: response.statusCode, type: response.headers['content-type'] });
      out.destroy();
    });
    out.on('error', reject);
    out.flushHeaders();
  });
  const { status, type } = await in_time('the refusal', answered);
  assert.equal(status, 413);
  assert.match(type, /^application\/problem\+json/);
});

test('events: the same ids again are duplicates, in one request and in the next', async () => {
  const events = steps('twice', 5);
  assert.deepEqual(await api.send([...events, events[0]]), { accepted: 5, duplicates: 1, rejected: [] });
  assert.deepEqual(await api.send(events), { accepted: 0, duplicates: 5, rejected: [] });
  assert.equal((await api.all('/api/v2/events', { agent_id: 'twice' })).length, 5);
  assert.equal((await api.read('/api/v2/agents/twice')).totals.events, 5);
});

test('events: a repeated Idempotency-Key gives the first answer, another body is a mismatch', async () => {
  const headers = { 'idempotency-key': uuid7() };
  const without_ids = steps('idempotent', 4).map(({ id, ...event }) => event);
  const first = await post(without_ids, headers);
  assert.equal(first.status, 200, first.text);
  assert.equal(first.body.accepted, 4);
  const again = await post(without_ids, headers);
  assert.deepEqual([again.status, again.body], [200, first.body]);
  assert_problem(await post(steps('idempotent', 4), headers), 422);
  assert.equal((await api.all('/api/v2/events', { agent_id: 'idempotent' })).length, 4);
});

test('events: a batch over many agents keeps the order of each', async () => {
  const agents = numbers(40).map((i) => `many-${i}`);
  const batch = numbers(25).flatMap((step) => agents.map((agent) => steps(agent, 1, step)[0]));
  assert.equal((await api.send(batch)).accepted, 1000);
  const shards = new Set();
  for (const agent of agents) {
    const items = by_place(await api.all('/api/v2/events', { agent_id: agent, limit: 7 }));
    assert.deepEqual(items.map(step_of), numbers(25), agent);
    const own = new Set(items.map((event) => place(event).shard));
    assert.equal(own.size, 1, 'an agent lives in one shard');
    shards.add([...own][0]);
  }
  assert.ok(shards.size > 5, 'agents are spread over shards');
});

test('events: pages follow each other newest first, without gap or overlap, while new events arrive', async () => {
  const start_ms = Date.now() - 1_000_000;
  const events = steps('paged', 120).map((event, i) => ({ ...event, time: start_ms + i }));
  await api.send(events);
  const seen = [];
  let path = '/api/v2/events?agent_id=paged&limit=25';
  while (path) {
    const answer = await api.get(path);
    assert.equal(answer.status, 200, answer.text);
    seen.push(...answer.body.items.map(step_of));
    const link = /<([^>]+)>;\s*rel="?next"?/.exec(answer.headers.get('link') ?? '')?.[1];
    assert.equal(Boolean(link), answer.body.next_cursor !== null, 'Link and next_cursor agree');
    path = link ? new URL(link, node.base).pathname + new URL(link, node.base).search : null;
    await api.send(steps('paged', 1, 1000));
  }
  assert.deepEqual(seen, numbers(120).reverse());
});

test('events: filters narrow the list, alone and together', async () => {
  const base = { agent_id: 'filtered', team: 'f-team' };
  const at = (minute) => new Date(Date.UTC(2025, 5, 1, 12, minute)).toISOString();
  await api.send([
    { ...base, type: 'llm.call', time: at(1), model: 'model-x', session_id: 'f-1', trace_id: 'a'.repeat(32) },
    { ...base, type: 'tool.call', time: at(2), tool: 'hammer', session_id: 'f-1', status: 'error', error: 'Bent Nail' },
    { ...base, type: 'custom.note', time: at(3), session_id: 'f-2', query: 'Where  is\nthe hammer' },
  ]);
  const minutes = async (query) => {
    const items = await api.all('/api/v2/events', { since: at(0), until: at(10), ...query });
    return items.map((event) => new Date(event.time).getUTCMinutes());
  };
  assert.deepEqual(await minutes({ agent_id: 'filtered' }), [3, 2, 1]);
  assert.deepEqual(await minutes({ type: 'tool.call' }), [2]);
  assert.deepEqual(await minutes({ model: 'model-x' }), [1]);
  assert.deepEqual(await minutes({ tool: 'hammer' }), [2]);
  assert.deepEqual(await minutes({ status: 'error' }), [2]);
  assert.deepEqual(await minutes({ session_id: 'f-1' }), [2, 1]);
  assert.deepEqual(await minutes({ trace_id: 'a'.repeat(32) }), [1]);
  assert.deepEqual(await minutes({ q: 'bent nail' }), [2]);
  assert.deepEqual(await minutes({ q: 'HAMMER' }), [3, 2]);
  assert.deepEqual(await minutes({ q: 'where is the  hammer' }), [3]);
  assert.deepEqual(await minutes({ agent_id: 'filtered', session_id: 'f-1', type: 'llm.call' }), [1]);
  assert.deepEqual(await minutes({ since: at(2) }), [3, 2]);
  assert.deepEqual(await minutes({ until: at(2) }), [1]);
});

test('events: filters by tier, knowledge, the other agent, user and provider match exactly', async () => {
  const base = { agent_id: 'about', type: 'memory.access', time: '2025-06-02T12:00:00.000Z' };
  await api.send([
    { ...base, query: 'served', tier: 'redis_immediate', latency_by_tier_ms: { redis: 1, postgresql: 4 }, user_id: 'about-u' },
    { ...base, query: 'missed', latency_by_tier_ms: { postgresql: 2 }, items_retrieved: 0, provider: 'about-p' },
    { ...base, query: 'known', type: 'knowledge.access', knowledge_id: 'about-k' },
    { ...base, query: 'longer', type: 'knowledge.access', knowledge_id: 'about-k2' },
    { ...base, query: 'together', type: 'collaboration', peer_agent_id: 'about-peer' },
  ]);
  const queries = async (query) => {
    const items = await api.all('/api/v2/events', { since: '2025-06-02T00:00:00Z', until: '2025-06-03T00:00:00Z', ...query });
    return items.map((event) => event.query).sort();
  };
  assert.deepEqual(await queries({ tier: 'redis' }), ['served']);
  assert.deepEqual(await queries({ tier: 'redis_immediate' }), ['served']);
  assert.deepEqual(await queries({ tier: 'postgresql' }), ['missed', 'served']);
  assert.deepEqual(await queries({ tier: 'postgres' }), []);
  assert.deepEqual(await queries({ knowledge_id: 'about-k' }), ['known']);
  assert.deepEqual(await queries({ peer_agent_id: 'about-peer' }), ['together']);
  assert.deepEqual(await queries({ user_id: 'about-u' }), ['served']);
  assert.deepEqual(await queries({ provider: 'about-p' }), ['missed']);
  assert.deepEqual(await queries({ provider: 'about-p', tier: 'redis' }), []);
  const read = await api.read('/api/v2/rollups', { resolution: 'day', by: 'tier', since: '2025-06-02T00:00:00Z', until: '2025-06-03T00:00:00Z' });
  assert.equal(read.items.length, 3);
  for (const { key, count } of read.items) assert.equal((await queries({ tier: key })).length, count, key);
});

test('events: a bad query or a foreign cursor is a problem that names the parameter', async () => {
  for (const [query, name] of [
    ['limit=0', 'limit'],
    ['limit=many', 'limit'],
    ['since=yesterday', 'since'],
    ['cursor=garbage', 'cursor'],
    ['status=maybe', 'status'],
    ['colour=red', 'colour'],
  ]) {
    const answer = await api.get(`/api/v2/events?${query}`);
    assert_problem(answer, 400, query);
    assert.match(answer.text, new RegExp(name), query);
  }
  assert_problem(await api.get('/api/v2/events/not-a-uuid'), [400, 404]);
  assert_problem(await api.get(`/api/v2/events/${uuid7()}`), 404);
});

test('rollups: counts, errors, durations, tokens and cost of minute, hour and day agree with the events', async () => {
  const day = '2025-03-04';
  const events = numbers(60).map((i) => ({
    type: i % 2 ? 'llm.call' : 'tool.call',
    agent_id: `rolled-${i % 3}`,
    time: `${day}T10:${String(i).padStart(2, '0')}:30.000Z`,
    status: i % 10 === 0 ? 'error' : 'ok',
    duration_ms: i + 1,
    ...(i % 2
      ? { model: 'roll-model', tokens: { input: 10, output: 5, cache_read: 2, reasoning: 1 }, cost_usd: 0.000000003 }
      : { tool: 'roll-tool' }),
  }));
  await api.send(events);
  const span = { since: `${day}T00:00:00Z`, until: '2025-03-05T00:00:00Z' };
  const read = async (query) => (await api.read('/api/v2/rollups', { ...span, ...query })).items;
  const [whole] = await read({ resolution: 'day', by: 'all' });
  assert.equal(whole.time, `${day}T00:00:00.000Z`);
  assert.equal(whole.count, 60);
  assert.equal(whole.errors, 6);
  assert.equal(whole.duration_ms.max, 60);
  assert.equal(whole.duration_ms.avg, 30.5);
  for (const [name, exact] of [['p50', 30], ['p95', 57], ['p99', 60]]) {
    assert.ok(Math.abs(whole.duration_ms[name] - exact) <= exact * 0.05 + 1, `${name}: ${whole.duration_ms[name]}`);
  }
  const { input, output, cache_read, reasoning } = whole.tokens;
  assert.deepEqual({ input, output, cache_read, reasoning }, { input: 300, output: 150, cache_read: 60, reasoning: 30 });
  assert.equal(whole.cost_usd, 0.00000009);
  const minutes = await read({ resolution: 'minute', by: 'all', limit: 1000 });
  assert.equal(minutes.length, 60);
  assert.ok(minutes.every((item) => item.count === 1));
  const agents = await read({ resolution: 'hour', by: 'agent' });
  assert.deepEqual(Object.fromEntries(agents.map((item) => [item.key, item.count])), {
    'rolled-0': 20,
    'rolled-1': 20,
    'rolled-2': 20,
  });
  const models = await read({ resolution: 'hour', by: 'model', key: 'roll-model' });
  assert.deepEqual(models.map((item) => [item.key, item.count, item.tokens.input]), [['roll-model', 30, 300]]);
  const tools = await read({ resolution: 'day', by: 'tool' });
  assert.deepEqual(tools.map((item) => [item.key, item.count, item.errors]), [['roll-tool', 30, 6]]);
});
