// Requests that two readers could understand in two ways, and every form of HTTP/1.1 that a server has to know.
// What is refused ends its connection: where the next request would begin is unsure.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assert_serves } from '../support/health.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { Wire, end_all_wires, request_text, send_raw } from '../support/wire.mjs';

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
const whoami = (...headers) => request_text('GET', '/api/v2/whoami', [bearer, ...headers]);
const json = 'Content-Type: application/json';
const event_body = JSON.stringify({ type: 'custom.abuse', agent_id: 'framing' });
// What a smuggler would like to be read as a request of its own.
const smuggled = request_text('GET', '/api/v2/whoami', [bearer]);

/** POST of events with these headers and this body, exactly. */
const post = (headers, body) => request_text('POST', '/api/v2/events', [bearer, json, ...headers], body);

function assert_refused(answers, statuses, name) {
  assert.equal(answers.length, 1, `${name}: ${answers.length} answers: ${answers.map((a) => a.status)}`);
  const [{ status, headers, text }] = answers;
  assert.ok([statuses].flat().includes(status), `${name}: ${status} ${text}, not ${statuses}`);
  assert.equal(headers['content-type'], 'application/problem+json', name);
  assert.equal(headers.connection, 'close', name);
  assert.equal(JSON.parse(text).status, status, name);
}

/** One test for a table of {name: [bytes, status]}: each refused, once, and the connection closed. */
function refuses(subject, table) {
  test(`framing: ${subject}`, async () => {
    for (const [name, [bytes, status]] of Object.entries(table)) {
      assert_refused(await send_raw(port, bytes), status, name);
    }
    await assert_serves(node, subject);
  });
}

const n = event_body.length;
refuses('a length that is not one plain number is refused', {
  'two different': [post([`Content-Length: ${n}`, 'Content-Length: 3'], event_body + smuggled), 400],
  'two equal': [post([`Content-Length: ${n}`, `Content-Length: ${n}`], event_body + smuggled), 400],
  'a list of equals': [post([`Content-Length: ${n}, ${n}`], event_body), 400],
  'a list of others': [post([`Content-Length: ${n}, 3`], event_body), 400],
  'a trailing comma': [post([`Content-Length: ${n},`], event_body), 400],
  'a plus': [post([`Content-Length: +${n}`], event_body), 400],
  'a minus': [post(['Content-Length: -1'], event_body), 400],
  'minus nought': [post(['Content-Length: -0'], event_body), 400],
  'hex': [post([`Content-Length: 0x${n.toString(16)}`], event_body), 400],
  'a space within': [post(['Content-Length: 1 2'], event_body), 400],
  'quotes': [post([`Content-Length: "${n}"`], event_body), 400],
  'a point': [post([`Content-Length: ${n}.0`], event_body), 400],
  'an exponent': [post(['Content-Length: 1e2'], event_body), 400],
  'nothing': [post(['Content-Length:'], event_body), 400],
  'letters': [post(['Content-Length: ten'], event_body), 400],
  'beyond 64 bits': [post(['Content-Length: 18446744073709551617'], event_body), 400],
  'far beyond 64 bits': [post([`Content-Length: ${'9'.repeat(400)}`], event_body), 400],
  'the greatest of 64 bits': [post(['Content-Length: 18446744073709551615'], event_body), 413],
});

