// Requests that are too large, too many or too deep in every way: each is refused by the status its RFC names, the
// node's memory stays where it was, and others are served.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { assert_serves, cpu_seconds, keeps_memory, mib, rss_bytes } from '../support/health.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';
import { zstd, zstd_bomb } from '../support/zstd.mjs';
import { Wire, end_all_wires, request_text, send_raw } from '../support/wire.mjs';

let node, port, api;
before(async () => {
  node = await Node.start();
  port = node.ports.http;
  api = node.api;
  await api.send([{ type: 'custom.abuse', agent_id: 'size' }]);
});
after(async () => {
  end_all_wires();
  await node?.remove();
});

const bearer = `Authorization: Bearer ${admin_key}`;
const post = (headers, body = '') => request_text('POST', '/api/v2/events', [bearer, 'Content-Type: application/json', ...headers], body);

/** The one status that all of these bytes lead to. */
async function status_of(bytes) {
  const answers = await send_raw(port, bytes);
  assert.equal(answers.length, 1, `${answers.map((a) => a.status)}`);
  return answers[0].status;
}

/**
 * Sends `piece` until it is answered; how much that took. One who goes on writing behind the answer may lose it with the
 * connection (status undefined): it is closed, after the node has read a few more megabytes, in case they are the last.
 */
async function flood(head, piece) {
  const wire = new Wire({ port });
  await wire.write(head);
  let sent = 0;
  const answer = wire.answer();
  let over = false;
  const done = answer.finally(() => (over = true));
  while (!over && !wire.ended && sent < 2048 * mib) {
    await wire.write(piece);
    sent += piece.length;
  }
  const got = await done;
  wire.destroy();
  return { status: got?.status, sent };
}

test('size: a target or a head of 1 MB, and too many fields, are refused', async () => {
  await keeps_memory(node, async () => {
    for (let i = 0; i < 20; i++) {
      assert.equal(await status_of(`GET /${'a'.repeat(mib)} HTTP/1.1\r\nHost: a\r\n\r\n`), 414);
      assert.equal(await status_of(`GET /${'a'.repeat(10_000)} HTTP/1.1\r\nHost: a\r\n\r\n`), 414);
      assert.equal(await status_of(`GET /?${'a=b&'.repeat(mib / 4)} HTTP/1.1\r\nHost: a\r\n\r\n`), 414);
      assert.equal(await status_of(request_text('GET', '/', [`X-A: ${'a'.repeat(mib)}`])), 431);
      assert.equal(await status_of(request_text('GET', '/', [`${'X'.repeat(mib)}: a`])), 431);
      assert.equal(await status_of(request_text('GET', '/', Array.from({ length: 100_000 }, (_, n) => `X-${n}: a`))), 431);
      assert.equal(await status_of(request_text('GET', '/', Array.from({ length: 1_000 }, () => 'a:'))), 431);
      assert.equal(await status_of(`${'A'.repeat(mib)} / HTTP/1.1\r\nHost: a\r\n\r\n`), 414);
    }
  });
  assert.ok([400, 404].includes(await status_of(request_text('GET', `/api/${'a/'.repeat(4000)}`, ['Connection: close']))));
  assert.equal(await status_of(request_text('GET', `/api/v2/events?${'a=b&'.repeat(500)}`, [bearer])), 400);
});

