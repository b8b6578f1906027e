// What a stranger may learn and try: fields of every answer, guessing of keys on every way in, secrets in logs and files,
// paths that lead out of the page's folder, and what is listened on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { Node, admin_key, bin_dir } from '../support/node.mjs';
import { until } from '../support/until.mjs';
import { Wire, end_all_wires, request_text } from '../support/wire.mjs';

let node, api;
before(async () => {
  node = await Node.start({ env: { TROUPE_LOG_LEVEL: 'trace' } });
  api = node.api;
});
after(async () => {
  end_all_wires();
  await node?.remove();
});

/** One request from this address of loopback; guesses of one address do not slow another. */
async function ask(port, text, localAddress = '127.0.0.1', method = 'GET') {
  const wire = new Wire({ port, localAddress });
  await wire.write(text);
  const answer = await wire.answer(method);
  wire.destroy();
  return answer;
}

const get = (path, ...headers) => request_text('GET', path, headers);
const bearer = (key) => `Authorization: Bearer ${key}`;

test('security: every answer has the fields that keep browsers strict, and none that tells the program', async () => {
  const { http, otlp } = node.ports;
  const answers = {
    'an answer': [http, get('/api/v2/whoami', bearer(admin_key)), 200],
    'the page': [http, get('/', 'Accept: text/html'), 200],
    'the description': [http, get('/openapi.json'), 200],
    'no key': [http, get('/api/v2/whoami'), 401],
    'nothing there': [http, get('/api/nothing'), 404],
    'a wrong method': [http, request_text('DELETE', '/api/v2/whoami'), 405],
    'a broken request': [http, 'nonsense\r\n\r\n', 400],
    'too long': [http, get(`/${'a'.repeat(9000)}`), 414],
    'options': [http, request_text('OPTIONS', '/api/v2/events'), 204],
    'a body without a key': [http, request_text('POST', '/api/v2/events', ['Content-Length: 2'], '{}'), 401],
    'OTLP': [otlp, request_text('POST', '/v1/traces', [bearer(admin_key), 'Content-Type: application/json', 'Content-Length: 2'], '{}'), 200],
    'OTLP without a key': [otlp, request_text('POST', '/v1/logs', ['Content-Type: application/json', 'Content-Length: 2'], '{}'), 401],
  };
  for (const [name, [port, text, status]] of Object.entries(answers)) {
    const { headers, status: got } = await ask(port, text);
    assert.equal(got, status, name);
    assert.equal(headers['x-content-type-options'], 'nosniff', name);
    assert.equal(headers['x-frame-options'], 'DENY', name);
    assert.equal(headers['referrer-policy'], 'no-referrer', name);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', name);
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin', name);
    assert.match(headers['permissions-policy'] ?? '', /camera=\(\)/, name);
    assert.match(headers['content-security-policy'] ?? '', /^default-src 'none'/, name);
    assert.match(headers['content-security-policy'], /frame-ancestors 'none'/, name);
    assert.doesNotMatch(headers['content-security-policy'], /unsafe|\*/, name);
    for (const told of ['server', 'x-powered-by', 'via', 'access-control-allow-origin', 'set-cookie']) {
      assert.equal(headers[told], undefined, `${name}: ${told}`);
    }
  }
});

test('security: any origin that is configured with a star is allowed, and never with credentials', async () => {
  const open = await Node.start({ env: { TROUPE_CORS_ORIGINS: '*' } });
  const answer = await ask(open.ports.http, get('/api/v2/whoami', bearer(admin_key), 'Origin: https://any.example'));
  assert.equal(answer.headers['access-control-allow-origin'], 'https://any.example');
  assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  await open.remove();
});

/** The handshake of a WebSocket: its status, or the socket. */
async function dial(localAddress, key) {
  const protocols = key ? ['phoenix', `base64url.bearer.phx.${Buffer.from(key).toString('base64url')}`] : ['phoenix'];
  const socket = new WebSocket(`ws://127.0.0.1:${node.ports.http}/socket/websocket?vsn=2.0.0`, protocols, { localAddress });
  let status = 0;
  socket.on('unexpected-response', (_, response) => (status = response.statusCode));
  socket.on('error', () => {});
  await until('the handshake', () => status || socket.readyState === WebSocket.OPEN);
  return { socket, status };
}

