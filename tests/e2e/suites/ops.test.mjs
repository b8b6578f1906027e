// Operations: metrics a scraper can read, probes, signals, and start-up that refuses what it must not do.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { numbers, steps } from '../support/events.mjs';
import { join as join_topic, open_socket } from '../support/channels.mjs';
import { Node, admin_key, bin_dir } from '../support/node.mjs';
import { in_time, until } from '../support/until.mjs';

let node, api;
before(async () => {
  node = await Node.start();
  api = node.api;
});
after(() => node?.remove());

const metrics = async (query = '') => {
  const response = await fetch(`${node.ops}/metrics${query}`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/plain/);
  return await response.text();
};

/** The sum over all series of a metric. */
const sum_of = (text, name) =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);

/** Runs trouped to its end. */
async function run_node(args, env = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-ops-'));
  const listen = Object.fromEntries(['HTTP', 'OTLP', 'OPS', 'ADMIN'].map((name) => [`TROUPE_${name}_LISTEN`, '127.0.0.1:0']));
  try {
    return await promisify(execFile)(join(bin_dir, 'trouped'), args, {
      env: { PATH: process.env.PATH, HOME: folder, TROUPE_DATA_DIR: join(folder, 'data'), ...listen, ...env },
      timeout: 20_000,
    }).then((r) => ({ ...r, code: 0 }), (error) => error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What promtool says to a text of metrics: its lines. */
async function promtool(text) {
  const check = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [check.stdout, check.stderr]) stream.on('data', (data) => (said += data));
  const code = new Promise((resolve, reject) => check.once('close', resolve).once('error', reject));
  check.stdin.end(text);
  const complaints = [1, 3]; // 1: it cannot read it, 3: it can and has something to say
  const ended = await in_time('promtool', code);
  assert.equal(complaints.includes(ended), said !== '', `${ended}: ${said}`);
  return said.split('\n').filter(Boolean);
}

test('metrics: promtool finds nothing to say but to the names of the dashboard seed', async () => {
  await api.send(steps('measured', 100));
  const socket = open_socket(node.base, admin_key);
  await join_topic(socket, 'events');
  await api.get('/api/v2/nothing');
  assert.deepEqual(await promtool(await metrics('?aliases=no')), []);
  for (const line of await promtool(await metrics())) assert.match(line, /^ash_reports_\w+ metric names should/);
  socket.disconnect();
});

test('metrics: the names of the dashboard seed are there, and figures follow what happens', async () => {
  const connections = async () => sum_of(await metrics(), 'ash_reports_websocket_connections');
  await until('earlier sockets to be counted out', async () => (await connections()) === 0);
  const text = await metrics();
  for (const name of ['websocket_connections', 'latency_ms', 'memory_mb', 'error_rate']) {
    assert.match(text, new RegExp(`^ash_reports_${name}[{ ]`, 'm'), name);
  }
  assert.ok(sum_of(text, 'ash_reports_memory_mb') > 1);
  const socket = open_socket(node.base, admin_key);
  await join_topic(socket, 'events');
  assert.equal(await connections(), 1);
  socket.disconnect();
  await until('the socket to be counted out', async () => (await connections()) === 0);
});

test('probes: alive and ready, and nothing else is served there', async () => {
  for (const path of ['/livez', '/readyz']) assert.equal((await fetch(node.ops + path)).status, 200, path);
  for (const path of ['/', '/api/v2/events', '/metrics/x']) assert.equal((await fetch(node.ops + path)).status, 404, path);
  assert.ok([404, 405].includes((await fetch(`${node.ops}/metrics`, { method: 'POST', body: 'x' })).status));
});

test('probes: strangers who say nothing, read nothing or cut a chunk short do not keep them from being answered', async () => {
  const { port } = new URL(node.ops);
  const strangers = [];
  const stranger = async (text = '') => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {}).pause();
    strangers.push(socket);
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  };
  const head = 'GET /metrics HTTP/1.1\r\nHost: x\r\n';
  try {
    for (const i of numbers(100)) {
      await stranger();
      await stranger(`${head}Transfer-Encoding: chunked\r\n\r\n${i}\r\nhello`);
    }
    const reads_nothing = await stranger();
    for (const _ of numbers(3000)) {
      reads_nothing.write(`${head}\r\n`);
      await api.get('/api/v2/whoami'); // so that each arrives by itself
    }
    for (const path of ['/livez', '/readyz', '/metrics']) assert.equal((await fetch(node.ops + path)).status, 200, path);
    const open = async () => (await readdir(`/proc/${node.pid}/fd`)).length;
    const before = await open();
    for (const socket of strangers) socket.destroy();
    await until('their descriptors to be given back', async () => (await open()) < before);
  } finally {
    for (const socket of strangers) socket.destroy();
  }
});

test('logs: each line is a JSON object with time, level and message, and the key is never among them', () => {
  const lines = node.logs.filter((line) => line.trim() !== '');
  assert.ok(lines.length > 0);
  for (const line of lines) {
    const entry = JSON.parse(line);
    assert.ok(entry.level && (entry.time ?? entry.ts) && (entry.message ?? entry.msg), line);
  }
  assert.ok(!lines.join('\n').includes(admin_key));
});

