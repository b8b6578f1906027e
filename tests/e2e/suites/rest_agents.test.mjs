// Agents and their tasks over REST: the registry, versions, leases, and who may end a task.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { numbers, steps, uuid7 } from '../support/events.mjs';
import { Node } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';
import { until } from '../support/until.mjs';

let node, api;
before(async () => {
  node = await Node.start();
  api = node.api;
});
after(() => node?.remove());

const created = async (path, body) => {
  const answer = await api.post(path, body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
};
const ok = async (answer) => {
  const { status, body, text } = await answer;
  assert.equal(status, 200, text);
  return body;
};

test('agents: a registered agent is read back with its version as ETag', async () => {
  const declared = {
    id: 'registered / ä',
    name: 'The Registered',
    team: 'research',
    tags: ['prod', 'eu'],
    capabilities: ['chat', 'plan'],
    metadata: { owner: { name: 'kim' } },
  };
  const answer = await api.post('/api/v2/agents', declared);
  assert.equal(answer.status, 201, answer.text);
  const path = `/api/v2/agents/${encodeURIComponent(declared.id)}`;
  if (answer.headers.get('location')) assert.equal(answer.headers.get('location'), path);
  const read = await api.get(path);
  for (const [field, value] of Object.entries(declared)) assert.deepEqual(read.body[field], value, field);
  assert.ok(read.headers.get('etag'));
  assert.deepEqual(
    [read.body.current_load, read.body.pending_tasks, read.body.tasks_completed, read.body.tasks_failed],
    [0, 0, 0, 0],
  );
  assert.equal((await api.post('/api/v2/agents', declared)).status, 200, 'registering it again changes it in place');
});

test('agents: a change under a stale version is refused, under the current one it is made', async () => {
  await created('/api/v2/agents', { id: 'versioned', name: 'one' });
  const first = await api.get('/api/v2/agents/versioned');
  const etag = first.headers.get('etag');
  const changed = await api.patch('/api/v2/agents/versioned', { name: 'two' }, { headers: { 'if-match': etag } });
  assert.equal(changed.status, 200, changed.text);
  assert.equal(changed.body.name, 'two');
  assert.notEqual(changed.headers.get('etag'), etag);
  const stale = await api.patch('/api/v2/agents/versioned', { name: 'three' }, { headers: { 'if-match': etag } });
  assert_problem(stale, 412);
  const after_refusal = await api.get('/api/v2/agents/versioned');
  assert.equal(after_refusal.body.name, 'two', 'a refusal changes nothing');
  assert.equal(after_refusal.headers.get('etag'), changed.headers.get('etag'));
  assert.equal((await ok(api.patch('/api/v2/agents/versioned', { team: 'b', tags: [] }))).team, 'b');
  const unchanged = await api.get('/api/v2/agents/versioned', {
    headers: { 'if-none-match': (await api.get('/api/v2/agents/versioned')).headers.get('etag') },
  });
  assert.ok([200, 304].includes(unchanged.status));
});

test('agents: what is wrong is refused by field', async () => {
  for (const [body, field] of [
    [{}, 'id'],
    [{ id: '' }, 'id'],
    [{ id: 'x'.repeat(300) }, 'id'],
    [{ id: 'bad-tags', tags: 'prod' }, 'tags'],
    [{ id: 'bad-field', colour: 'red' }, 'colour'],
  ]) {
    const answer = await api.post('/api/v2/agents', body);
    assert_problem(answer, [400, 413, 422], JSON.stringify(body).slice(0, 80));
    assert.match(answer.text, new RegExp(field));
  }
  assert_problem(await api.patch('/api/v2/agents/nobody', { name: 'x' }), 404);
  assert_problem(await api.get('/api/v2/agents/nobody'), 404);
  assert_problem(await api.get('/api/v2/agents/bad-field'), 404, 'a refused registration leaves nothing');
});

test('agents: the first event of an agent makes it, its events count', async () => {
  await api.send([
    ...steps('by-event', 3).map((event) => ({ ...event, team: 'seen' })),
    { type: 'tool.call', agent_id: 'by-event', status: 'error', tool: 't' },
    { type: 'llm.call', agent_id: 'by-event', tokens: { input: 7, output: 3 }, cost_usd: 0.25 },
  ]);
  const agent = await api.read('/api/v2/agents/by-event');
  assert.equal(agent.status, 'active');
  assert.equal(agent.team, 'seen');
  const { events, errors, tokens, cost_usd } = agent.totals;
  assert.deepEqual({ events, errors, cost_usd }, { events: 5, errors: 1, cost_usd: 0.25 });
  assert.deepEqual([tokens.input, tokens.output], [7, 3]);
});

test('agents: the list goes over pages, by team and by status', async () => {
  const ids = numbers(23).map((i) => `listed-${String(i).padStart(2, '0')}`);
  for (const [i, id] of ids.entries()) await created('/api/v2/agents', { id, team: i % 2 ? 'odd' : 'even' });
  const seen = (await api.all('/api/v2/agents', { limit: 5 })).map((agent) => agent.id);
  assert.equal(new Set(seen).size, seen.length, 'no agent twice');
  for (const id of ids) assert.ok(seen.includes(id), id);
  const odd = (await api.all('/api/v2/agents', { team: 'odd', limit: 4 })).map((agent) => agent.id);
  assert.deepEqual(odd.sort(), ids.filter((_, i) => i % 2));
  const active = await api.all('/api/v2/agents', { status: 'active' });
  assert.ok(active.length > 0 && active.every((agent) => agent.status === 'active'));
  assert_problem(await api.get('/api/v2/agents?status=sleepy'), 400);
});

test('agents: the active list has the shape of the dashboard seed and only the last five minutes', async () => {
  await created('/api/v2/agents', { id: 'neuroscientist', capabilities: ['hypothesis_formation', 'biometric_analysis'] });
  await api.send(steps('neuroscientist', 1));
  await api.send([{ ...steps('long-gone', 1)[0], time: Date.now() - 3_600_000 }]);
  for (const name of ['a', 'b', 'c']) await created('/api/v2/agents/neuroscientist/tasks', { name });
  for (const _ of ['a', 'b']) assert.equal((await api.post('/api/v2/agents/neuroscientist/tasks/claim', {})).status, 200);
  const answer = await api.read('/api/v2/agents/active');
  assert.equal(answer.active_count, answer.agents.length);
  assert.equal(answer.truncated, false);
  const found = answer.agents.find((agent) => agent.id === 'neuroscientist');
  assert.equal(found.status, 'active');
  assert.equal(found.current_load, 2);
  assert.deepEqual(found.capabilities, ['hypothesis_formation', 'biometric_analysis']);
  assert.ok(Date.now() - Date.parse(found.last_activity) < 60_000);
  assert.ok(!answer.agents.some((agent) => agent.id === 'long-gone'), 'an event of an hour ago does not make it active');
});

test('agents: a heartbeat gives a lease and keeps the agent active', async () => {
  await api.send([{ ...steps('beating', 1)[0], time: Date.now() - 3_600_000 }]);
  assert.notEqual((await api.read('/api/v2/agents/beating')).status, 'active');
  const beat = await ok(api.post('/api/v2/agents/beating/heartbeat', { lease_ms: 60_000, status: 'planning' }));
  const lease_ms = Date.parse(beat.lease_until) - Date.now();
  assert.ok(lease_ms > 50_000 && lease_ms <= 61_000, beat.lease_until);
  assert.equal((await api.read('/api/v2/agents/beating')).status, 'active');
  assert_problem(await api.post('/api/v2/agents/beating/heartbeat', { lease_ms: -1 }), [400, 422]);
  const listed = async () => (await api.read('/api/v2/agents/active')).agents.map((agent) => agent.id);
  assert.ok((await listed()).includes('beating'));
  for (const status of ['idle', 'offline']) {
    assert.equal((await ok(api.post('/api/v2/agents/beating/heartbeat', { status }))).status, status);
    assert.ok(!(await listed()).includes('beating'), `it said ${status}`);
  }
});

test('tasks: create, claim, complete, with the load counted', async () => {
  const tasks = '/api/v2/agents/worker/tasks';
  await created('/api/v2/agents', { id: 'worker' });
  const low = await created(tasks, { name: 'low', priority: 1, input: { n: 1 } });
  const high = await created(tasks, { id: 'high', name: 'high', priority: 9, input: ['x'] });
  assert.deepEqual([low.status, high.status, high.id], ['pending', 'pending', 'high']);
  assert.equal((await api.read('/api/v2/agents/worker')).pending_tasks, 2);

  const claim = await ok(api.post(`${tasks}/claim`, { lease_ms: 30_000, worker: 'w-1' }));
  assert.equal(claim.id, 'high', 'the higher priority goes first');
  assert.deepEqual([claim.status, claim.worker, claim.attempt], ['claimed', 'w-1', 1]);
  assert.ok(claim.claim_token);
  const seen = await api.read(`${tasks}/high`);
  assert.equal(seen.claim_token ?? null, null, 'the token is only in the answer to the claim');
  assert.deepEqual(seen.input, ['x']);
  let agent = await api.read('/api/v2/agents/worker');
  assert.deepEqual([agent.current_load, agent.pending_tasks], [1, 1]);

  const wrong = await api.post(`${tasks}/high/complete`, { claim_token: 'forged', result: 1 });
  assert_problem(wrong, [403, 409]);
  assert_problem(await api.post(`${tasks}/high/claim`, {}), 409, 'it is claimed already');
  const done = await ok(api.post(`${tasks}/high/complete`, { claim_token: claim.claim_token, result: { ok: true } }));
  assert.deepEqual([done.status, done.result], ['completed', { ok: true }]);
  agent = await api.read('/api/v2/agents/worker');
  assert.deepEqual([agent.current_load, agent.pending_tasks, agent.tasks_completed], [0, 1, 1]);
  assert_problem(await api.post(`${tasks}/high/fail`, { claim_token: claim.claim_token, error: 'late' }), 409);

  const next = await ok(api.post(`${tasks}/claim`, {}));
  assert.equal(next.id, low.id);
  const empty = await api.post(`${tasks}/claim`, {});
  assert.deepEqual([empty.status, empty.text], [204, ''], 'nothing is pending');
});

test('tasks: a failed task is tried again when asked, and is failed for good otherwise', async () => {
  const tasks = '/api/v2/agents/failing/tasks';
  await created('/api/v2/agents', { id: 'failing' });
  await created(tasks, { id: 't', name: 'flaky' });
  const first = await ok(api.post(`${tasks}/t/claim`, { worker: 'w' }));
  const back = await ok(api.post(`${tasks}/t/fail`, { claim_token: first.claim_token, error: 'once', retry: true }));
  assert.equal(back.status, 'pending');
  const second = await ok(api.post(`${tasks}/t/claim`, { worker: 'w' }));
  assert.equal(second.attempt, 2);
  assert.notEqual(second.claim_token, first.claim_token);
  assert_problem(await api.post(`${tasks}/t/complete`, { claim_token: first.claim_token }), [403, 409], 'an old claim');
  const last = await ok(api.post(`${tasks}/t/fail`, { claim_token: second.claim_token, error: 'for good', retry: false }));
  assert.deepEqual([last.status, last.error], ['failed', 'for good']);
  assert.equal((await api.read('/api/v2/agents/failing')).tasks_failed, 1);
});

test('tasks: a claim whose lease runs out goes back, a task past its deadline expires, also over a restart', async () => {
  const tasks = '/api/v2/agents/leased/tasks';
  await created('/api/v2/agents', { id: 'leased' });
  await created(tasks, { id: 'lost', name: 'its worker dies' });
  await created(tasks, { id: 'late', name: 'nobody wants it', timeout_ms: 1500 });
  const claim = await ok(api.post(`${tasks}/lost/claim`, { lease_ms: 1000, worker: 'dies' }));
  await node.kill();
  await node.boot();
  await until('the lease to run out', async () => (await api.read(`${tasks}/lost`)).status === 'pending');
  assert_problem(await api.post(`${tasks}/lost/complete`, { claim_token: claim.claim_token }), [403, 409]);
  assert.equal((await ok(api.post(`${tasks}/lost/claim`, {}))).attempt, 2);
  await until('the deadline', async () => (await api.read(`${tasks}/late`)).status === 'expired');
  assert_problem(await api.post(`${tasks}/late/claim`, {}), 409);
  const agent = await api.read('/api/v2/agents/leased');
  assert.deepEqual([agent.current_load, agent.pending_tasks], [1, 0]);
});

test('tasks: a creation repeated with its Idempotency-Key makes one task, an existing id is a conflict', async () => {
  const tasks = '/api/v2/agents/once/tasks';
  await created('/api/v2/agents', { id: 'once' });
  const headers = { 'idempotency-key': uuid7() };
  const first = await api.post(tasks, { name: 'only one' }, { headers });
  const again = await api.post(tasks, { name: 'only one' }, { headers });
  assert.equal(first.status, 201, first.text);
  assert.equal(again.status, 201, again.text);
  assert.equal(again.body.id, first.body.id);
  assert_problem(await api.post(tasks, { name: 'another' }, { headers }), 422);
  await created(tasks, { id: 'fixed', name: 'x' });
  assert_problem(await api.post(tasks, { id: 'fixed', name: 'y' }), 409);
  assert.equal((await api.all(tasks)).length, 2);
});

test('tasks: the list goes over pages and narrows by status, what is wrong is a problem', async () => {
  const tasks = '/api/v2/agents/busy/tasks';
  await created('/api/v2/agents', { id: 'busy' });
  const names = numbers(12).map((i) => `n${i}`);
  for (const name of names) await created(tasks, { name });
  const claim = await ok(api.post(`${tasks}/claim`, {}));
  const listed = await api.all(tasks, { limit: 5 });
  assert.deepEqual(listed.map((task) => task.name).sort(), [...names].sort());
  const claimed = await api.all(tasks, { status: 'claimed' });
  assert.deepEqual(claimed.map((task) => task.id), [claim.id]);
  assert_problem(await api.post(tasks, {}), [400, 422]);
  assert_problem(await api.post(tasks, { name: 'x', priority: 'high' }), [400, 422]);
  assert_problem(await api.post(`${tasks}/claim`, { lease_ms: 1 }), [400, 422]);
  assert_problem(await api.get(`${tasks}/nope`), 404);
  assert_problem(await api.post(`${tasks}/nope/claim`, {}), 404);
});
