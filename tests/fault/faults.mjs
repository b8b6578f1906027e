// What is done to the cluster. Each fault takes {cluster, spaces, machines, random, log}, does its harm, and gives back what
// undoes it.
// Whatever is picked, a majority of nodes could serve, or can again as soon as it is undone.
import { closeSync, existsSync, fstatSync, openSync, readSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ctl } from '../e2e/support/cluster.mjs';
import { until } from '../e2e/support/until.mjs';
import { cut } from './support/namespaces.mjs';

const nothing = async () => {};

/** The node that leads most shards, as the cluster says; any node when it cannot say. */
async function busiest({ cluster, random }) {
  const seen = await cluster.view().catch(() => null);
  const most = seen?.nodes.toSorted((a, b) => b.leaders - a.leaders)[0];
  return cluster.nodes.find((_, i) => most?.name === `n${i + 1}`) ?? random.pick(cluster.nodes);
}

async function kill(context, nodes) {
  await Promise.all(nodes.map((node) => node.kill()));
  return () => Promise.all(nodes.map((node) => node.boot()));
}

function pause(nodes) {
  for (const node of nodes) process.kill(node.pid, 'SIGSTOP');
  return async () => nodes.forEach((node) => process.kill(node.pid, 'SIGCONT'));
}

function ail({ cluster, machines, random, log }, ills) {
  const machine = random.pick(machines);
  const node = cluster.nodes[machines.indexOf(machine)];
  log(`  n${machines.indexOf(machine) + 1}: ${JSON.stringify(ills)}`);
  machine.set(ills);
  return async () => {
    machine.set();
    // It takes up again, or ends because of what was; then it is started again, as a supervisor would.
    await until('the node to be well, or to end', async () => node.exit || (await fetch(`${node.ops}/readyz`)).ok, 30_000);
    if (!node.exit) return;
    log(`  the node ended with ${node.exit.code ?? node.exit.signal}, and is started again`);
    await node.boot();
  };
}

function lose({ spaces, random }, rule) {
  const one = random.pick(spaces);
  one.drop(rule, spaces.filter((other) => other !== one).map((other) => other.address));
  return heal(spaces);
}

/** Flips a bit of the file, at the same place whenever it is called with the same draw; false: it is not there any more. */
function flip(file, draw) {
  if (!existsSync(file)) return false;
  const fd = openSync(file, 'r+');
  const at = Math.floor(draw * fstatSync(fd).size);
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  byte[0] ^= 1 << Math.floor((draw * 1e6) % 8);
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
  return true;
}

const heal = (spaces) => async () => spaces.forEach((space) => space.heal());

export const faults = {
  'kill any': (context) => kill(context, [context.random.pick(context.cluster.nodes)]),
  'kill the leader': async (context) => kill(context, [await busiest(context)]),
  'kill all': (context) => kill(context, context.cluster.nodes),
  'pause any': (context) => pause([context.random.pick(context.cluster.nodes)]),
  'pause the leader': async (context) => pause([await busiest(context)]),
  'cut one off': ({ spaces, random }) => {
    const one = random.pick(spaces);
    for (const other of spaces) if (other !== one) cut(one, other);
    return heal(spaces);
  },
  'cut the leader off': async (context) => {
    const { cluster, spaces } = context;
    const one = spaces[cluster.nodes.indexOf(await busiest(context))];
    for (const other of spaces) if (other !== one) cut(one, other);
    return heal(spaces);
  },
  'cut one link': ({ spaces, random }) => {
    const first = random.below(spaces.length);
    cut(spaces[first], spaces[(first + 1) % spaces.length]);
    return heal(spaces);
  },
  'cut one way': ({ spaces, random }) => {
    const from = random.pick(spaces);
    for (const other of spaces) if (other !== from) from.cut_to(other.address);
    return heal(spaces);
  },
  'cut to a ring': ({ spaces }) => {
    // Each sees its neighbours only; with three nodes that is everybody, so one link goes.
    const n = spaces.length;
    for (let i = 0; i < n; i += 1) for (let j = i + 2; j < n; j += 1) if (n > 3 && (j + 1) % n !== i) cut(spaces[i], spaces[j]);
    if (n === 3) cut(spaces[0], spaces[2]);
    return heal(spaces);
  },
  'cut in half': ({ spaces, random }) => {
    const order = spaces.toSorted(() => random() - 0.5);
    const half = Math.floor(order.length / 2);
    for (const a of order.slice(0, half)) for (const b of order.slice(half)) cut(a, b);
    return heal(spaces);
  },
  'restart in turn': async ({ cluster }) => {
    for (const node of cluster.nodes) await node.restart();
    return nothing;
  },
  'hand leaders over': async ({ cluster, random, log }) => {
    for (let i = 0; i < 4; i += 1) {
      const shard = random.below(16);
      const { code, stderr } = await ctl(cluster.alive[0], 'transfer', `${shard}`);
      if (code !== 0) log(`  transfer of shard ${shard}: ${stderr.trim()}`);
    }
    return nothing;
  },
  'lose packets': (context) => lose(context, `numgen random mod 100 < ${5 + context.random.below(25)}`),
  'slow the link': (context) => lose(context, 'limit rate over 200 kbytes/second burst 20 kbytes'),
  'turn the clock': (context) => ail(context, { clock_ms: context.random.pick([-1, 1]) * 10 ** (3 + 4 * context.random()) }),
  'slow the disk': (context) => ail(context, { sync_ms: 20 + context.random() * 400 }),
  'fail syncs': (context) => ail(context, { sync_fails: true }),
  'fill the disk': (context) => ail(context, { disk_full: true }),
  'flip a bit': async ({ cluster, random, log }) => {
    const node = random.pick(cluster.nodes);
    await node.kill();
    const folder = join(node.data_dir, 'db');
    const files = readdirSync(folder).filter((name) => /\.(log|sst)$/.test(name)).sort();
    const name = random.pick(files);
    const draw = random();
    flip(join(folder, name), draw);
    log(`  in ${name} of n${cluster.nodes.indexOf(node) + 1}`);
    await node.launch();
    return async () => {
      // What the node made of it is its own affair, as long as nobody is told what is not so.
      log(`  the node ${node.exit ? `ended with ${node.exit.code ?? node.exit.signal}` : 'runs'}`);
      if (!node.exit) await node.kill();
      if (!flip(join(folder, name), draw)) log('  the file is gone');
      await node.boot();
    };
  },
  'drain one': async ({ cluster, random, log }) => {
    const name = `n${1 + random.below(cluster.nodes.length)}`;
    const say = async (...args) => {
      const { code, stderr } = await ctl(cluster.alive[0], 'node', 'drain', name, ...args);
      if (code !== 0) log(`  drain ${name} ${args}: ${stderr.trim()}`);
      return code === 0;
    };
    await say();
    return () => until('the node to stay', () => say('--cancel'));
  },
};