const chunks = `${n.toString(16)}\r\n${event_body}\r\n0\r\n\r\n`;
refuses('length and transfer coding together, and codings that are not chunked, are refused', {
  'length then chunked': [post([`Content-Length: ${n}`, 'Transfer-Encoding: chunked'], chunks + smuggled), 400],
  'chunked then length': [post(['Transfer-Encoding: chunked', `Content-Length: ${n}`], chunks + smuggled), 400],
  'chunked in a length of nought': [post(['Content-Length: 0', 'Transfer-Encoding: chunked'], chunks), 400],
  'identity': [post(['Transfer-Encoding: identity', `Content-Length: ${n}`], event_body), [400, 501]],
  'gzip, chunked': [post(['Transfer-Encoding: gzip, chunked'], chunks), 501],
  'chunked, gzip': [post(['Transfer-Encoding: chunked, gzip'], chunks), 501],
  'chunked twice in a list': [post(['Transfer-Encoding: chunked, chunked'], chunks), [400, 501]],
  'chunked twice': [post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], chunks), 400],
  'identity then chunked': [post(['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], chunks), 501],
  'xchunked': [post(['Transfer-Encoding: xchunked'], chunks), 501],
  'quoted': [post(['Transfer-Encoding: "chunked"'], chunks), 501],
  'with a parameter': [post(['Transfer-Encoding: chunked;q=1'], chunks), 501],
  'behind a vertical tab': [post(['Transfer-Encoding: \x0bchunked'], chunks), 400],
  'a space before the colon': [post(['Transfer-Encoding : chunked'], chunks), 400],
  'a tab before the colon': [post(['Content-Length\t: 3'], event_body), 400],
  'folded': [post(['Transfer-Encoding:\r\n chunked'], chunks), 400],
  'HTTP/1.0': [`POST /api/v2/events HTTP/1.0\r\n${bearer}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`, 501],
});

const chunked = (body) => post(['Transfer-Encoding: chunked'], body);
refuses('broken chunks are refused', {
  'no size': [chunked(`\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'size with 0x': [chunked(`0x${n.toString(16)}\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'size with a sign': [chunked(`+${n.toString(16)}\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'negative size': [chunked(`-1\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'size of letters': [chunked(`xyz\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'a space before the size': [chunked(` ${n.toString(16)}\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'a size beyond 64 bits': [chunked(`1${'0'.repeat(16)}\r\n${event_body}\r\n0\r\n\r\n`), [400, 413]],
  'a size of all bits': [chunked(`ffffffffffffffff\r\n${event_body}\r\n0\r\n\r\n`), [400, 413]],
  'bare LF behind the size': [chunked(`${n.toString(16)}\n${event_body}\r\n0\r\n\r\n`), 400],
  'bare CR behind the size': [chunked(`${n.toString(16)}\r${event_body}\r\n0\r\n\r\n`), 400],
  'data longer than its size': [chunked(`3\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'bare LF behind the data': [chunked(`${n.toString(16)}\r\n${event_body}\n0\r\n\r\n`), 400],
  'an extension without a name': [chunked(`${n.toString(16)};=1\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'NUL in an extension': [chunked(`${n.toString(16)};a=\0\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'bare LF in an extension': [chunked(`${n.toString(16)};a\nb\r\n${event_body}\r\n0\r\n\r\n`), 400],
  'a length in the trailers': [chunked(`0\r\nContent-Length: 5\r\n\r\nhello`), 400],
  'a broken trailer': [chunked(`${n.toString(16)}\r\n${event_body}\r\n0\r\nno field\r\n\r\n`), 400],
});

refuses('broken fields are refused', {
  'a continuation line': [whoami('X-A: b\r\n c'), 400],
  'a continuation line with a tab': [whoami('X-A: b\r\n\tc'), 400],
  'a first field with a space before it': ['GET /api/v2/whoami HTTP/1.1\r\n Host: a\r\n\r\n', 400],
  'bare LF everywhere': [`GET /api/v2/whoami HTTP/1.1\nHost: a\n${bearer}\n\n\r\n\r\n`, 400],
  'bare LF behind a field': [`GET /api/v2/whoami HTTP/1.1\r\nHost: a\n${bearer}\r\n\r\n`, 400],
  'bare CR in a value': [whoami('X-A: b\rc'), 400],
  'NUL in a value': [whoami('X-A: b\0c'), 400],
  'NUL in a name': [whoami('X\0A: b'), 400],
  'DEL in a value': [whoami('X-A: b\x7fc'), 400],
  'a space in a name': [whoami('X A: b'), 400],
  'a name of nothing': [whoami(': b'), 400],
  'a line without a colon': [whoami('nothing'), 400],
  'a name of UTF-8': [whoami('Härte: b'), 400],
  'no Host': ['GET /api/v2/whoami HTTP/1.1\r\n\r\n', 400],
  'two Hosts': [whoami('Host: a', 'Host: a'), 400],
  'a Host that is a path': [whoami('Host: a/b'), 400],
  'a Host with a space': [whoami('Host: a b'), 400],
});

refuses('broken request lines, targets and versions are refused', {
  'HTTP/2.0': ['GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  'the preface of HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  'HTTP/0.9': ['GET /\r\n\r\n', 400],
  'HTTP/1.': ['GET / HTTP/1.\r\nHost: a\r\n\r\n', 400],
  'HTTP/': ['GET / HTTP/\r\nHost: a\r\n\r\n', 400],
  'HTTP alone': ['HTTP/1\r\n\r\n', 400],
  'small letters': ['GET / http/1.1\r\nHost: a\r\n\r\n', 400],
  'two spaces': ['GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'a tab': ['GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'a space in the target': ['GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'NUL in the target': ['GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'an escaped NUL': ['GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'half an escape': ['GET /a%4 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'an escape that is not UTF-8': ['GET /a%ff HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'an overlong escape': ['GET /%c0%ae%c0%ae/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'a fragment': ['GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'a target without a slash': ['GET api HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'authority form': ['GET a.example:80 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'a star for GET': ['GET * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'absolute form without a host': ['GET http:///api/v2/whoami HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'absolute form with a user': ['GET http://me@a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'absolute form of another scheme': ['GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'CONNECT': ['CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n', 501],
  'an unknown method': ['BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 501],
  'a method in small letters': ['get / HTTP/1.1\r\nHost: a\r\n\r\n', 501],
  'a TLS handshake': [Buffer.from('16030100f6010000f20303000d0a0d0a', 'hex'), 400],
  'zeros': [Buffer.alloc(64), 400],
});

test('framing: no tail of a refused request is read as a request', async () => {
  for (const headers of [
    [`Content-Length: ${n}`, 'Transfer-Encoding: chunked'],
    ['Content-Length: 3', `Content-Length: ${n}`],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding : x'],
  ]) {
    const answers = await send_raw(port, post(headers, `0\r\n\r\n${smuggled.repeat(3)}`));
    assert.equal(answers.length, 1, `${headers}`);
    assert.equal(answers[0].status, 400, `${headers}`);
  }
});

test('framing: the body of a GET is a body, not the next request', async () => {
  const wire = new Wire({ port });
  await wire.write(whoami(`Content-Length: ${smuggled.length}`) + smuggled + whoami('X-Request-Id: second'));
  assert.equal((await wire.answer()).status, 200);
  assert.equal((await wire.answer()).headers['x-request-id'], 'second');
  wire.destroy();
});

test('framing: a chunked request is read wherever it is cut', async () => {
  const body = `5;name=value;quoted="a;b\\"c"\r\n${event_body.slice(0, 5)}\r\n${(n - 5).toString(16).padStart(6, '0')}\r\n${event_body.slice(5)}\r\n00\r\nX-Trailer: t\r\n\r\n`;
  const text = chunked(body);
  const first = text.indexOf('\r\n\r\n') - 4;
  // At every boundary of the body and the end of the head, each on a connection of its own, all at once.
  await Promise.all(
    Array.from({ length: text.length - first }, async (_, i) => {
      const wire = new Wire({ port });
      await wire.write(text.slice(0, first + i));
      await wire.write(text.slice(first + i));
      const answer = await wire.answer();
      assert.equal(answer.status, 200, `cut at ${i}: ${answer.text}`);
      assert.equal(JSON.parse(answer.text).accepted, 1, `cut at ${i}`);
      await wire.write(whoami());
      assert.equal((await wire.answer()).status, 200, `behind the cut at ${i}`);
      wire.destroy();
    }),
  );
  // And byte by byte.
  const wire = new Wire({ port });
  for (const byte of text) await wire.write(byte);
  assert.equal((await wire.answer()).status, 200);
  wire.destroy();
});

test('framing: a chunk whose data has come and whose CRLF has not costs nothing', async () => {
  const wires = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const wire = new Wire({ port });
      await wire.write(chunked(`${n.toString(16)}\r\n${event_body}${i % 2 ? '\r' : ''}`));
      return wire;
    }),
  );
  await assert_serves(node);
  for (const [i, wire] of wires.entries()) await wire.write(`${i % 2 ? '' : '\r'}\n0\r\n\r\n`);
  for (const wire of wires) assert.equal((await wire.answer()).status, 200);
  wires.forEach((wire) => wire.destroy());
});

test('framing: absolute form, empty lines before a request and HTTP/1.0 are read', async () => {
  const absolute = request_text('GET', 'HTTP://other.example:99/api/v2/whoami?consistency=local', [bearer]);
  const wire = new Wire({ port });
  await wire.write(absolute + '\r\n\r\n' + whoami() + '\r');
  assert.equal((await wire.answer()).status, 200);
  assert.equal((await wire.answer()).status, 200);
  await wire.write('\n' + whoami());
  assert.equal((await wire.answer()).status, 200);
  wire.destroy();
  const old = await send_raw(port, `GET /api/v2/whoami HTTP/1.0\r\n${bearer}\r\n\r\n`);
  assert.equal(old[0].status, 200);
  assert.equal(old[0].headers.connection, 'close');
});

test('framing: requests in one go are answered in their order, large and small', async () => {
  const wire = new Wire({ port });
  const sizes = Array.from({ length: 120 }, (_, i) => [0, 1, 40, 700][i % 4]);
  const text = sizes.map((events, i) => {
    const id = `X-Request-Id: pipelined-${i}`;
    if (events === 0) return whoami(id);
    const body = JSON.stringify(Array.from({ length: events }, () => ({ type: 'custom.abuse', agent_id: `pipeline ${i % 7}` })));
    const framed = i % 3 === 0 ? [`Transfer-Encoding: chunked`, `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`] : [`Content-Length: ${body.length}`, body];
    return post([id, framed[0]], framed[1]);
  });
  const writing = wire.write(text.join(''));
  for (const [i, events] of sizes.entries()) {
    const answer = await wire.answer();
    assert.equal(answer.status, 200, `${i}: ${answer.text}`);
    assert.equal(answer.headers['x-request-id'], `pipelined-${i}`);
    if (events > 0) assert.equal(JSON.parse(answer.text).accepted, events, `${i}`);
  }
  await writing;
  wire.destroy();
});

test('framing: one who never stops sending requests does not keep others waiting', async () => {
  const wire = new Wire({ port });
  const burst = Buffer.from(request_text('GET', '/openapi.json').repeat(200));
  let sending = true;
  const flood = (async () => {
    while (sending && !wire.ended) await wire.write(burst);
  })();
  const drained = setInterval(() => (wire.bytes = Buffer.alloc(0)), 5);
  for (let i = 0; i < 20; i++) await assert_serves(node, 'beside a flood');
  sending = false;
  wire.destroy();
  clearInterval(drained);
  await flood;
});

test('framing: HEAD has no body, OPTIONS and TRACE are answered', async () => {
  const wire = new Wire({ port });
  await wire.write(request_text('HEAD', '/api/v2/whoami', [bearer]) + whoami());
  const head = await wire.answer('HEAD');
  assert.equal(head.status, 200);
  assert.ok(Number(head.headers['content-length']) > 0);
  const get = await wire.answer();
  assert.equal(get.body.length, Number(head.headers['content-length']));
  await wire.write(request_text('OPTIONS', '*') + request_text('OPTIONS', '/api/v2/events'));
  for (let i = 0; i < 2; i++) {
    const answer = await wire.answer();
    assert.equal(answer.status, 204);
    assert.match(answer.headers.allow, /GET.*OPTIONS/);
  }
  // TRACE would give back what a proxy added: never.
  await wire.write(request_text('TRACE', '/api/v2/whoami', [bearer, 'X-Secret: tell']));
  const trace = await wire.answer();
  assert.equal(trace.status, 405);
  assert.ok(!trace.text.includes('tell') && !trace.text.includes(admin_key));
  wire.destroy();
});

test('framing: Expect is met once, ignored in HTTP/1.0, or refused', async () => {
  const wire = new Wire({ port });
  await wire.write(post([`Content-Length: ${n}`, 'Expect: 100-Continue'], ''));
  assert.equal((await wire.answer()).status, 100);
  await wire.write(event_body);
  assert.equal((await wire.answer()).status, 200);
  // The body is there already: no interim answer.
  await wire.write(post([`Content-Length: ${n}`, 'Expect: 100-continue'], event_body));
  assert.equal((await wire.answer()).status, 200);
  wire.destroy();
  assert_refused(await send_raw(port, post([`Content-Length: ${n}`, 'Expect: wonders'], '')), 417, 'wonders');
  const unauthenticated = request_text('POST', '/api/v2/events', ['Expect: 100-continue', 'Content-Length: 9000000']);
  assert_refused(await send_raw(port, unauthenticated), 401, 'no key');
  assert_refused(await send_raw(port, post(['Expect: 100-continue', 'Content-Length: 99000000'], '')), 413, 'too large');
  const old = new Wire({ port });
  await old.write(`POST /api/v2/events HTTP/1.0\r\n${bearer}\r\n${json}\r\nExpect: 100-continue\r\nContent-Length: ${n}\r\n\r\n`);
  await old.write(event_body);
  assert.equal((await old.answer()).status, 200);
  old.destroy();
});

test('framing: a client that has sent all and closes its side is answered', async () => {
  const wire = new Wire({ port, allowHalfOpen: true });
  await wire.write(post([`Content-Length: ${n}`], event_body) + whoami());
  wire.half_close();
  assert.deepEqual((await wire.answers()).map((a) => a.status), [200, 200]);
  // One that closes within a request is not answered, and the request has no effect.
  for (const text of ['GET / HT', post([`Content-Length: ${n + 1}`], event_body), chunked(`${n.toString(16)}\r\n${event_body}\r\n`)]) {
    const cut = new Wire({ port, allowHalfOpen: true });
    await cut.write(text);
    cut.half_close();
    assert.deepEqual(await cut.answers(), []);
  }
  await assert_serves(node);
});
