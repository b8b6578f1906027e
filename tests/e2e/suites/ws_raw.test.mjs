// Raw WebSocket frames of the ws client: both frame forms, heartbeats, and frames no client should send.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from 'node:net';
import WebSocket from 'ws';
import { steps } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { in_time, stays, until } from '../support/until.mjs';

let node, api;
const open_sockets = new Set();
before(async () => {
  node = await Node.start();
  api = node.api;
});
after(async () => {
  for (const socket of open_sockets) socket.terminate();
  await node?.remove();
});

const bearer = (key) => `base64url.bearer.phx.${Buffer.from(key).toString('base64url')}`;

/** A socket that keeps what it gets: `frames` decoded, `closed` {code, reason}. */
async function dial({ protocols = ['phoenix', bearer(admin_key)], query = '?vsn=2.0.0', options = {} } = {}) {
  const socket = new WebSocket(`${node.base.replace('http', 'ws')}/socket/websocket${query}`, protocols, options);
  open_sockets.add(socket);
  const raw = { socket, frames: [], closed: null, refused: null };
  socket.on('message', (data, binary) => raw.frames.push(binary ? { binary: data } : JSON.parse(String(data))));
  socket.on('close', (code, reason) => (raw.closed = { code, reason: String(reason) }));
  socket.on('unexpected-response', (_, response) => (raw.refused = response.statusCode));
  socket.on('error', () => {});
  await until('the handshake to end', () => socket.readyState === WebSocket.OPEN || raw.refused || raw.closed);
  raw.send = (frame) => socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  raw.reply_to = (ref) => until(`the reply to ${ref}`, () => raw.frames.find((f) => Array.isArray(f) && f[1] === ref && f[3] === 'phx_reply'));
  return raw;
}

/** A push in Phoenix' binary form. */
function binary_push(join_ref, ref, topic, event, payload) {
  const fields = [join_ref, ref, topic, event].map((text) => Buffer.from(text));
  return Buffer.concat([Buffer.from([0, ...fields.map((f) => f.length)]), ...fields, Buffer.from(payload)]);
}

test('ws: the handshake answers with the phoenix sub-protocol, never with the key', async () => {
  const raw = await dial();
  assert.equal(raw.socket.protocol, 'phoenix');
  assert.equal(raw.refused, null);
});

test('ws: other versions of the protocol and wrong keys are refused in the handshake', async () => {
  assert.equal((await dial({ query: '?vsn=1.0.0' })).refused, 400);
  assert.equal((await dial({ protocols: ['phoenix', bearer('wrong'.repeat(8))] })).refused, 401);
  const plain = await api.get('/socket/websocket?vsn=2.0.0');
  assert.ok([400, 426].includes(plain.status), `${plain.status}`);
  assert.equal(plain.type, 'application/problem+json');
});

test('ws: join, heartbeat, publish and leave are answered with their refs', async () => {
  const raw = await dial();
  raw.send(['1', '1', 'events', 'phx_join', {}]);
  const joined = await raw.reply_to('1');
  assert.deepEqual([joined[0], joined[2], joined[4].status], ['1', 'events', 'ok']);
  raw.send([null, '2', 'phoenix', 'heartbeat', {}]);
  assert.deepEqual((await raw.reply_to('2')).slice(1), ['2', 'phoenix', 'phx_reply', { status: 'ok', response: {} }]);
  raw.send(['1', '3', 'events', 'publish', { events: steps('raw', 2) }]);
  assert.equal((await raw.reply_to('3'))[4].response.accepted, 2);
  await until('the push', () => raw.frames.some((f) => f[3] === 'events' && f[4].events.some((e) => e.agent_id === 'raw')));
  raw.send(['1', '4', 'events', 'phx_leave', {}]);
  assert.equal((await raw.reply_to('4'))[4].status, 'ok');
  raw.send(['1', '5', 'events', 'publish', { events: steps('raw', 1) }]);
  await until('a refusal of the left topic', () =>
    raw.frames.some((f) => (f[1] === '5' && f[4].status === 'error') || (f[2] === 'events' && f[3] === 'phx_error')));
});

test('ws: the binary form of a push is a push', async () => {
  const raw = await dial();
  raw.send(['7', '7', 'events', 'phx_join', {}]);
  await raw.reply_to('7');
  raw.send(binary_push('7', '8', 'events', 'publish', JSON.stringify({ events: steps('raw binary', 4) })));
  const reply = await until('the reply', () => raw.frames.find((f) => f.binary || f[1] === '8'));
  const text = reply.binary ? String(reply.binary) : JSON.stringify(reply);
  assert.match(text, /"accepted":4/);
  assert.equal((await api.read('/api/v2/agents/raw%20binary')).totals.events, 4);
});

