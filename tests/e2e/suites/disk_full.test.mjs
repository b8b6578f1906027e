// A full disk refuses writes with 507, keeps serving reads, and takes writes again when space returns: when it fills
// slowly and the node sees it coming, and when all space is gone at once under load.
// Needs root for a tmpfs of its own; where mounting is not permitted the suite is skipped and says so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { by_place, numbers, step_of, steps } from '../support/events.mjs';
import { Node } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';
import { until } from '../support/until.mjs';

const MiB = 1024 * 1024;
const disk_bytes = 512 * MiB;
const reserve_bytes = 128 * MiB; // below this the node refuses writes, above twice this it takes them again

const disk = mkdtempSync(join(tmpdir(), 'troupe-disk-'));
const ballast = join(disk, 'ballast');
const skip = mount();
let node, api;

/** False, or why the suite cannot run. */
function mount() {
  if (process.getuid() !== 0) return 'mounting a tmpfs needs root';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk_bytes}`, 'troupe-e2e', disk], { stdio: 'pipe' });
    return false;
  } catch (error) {
    return `mounting a tmpfs is not permitted here: ${String(error.stderr).trim()}`;
  }
}

before(async () => {
  if (skip) return;
  node = await Node.start({ data_dir: join(disk, 'data') });
  api = node.api;
});
after(async () => {
  await node?.remove();
  if (!skip) execFileSync('umount', ['--lazy', disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** Takes all but `keep` bytes of the disk, at once, whoever else is taking some. */
function take_space(keep) {
  for (let tries = 50; ; tries -= 1) {
    const { bavail, bsize } = statfsSync(disk);
    try {
      return execFileSync('fallocate', ['--length', String(bavail * bsize - keep), ballast], { stdio: 'pipe' });
    } catch (error) {
      if (tries === 0) throw error;
    }
  }
}
const give_space = () => rmSync(ballast);

const noise = () => ({ noise: randomBytes(15_000).toString('base64') });

/** A step of an agent among padding that does not compress, until it is refused. Gives the refusal. */
async function write_until_refused(agent, acknowledged) {
  for (;;) {
    const [event] = steps(agent, 1, acknowledged.length);
    const padding = steps('padding', 16).map((other) => ({ ...other, attributes: noise() }));
    const answer = await api.post('/api/v2/events', [event, ...padding]);
    if (answer.status !== 200) return answer;
    acknowledged.push(step_of(event));
    assert.ok(acknowledged.length < 2000, 'the disk never filled');
  }
}

const stored_steps = async (agent) => by_place(await api.all('/api/v2/events', { agent_id: agent })).map(step_of);
const taken = (agent) => async () => (await api.post('/api/v2/events', steps(agent, 1))).status === 200;
const ready = async () => (await fetch(`${node.ops}/readyz`)).ok;

async function check_reads() {
  assert.equal((await api.all('/api/v2/events', { agent_id: 'early' })).length, 50);
  assert.equal((await api.read('/api/v2/agents/early')).totals.events, 50);
  assert.ok((await api.read('/api/v2/agents/active')).active_count > 0);
  assert.ok((await api.read('/api/v2/rollups', { resolution: 'hour', by: 'agent', key: 'early' })).items.length > 0);
  assert.equal((await fetch(`${node.ops}/livez`)).status, 200, 'full is not dead');
}

test('disk full: a disk that fills up gives 507, reads go on, space makes it well', { skip }, async () => {
  await api.send(steps('early', 50));
  take_space(reserve_bytes + 24 * MiB);
  const acknowledged = [];
  const refusal = await write_until_refused('filler', acknowledged);
  assert_problem(refusal, 507);
  assert.ok(refusal.headers.get('retry-after'));
  assert.ok(acknowledged.length > 0);
  assert_problem(await api.post('/api/v2/events', steps('late', 1)), 507);
  assert_problem(await api.post('/api/v2/agents', { id: 'late' }), 507);
  assert_problem(await api.post('/api/v2/keys', { name: 'late', role: 'read' }), 507);
  await check_reads();
  assert.equal((await api.get('/api/v2/agents/late')).status, 404, 'a refusal leaves nothing');
  give_space();
  await until('writes to be taken again', taken('after'), 30_000);
  await until('readiness', ready);
  // The refused request went to two shards, of which one may still have taken its part.
  const stored = await stored_steps('filler');
  assert.deepEqual(stored.slice(0, acknowledged.length), acknowledged, 'all that was acknowledged');
  assert.ok(stored.length <= acknowledged.length + 1, 'and no more than the request that was refused');
});

/** Sends steps of an agent without pause; `unsure` are those whose answer did not say whether they were stored. */
function keep_writing(agent) {
  const writer = { agent, acknowledged: [], unsure: new Set(), refusals: 0, going: true };
  writer.done = (async () => {
    for (let step = 0; writer.going; step += 1) {
      const [event] = steps(agent, 1, step);
      const answer = await api.post('/api/v2/events', [{ ...event, attributes: { step, ...noise() } }]);
      if (answer.status === 200) writer.acknowledged.push(step);
      else {
        assert_problem(answer, [503, 504, 507], agent);
        writer.refusals += 1;
        if (answer.status !== 507) writer.unsure.add(step);
      }
    }
  })();
  return writer;
}

test('disk full: all space gone at once under load loses nothing that was acknowledged', { skip }, async () => {
  for (const end of ['wait', 'kill']) {
    const writers = numbers(8).map((i) => keep_writing(`${end}-${i}`));
    const more = (count) => {
      const goals = writers.map(({ acknowledged }) => acknowledged.length + count);
      return until('the writers to be answered', () => writers.every(({ acknowledged }, i) => acknowledged.length >= goals[i]), 30_000);
    };
    await more(20);
    take_space(0);
    await until('refusals', () => writers.every((writer) => writer.refusals > 20));
    await check_reads();
    assert.equal(node.exit, null);
    if (end === 'kill') {
      for (const writer of writers) writer.going = false;
      await Promise.all(writers.map((writer) => writer.done));
      await node.kill();
    }
    give_space();
    if (end === 'kill') await node.boot();
    else await more(20);
    for (const writer of writers) writer.going = false;
    await Promise.all(writers.map((writer) => writer.done));
    await until('readiness', ready);
    await until('writes to be taken', taken(`after ${end}`), 30_000);
    for (const { agent, acknowledged, unsure } of writers) {
      const stored = await stored_steps(agent);
      assert.deepEqual(stored.filter((step) => !unsure.has(step)), acknowledged, `${agent}: acknowledged, once, in order`);
      assert.equal(new Set(stored).size, stored.length, `${agent}: nothing twice`);
    }
  }
});

test('disk full: a start on a full disk says what is wrong and harms nothing', { skip }, async () => {
  await node.stop();
  take_space(0);
  await node.launch();
  const gone_or_up = () => node.exit || node.log_entries.some((entry) => entry.http_listen);
  await until('it to end or to be up', gone_or_up, 20_000);
  if (node.exit) {
    assert.notEqual(node.exit.code, 0);
    assert.match(node.logs.slice(node.first_line).join('\n'), /space|disk/i);
  } else {
    await check_reads();
    await node.kill();
  }
  give_space();
  await node.boot();
  await check_reads();
  await until('writes to be taken', taken('after a full start'), 30_000);
});
