// Very many clients: who comes and goes, who takes the last descriptor, and whether anyone ever gets what another asked.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { assert_serves, cpu_seconds, sockets, keeps_memory, mib } from '../support/health.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { stays, until } from '../support/until.mjs';
import { Wire, end_all_wires, request_text } from '../support/wire.mjs';

let node, port;
before(async () => {
  node = await Node.start();
  port = node.ports.http;
});
after(async () => {
  end_all_wires();
  await node?.remove();
});

const bearer = `Authorization: Bearer ${admin_key}`;
// Addresses of loopback to come from: each has ports of its own.
const from = (i) => ({ localAddress: `127.0.1.${1 + (i % 200)}` });

/** Runs `one(i)` for every i below `count`, so many at a time. */
async function crowd(count, at_once, one) {
  let next = 0;
  await Promise.all(Array.from({ length: at_once }, async () => {
    while (next < count) await one(next++);
  }));
}

test('crowd: 20,000 connects and disconnects leave no descriptor and no memory behind', async () => {
  await crowd(1000, 50, (i) => come_and_go(i)); // what is kept for reuse is kept from here on
  await until('the first to be gone', () => sockets(node).length < 150);
  const before = sockets(node).length;
  await keeps_memory(node, async () => {
    await crowd(20_000, 100, (i) => come_and_go(i));
    await until('every descriptor to be given back', () => sockets(node).length <= before);
  }, 24 * mib);
});

const whoami = request_text('GET', '/api/v2/whoami', [bearer]);
async function come_and_go(i) {
  const wire = new Wire({ port, ...from(i) });
  assert.ok(await wire.connected, String(wire.error));
  if (i % 4 === 1) await wire.write('GET / HTTP/1.1\r\nHo');
  if (i % 4 === 2) {
    await wire.write(whoami);
    assert.equal((await wire.answer()).status, 200);
  }
  if (i % 2) wire.reset();
  else wire.destroy();
  await wire.closed;
}

test('crowd: every answer belongs to the one who asked, though thousands break off and descriptors change hands', async () => {
  // An agent echoes its id in its answers; each client asks for agents of its own and knows what must come.
  const agents = 64;
  const filler = 'z'.repeat(6000);
  for (let i = 0; i < agents; i++) {
    const answer = await node.api.post('/api/v2/agents', { id: `tag-${i}`, name: `tag-${i}`, metadata: { filler } });
    assert.equal(answer.status, 201);
  }
  let answers = 0;
  let broken_off = 0;
  const ask = (agent, client, n) => request_text('GET', `/api/v2/agents/tag-${agent}`, [bearer, `X-Request-Id: c${client}-n${n}`]);
  await crowd(6000, 60, async (client) => {
    const agent = (client * 31) % agents;
    const wire = new Wire({ port, ...from(client) });
    if (!(await wire.connected)) throw wire.error;
    const count = 1 + (client % 5);
    const text = Array.from({ length: count }, (_, n) => ask((agent + n) % agents, client, n)).join('');
    await wire.write(text);
    if (client % 3 !== 0) {
      // Gone in mid-flight: before an answer, within one, or with a reset.
      if (client % 2) await Promise.race([wire.more(), wire.closed]);
      if (client % 5 < 3) wire.reset();
      else wire.destroy();
      broken_off++;
      return;
    }
    for (let n = 0; n < count; n++) {
      const answer = await wire.answer();
      assert.equal(answer?.status, 200, `client ${client}`);
      assert.equal(answer.headers['x-request-id'], `c${client}-n${n}`);
      assert.equal(JSON.parse(answer.text).id, `tag-${(agent + n) % agents}`);
      answers++;
    }
    assert.equal(wire.bytes.length, 0, `client ${client}: bytes that nobody asked for`);
    wire.destroy();
  });
  assert.ok(answers > 4000 && broken_off > 3000, `${answers} answers, ${broken_off} broken off`);
  await assert_serves(node);
});