test('ws: a second join of a topic replaces the first', async () => {
  const raw = await dial();
  raw.send(['1', '1', 'events', 'phx_join', {}]);
  await raw.reply_to('1');
  raw.send(['2', '2', 'events', 'phx_join', {}]);
  await raw.reply_to('2');
  await api.send(steps('joined twice', 1));
  const pushes = () => raw.frames.filter((f) => f[3] === 'events' && f[4].events.some((e) => e.agent_id === 'joined twice'));
  await until('the push', () => pushes().length > 0);
  await stays('it is pushed once', () => pushes().length === 1);
});

test('ws: frames that are no messages harm nobody and do not end other topics silently', async () => {
  const healthy = await dial();
  healthy.send(['1', '1', 'events', 'phx_join', {}]);
  await healthy.reply_to('1');
  for (const bad of [
    'not json',
    '{"topic":"events"}',
    '[]',
    '["1","1","events"]',
    '["1","1",5,"phx_join",{}]',
    '["1","1","events","phx_join","payload"]',
    '[1,2,3,4,5]',
    '[null,null,null,null,null]',
    `["1","1","events","phx_join",${'['.repeat(5000)}${']'.repeat(5000)}]`,
    Buffer.from([]),
    Buffer.from([0]),
    Buffer.from([0, 255, 255, 255, 255]),
    Buffer.from([9, 1, 1, 1, 1, 65, 65, 65, 65]),
    binary_push('1', '1', 'events', 'publish', 'not json'),
    binary_push('\xff', '1', '\xfe', 'x', ''),
  ]) {
    const raw = await dial();
    raw.send(bad);
    raw.send([null, 'beat', 'phoenix', 'heartbeat', {}]);
    await until('an answer or a close', () => raw.closed || raw.frames.some((f) => f[1] === 'beat'));
    if (raw.closed) assert.ok([1002, 1003, 1007, 1008].includes(raw.closed.code), `${String(bad).slice(0, 40)}: ${raw.closed.code}`);
    raw.socket.terminate();
  }
  healthy.send([null, '2', 'phoenix', 'heartbeat', {}]);
  await healthy.reply_to('2');
  assert.equal(healthy.closed, null);
});

test('ws: a message over the bound closes the socket with 1009', async () => {
  const raw = await dial();
  raw.send(['1', '1', 'events', 'phx_join', {}]);
  await raw.reply_to('1');
  raw.send(['1', '2', 'events', 'publish', { events: [{ type: 'custom.x', agent_id: 'big', query: 'x'.repeat(32 * 1024 * 1024) }] }]);
  await until('the close', () => raw.closed, 20_000);
  assert.ok([1009, 1006].includes(raw.closed.code), `${raw.closed.code}`);
  assert.equal((await api.get('/api/v2/agents/big')).status, 404);
});

test('ws: broken WebSocket framing ends that connection only', async () => {
  const healthy = await dial();
  for (const bytes of [
    Buffer.from([0x81, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f]), // not masked
    Buffer.from([0xf1, 0x80, 0, 0, 0, 0]), // reserved bits
    Buffer.from([0x83, 0x80, 0, 0, 0, 0]), // reserved opcode
    Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0]), // a ping that is too long
    Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), // absurd length
    Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]), // text that is not UTF-8
  ]) {
    const ended = await in_time('the end of the connection', broken_connection(bytes));
    assert.ok(ended.upgraded, 'it was a WebSocket');
  }
  healthy.send([null, '1', 'phoenix', 'heartbeat', {}]);
  await healthy.reply_to('1');
});

function broken_connection(bytes) {
  return new Promise((resolve) => {
    let text = '';
    let sent = false;
    const socket = connect(node.ports.http, '127.0.0.1', () => {
      socket.write(
        'GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
          `Sec-WebSocket-Protocol: phoenix, ${bearer(admin_key)}\r\n\r\n`,
      );
    });
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (sent || !text.includes('\r\n\r\n')) return;
      sent = true;
      socket.write(bytes);
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve({ upgraded: text.startsWith('HTTP/1.1 101') }));
    socket.on('end', () => socket.end());
  });
}

test('ws: many sockets may come and go while the node stays well', async () => {
  for (let round = 0; round < 5; round += 1) {
    const raws = await Promise.all(Array.from({ length: 60 }, () => dial()));
    raws.forEach((raw, i) => raw.send(['1', '1', i % 2 ? 'events' : `agent:crowd-${i}`, 'phx_join', {}]));
    await Promise.all(raws.map((raw) => raw.reply_to('1')));
    raws.forEach(({ socket }, i) => (i % 3 ? socket.terminate() : socket.close()));
    await until('all to be closed', () => raws.every((raw) => raw.closed));
  }
  assert.ok((await fetch(`${node.ops}/readyz`)).ok);
});