test('signals: SIGTERM lets a running request end, refuses new work, and exits 0', async () => {
  const other = await Node.start();
  const slow = new ReadableStream({
    async start(controller) {
      const text = new TextEncoder().encode(JSON.stringify(steps('last words', 200)));
      controller.enqueue(text.subarray(0, 100));
      await until('the node to be unready', async () => !(await fetch(`${other.ops}/readyz`).then((r) => r.ok, () => false)));
      controller.enqueue(text.subarray(100));
      controller.close();
    },
  });
  const answered = fetch(`${other.base}/api/v2/events`, {
    method: 'POST',
    duplex: 'half',
    body: slow,
    headers: { authorization: `Bearer ${admin_key}`, 'content-type': 'application/json' },
  });
  await until('the request to be under way', async () => (await fetch(`${other.ops}/readyz`)).ok);
  const stopped = other.stop();
  const response = await answered.catch((error) => error);
  assert.deepEqual(await stopped, { code: 0, signal: null });
  if (response.status === 200) {
    await other.boot();
    assert.equal((await other.api.read('/api/v2/agents/last%20words')).totals.events, 200, 'what was acknowledged is there');
  }
  await other.remove();
});

test('signals: a second SIGTERM ends it at once, and nothing acknowledged is lost', async () => {
  const other = await Node.start({ env: { TROUPE_DRAIN_SECONDS: '60' } });
  await other.api.send(steps('kept', 100));
  const stream = await fetch(`${other.base}/api/livebook/stream/telemetry`, { headers: { authorization: `Bearer ${admin_key}` } });
  assert.equal(stream.status, 200);
  const { ended } = other;
  process.kill(other.pid, 'SIGTERM');
  process.kill(other.pid, 'SIGTERM');
  await in_time('the end', ended, 5_000);
  await stream.body.cancel().catch(() => {});
  await other.boot();
  assert.equal((await other.api.read('/api/v2/agents/kept')).totals.events, 100);
  await other.remove();
});

test('start-up: settings that are unknown or wrong are refused by name', async () => {
  const typo = await run_node([], { TROUPE_HTP_LISTEN: '127.0.0.1:0' });
  assert.equal(typo.code, 2);
  assert.match(typo.stderr, /TROUPE_HTP_LISTEN.*TROUPE_HTTP_LISTEN/s, 'it names the nearest right one');
  const flag = await run_node(['--http-lisen', '127.0.0.1:0']);
  assert.match(flag.stderr, /--http-listen/);
  const beyond = await run_node([], { TROUPE_HTTP_LISTEN: '0.0.0.0:0' });
  assert.notEqual(beyond.code, 0);
  assert.match(beyond.stderr, /insecure/i, 'beyond loopback without TLS needs to be asked for');
  const short = await run_node([], { TROUPE_ADMIN_KEY: 'short' });
  assert.notEqual(short.code, 0);
  assert.ok(!short.stderr.includes('short key: short'));
});

test('start-up: --print-config tells each value and where it came from, --version and --help answer', async () => {
  const { code, stdout } = await run_node(['--print-config', '--drain-seconds', '3'], { TROUPE_ADMIN_KEY: admin_key });
  assert.equal(code, 0);
  assert.match(stdout, /^drain_seconds = 3.*flag/m);
  assert.match(stdout, /^http_listen = "127\.0\.0\.1:0".*environment/m);
  assert.match(stdout, /^shards = 16.*default/m);
  assert.ok(!stdout.includes(admin_key), 'a secret is not shown');
  assert.match((await run_node(['--version'])).stdout, /\d+\.\d+/);
  assert.match((await run_node(['--help'])).stdout, /--data-dir/);
});

test('start-up: a second node on the same data is refused and harms nothing', async () => {
  await api.send(steps('guarded', 3));
  const second = await run_node([], { TROUPE_DATA_DIR: node.data_dir });
  assert.notEqual(second.code, 0);
  assert.match(`${second.stderr}${second.stdout}`, /data/i);
  assert.equal((await api.read('/api/v2/agents/guarded')).totals.events, 3);
});

test('start-up: without an admin key one is made, shown once, and works', async () => {
  const other = await Node.start({ env: { TROUPE_ADMIN_KEY: '' } });
  const shown = other.logs.join('\n').match(/[A-Za-z0-9_-]{32,}/g) ?? [];
  const tries = await Promise.all([...new Set(shown)].map(async (key) => [key, (await other.api_as(key).get('/api/v2/whoami')).status]));
  const working = tries.filter(([, status]) => status === 200);
  assert.equal(working.length, 1, `one of the shown words is the key: ${tries.length} were tried`);
  await other.restart();
  assert.ok(!other.logs.slice(other.first_line).join('\n').includes(working[0][0]), 'not shown again');
  assert.equal((await other.api_as(working[0][0]).get('/api/v2/whoami')).status, 200);
  await other.remove();
});
