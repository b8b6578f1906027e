// troupectl against a real node: every command in every format, and the exit codes scripts rely on.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { parse as parse_yaml, parseAllDocuments } from 'yaml';
import { numbers, step_of, steps } from '../support/events.mjs';
import { Node, admin_key, bin_dir } from '../support/node.mjs';
import { in_time, until } from '../support/until.mjs';

const program = join(bin_dir, 'troupectl');
let node, api;
before(async () => {
  node = await Node.start();
  api = node.api;
  await api.post('/api/v2/agents', { id: 'planner', name: 'The Planner', team: 'research', capabilities: ['plan'] });
  await api.send([...steps('planner', 5), ...steps('helper', 2)]);
  const chart = { id: 'c', type: 'line', source: { view: 'usage', measure: 'cost_usd' } };
  await api.post('/api/v2/dashboards', { dashboard_id: 'sales', title: 'Sales', charts: [chart] });
  await api.post('/api/v2/dashboards', { dashboard_id: 'costs', title: 'Costs' });
});
after(() => node?.remove());

const environment = (data_dir = node.data_dir) => ({
  PATH: process.env.PATH,
  HOME: node.home,
  XDG_CONFIG_HOME: join(node.home, 'config'),
  TROUPE_DATA_DIR: data_dir,
});

