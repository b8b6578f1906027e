// RFC 6455 against the endpoint of a real node: raw bytes on a TCP connection. The whole table runs against an echoing
// socket in tests/unit/http/rfc6455_test.cpp; here are the cases that a protocol on top, and the node's limits, could break.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from 'node:net';
import { Node, admin_key } from '../support/node.mjs';
import { in_time } from '../support/until.mjs';

let node;
before(async () => {
  node = await Node.start();
});
after(() => node?.remove());

const bearer = `base64url.bearer.phx.${Buffer.from(admin_key).toString('base64url')}`;
const heartbeat = (ref) => Buffer.from(JSON.stringify([null, ref, 'phoenix', 'heartbeat', {}]));
const beaten = (ref) => JSON.stringify([null, ref, 'phoenix', 'phx_reply', { status: 'ok', response: {} }]);

/** A masked frame; `first` is its first byte. */
function frame(first, payload = '') {
  const bytes = Buffer.from(payload);
  const mask = Buffer.from([7, 77, 177, 27]);
  const size = bytes.length;
  const head =
    size < 126
      ? Buffer.from([first, 0x80 | size])
      : size < 65536
        ? Buffer.from([first, 0xfe, size >> 8, size & 255])
        : Buffer.concat([Buffer.from([first, 0xff, 0, 0, 0, 0]), Buffer.from([size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255])]);
  return Buffer.concat([head, mask, bytes.map((byte, i) => byte ^ mask[i % 4])]);
}
const close_frame = (code, reason = '') => frame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));

/** All frames of the server as [first byte, payload]. */
function frames_of(bytes) {
  const frames = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    let size = bytes[at + 1];
    let head = 2;
    if (size === 126) [size, head] = [bytes.readUInt16BE(at + 2), 4];
    else if (size === 127) [size, head] = [Number(bytes.readBigUInt64BE(at + 2)), 10];
    if (at + head + size > bytes.length) break;
    frames.push([bytes[at], bytes.subarray(at + head, at + head + size)]);
    at += head + size;
  }
  return frames;
}

/** Sends the parts one by one and reads until the server closes; or until `enough` of the frames is true. */
function converse(parts, { fields = [], enough = () => false } = {}) {
  const conversation = new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    let status = 0;
    const socket = connect({ port: node.ports.http, host: '127.0.0.1', noDelay: true }, () =>
      socket.write(
        [
          'GET /socket/websocket?vsn=2.0.0 HTTP/1.1',
          'Host: node.test',
          'Connection: keep-alive, Upgrade',
          'Upgrade: WebSocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          `Sec-WebSocket-Protocol: phoenix, ${bearer}`,
          ...fields,
          '\r\n',
        ].join('\r\n'),
      ),
    );
    const end = () => {
      socket.destroy();
      const frames = frames_of(bytes);
      const last = frames.at(-1);
      const code = last?.[0] === 0x88 ? (last[1].length >= 2 ? last[1].readUInt16BE(0) : 1005) : 1006;
      resolve({ status, code, head: socket.head, texts: frames.filter(([first]) => first === 0x81).map(([, payload]) => String(payload)), frames });
    };
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      if (status === 0) {
        const head_end = bytes.indexOf('\r\n\r\n');
        if (head_end < 0) return;
        socket.head = bytes.subarray(0, head_end).toString('latin1');
        status = Number(socket.head.slice(9, 12));
        bytes = bytes.subarray(head_end + 4);
        if (status !== 101) return end();
        for (const part of parts) socket.write(part);
      }
      if (enough(frames_of(bytes))) end();
    });
    socket.on('error', (error) => (status === 0 ? reject(error) : undefined));
    socket.on('close', end);
  });
  return in_time('the end of the conversation', conversation);
}
const answered = (count) => ({ enough: (frames) => frames.filter(([first]) => first === 0x81).length >= count });

