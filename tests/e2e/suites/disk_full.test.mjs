// A full disk refuses writes with 507, keeps serving reads, and takes writes again when space returns.
// Needs root for a small tmpfs; where mounting is not permitted the suite is skipped and says so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, unlinkSync, openSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { by_place, step_of, steps } from '../support/events.mjs';
import { Node } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';
import { until } from '../support/until.mjs';

const disk_bytes = 192 * 1024 * 1024;
const left_bytes = 3 * 1024 * 1024;

const disk = mkdtempSync(join(tmpdir(), 'troupe-disk-'));
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
  if (!skip) execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

const free_bytes = () => {
  const { bavail, bsize } = statfsSync(disk);
  return bavail * bsize;
};

/** A file that takes all but `keep` bytes of the disk. */
function take_space(keep) {
  const path = join(disk, 'ballast');
  const file = openSync(path, 'a');
  const block = Buffer.alloc(64 * 1024, 1);
  try {
    while (free_bytes() > keep) writeSync(file, block);
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
  return path;
}

/** Batches of half a megabyte that do not compress, as long as they are taken. Gives the refusal. */
async function fill_up(acknowledged) {
  for (let step = 0; step < 400; step += 1) {
    const [event] = steps('filler', 1, step);
    const padding = Array.from({ length: 16 }, () => ({
      ...steps('padding', 1)[0],
      attributes: { noise: crypto.getRandomValues(Buffer.alloc(20_000)).toString('base64') },
    }));
    const answer = await api.post('/api/v2/events', [event, ...padding]);
    if (answer.status !== 200) return answer;
    acknowledged.push(step);
  }
  return assert.fail('the disk never filled');
}

test('disk full: 507 for writes, reads go on, and all is well when space returns', { skip }, async () => {
  await api.send(steps('early', 50));
  const acknowledged = [];
  let ballast = take_space(left_bytes);
  const refusal = await fill_up(acknowledged);
  assert_problem(refusal, 507);
  assert.ok(refusal.headers.get('retry-after'));
  assert_problem(await api.post('/api/v2/events', steps('late', 1)), 507);
  assert_problem(await api.post('/api/v2/agents', { id: 'late' }), 507);

  assert.equal((await api.all('/api/v2/events', { agent_id: 'early' })).length, 50);
  assert.equal((await api.read('/api/v2/agents/early')).totals.events, 50);
  assert.ok((await api.read('/api/v2/agents/active')).active_count > 0);
  assert.equal((await fetch(`${node.ops}/livez`)).status, 200, 'full is not dead');
  assert.equal(node.exit, null);

  unlinkSync(ballast);
  await until('writes to be taken again', async () => (await api.post('/api/v2/events', steps('after', 1))).status === 200, 60_000);
  await until('readiness', async () => (await fetch(`${node.ops}/readyz`)).ok);
  await check_filler(acknowledged);

  ballast = take_space(left_bytes);
  const again = [];
  assert_problem(await fill_up(again), 507);
  await node.kill();
  unlinkSync(ballast);
  await node.boot();
  await check_filler([...acknowledged, ...again]);
  assert.equal((await api.post('/api/v2/events', steps('after', 1))).status, 200);
});

/** Every acknowledged step is there; the refused ones left nothing or were never acknowledged. */
async function check_filler(acknowledged) {
  const stored = by_place(await api.all('/api/v2/events', { agent_id: 'filler' })).map(step_of);
  for (const step of acknowledged) assert.ok(stored.includes(step), `step ${step}`);
  assert.ok(stored.length <= acknowledged.length + 2, 'a refusal is no acknowledgement in disguise');
}
