// Who may do what, and how the edge answers what it does not serve: roles, revoked keys, CORS, methods, paths.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { EventSource } from 'eventsource';
import WebSocket from 'ws';
import { join, open_socket } from '../support/channels.mjs';
import { steps, uuid7 } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';
import { in_time, until } from '../support/until.mjs';

let node, admin, keys;
before(async () => {
  node = await Node.start();
  admin = node.api;
  keys = { read: await admin.make_key('read'), ingest: await admin.make_key('ingest') };
  await admin.send(steps('someone', 3));
});
after(() => node?.remove());

/** OTLP has errors of its own: a google.rpc.Status in the encoding of the request. */
function assert_status_form(answer, status, about) {
  assert.equal(answer.status, status, about);
  assert.equal(answer.type, 'application/json', about);
  assert.deepEqual(Object.keys(answer.body), ['code', 'message'], about);
}

test('roles: each key may do what its role says, and nothing else', async () => {
  const event_id = (await admin.all('/api/v2/events'))[0].id;
  const post = (path, body) => (api) => api.post(path, body);
  const get = (path) => (api) => api.get(path);
  const otlp = (api) => api.post('/v1/traces', '{}', { headers: { 'content-type': 'application/json' } });
  // what, the status for admin, ingest, read
  const matrix = [
    ['send events', () => post('/api/v2/events', steps('by role', 1)), 200, 200, 403],
    ['send OTLP', () => otlp, 200, 200, 403],
    ['register an agent', () => post('/api/v2/agents', { id: 'role agent' }), [200, 201], [200, 201], 403],
    ['heartbeat', () => post('/api/v2/agents/someone/heartbeat', {}), 200, 200, 403],
    ['create a task', () => post('/api/v2/agents/someone/tasks', { name: 'x' }), 201, 201, 403],
    ['claim a task', () => post('/api/v2/agents/someone/tasks/claim', {}), 200, 200, 403],
    ['list events', () => get('/api/v2/events'), 200, 403, 200],
    ['read an event', () => get(`/api/v2/events/${event_id}`), 200, 403, 200],
    ['list agents', () => get('/api/v2/agents'), 200, 403, 200],
    ['read an agent', () => get('/api/v2/agents/someone'), 200, 403, 200],
    ['list active agents', () => get('/api/v2/agents/active'), 200, 403, 200],
    ['list tasks', () => get('/api/v2/agents/someone/tasks'), 200, 403, 200],
    ['read rollups', () => get('/api/v2/rollups?resolution=minute&by=all'), 200, 403, 200],
    ['list keys', () => get('/api/v2/keys'), 200, 403, 403],
    ['make a key', () => post('/api/v2/keys', { name: 'sneaky', role: 'admin' }), 201, 403, 403],
    ['revoke a key', () => (api) => api.delete(`/api/v2/keys/${keys.read.id}`), null, 403, 403],
    ['ask who it is', () => get('/api/v2/whoami'), 200, 200, 200],
  ];
  for (const [what, make, ...expected] of matrix) {
    for (const [i, key] of [admin_key, keys.ingest.key, keys.read.key].entries()) {
      if (expected[i] === null) continue;
      const answer = await make()(node.api_as(key));
      const about = `${what} as ${['admin', 'ingest', 'read'][i]}`;
      if (expected[i] === 403 && what === 'send OTLP') assert_status_form(answer, 403, about);
      else if (expected[i] === 403) assert_problem(answer, 403, about);
      else assert.ok([expected[i]].flat().includes(answer.status), `${about}: ${answer.status} ${answer.text}`);
    }
  }
  const who = await node.api_as(keys.ingest.key).read('/api/v2/whoami');
  assert.deepEqual(who, { org: 'default', role: 'ingest', key_id: keys.ingest.id, name: 'e2e ingest' });
});