test('rfc6455: the handshake answers with the accept value of the RFC and takes tokens in any case', async () => {
  const { status, head } = await converse([], { enough: () => true, fields: ['X-Empty:'] }).catch((e) => e);
  assert.equal(status ?? 101, 101);
  const talk = await converse([frame(0x81, heartbeat('1'))], answered(1));
  assert.equal(talk.status, 101);
  assert.match(talk.head ?? head, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
});

test('rfc6455: a message in fragments with a ping between them is one message', async () => {
  const message = heartbeat('f');
  const half = message.length >> 1;
  const talk = await converse(
    [frame(0x01, message.subarray(0, half)), frame(0x89, 'between'), frame(0x00), frame(0x80, message.subarray(half))],
    answered(1),
  );
  assert.deepEqual(talk.frames.map(([first]) => first), [0x8a, 0x81]);
  assert.equal(String(talk.frames[0][1]), 'between');
  assert.equal(talk.texts[0], beaten('f'));
});

test('rfc6455: messages byte by byte, and many in one segment, are all answered in order', async () => {
  const refs = Array.from({ length: 50 }, (_, i) => `r${i}`);
  const at_once = await converse([Buffer.concat(refs.map((ref) => frame(0x81, heartbeat(ref))))], answered(50));
  assert.deepEqual(at_once.texts, refs.map(beaten));
  const bytes = [...frame(0x81, heartbeat('slow'))].map((byte) => Buffer.from([byte]));
  assert.deepEqual((await converse(bytes, answered(1))).texts, [beaten('slow')]);
});

for (const [name, bytes, code] of [
  ['a reserved bit', frame(0xc1, 'x'), 1002],
  ['a reserved opcode', frame(0x83, 'x'), 1002],
  ['a reserved control opcode', frame(0x8b, 'x'), 1002],
  ['a control frame in fragments', frame(0x09, 'x'), 1002],
  ['a control frame of 126 bytes', frame(0x89, 'x'.repeat(126)), 1002],
  ['a continuation of nothing', frame(0x80, 'x'), 1002],
  ['a message within a message', Buffer.concat([frame(0x01, 'a'), frame(0x81, 'b')]), 1002],
  ['a frame without a mask', Buffer.from([0x81, 0x01, 0x41]), 1002],
  ['a size longer written than it need be', Buffer.from([0x81, 0xfe, 0, 1, 0, 0, 0, 0, 0x41]), 1002],
  ['a text that is no UTF-8', frame(0x81, Buffer.from([0xc3, 0x28])), 1007],
  ['an unfinished text that is no UTF-8 already', frame(0x01, Buffer.from([0xed, 0xa0])), 1007],
  ['a text that ends within a letter', Buffer.concat([frame(0x01, Buffer.from([0xe2])), frame(0x80, Buffer.from([0x82]))]), 1007],
  ['a close', close_frame(1000, 'done'), 1000],
  ['a close with a code of its own', close_frame(4321), 4321],
  ['a close without a code', frame(0x88), 1000],
  ['a close with half a code', frame(0x88, 'x'), 1002],
  ['a close with a code that is none', close_frame(1005), 1002],
  ['a close whose reason is no UTF-8', frame(0x88, Buffer.from([3, 232, 0xff])), 1007],
  ['a message over the limit of 1 MiB', frame(0x81, 'x'.repeat(1024 * 1024 + 1)), 1009],
  ['16 MiB in frames', Buffer.concat([frame(0x01, 'x'), ...Array.from({ length: 16 }, () => frame(0x00, 'x'.repeat(1024 * 1024)))]), 1009],
])
  test(`rfc6455: ${name} is answered with the close code ${code}`, async () => {
    const talk = await converse([bytes]);
    assert.equal(talk.code, code);
    assert.deepEqual(talk.texts, []);
  });

test('rfc6455: a message just within the limit of 1 MiB is taken', async () => {
  const shell = JSON.stringify([null, 'big', 'phoenix', 'heartbeat', { fill: '' }]);
  const message = shell.replace('""', `"${'x'.repeat(1024 * 1024 - shell.length)}"`);
  assert.deepEqual((await converse([frame(0x81, message)], answered(1))).texts, [beaten('big')]);
});

test('rfc6455: deflate is not agreed on unless the node is told to', async () => {
  const talk = await converse([frame(0x81, heartbeat('1'))], { ...answered(1), fields: ['Sec-WebSocket-Extensions: permessage-deflate'] });
  assert.doesNotMatch(talk.head ?? '', /sec-websocket-extensions/i);
});

test('rfc6455: a page of another origin may not open a socket, this one may', async () => {
  for (const origin of ['https://evil.example', 'http://node.test.evil.example', 'http://node.test:81', 'null', 'file://'])
    assert.equal((await converse([], { fields: [`Origin: ${origin}`] })).status, 403, origin);
  const own = await converse([frame(0x81, heartbeat('1'))], { ...answered(1), fields: ['Origin: http://node.test'] });
  assert.deepEqual(own.texts, [beaten('1')]);
});
