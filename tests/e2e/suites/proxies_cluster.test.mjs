// The real nginx and Caddy in front of three nodes, as shipped: each node dies once, and those who came through the proxy go on,
// over requests, WebSockets and event streams. What the proxies do before one node is in proxies.test.mjs.
// The certificate is drawn for the test, and the clients here do not ask who signed it.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EventSource } from 'eventsource';
import { Api } from '../support/api.mjs';
import { Follower, open_socket } from '../support/channels.mjs';
import { Cluster } from '../support/cluster.mjs';
import { by_place, numbers, step_of, steps } from '../support/events.mjs';
import { Front } from '../support/front.mjs';
import { admin_key } from '../support/node.mjs';
import { until } from '../support/until.mjs';

const names = ['nginx', 'caddy'];
const answer_within_ms = 10_000;
let cluster;
const fronts = [];
before(async () => {
  cluster = await Cluster.start(3);
  for (const name of names) fronts.push(await Front.start(name, cluster.nodes.map((node) => node.ports.http)));
});
after(async () => {
  for (const front of fronts) await front.stop();
  await cluster?.remove();
});

/** All that a fleet does through one proxy: it writes, asks, follows over a WebSocket and over an event stream. */
class Clients {
  acknowledged = 0;
  reads = new Map(); // status -> how often
  going = true;

  constructor(front) {
    this.front = front;
    this.agent = `behind-${front.name}`;
    this.api = new Api(() => front.base, admin_key);
    this.socket = open_socket(front.base, admin_key);
    this.follower = new Follower(this.socket, `agent:${this.agent}`);
    this.streamed = [];
    this.stream = new EventSource(`${front.base}/api/livebook/stream/telemetry`, {
      fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${admin_key}` } }),
    });
    this.stream_error = '';
    this.stream.addEventListener('error', (error) => (this.stream_error = `, ${error.code ?? ''} ${error.message ?? ''}`));
    this.stream.addEventListener('events', (message) => this.streamed.push(...JSON.parse(message.data).events.filter((event) => event.agent_id === this.agent)));
  }

  async begin() {
    await until(`${this.front.name}: its clients to be there`, () => this.follower.joined && this.stream.readyState === 1, 30_000);
    this.done = Promise.all([this.write(), this.read()]);
  }

  /** The same batch until it is taken: its events have ids, and count once. */
  async write() {
    for (; this.going; this.acknowledged += 5) {
      const batch = steps(this.agent, 5, this.acknowledged);
      await until('a batch to be taken', async () => (await this.call('POST', '/api/v2/events', batch)) === 200, 60_000);
    }
  }

  async read() {
    while (this.going) {
      const status = await this.call('GET', '/api/v2/whoami');
      this.reads.set(status, (this.reads.get(status) ?? 0) + 1);
    }
  }

  async call(method, path, body) {
    const answer = await this.api.call(method, path, { body, signal: AbortSignal.timeout(answer_within_ms) }).catch(() => ({ status: 0 }));
    return answer.status;
  }

  get seen() {
    return [this.acknowledged, this.follower.received.length, this.streamed.length];
  }

  /** Each of them gets further than it is now. */
  async goes_on(by = 50) {
    const from = this.seen;
    await until(`${this.front.name}: writing, the WebSocket and the event stream to go on`, () => {
      const now = this.seen;
      if (now.some((count, i) => count < from[i] + by)) throw new Error(`from ${from} to ${now}; the event stream is ${['connecting', 'open', 'closed'][this.stream.readyState]}${this.stream_error}`);
      return true;
    }, 60_000).catch((error) => {
      throw new Error(`${error.message}\nWhat ${this.front.name} said last:\n${this.front.said.slice(-8_000)}`);
    });
  }

  async end() {
    this.going = false;
    await this.done;
    await until(`${this.front.name}: the last events`, () => this.seen.every((count) => count >= this.acknowledged), 30_000);
    this.stream.close();
    this.socket.disconnect();
  }
}

test('three nodes behind nginx and Caddy: each node dies once, and all clients go on without gap or duplicate', async () => {
  const all = fronts.map((front) => new Clients(front));
  for (const clients of all) await clients.begin();
  for (const node of cluster.nodes) {
    await Promise.all(all.map((clients) => clients.goes_on()));
    await node.kill();
    await Promise.all(all.map((clients) => clients.goes_on()));
    await node.boot();
    await cluster.settled(3);
  }
  for (const clients of all) {
    await clients.end();
    const name = clients.front.name;
    assert.deepEqual(clients.follower.received.map(step_of), numbers(clients.acknowledged), `${name}: WebSocket`);
    assert.deepEqual(clients.streamed.map(step_of), numbers(clients.acknowledged), `${name}: event stream`);
    const stored = by_place(await cluster.api(0).all('/api/v2/events', { agent_id: clients.agent, limit: 1000 })).map(step_of);
    assert.deepEqual(stored, numbers(clients.acknowledged), `${name}: stored`);
    assert.ok(clients.follower.joins.length > 1, `${name}: its WebSocket was at a node that died`);
    assert.ok(clients.follower.joins.slice(1).every((join) => join.recovered === true), `${name}: and recovered`);
    const odd = [...clients.reads].filter(([status]) => status !== 200);
    const good = clients.reads.get(200);
    // nginx asks the next node itself, also when one died while it answered; Caddy when it cannot connect.
    assert.ok(odd.every(([status]) => [0, 502, 503, 504].includes(status)), `${name}: ${JSON.stringify(odd)}`);
    const failed = odd.reduce((sum, [, count]) => sum + count, 0);
    assert.ok(failed <= 10 && failed < good / 10, `${name}: ${failed} of ${good} reads failed: ${JSON.stringify(odd)}`);
  }
});

test('an event stream that is asked of a node without a majority waits for it: an EventSource that is told 503 never comes back', async () => {
  for (const node of cluster.nodes) await node.kill();
  const [first, ...others] = cluster.nodes;
  await first.launch();
  await until('it to answer others with 503', async () => (await first.api.get('/api/v2/whoami')).status === 503, 30_000);
  const statuses = [];
  const stream = new EventSource(`${first.base}/api/livebook/stream/telemetry`, {
    fetch: async (url, init) => {
      const response = await fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${admin_key}` } });
      statuses.push(response.status);
      return response;
    },
  });
  const streamed = [];
  stream.addEventListener('events', (message) => streamed.push(...JSON.parse(message.data).events));
  assert.equal((await first.api_as(null).get('/api/livebook/stream/telemetry')).status, 401, 'who has no key is told at once');
  for (const node of others) await node.boot();
  await until('the stream to open', () => stream.readyState === 1, 30_000);
  await cluster.api(1).send(steps('late', 5));
  await until('events', () => streamed.filter((event) => event.agent_id === 'late').length === 5, 30_000);
  assert.deepEqual(statuses, [200]);
  stream.close();
});
