// kill -9 in a loop under load: what was acknowledged is there exactly once and in order, start-up needs no help.
// The seed decides when the node is killed; a failure prints it, TROUPE_E2E_SEED repeats it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Follower, open_socket } from '../support/channels.mjs';
import { by_place, generator, numbers, step_of, steps, uuid7 } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { until } from '../support/until.mjs';

const rounds = Number(process.env.TROUPE_E2E_ROUNDS ?? 20);
const seed = Number(process.env.TROUPE_E2E_SEED ?? Date.now() % 1_000_000);
const batch_max = 25;

let node;
before(async () => {
  node = await Node.start();
});
after(() => node?.remove());

/** One agent's writer. `send` tries once and resolves when the batch is acknowledged. */
class Writer {
  acknowledged = 0;
  attempts = 0;
  lost = new Set(); // steps whose request broke and that were not sent again

  constructor(kind, agent, random) {
    Object.assign(this, { kind, agent, random });
  }

  start() {
    this.going = true;
    this.done = this.run();
  }

  async stop() {
    this.going = false;
    await this.done;
  }

  async run() {
    let step = 0;
    while (this.going) {
      const count = 1 + Math.floor(this.random() * batch_max);
      const batch = steps(this.agent, count, step);
      step += count;
      if (await this.deliver(batch)) this.acknowledged += count;
      else for (const event of batch) this.lost.add(step_of(event));
    }
  }

  /** Until it is acknowledged, unless this kind gives up or the writer is to stop. */
  async deliver(batch) {
    const request = this.request(batch);
    for (;;) {
      this.attempts += 1;
      const answer = await request().catch(() => null);
      if (answer?.status === 200) {
        assert.deepEqual(answer.body.rejected ?? [], [], answer.text);
        return true;
      }
      if (answer) assert.ok([429, 503].includes(answer.status), `${answer.status} ${answer.text}`);
      if (this.kind === 'gives up') return false;
      await until('the node to listen again', async () => (await node.api_as(null).get('/openapi.json')).status === 200, 30_000);
    }
  }

  request(batch) {
    const { api } = node;
    if (this.kind === 'names the request') {
      const headers = { 'idempotency-key': uuid7() };
      const without_ids = batch.map(({ id, ...event }) => event);
      return () => api.post('/api/v2/events', without_ids, { headers });
    }
    if (this.kind === 'speaks OTLP') {
      const body = otlp_logs(this.agent, batch);
      return () => api.post('/v1/logs', body);
    }
    return () => api.post('/api/v2/events', batch);
  }
}

/** The steps as an OTLP request. Its ids follow from its content, as with any exporter. */
function otlp_logs(agent, batch) {
  const record = (event) => ({
    timeUnixNano: `${event.time}000000`,
    attributes: [{ key: 'step', value: { intValue: String(step_of(event)) } }],
  });
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: agent } }] };
  return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: batch.map(record) }] }] };
}

const kinds = ['repeats its ids', 'names the request', 'speaks OTLP', 'gives up'];

test(`crash: ${rounds} times kill -9 under load lose and double nothing (TROUPE_E2E_SEED=${seed})`, async (t) => {
  const random = generator(seed);
  const writers = numbers(8).map((i) => new Writer(kinds[i % kinds.length], `crash-${i}`, generator(seed + i)));
  const socket = open_socket(node.base, admin_key);
  const follower = new Follower(socket, 'events');
  await until('the follower', () => follower.joined);
  for (const writer of writers) writer.start();
  const boot_ms = [];
  for (let round = 0; round < rounds; round += 1) {
    const goals = writers.map((writer) => writer.attempts + 1 + Math.floor(random() * 12));
    await until('the writers to work', () => writers.every((writer, i) => writer.attempts >= goals[i]), 30_000);
    await node.kill();
    const start = performance.now();
    await node.boot();
    boot_ms.push(Math.round(performance.now() - start));
  }
  for (const writer of writers) await writer.stop();
  socket.disconnect();
  const total = writers.reduce((sum, writer) => sum + writer.acknowledged, 0);
  t.diagnostic(`${total} events acknowledged; ready after ${Math.min(...boot_ms)} to ${Math.max(...boot_ms)} ms`);
  for (const writer of writers) await check_stored(writer);
  await check_follower(follower, writers);
  assert.ok(Math.max(...boot_ms) < 10_000, `a start took ${Math.max(...boot_ms)} ms`);
});

/** Each acknowledged step once, in order; of the broken requests each step at most once. */
async function check_stored(writer) {
  const about = `${writer.agent}, which ${writer.kind}`;
  const stored = by_place(await node.api.all('/api/v2/events', { agent_id: writer.agent, limit: 1000 }));
  const got = stored.map(step_of);
  assert.equal(new Set(got).size, got.length, `${about}: nothing twice`);
  const known = got.filter((step) => !writer.lost.has(step));
  assert.equal(known.length, writer.acknowledged, `${about}: as many as were acknowledged`);
  assert.deepEqual(got, got.toSorted((a, b) => a - b), `${about}: in order`);
  if (writer.kind !== 'gives up') {
    assert.equal(writer.lost.size, 0);
    assert.deepEqual(got, numbers(writer.acknowledged), `${about}: without a gap`);
  }
  assert.equal(new Set(stored.map((event) => event.id)).size, stored.length, `${about}: ids are unique`);
  const { totals } = await node.api.read(`/api/v2/agents/${writer.agent}`);
  assert.equal(totals.events, stored.length, `${about}: the agent's total agrees`);
  const rollups = await node.api.all('/api/v2/rollups', { resolution: 'hour', by: 'agent', key: writer.agent });
  assert.equal(rollups.reduce((sum, item) => sum + item.count, 0), stored.length, `${about}: the rollups agree`);
}

/** The client that stayed on through all of it has seen all of it, once and in order. */
async function check_follower(follower, writers) {
  assert.ok(follower.joins.slice(1).every((reply) => reply.recovered === true), 'each join recovered');
  for (const { agent } of writers) {
    const stored = by_place(await node.api.all('/api/v2/events', { agent_id: agent, limit: 1000 }));
    const seen = follower.received.filter((event) => event.agent_id === agent).map(step_of);
    assert.deepEqual(seen, stored.map(step_of).slice(0, seen.length), `${agent}: what was pushed is what is stored`);
  }
}

test('crash: tasks and agents acknowledged before a kill are there after it', async () => {
  const { api } = node;
  const tasks = '/api/v2/agents/crash-worker/tasks';
  for (let round = 0; round < 3; round += 1) {
    await api.post('/api/v2/agents', { id: 'crash-worker', name: `round ${round}` });
    const { id } = (await api.post(tasks, { name: `task ${round}`, input: { round } })).body;
    const claim = (await api.post(`${tasks}/${id}/claim`, { worker: 'w', lease_ms: 600_000 })).body;
    const etag = (await api.get('/api/v2/agents/crash-worker')).headers.get('etag');
    await node.kill();
    await node.boot();
    const agent = await api.get('/api/v2/agents/crash-worker');
    assert.deepEqual([agent.body.name, agent.headers.get('etag')], [`round ${round}`, etag]);
    assert.equal(agent.body.current_load, 1);
    const done = await api.post(`${tasks}/${id}/complete`, { claim_token: claim.claim_token, result: round });
    assert.equal(done.status, 200, 'the claim from before the crash still holds');
  }
  assert.equal((await api.read('/api/v2/agents/crash-worker')).tasks_completed, 3);
});