test('size: endless heads, chunk extensions and trailers end soon', async () => {
  await keeps_memory(node, async () => {
    const chunked = post(['Transfer-Encoding: chunked']);
    const filler = Buffer.alloc(mib, 'a');
    for (const [name, head, piece, statuses] of [
      ['a method', '', filler, [414]],
      ['a target', 'GET /', filler, [414]],
      ['a field', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: ', filler, [431]],
      ['fields', 'GET / HTTP/1.1\r\nHost: a\r\n', Buffer.from('X-A: b\r\n'.repeat(mib / 8)), [431]],
      ['the size of a chunk', chunked, Buffer.alloc(mib, '0'), [400]],
      ['a chunk extension', `${chunked}5;a=`, filler, [400]],
      ['extensions of small chunks', chunked, Buffer.from(`1;a=${'b'.repeat(4000)}\r\n \r\n`.repeat(256)), [400]],
      ['a trailer', `${chunked}0\r\nX-A: `, filler, [400]],
      ['trailers', `${chunked}0\r\n`, Buffer.from('X-A: b\r\n'.repeat(mib / 8)), [400]],
      ['a body in chunks', chunked, Buffer.from(`10000\r\n${' '.repeat(0x10000)}\r\n`.repeat(16)), [413]],
    ]) {
      const { status, sent } = await flood(head, piece);
      assert.ok(status === undefined || statuses.includes(status), `${name}: ${status} after ${sent} bytes`);
      assert.ok(sent < 64 * mib, `${name}: ${sent} bytes were taken`);
    }
  });
});

test('size: a body beyond its bound is refused before it is read', async () => {
  assert.equal(await status_of(post([`Content-Length: ${17 * mib}`])), 413);
  assert.equal(await status_of(post([`Content-Length: ${Number.MAX_SAFE_INTEGER}`])), 413);
  assert.equal(await status_of(request_text('POST', '/api/v2/keys', [bearer, `Content-Length: ${2 * mib}`])), 413);
  assert.equal(await status_of(request_text('POST', '/nothing', [`Content-Length: ${9 * mib}`])), 405);
});

/** What a decompressor is led to do: {name: [coding, body, statuses]}. */
async function bombs() {
  const zeros = Buffer.alloc(256 * mib);
  const small = gzipSync(Buffer.alloc(64 * 1024));
  const spaces = Buffer.alloc(64 * mib + 1, ' ');
  const ndjson = Buffer.from(Array.from({ length: 5000 }, (_, i) => `{"type":"custom.abuse","agent_id":"bomb","duration_ms":${i}}`).join('\n'));
  return {
    'gzip of 256 MB': ['gzip', gzipSync(zeros), [413]],
    'gzip of a little more than allowed': ['gzip', gzipSync(spaces), [413]],
    'zlib of 256 MB': ['deflate', deflateSync(zeros), [413]],
    'zstd of 256 MB': ['zstd', zstd_bomb(256 * mib), [413]],
    'gzip, many members': ['gzip', Buffer.concat(Array.from({ length: 4096 }, () => small)), [413]],
    'gzip, members of nothing': ['gzip', Buffer.concat(Array.from({ length: 100_000 }, () => gzipSync(''))), [200, 400]],
    'zstd, many frames': ['zstd', Buffer.concat(Array.from({ length: 200 }, () => zstd_bomb(mib))), [413]],
    'gzip in gzip': ['gzip', gzipSync(gzipSync(ndjson)), [400, 'nothing taken']],
    'gzip in gzip, said twice': ['gzip, gzip', gzipSync(gzipSync(ndjson)), [415]],
    'cut off': ['gzip', gzipSync(ndjson).subarray(0, 200), [400]],
    'cut off zstd': ['zstd', (await zstd(ndjson)).subarray(0, 60), [400]],
    'a wrong checksum': ['gzip', flip(gzipSync(ndjson), -6), [400]],
    'text behind its end': ['gzip', Buffer.concat([gzipSync('[]'), Buffer.from('more')]), [400]],
    'not compressed': ['gzip', ndjson, [400]],
    'nothing': ['gzip', Buffer.alloc(0), [400]],
    'raw deflate': ['deflate', gzipSync(ndjson).subarray(10), [400]],
    'a zstd window of 1 GB': ['zstd', Buffer.from('28b52ffd00a00100', 'hex'), [400]],
    'brotli': ['br', ndjson, [415]],
  };
}

function flip(bytes, at) {
  bytes[bytes.length + at] ^= 1;
  return bytes;
}

test('size: what is compressed is bounded by what it becomes', async () => {
  const all = await bombs();
  await keeps_memory(node, async () => {
    for (const [name, [coding, body, statuses]] of Object.entries(all)) {
      for (const path of ['/api/v2/events', '/v1/traces']) {
        const headers = { 'content-type': path.startsWith('/v1') ? 'application/json' : 'application/x-ndjson', 'content-encoding': coding };
        const answer = await api.post(path, new Uint8Array(body), { headers });
        const nothing = answer.status === 200 && answer.body.accepted === 0 && statuses.includes('nothing taken');
        assert.ok(nothing || statuses.includes(answer.status), `${name} to ${path}: ${answer.status} ${answer.text}`);
      }
    }
  }, 96 * mib);
});

test('size: thirty bombs at once leave the node as it was', async () => {
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(63 * mib, ' ')));
  await keeps_memory(node, async () => {
    const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };
    const answers = await Promise.all(Array.from({ length: 30 }, () => api.post('/api/v2/events', bomb, { headers })));
    for (const a of answers) assert.ok([200, 400, 413, 429, 503].includes(a.status), `${a.status} ${a.text}`);
    assert.ok(rss_bytes(node) < 700 * mib, `${rss_bytes(node) / mib} MiB`);
  }, 128 * mib);
});