/** Joins with this token in the payload; the reply. */
async function join_with({ socket }, token, ref) {
  const reply = new Promise((resolve) => {
    socket.on('message', function listen(data) {
      const frame = JSON.parse(String(data));
      if (frame[1] !== ref) return;
      socket.off('message', listen);
      resolve(frame[4]);
    });
  });
  socket.send(JSON.stringify([ref, ref, 'events', 'phx_join', { token }]));
  return await reply;
}

test('security: guessing keys is slowed on every way in, and only for the address that guesses', async () => {
  const wrong = (i) => `wrong-key-of-the-test-${i}-0123456789abcdef`;
  const { http, otlp } = node.ports;
  const ways = {
    REST: async (from, key) => (await ask(http, get('/api/v2/whoami', bearer(key)), from)).status,
    OTLP: async (from, key) => (await ask(otlp, request_text('POST', '/v1/traces', [bearer(key), 'Content-Type: application/json', 'Content-Length: 2'], '{}'), from)).status,
    'event stream': async (from, key) => (await ask(http, get('/api/livebook/stream/telemetry', bearer(key)), from, 'HEAD')).status,
    handshake: async (from, key) => (await dial(from, key)).status,
  };
  for (const [i, [name, way]] of Object.entries(ways).entries()) {
    const from = `127.0.3.${i + 1}`;
    const statuses = [];
    for (let n = 0; n < 30; n++) statuses.push(await way(from, wrong(n)));
    assert.equal(statuses[0], 401, name);
    assert.ok(statuses.includes(429), `${name}: ${statuses}`);
    // Not even the right key of someone who was never here: guesses and hits look the same.
    assert.equal(await way(from, admin_key), 429, name);
    assert.ok([101, 200, 0].includes(await way(`127.0.3.${i + 101}`, admin_key)), `${name}: another address`);
  }
  const guesser = await dial('127.0.3.50');
  const reasons = [];
  for (let n = 0; n < 30; n++) reasons.push((await join_with(guesser, wrong(n), `g${n}`)).response.reason);
  assert.equal(reasons[0], 'unauthenticated');
  assert.ok(reasons.includes('overloaded'), `${reasons}`);
  guesser.socket.terminate();
  // Who was here with a right key goes on, though somebody at the same address guesses.
  const from = '127.0.3.60';
  assert.equal(await ways.REST(from, admin_key), 200);
  for (let n = 0; n < 30; n++) await ways.REST(from, wrong(n));
  assert.equal(await ways.REST(from, wrong(0)), 429);
  assert.equal(await ways.REST(from, admin_key), 200);
});

