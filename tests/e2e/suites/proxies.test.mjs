// The real nginx and Caddy in front of two nodes' worth of trouble: REST, OTLP, WebSockets by the phoenix client, event streams
// that must not be buffered, large bodies, clients that go away, and a node that does.
// The certificate is drawn for the test, and the clients here do not ask who signed it.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Follower, join as join_topic, open_socket } from '../support/channels.mjs';
import { Api } from '../support/api.mjs';
import { numbers, step_of, steps } from '../support/events.mjs';
import { Front, run, shipped } from '../support/front.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { in_time, until } from '../support/until.mjs';

const stream_path = '/api/livebook/stream/telemetry';
const authorization = { authorization: `Bearer ${admin_key}` };
const streams_of = async (node) => Number(/^troupe_sse_streams (\d+)$/m.exec(await (await fetch(`${node.ops}/metrics`)).text())[1]);

for (const name of ['nginx', 'caddy']) {
  describe(name, () => {
    let node, front, api;
    before(async () => {
      node = await Node.start();
      front = await Front.start(name, [node.ports.http]);
      api = new Api(() => front.base, admin_key);
    });
    after(async () => {
      await front?.stop();
      await node?.remove();
    });

    test(`${name}: its own check finds the configuration right, also as it is shipped`, async () => {
      await run(...front.check, { cwd: front.home, env: { PATH: process.env.PATH, HOME: front.home } });
      if (name === 'caddy') await run('caddy', ['validate', '--config', shipped.caddy, '--adapter', 'caddyfile'], { env: { PATH: process.env.PATH, HOME: front.home } });
      assert.doesNotMatch(front.said, /"level":"error"|\[(emerg|alert|crit|error)\]/, front.said);
    });

    test(`${name}: REST and OTLP work as without it, problems and their headers too`, async () => {
      assert.deepEqual((await api.send(steps('through', 3))).accepted, 3);
      assert.equal((await api.read('/api/v2/agents/through')).totals.events, 3);
      const missing = await api.get('/api/v2/agents/nobody');
      assert.equal(missing.status, 404);
      assert.equal(missing.type, 'application/problem+json');
      assert.equal((await new Api(() => front.base, null).get('/api/v2/agents')).status, 401);
      const etag = (await api.get('/api/v2/agents/through')).headers.get('etag');
      assert.ok(etag);
      const empty = await fetch(`${front.base}/v1/traces`, { method: 'POST', headers: { ...authorization, 'content-type': 'application/json' }, body: '{"resourceSpans":[]}' });
      assert.equal(empty.status, 200);
      const page = await fetch(front.base);
      assert.equal(page.status, 200);
      assert.match(page.headers.get('strict-transport-security'), /max-age/);
      assert.match(page.headers.get('content-security-policy'), /default-src/);
    });

    test(`${name}: a phoenix client joins, is told at once, and recovers what it missed over a cut`, async () => {
      const socket = open_socket(front.base, admin_key);
      const follower = new Follower(socket, 'agent:told');
      await until('the join', () => follower.joined, 20_000);
      await api.send(steps('told', 5));
      await until('the events', () => follower.received.length === 5);
      socket.conn.terminate?.() ?? socket.conn.close();
      await api.send(steps('told', 5, 5));
      await until('what it missed', () => follower.received.length >= 10, 20_000);
      assert.deepEqual(follower.received.map(step_of), numbers(10));
      assert.equal(follower.joins.at(-1).recovered, true);
      assert.equal((await join_topic(socket, 'system')).status, 'ok');
      socket.disconnect();
    });

    test(`${name}: an event stream is not held back, and ends at the node when its reader goes`, async () => {
      const control = new AbortController();
      const response = await in_time('the head of the stream, before any event', fetch(front.base + stream_path, { headers: authorization, signal: control.signal }));
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type'), /^text\/event-stream/);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      const seen = async (word) => {
        while (!text.includes(word)) text += (await reader.read()).value;
        return true;
      };
      for (const round of ['one', 'two', 'three']) {
        await api.send([{ type: `custom.${round}`, agent_id: 'streamed' }]);
        await in_time(`event ${round}, with nothing after it to push it out`, seen(`custom.${round}`), 5_000);
      }
      const last_id = /^id: ?(\S+)$/m.exec(text.slice(0, text.indexOf('custom.two')))[1];
      assert.equal(await streams_of(node), 1);
      control.abort();
      await reader.read().catch(() => {});
      await until('the node to see that the reader is gone', async () => (await streams_of(node)) === 0, 20_000);
      const again = await fetch(front.base + stream_path, { headers: { ...authorization, 'last-event-id': last_id } });
      const rest = again.body.pipeThrough(new TextDecoderStream()).getReader();
      text = '';
      const resumed = async () => {
        while (!text.includes('custom.three')) text += (await rest.read()).value;
      };
      await in_time('what followed the last id', resumed());
      await rest.cancel();
    });

    test(`${name}: a body as large as the node takes passes, a larger one is refused`, async () => {
      const filler = 'x'.repeat(30_000);
      const batch = (count) => steps('large', count).map((event) => ({ ...event, attributes: { step: event.attributes.step, filler } }));
      const large = JSON.stringify(batch(450));
      assert.ok(large.length > 13e6 && large.length < 16e6);
      const answer = await api.post('/api/v2/events', large, { headers: { 'content-type': 'application/json' } });
      assert.equal(answer.status, 200, answer.text.slice(0, 300));
      assert.equal(answer.body.accepted, 450);
      const huge = JSON.stringify(batch(700));
      const refused = await api.post('/api/v2/events', huge, { headers: { 'content-type': 'application/json' } }).then((r) => r.status, (error) => error);
      assert.ok(refused === 413 || refused instanceof Error, String(refused));
      assert.equal((await api.read('/api/v2/agents/large')).totals.events, 450);
    });

    test(`${name}: clients that stop in the middle of a request leave nothing behind`, async () => {
      const open = async () => Number(/^troupe_http_in_flight_bytes (\d+)$/m.exec(await (await fetch(`${node.ops}/metrics`)).text())[1]);
      for (let i = 0; i < 10; i += 1) {
        const control = new AbortController();
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(`[{"type":"custom.half","agent_id":"half","attributes":{"filler":"${'x'.repeat(100_000)}`));
          },
        });
        const sent = fetch(`${front.base}/api/v2/events`, { method: 'POST', duplex: 'half', body, signal: control.signal, headers: { ...authorization, 'content-type': 'application/json' } });
        queueMicrotask(() => control.abort());
        await sent.catch(() => {});
      }
      const raw = connect(front.port, '127.0.0.1');
      raw.on('error', () => {});
      raw.end('not TLS at all\r\n\r\n');
      await until('the node to hold nothing of them', async () => (await open()) === 0, 20_000);
      assert.equal((await api.get('/api/v2/agents/half')).status, 404);
      assert.equal((await api.get('/api/v2/whoami')).status, 200);
    });

    test(`${name}: a node that is restarted is a pause for clients, not an end`, async () => {
      await node.restart();
      await until('requests to be answered again', async () => (await api.get('/api/v2/whoami')).status === 200, 20_000);
      assert.equal((await api.read('/api/v2/agents/through')).totals.events, 3);
    });

    if (name === 'nginx') {
      test('nginx: who comes without TLS is sent to it', async () => {
        const response = await fetch(`http://127.0.0.1:${front.plain_port}/api/v2/agents?x=1`, { redirect: 'manual' });
        assert.equal(response.status, 308);
        assert.match(response.headers.get('location'), /^https:\/\/[^/]+\/api\/v2\/agents\?x=1$/);
      });
    }
  });
}
