// The eventsource client on the telemetry stream: it resumes by Last-Event-ID over cuts and restarts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EventSource } from 'eventsource';
import { numbers, step_of, steps } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { Network } from '../support/proxy.mjs';
import { assert_problem } from '../support/problem.mjs';
import { until } from '../support/until.mjs';

const path = '/api/livebook/stream/telemetry';
let node, api;
const streams = new Set();
before(async () => {
  node = await Node.start();
  api = node.api;
});
after(async () => {
  for (const stream of streams) stream.close();
  await node?.remove();
});

/** Follows the stream; `requests` are the headers of each connection it made. */
function follow(base = node.base, { last_id } = {}) {
  const seen = { events: [], resets: [], ids: [], requests: [], responses: [] };
  const stream = new EventSource(base + path, {
    fetch: async (url, init) => {
      const headers = { ...init.headers, authorization: `Bearer ${admin_key}` };
      if (last_id && seen.requests.length === 0) headers['last-event-id'] = last_id;
      seen.requests.push(headers);
      const response = await fetch(url, { ...init, headers });
      seen.responses.push(response);
      return response;
    },
  });
  stream.addEventListener('events', (message) => {
    seen.ids.push(message.lastEventId);
    seen.events.push(...JSON.parse(message.data).events);
  });
  stream.addEventListener('reset', (message) => seen.resets.push(JSON.parse(message.data)));
  streams.add(stream);
  seen.stream = stream;
  seen.steps_of = (agent) => seen.events.filter((event) => event.agent_id === agent).map(step_of);
  return seen;
}

const opened = (seen, times = 1) => until('the stream to open', () => seen.stream.readyState === 1 && seen.responses.length >= times, 20_000);

test('SSE: events arrive as they are stored, each message with an id to resume from', async () => {
  const seen = follow();
  await opened(seen);
  const { headers } = seen.responses[0];
  assert.match(headers.get('content-type'), /^text\/event-stream/);
  assert.equal(headers.get('x-accel-buffering'), 'no');
  assert.match(headers.get('cache-control'), /no-(cache|store)/);
  for (let i = 0; i < 5; i += 1) await api.send(steps('streamed', 4, i * 4));
  await until('the events', () => seen.events.length >= 20);
  assert.deepEqual(seen.steps_of('streamed'), numbers(20));
  assert.ok(seen.ids.every((id) => /^[^:]+:.+/.test(id)), 'epoch:offset');
  assert.equal(new Set(seen.ids).size, seen.ids.length);
  const stored = await api.read(`/api/v2/events/${seen.events[0].id}`);
  assert.deepEqual(seen.events[0], stored);
});

test('SSE: whoever asks while the node starts waits for it: an EventSource that is told 503 never comes back', async () => {
  await node.kill();
  const statuses = new Set();
  const up = node.boot();
  const ask = async () => {
    const response = await fetch(node.base + path, { headers: { authorization: `Bearer ${admin_key}` } });
    statuses.add(response.status);
    await response.body.cancel();
  };
  await until('it to answer', async () => {
    for (let i = 0; i < 50; i += 1) await ask().catch(() => {}); // nearly without a pause: it starts quickly
    return statuses.has(200);
  });
  await up;
  assert.deepEqual([...statuses], [200]);
});

test('SSE: a keep-alive comment and the retry time are on the wire', async () => {
  const response = await fetch(node.base + path, { headers: { authorization: `Bearer ${admin_key}` } });
  const wire = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const read = async () => {
    while (!/^retry: ?1000$/m.test(text) || !/^:/m.test(text)) {
      const { value, done } = await wire.read();
      if (done) return;
      text += value;
    }
  };
  let ended = false;
  read().then(() => (ended = true));
  await until('retry and a comment', () => ended, 40_000);
  assert.match(text, /^retry: ?1000$/m);
  await wire.cancel();
});

test('SSE: a cut and a restart leave no gap and no duplicate', async () => {
  const network = await Network.to(() => node.ports.http);
  const seen = follow(network.base);
  await opened(seen);
  await api.send(steps('cut', 10));
  await until('the first events', () => seen.steps_of('cut').length === 10);
  await network.cut();
  await api.send(steps('cut', 10, 10));
  await network.heal();
  await until('what was missed in the cut', () => seen.steps_of('cut').length >= 20, 20_000);
  await node.kill();
  await node.boot();
  await api.send(steps('cut', 10, 20));
  await until('what was missed in the crash', () => seen.steps_of('cut').length >= 30, 20_000);
  await node.restart();
  await api.send(steps('cut', 10, 30));
  await until('what was missed in the restart', () => seen.steps_of('cut').length >= 40, 20_000);
  assert.deepEqual(seen.steps_of('cut'), numbers(40));
  assert.deepEqual(seen.resets, []);
  assert.ok(seen.requests.slice(1).every((headers) => headers['Last-Event-ID'] ?? headers['last-event-id']));
  await network.cut();
});

test('SSE: a new client resumes from an id it kept', async () => {
  const first = follow();
  await opened(first);
  await api.send(steps('kept', 3));
  await until('the first events', () => first.steps_of('kept').length === 3);
  first.stream.close();
  const last_id = first.ids.at(-1);
  for (let i = 0; i < 10; i += 1) await api.send(steps('kept', 30, 3 + i * 30));
  const second = follow(node.base, { last_id });
  await until('the missed events', () => second.steps_of('kept').length >= 300);
  assert.deepEqual(second.steps_of('kept'), numbers(300, 3));
  assert.deepEqual(second.resets, []);
});

test('SSE: an id that never was gives a reset and then goes on from now', async () => {
  for (const last_id of ['never:1', 'garbage', '0:0.0']) {
    const seen = follow(node.base, { last_id });
    await until(`a reset for ${last_id}`, () => seen.resets.length === 1);
    assert.equal(seen.resets[0].recovered, false);
    await api.send(steps(`after ${last_id}`, 2));
    await until('the next events', () => seen.steps_of(`after ${last_id}`).length === 2);
    seen.stream.close();
  }
});

test('SSE: only keys that may read get a stream', async () => {
  const ingest = await api.make_key('ingest');
  assert_problem(await node.api_as(ingest.key).get(path), 403);
  assert_problem(await node.api_as(null).get(path), 401);
});