/** Runs it to its end: {code, stdout, stderr}. */
async function ctl(...args) {
  return await promisify(execFile)(program, args, { env: environment(), timeout: 20_000 }).then(
    (r) => ({ ...r, code: 0 }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

async function json(...args) {
  const { code, stdout, stderr } = await ctl('-o', 'json', ...args);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

const items = (answer) => (Array.isArray(answer) ? answer : answer.items);

test('troupectl: each command answers in JSON, and in YAML the same', async () => {
  // What the node sees of itself is some moments old.
  await until('the node to have seen the events', async () => {
    const { events_stored } = await json('status');
    return events_stored === 7 && items(await json('shards')).reduce((sum, shard) => sum + shard.last_seq, 0) === 7;
  });
  for (const command of [['status'], ['shards'], ['agents', 'list'], ['agents', 'show', 'planner'], ['dashboards', 'list'], ['dashboards', 'show', 'sales'], ['keys', 'list'], ['config', 'show']]) {
    const as_json = await json(...command);
    const { code, stdout } = await ctl('-o', 'yaml', ...command);
    assert.equal(code, 0, command.join(' '));
    const volatile = /resident|free|uptime|connections|index|memory|stored|^bytes$/i;
    const steady = (value) => JSON.parse(JSON.stringify(value, (key, inner) => (volatile.test(key) ? undefined : inner)));
    assert.deepEqual(steady(parse_yaml(stdout)), steady(as_json), command.join(' '));
  }
});

test('troupectl: status tells that the node is well', async () => {
  const status = await json('status');
  assert.equal(status.ready, true);
  assert.match(JSON.stringify(status), new RegExp(`:${node.ports.http}\\b`), 'where it listens');
  const { code, stdout } = await ctl('status');
  assert.equal(code, 0);
  assert.match(stdout, /ready/i);
});

test('troupectl: agents are listed and shown', async () => {
  const listed = items(await json('agents', 'list'));
  assert.deepEqual(listed.map((agent) => agent.id).sort(), ['helper', 'planner']);
  const planner = await json('agents', 'show', 'planner');
  assert.deepEqual([planner.name, planner.team, planner.totals.events], ['The Planner', 'research', 5]);
  const table = await ctl('agents', 'list');
  assert.equal(table.stdout.trim().split('\n').length, 3, `a heading and two rows: ${table.stdout}`);
  assert.ok(!table.stdout.includes('\x1b['), 'no colours into a pipe');
});

test('troupectl: shards are sixteen, each led by this node', async () => {
  const shards = items(await json('shards'));
  assert.equal(shards.length, 16);
  assert.deepEqual(shards.map((shard) => shard.shard).sort((a, b) => a - b), numbers(16));
  for (const shard of shards) assert.equal(shard.role, 'leader');
});

test('troupectl: a key is created, works, is listed, and is revoked', async () => {
  const made = await json('keys', 'create', '--name', 'by ctl', '--role', 'ingest');
  const { key, id } = made;
  assert.equal((await node.api_as(key).post('/api/v2/events', steps('by ctl', 1))).status, 200);
  assert.equal((await node.api_as(key).get('/api/v2/events')).status, 403);
  const listed = await ctl('-o', 'json', 'keys', 'list');
  assert.ok(!listed.stdout.includes(key), 'the secret is shown once');
  assert.ok(items(JSON.parse(listed.stdout)).some((row) => row.id === id && row.role === 'ingest'));
  assert.equal((await ctl('keys', 'revoke', id)).code, 0);
  await until('the key to stop working', async () => (await node.api_as(key).get('/api/v2/whoami')).status === 401, 3_000);
});

test('troupectl: the configuration is shown with where it came from, without secrets', async () => {
  const text = (await ctl('-o', 'json', 'config', 'show')).stdout;
  assert.ok(!text.includes(admin_key));
  const settings = items(JSON.parse(text));
  const found = settings.find((row) => row.name === 'data_dir');
  assert.deepEqual([found.value, found.source], [node.data_dir, 'environment']);
});

test('troupectl: dashboards are listed by a part of their title, and shown with their charts', async () => {
  const listed = items(await json('dashboards', 'list'));
  assert.deepEqual(listed.map((d) => [d.dashboard_id, d.chart_count]), [['costs', 0], ['sales', 1]]);
  assert.deepEqual(items(await json('dashboards', 'list', '--text', 'SAL')).map((d) => d.dashboard_id), ['sales']);
  const page = await json('dashboards', 'list', '--limit', '1');
  assert.deepEqual(items(await json('dashboards', 'list', '--after', page.next_after)).map((d) => d.dashboard_id), ['sales']);
  assert.deepEqual(await json('dashboards', 'show', 'sales'), await api.read('/api/v2/dashboards/sales'));
  assert.match((await ctl('dashboards', 'list')).stdout, /sales +Sales +1/);
  assert.equal((await ctl('dashboards', 'show', 'nobody')).code, (await ctl('agents', 'show', 'nobody')).code);
});

test('troupectl: events tail follows what happens, of all agents or of one', async () => {
  for (const [args, expected] of [[[], 6], [['--agent', 'tailed'], 4]]) {
    const child = spawn(program, ['-o', 'json', 'events', 'tail', ...args], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    const lines = () => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    let round = 0;
    await until('the tail to begin', async () => {
      await api.send([{ type: 'custom.probe', agent_id: 'tailed', attributes: { step: -1, round: (round += 1) } }]);
      return lines().length > 0;
    });
    await api.send(steps('tailed', 4));
    await api.send(steps('untailed', 2));
    const real = () => lines().filter((event) => step_of(event) >= 0);
    await until('the events', () => real().length >= expected);
    assert.deepEqual(real().filter((e) => e.agent_id === 'tailed').map(step_of), numbers(4));
    assert.equal(real().length, expected);
    child.kill('SIGINT');
    await in_time('the tail to end', new Promise((resolve) => child.once('close', resolve)), 5_000);
  }
});

test('troupectl: exit codes are 1 refused, 2 usage, 3 unreachable; errors come in the chosen format', async () => {
  const refused = await ctl('-o', 'json', 'agents', 'show', 'nobody');
  assert.equal(refused.code, 1);
  assert.ok(JSON.parse(refused.stderr || refused.stdout), 'the error is JSON');
  const in_yaml = await ctl('-o', 'yaml', 'keys', 'revoke', 'no-such-key');
  assert.equal(in_yaml.code, 1);
  assert.equal(parseAllDocuments(in_yaml.stderr || in_yaml.stdout)[0].errors.length, 0);
  for (const usage of [['dance'], ['agents', 'show'], ['-o', 'xml', 'status'], ['keys', 'create', '--name', 'x', '--role', 'emperor']]) {
    assert.equal((await ctl(...usage)).code, 2, usage.join(' '));
  }
  const help = await ctl('--help');
  assert.equal(help.code, 0);
  for (const command of ['status', 'agents', 'events', 'shards', 'keys', 'config']) assert.match(help.stdout, new RegExp(command));
  await node.stop();
  const away = await ctl('-o', 'json', 'status');
  assert.equal(away.code, 3, away.stderr);
  await node.boot();
  assert.equal((await ctl('status')).code, 0);
});

test('troupectl: the certificates of another node open nothing', async () => {
  const stranger = await Node.start();
  const run = promisify(execFile)(program, ['--node', `127.0.0.1:${node.ports.admin}`, 'status'], {
    env: environment(stranger.data_dir),
    timeout: 20_000,
  });
  const { code } = await run.then(() => ({ code: 0 }), (error) => error);
  assert.equal(code, 3, 'another CA');
  assert.equal((await ctl('status')).code, 0);
  await stranger.remove();
});