test('crowd: a new connection hears nothing until it speaks', async () => {
  // Requests are given up, then their descriptors are taken over by clients that only listen.
  for (let round = 0; round < 20; round++) {
    const asking = Array.from({ length: 50 }, () => new Wire({ port }));
    await Promise.all(asking.map((wire) => wire.write(request_text('GET', '/api/v2/events?limit=1000', [bearer]))));
    asking.forEach((wire) => wire.reset());
    const listening = Array.from({ length: 50 }, () => new Wire({ port }));
    await Promise.all(listening.map((wire) => wire.connected));
    await assert_serves(node);
    for (const wire of listening) assert.equal(wire.bytes.length, 0);
    listening.forEach((wire) => wire.destroy());
  }
});

test('crowd: one compressed body after the other does not hold up small requests', async () => {
  const body = new Uint8Array(gzipSync(Buffer.from(Array.from({ length: 40_000 }, (_, i) => `{"type":"custom.big","agent_id":"big","query":"${'q'.repeat(150)}","duration_ms":${i}}`).join('\n'))));
  const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };
  const big = Promise.all(Array.from({ length: 4 }, () => node.api.post('/api/v2/events', body, { headers })));
  for (let i = 0; i < 20; i++) await assert_serves(node, 'beside large bodies');
  for (const answer of await big) assert.ok([200, 429, 503].includes(answer.status), `${answer.status} ${answer.text}`);
});

/** A node that may have so many descriptors. */
async function start_with_descriptors(count, env = {}) {
  return await Node.start({ env, wrap: (program) => ['/bin/sh', ['-c', `ulimit -n ${count}; exec "$0"`, program]] });
}

test('crowd: with hardly any descriptors the node serves those it has, refuses the rest and recovers', async () => {
  const small = await start_with_descriptors(256);
  const opened = [];
  for (let i = 0; i < 400; i++) opened.push(new Wire({ port: small.ports.http }));
  const connected = await Promise.all(opened.map((wire) => wire.connected));
  assert.ok(connected.filter(Boolean).length > 128);
  // Who came first is served while the others stand outside.
  await opened[0].write(whoami);
  assert.equal((await opened[0].answer()).status, 200);
  await until('somebody to be refused', () => opened.some((wire) => wire.bytes.includes('503 Service Unavailable')));
  const start = cpu_seconds(small);
  await stays('no loop', () => cpu_seconds(small) - start < 0.2, 400);
  // Writing goes on: the store has descriptors of its own.
  const body = JSON.stringify([{ type: 'custom.crowd', agent_id: 'crowd' }]);
  await opened[1].write(request_text('POST', '/api/v2/events', [bearer, 'Content-Type: application/json', `Content-Length: ${body.length}`], body));
  assert.equal((await opened[1].answer()).status, 200);
  opened.forEach((wire) => wire.destroy());
  await until('the node to take clients again', () => assert_serves(small).then(() => true));
  await small.remove();
});

test('crowd: beyond the bounds on connections the answer is 503 at once', async () => {
  const bounded = await Node.start({ env: { TROUPE_CONNECTIONS_MAX: '40', TROUPE_CONNECTIONS_PER_ADDRESS_MAX: '10' } });
  const mine = Array.from({ length: 10 }, () => new Wire({ port: bounded.ports.http }));
  await Promise.all(mine.map((wire) => wire.connected));
  const late = new Wire({ port: bounded.ports.http });
  const refused = await late.answer();
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  assert.equal(JSON.parse(refused.text).status, 503);
  // Another address has places of its own.
  const other = new Wire({ port: bounded.ports.http, localAddress: '127.0.2.1' });
  await other.write(whoami);
  assert.equal((await other.answer()).status, 200);
  mine.forEach((wire) => wire.destroy());
  await until('my places to be free', () => assert_serves(bounded).then(() => true));
  await bounded.remove();
});