test('security: no key, token or claim token is in a log or a file, at any level', async () => {
  const made = await api.make_key('ingest', 'logged');
  const secrets = { admin: admin_key, made: made.key, guess: 'a-guess-0123456789-0123456789-0123456789' };
  const from = '127.0.4.1';
  for (const key of Object.values(secrets)) {
    for (const text of [
      get('/api/v2/whoami', bearer(key)),
      get('/api/v2/whoami', `Authorization: Basic ${key}`),
      get('/api/v2/whoami', `Authorization: ${key}`),
      get('/api/v2/whoami', `Authorization: Bearer ${key} ${key}`),
      get(`/api/v2/whoami?token=${key}&access_token=${key}&key=${key}`),
      get(`/api/v2/events?api_key=${key}`, bearer(admin_key)),
      get(`/api/v2/events/${key}`, bearer(admin_key)),
      get(`/${key}`),
      get(`/api/${key}`),
      get('/api/v2/whoami', `X-Api-Key: ${key}`, `Cookie: token=${key}`, `Referer: https://x/?${key}`),
      request_text('POST', '/api/v2/events', [bearer(key), 'Content-Type: application/json', 'Content-Length: 5'], '[1,2]'),
      request_text(key.replaceAll('_', '-'), '/', []),
      `GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nbroken\r\n\r\n`,
    ]) {
      const answer = await ask(node.ports.http, text, from);
      assert.ok(!answer.text.includes(key), `the answer repeats it: ${answer.text}`);
      assert.ok(!JSON.stringify(answer.headers).includes(key), 'the answer repeats it in a field');
    }
    (await dial('127.0.4.2', key)).socket.terminate();
    const joined = await dial('127.0.4.3');
    await join_with(joined, key, '1');
    joined.socket.send(`["1","2","events","publish",{"token":"${key}"}]`);
    joined.socket.send(`broken ${key}`);
    await until('the socket to be closed', () => joined.socket.readyState === WebSocket.CLOSED);
  }
  await api.post('/api/v2/agents', { id: 'logged' });
  assert.equal((await api.post('/api/v2/agents/logged/tasks', { name: 'secret task' })).status, 201);
  const claimed = await api.post('/api/v2/agents/logged/tasks/claim', {});
  secrets.claim = claimed.body.claim_token;
  assert.ok(secrets.claim?.length > 8);
  await api.post(`/api/v2/agents/logged/tasks/${claimed.body.id}/complete`, { claim_token: `${secrets.claim}-wrong` });
  await api.post(`/api/v2/agents/logged/tasks/${claimed.body.id}/complete`, { claim_token: secrets.claim, result: {} });
  await api.delete(`/api/v2/keys/${made.id}`);
  await until('lines of the last request', () => node.logs.some((line) => line.includes('DELETE /api/v2/keys')));
  const log = node.logs.join('\n');
  assert.match(log, /"level":"debug"/);
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of [secret, Buffer.from(secret).toString('base64url'), encodeURIComponent(secret)]) {
      assert.ok(!log.includes(form), `the ${name} is in the log: ${node.logs.find((line) => line.includes(form))}`);
    }
  }
  await node.stop();  // while it runs, files come and go
  for (const file of files_of(node.data_dir)) {
    const bytes = readFileSync(file);
    for (const name of ['admin', 'made', 'guess']) assert.ok(!bytes.includes(secrets[name]), `the ${name} is in ${file}`);
  }
  await node.boot();
  assert.ok(!node.logs.join('\n').includes(admin_key));
});

function files_of(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files_of(path) : statSync(path).isFile() ? [path] : [];
  });
}

test('security: no path leads out of the page’s folder', async () => {
  for (const path of [
    '/../../../../etc/passwd', '/..%2f..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/../../../../etc/passwd', '/assets/..%5c..%5cetc/passwd',
    '//etc/passwd', '/./etc/passwd', '/etc/passwd', '/%2fetc%2fpasswd', '/..;/etc/passwd', '/.%00./etc/passwd', '/%c0%ae%c0%ae/etc/passwd', '/%252e%252e/etc/passwd',
    '/.git/config', '/.env', '/package.json', '/../package.json', '/index.html/../../package.json', '/C:/windows/win.ini', 'file:///etc/passwd',
  ]) {
    const answer = await ask(node.ports.http, request_text('GET', path, ['Connection: close']));
    assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
    assert.ok(!answer.text.includes('root:'), path);
  }
});

test('security: what needs no key listens on loopback unless it is told otherwise twice', async () => {
  const run = (env) => spawnSync(join(bin_dir, 'trouped'), ['--print-config'], { env: { PATH: process.env.PATH, HOME: node.home, ...env }, encoding: 'utf8' });
  const shown = run({});
  assert.equal(shown.status, 0);
  for (const name of ['http_listen', 'otlp_listen', 'ops_listen', 'admin_listen']) {
    assert.match(shown.stdout, new RegExp(`^${name} = "127\\.0\\.0\\.1:\\d+"`, 'm'));
  }
  for (const name of ['HTTP', 'OTLP', 'OPS']) {
    const refused = run({ [`TROUPE_${name}_LISTEN`]: '0.0.0.0:0' });
    assert.notEqual(refused.status, 0, name);
    assert.match(refused.stderr, /insecure_listen/, name);
  }
  assert.ok(!run({ TROUPE_ADMIN_KEY: admin_key }).stdout.includes(admin_key));
});