test('size: deep, huge and broken JSON is refused whole or by its item', async () => {
  const event = (more) => `{"type":"custom.abuse","agent_id":"json"${more}}`;
  const refused = {
    'deep arrays': '['.repeat(200_000),
    'deep objects': '{"a":'.repeat(200_000),
    'deep and closed': `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
    'no JSON': 'hello',
    'cut off': event('').slice(0, -3),
    'two documents': event('') + event(''),
    'NUL': event(',"query":"a\0b"'),
    'a bare control character': event(',"query":"a\nb"'),
    'not UTF-8': Buffer.concat([Buffer.from('{"type":"custom.abuse","agent_id":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    'overlong UTF-8': Buffer.concat([Buffer.from('{"type":"custom.abuse","agent_id":"'), Buffer.from([0xc0, 0x80]), Buffer.from('"}')]),
    'half a surrogate in UTF-8': Buffer.concat([Buffer.from('{"type":"custom.abuse","agent_id":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    'a byte order mark of UTF-16': Buffer.from('\ufeff{}', 'utf16le'),
    'a number': '42',
    'a string': '"text"',
    'an unknown coding of characters': 'ÿÿ',
  };
  for (const [name, body] of Object.entries(refused)) {
    const answer = await api.post('/api/v2/events', typeof body === 'string' ? body : new Uint8Array(body), { headers: { 'content-type': 'application/json' } });
    const rejected = answer.status === 200 && answer.body.accepted === 0 && answer.body.rejected.length === 1;
    if (!rejected) assert_problem(answer, 400, name);
  }
  const items = {
    'a name twice': event(',"agent_id":"other"'),
    'the type twice': event(',"type":"llm.call"'),
    'deep attributes': event(`,"attributes":${'{"a":'.repeat(100)}1${'}'.repeat(100)}`),
    'huge attributes': event(`,"attributes":{"a":"${'x'.repeat(100_000)}"}`),
    'many attributes': event(`,"attributes":{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":${i}`)}}`),
    'a huge name': event(`,"session_id":"${'x'.repeat(1000)}"`),
    'an unknown field': event(',"surprise":1'),
    'a number beyond all': event(',"duration_ms":1e999'),
    'a number of digits': event(`,"duration_ms":${'9'.repeat(1000)}`),
    'an escaped NUL in a name': event(',"session_id":"a\\u0000b"').replace('"json"', '"json\\u0000"'),
  };
  for (const [name, item] of Object.entries(items)) {
    const answer = await api.post('/api/v2/events', `[${item},${event('')}]`, { headers: { 'content-type': 'application/json' } });
    if (answer.status === 400) continue; // not JSON at all
    assert.equal(answer.status, 200, `${name}: ${answer.text}`);
    assert.deepEqual([answer.body.accepted, answer.body.rejected.map((r) => r.index)], [1, [0]], `${name}: ${answer.text}`);
  }
  for (const [method, path] of [['POST', '/api/v2/agents'], ['POST', '/api/v2/keys'], ['POST', '/api/v2/agents/a/tasks'], ['PATCH', '/api/v2/agents/a']]) {
    for (const body of [...Object.values(refused), '{"id":"a","id":"b"}', '{"name":"a","role":"read","role":"admin"}']) {
      const answer = await api.call(method, path, { body: typeof body === 'string' ? body : new Uint8Array(body), headers: { 'content-type': 'application/json' } });
      assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${path} ${String(body).slice(0, 60)}: ${answer.status} ${answer.text}`);
    }
  }
  assert.deepEqual((await api.read('/api/v2/keys')).items.filter((k) => k.name === 'a'), []);
});

test('size: half a surrogate becomes U+FFFD, so that what is given back is UTF-8', async () => {
  await api.post('/api/v2/events', '[{"type":"custom.abuse","agent_id":"half","query":"a\\ud800b"}]', { headers: { 'content-type': 'application/json' } });
  assert.equal((await api.read('/api/v2/events', { agent_id: 'half' })).items[0].query, 'a\ufffdb');
});

test('size: no body of 8 MB keeps the node busy', async () => {
  const fill = (text) => text.repeat((8 * mib) / text.length);
  const bodies = [' ', '\n', '\r\n', '\n ', '[', '{', '{"a":', '"', '\\', '"\\ud800', ',', '0', '-', '1e', '[],', '{},', '[{},', '{"type":', '{}\n', '"a"\n', '{"a":1,', 'a,', '\n\0', '/*', 'tru', '\xff'];
  for (const [path, type] of [['/api/v2/events', 'application/json'], ['/api/v2/events', 'application/x-ndjson'], ['/v1/traces', 'application/json'], ['/v1/logs', 'application/x-protobuf']]) {
    for (const text of bodies) {
      for (const before of type.endsWith('json') ? ['', '[', '{"type":"', '{"resourceSpans":['] : ['', '\n', '\x0a\x7f']) {
        const about = JSON.stringify(`${before}${text}... to ${path}`);
        const answer = await api.post(path, before + fill(text), { headers: { 'content-type': type } }).catch((error) => {
          throw new Error(`${about}: ${error.cause ?? error}`);
        });
        assert.ok(answer.status < 500, `${about}: ${answer.status} ${answer.text}`);
      }
    }
  }
});

test('size: 50,000 events of one request are the most, and a full request harms nobody', async () => {
  const line = '{"type":"custom.abuse","agent_id":"many"}\n';
  const headers = { 'content-type': 'application/x-ndjson' };
  await keeps_memory(node, async () => {
    const many = await api.post('/api/v2/events', line.repeat(50_001), { headers });
    assert.ok([400, 413].includes(many.status), `${many.status}`);
    const rejects = await api.post('/api/v2/events', '{"type":1}\n'.repeat(50_000), { headers });
    assert.equal(rejects.status, 200);
    assert.equal(rejects.body.accepted, 0);
    const empty = await api.post('/api/v2/events', '\n'.repeat(8 * mib), { headers });
    assert.ok(empty.status < 500, `${empty.status} ${empty.text}`);
  }, 160 * mib);
  const before = cpu_seconds(node);
  await assert_serves(node);
  assert.ok(cpu_seconds(node) - before < 5);
});