test('keys: without a key, with a wrong one, or with one in the URL nothing is served', async () => {
  for (const path of ['/api/v2/events', '/api/v2/whoami', '/api/v2/agents/active', '/api/livebook/stream/telemetry']) {
    for (const [api, about] of [
      [node.api_as(null), 'no key'],
      [node.api_as('wrong-key-wrong-key-wrong-key-wrong'), 'wrong key'],
    ]) {
      const answer = await api.get(path);
      assert_problem(answer, 401, `${path} with ${about}`);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
  }
  for (const name of ['key', 'token', 'access_token', 'api_key']) {
    const answer = await node.api_as(null).get(`/api/v2/whoami?${name}=${admin_key}`);
    assert.ok([400, 401].includes(answer.status), `${name}: ${answer.status}`);
  }
  assert_problem(await node.api_as(null).post('/api/v2/events', steps('no key', 1)), 401);
  assert_problem(await admin.get('/api/v2/agents/no%20key'), 404);
});

test('keys: a secret is told once and never listed', async () => {
  const made = await admin.make_key('read', 'listed');
  assert.ok(made.key.length >= 32);
  const listed = await admin.get('/api/v2/keys');
  assert.ok(!listed.text.includes(made.key));
  const row = listed.body.items.find((item) => item.id === made.id);
  assert.deepEqual([row.name, row.role], ['listed', 'read']);
  assert_problem(await admin.post('/api/v2/keys', { name: 'x', role: 'emperor' }), [400, 422]);
  assert.ok(!node.logs.join('\n').includes(made.key), 'nor is it in the log');
});

test('keys: a revoked key stops working at once and its sockets and streams are closed', async () => {
  const made = await admin.make_key('read', 'to be revoked');
  // It must not try again at once: an address that goes on with a wrong key is slowed down.
  const socket = open_socket(node.base, made.key, { reconnectAfterMs: () => 60_000 });
  assert.equal((await join(socket, 'events')).status, 'ok');
  const opened = socket.conn;
  const stream = new EventSource(`${node.base}/api/livebook/stream/telemetry`, {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${made.key}` } }),
  });
  const refused = new Promise((resolve) => stream.addEventListener('error', (e) => e.code === 401 && resolve()));
  await until('the stream to open', () => stream.readyState === EventSource.OPEN);
  const revoked = await admin.delete(`/api/v2/keys/${made.id}`);
  assert.ok([200, 204].includes(revoked.status), revoked.text);
  assert_problem(await node.api_as(made.key).get('/api/v2/whoami'), 401);
  await until('the socket to close', () => opened.readyState === WebSocket.CLOSED, 3_000);
  await in_time('the stream to end and not to be opened again', refused, 5_000);
  stream.close();
  socket.disconnect();
  assert_problem(await admin.delete(`/api/v2/keys/${uuid7()}`), 404);
});

test('CORS: closed by default, no origin is allowed', async () => {
  const origin = { origin: 'https://evil.example' };
  const plain = await admin.get('/api/v2/whoami', { headers: origin });
  assert.equal(plain.headers.get('access-control-allow-origin'), null);
  const preflight = await node.api_as(null).call('OPTIONS', '/api/v2/events', {
    headers: { ...origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  });
  assert.equal(preflight.headers.get('access-control-allow-origin'), null);
  const refused = new WebSocket(`${node.base.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`, ['phoenix'], {
    origin: 'https://evil.example',
  });
  const status = await in_time('the handshake to be refused', new Promise((resolve) => {
    refused.on('unexpected-response', (_, response) => resolve(response.statusCode));
    refused.on('open', () => resolve('opened'));
    refused.on('error', () => {});
  }));
  assert.equal(status, 403, 'a page of another origin gets no socket');
});

test('CORS: an origin that is configured is allowed, no other', async () => {
  const other = await Node.start({ env: { TROUPE_CORS_ORIGINS: 'https://ops.example' } });
  const ask = async (origin) => {
    const answer = await other.api.get('/api/v2/whoami', { headers: { origin } });
    return [answer.status, answer.headers.get('access-control-allow-origin')];
  };
  assert.deepEqual(await ask('https://ops.example'), [200, 'https://ops.example']);
  assert.deepEqual(await ask('https://evil.example'), [200, null]);
  const preflight = await other.api_as(null).call('OPTIONS', '/api/v2/events', {
    headers: {
      origin: 'https://ops.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
  assert.ok([200, 204].includes(preflight.status), preflight.text);
  assert.match(preflight.headers.get('access-control-allow-methods'), /POST/);
  assert.match(preflight.headers.get('access-control-allow-headers').toLowerCase(), /authorization/);
  await other.remove();
});

test('methods: HEAD is GET without a body, OPTIONS tells the methods, others are 405', async () => {
  const get = await admin.get('/api/v2/agents/someone');
  const head = await admin.call('HEAD', '/api/v2/agents/someone');
  assert.deepEqual([head.status, head.text], [200, '']);
  for (const name of ['content-type', 'content-length', 'etag']) assert.equal(head.headers.get(name), get.headers.get(name), name);
  const options = await admin.call('OPTIONS', '/api/v2/events');
  assert.ok([200, 204].includes(options.status), options.text);
  for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) assert.ok(options.headers.get('allow').includes(method), method);
  for (const [method, path] of [
    ['DELETE', '/api/v2/events'],
    ['PUT', '/api/v2/agents/someone'],
    ['POST', '/api/v2/whoami'],
    ['GET', '/v1/traces'],
  ]) {
    const answer = await admin.call(method, path);
    assert_problem(answer, 405, `${method} ${path}`);
    assert.ok(answer.headers.get('allow'), `${method} ${path} says what is allowed`);
  }
});

test('paths: what is not there is a 404 problem, and what is odd does no harm', async () => {
  for (const path of ['/api/v2/nothing', '/api/v2/events/', '/api/v3/events', '/api', '/missing.js', '/..%2f..%2fetc%2fpasswd']) {
    const answer = await admin.get(path);
    assert_problem(answer, [400, 404], path);
  }
  for (const raw of [
    'GET /../../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'BREW /api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'nonsense\r\n\r\n',
  ]) {
    const text = await raw_exchange(raw);
    assert.match(text, /^HTTP\/1\.1 (400|404|405|501) /, `${JSON.stringify(raw)}: ${text.slice(0, 100)}`);
    assert.ok(!text.includes('root:'), raw);
  }
  const huge = `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(1 << 20)}\r\n\r\n`;
  assert.match(await raw_exchange(huge), /^HTTP\/1\.1 431 /);
});

function raw_exchange(bytes) {
  return in_time('an answer', new Promise((resolve) => {
    let text = '';
    const socket = connect(node.ports.http, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (data) => (text += data));
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  }));
}

test('page: the files come with strict headers, and unknown views with the page itself', async () => {
  const page = await node.api_as(null).get('/', { headers: { accept: 'text/html' } });
  assert.equal(page.status, 200);
  assert.equal(page.type, 'text/html');
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'/);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.ok(page.headers.get('referrer-policy'));
  const view = await node.api_as(null).get('/agents', { headers: { accept: 'text/html' } });
  assert.equal(view.text, page.text);
  const script = /src="(\/[^"]+\.js)"/.exec(page.text)[1];
  const plain = await node.api_as(null).get(script);
  assert.match(plain.type, /javascript/);
  assert.match(plain.headers.get('cache-control'), /immutable/);
  const cached = await node.api_as(null).get('/', { headers: { 'if-none-match': page.headers.get('etag') ?? '' } });
  assert.equal(cached.status, page.headers.get('etag') ? 304 : 200);
});

test('tracing: traceparent of a request comes back, a broken one does no harm', async () => {
  const trace_id = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traced = await admin.get('/api/v2/whoami', { headers: { traceparent: `00-${trace_id}-00f067aa0ba902b7-01` } });
  assert.match(traced.headers.get('traceparent') ?? '', new RegExp(`^00-${trace_id}-`));
  const broken = await admin.get('/api/v2/whoami', { headers: { traceparent: 'zz' } });
  assert.equal(broken.status, 200);
});
