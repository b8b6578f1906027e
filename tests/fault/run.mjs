// Faults against a real cluster under load, and whether everything that was promised still holds. See README.md.
//   run.mjs [--minutes N] [--seed N] [--nodes N] [--faults NAME,NAME] [--failovers N] [--changes MB] [--catch-up EVENTS] [--moving] [--suite] [--list]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Cluster } from '../e2e/support/cluster.mjs';
import { stays, until } from '../e2e/support/until.mjs';
import { catch_up } from './catch_up.mjs';
import { changes } from './changes.mjs';
import { faults } from './faults.mjs';
import { failovers } from './failovers.mjs';
import { Machine, make_harm } from './support/harm.mjs';
import { Namespace, make_bridge } from './support/namespaces.mjs';
import { seeded } from './support/random.mjs';
import { Append } from './workloads/append.mjs';
import { Claims } from './workloads/claims.mjs';
import { Follow } from './workloads/follow.mjs';
import { Register } from './workloads/register.mjs';
import { Timers } from './workloads/timers.mjs';

const back_within_ms = 5_000; // after a fault is undone
const back_noted_ms = 1_000;
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    nodes: { type: 'string', default: '3' },
    faults: { type: 'string', default: Object.keys(faults).join(',') },
    failovers: { type: 'string' },
    changes: { type: 'string' },
    'catch-up': { type: 'string' },
    moving: { type: 'boolean', default: false }, // one node more than a shard has replicas, and these move during each fault
    suite: { type: 'boolean', default: false }, // the checkers' own tests first
    list: { type: 'boolean', default: false },
  },
});
const pause_ms_max = options.suite ? 6_000 : 30_000;
const chosen = options.faults.split(',');
const unknown = chosen.filter((name) => !faults[name]);
if (options.list || unknown.length > 0) {
  if (unknown.length > 0) console.error(`no such fault: ${unknown.join(', ')}. There are:`);
  console.log(Object.keys(faults).join('\n'));
  process.exit(unknown.length > 0 ? 2 : 0);
}

const began = performance.now();
const log = (text) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
const seed = Number(options.seed);
const random = seeded(seed);
let failed = 0;
let passed = 0;

function verdict(name, problems) {
  if (problems.length === 0) passed += 1;
  else failed += 1;
  console.log(`${problems.length === 0 ? 'ok' : 'not ok'} - ${name}`);
  for (const problem of problems.slice(0, 10)) console.log(`    ${problem}`);
  if (problems.length > 10) console.log(`    and ${problems.length - 10} more`);
}

/** Every workload gets something done again; how long that took. */
async function back(workloads) {
  const start = performance.now();
  const before = workloads.map((workload) => workload.done);
  const stuck = () => workloads.filter((workload, i) => workload.done <= before[i]).map((workload) => workload.name);
  await until('every workload to go on', () => stuck().length === 0, back_within_ms).catch(() => {});
  return { took: performance.now() - start, stuck: stuck() };
}

function check_checkers() {
  const file = fileURLToPath(new URL('checkers.test.mjs', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, ['--test', file], { encoding: 'utf8' });
  verdict('the checkers find what is planted', status === 0 ? [] : stdout.split('\n').filter((line) => line.includes('not ok')));
}

/** As a supervisor would: a node whose store does not take up again ends, also a while after what was done to it. */
async function start_ended(cluster) {
  for (const node of cluster.nodes) {
    if (!node.exit) continue;
    log(`  n${cluster.nodes.indexOf(node) + 1} ended with ${node.exit.code ?? node.exit.signal}, and is started again`);
    await node.boot();
  }
}

async function under_faults(cluster, spaces, machines, workloads) {
  const end = began + Number(options.minutes) * 60_000;
  const times = [];
  const problems = [];
  let queue = [];
  while (performance.now() < end) {
    if (queue.length === 0) queue = chosen.toSorted(() => random() - 0.5);
    const name = queue.pop();
    const hold_ms = name.startsWith('pause') ? 100 + random() * pause_ms_max : 500 + random() * 4_000;
    log(`${name}, for ${(hold_ms / 1000).toFixed(1)} s`);
    const context = { cluster, spaces, machines, random, log };
    const settle = options.moving && name !== 'drain one' ? await faults['drain one'](context) : async () => {};
    const undo = await faults[name](context);
    await stays('the fault lasts', () => true, hold_ms);
    await undo();
    await start_ended(cluster);
    await settle();
    const { took, stuck } = await back(workloads);
    times.push(took);
    if (took > back_noted_ms) log(`  back after ${Math.round(took)} ms`);
    if (stuck.length > 0) problems.push(`after "${name}" ${stuck.join(', ')} did not go on within ${back_within_ms} ms`);
  }
  times.sort((a, b) => a - b);
  log(`back after ${Math.round(times[times.length >> 1])} ms (median), ${Math.round(times.at(-1))} ms (longest) of ${times.length} faults`);
  return problems;
}

function tell_clients(workloads) {
  for (const workload of workloads) {
    const sums = new Map();
    for (const { errors } of workload.clients) for (const [what, n] of errors) sums.set(what, (sums.get(what) ?? 0) + n);
    const pause = Math.max(0, ...workload.clients.map((client) => client.longest_pause));
    log(`${workload.name}: ${workload.done} done, longest pause ${Math.round(pause)} ms, ${[...sums].map(([what, n]) => `${n} x ${what}`).join(', ') || 'no errors'}`);
  }
}

async function main() {
  if (options.suite) check_checkers();
  make_bridge();
  make_harm();
  console.log(`seed ${seed}: the same with --seed ${seed}`);
  // A change begins with one node, and is over with a fourth in the third's place.
  const count = options.changes ? 4 : Number(options.nodes) + (options.moving ? 1 : 0);
  const spaces = Array.from({ length: count }, (_, i) => new Namespace(i + 1));
  const machines = spaces.map((space) => new Machine(space.i));
  const cluster = await Cluster.start(options.changes ? 1 : count, (i) => ({
    host: spaces[i - 1].address,
    env: machines[i - 1].env,
    wrap: (program) => spaces[i - 1].wrap(program),
  }));
  log(`${cluster.nodes.length} nodes are one cluster`);
  try {
    if (options.changes) return verdict('planned changes', await changes(cluster, Number(options.changes), log));
    if (options['catch-up']) return verdict('catching up', await catch_up(cluster, Number(options['catch-up']), log));
    if (options.failovers) return verdict('failovers', await failovers(cluster, Number(options.failovers), log));
    const append = new Append(cluster, random);
    const workloads = [append, new Register(cluster, random), new Claims(cluster, random), new Timers(cluster, random), new Follow(cluster, append)];
    for (const workload of workloads) await workload.prepare?.();
    let going = true;
    const running = workloads.map((workload) => workload.run(() => going));
    const crashed = Promise.race(running.map((one) => one.then(() => new Promise(() => {}))));
    const stuck = await Promise.race([under_faults(cluster, spaces, machines, workloads), crashed]);
    going = false;
    await Promise.all(running);
    verdict('the cluster goes on after each fault', stuck);
    await start_ended(cluster);
    await cluster.settled();
    tell_clients(workloads);
    verdict('clients see a pause, not an error', [...new Set(workloads.flatMap(({ clients }) => clients.flatMap(({ wrong }) => [...wrong])))]);
    for (const workload of workloads) verdict(`${workload.name}: what was promised holds`, await workload.check());
  } finally {
    await cluster.remove();
    for (const space of spaces) space.remove();
  }
}

try {
  await main();
} catch (error) {
  verdict('the run', [error.stack]);
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
