// Backups: taken while a node or a cluster works, restored into a new cluster that has every event acknowledged before, and
// refused when anything of them is not as it was written.
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Cluster, ctl, ctl_json } from '../support/cluster.mjs';
import { by_place, numbers, step_of, steps } from '../support/events.mjs';
import { Node } from '../support/node.mjs';
import { until } from '../support/until.mjs';

const nodes = [];
const clusters = [];
after(async () => {
  for (const node of nodes) await node.remove();
  for (const cluster of clusters) await cluster.remove();
});

const stored = async (api, agent_id) => by_place(await api.all('/api/v2/events', { agent_id, limit: 1000 })).map(step_of);

/** Writes batches of one agent until it is stopped; `acknowledged`: so many steps are there for certain. */
class Load {
  acknowledged = 0;

  constructor(api, agent) {
    this.going = true;
    this.done = (async () => {
      while (this.going) {
        await api.send(steps(agent, 20, this.acknowledged));
        this.acknowledged += 20;
      }
    })();
  }

  async stop() {
    this.going = false;
    await this.done;
  }
}

/** By shard, what the manifest says of it. */
function manifest_of(folder) {
  const lines = readFileSync(join(folder, 'manifest'), 'utf8').split('\n').filter((line) => line.startsWith('shard '));
  return lines.map((line) => {
    const words = line.split(' ');
    return Object.fromEntries(Array.from({ length: words.length / 2 }, (_, i) => [words[2 * i], words[2 * i + 1]]));
  });
}

// They grow one after the other.
const few_shards = () => ({ env: { TROUPE_SHARDS: '4' } });

const file_of = (shard) => `shard-${String(shard).padStart(4, '0')}.state`;

/** The restored node, running, and what `restore` said. */
async function restored_from(asked, folder, options = {}) {
  const node = await Node.prepare(options);
  nodes.push(node);
  const said = await ctl_json(asked, 'restore', folder, '--data-dir', node.data_dir);
  await node.boot();
  return { node, said };
}

/** Nothing but the map differs between the backup and another one of the node that was made of it. */
async function same_state(node, folder) {
  const again = join(node.home, 'again');
  await ctl_json(node, 'backup', again);
  const digests = (of) => manifest_of(of).slice(1).map((shard) => shard.digest);
  assert.deepEqual(digests(again), digests(folder));
}

let first;
let saved;

test('backup: of one node under load, and what was acknowledged before it is in the restored one', async () => {
  first = await Node.start();
  nodes.push(first);
  await first.api.post('/api/v2/agents', { id: 'planner', name: 'The Planner' });
  for (const i of numbers(40)) await first.api.send(steps(`agent-${i}`, 25));
  const load = new Load(first.api, 'under load');
  await until('some to be taken', () => load.acknowledged > 200);
  const before = load.acknowledged;
  saved = join(first.home, 'saved');
  const made = await ctl_json(first, 'backup', saved);
  const meanwhile = load.acknowledged;
  await load.stop();
  assert.equal(made.shards, 16);
  assert.equal(made.folder, saved);
  assert.ok(!existsSync(`${saved}.partial`));

  const { node, said } = await restored_from(first, saved);
  assert.equal(said.digest, made.digest);
  assert.equal(said.bytes, made.bytes);
  for (const i of numbers(40)) assert.deepEqual(await stored(node.api, `agent-${i}`), numbers(25));
  const seen = await stored(node.api, 'under load');
  assert.ok(seen.length >= before, `${seen.length} of ${before} that were acknowledged`);
  assert.ok(seen.length <= meanwhile + 40);
  assert.deepEqual(seen, numbers(seen.length), 'in order, without gap');
  assert.equal((await node.api.read('/api/v2/agents/planner')).name, 'The Planner');
  await same_state(node, saved);
  await node.api.send(steps('after', 10));
  await node.restart();
  assert.deepEqual(await stored(node.api, 'after'), numbers(10));
  assert.deepEqual(await stored(node.api, 'under load'), seen);
});

test('backup: the restored node is a cluster of its own, and well', async () => {
  const { node, said } = await restored_from(first, saved, { cluster: true, env: { TROUPE_NODE_NAME: 'anew' } });
  const mine = await first.api.read('/api/v2/cluster');
  const view = await until('it to have its own map', async () => {
    const now = await node.api.read('/api/v2/cluster');
    return now.nodes.length === 1 && now.nodes[0].is_self && now.shards.every((shard) => shard.generation === 2) ? now : null;
  });
  assert.notEqual(view.cluster_id, mine.cluster_id);
  assert.equal(view.cluster_id, said.cluster);
  assert.equal(said.from_cluster, mine.cluster_id);
  assert.equal(view.nodes[0].name, 'anew');
  assert.deepEqual(view.invitations, []);
  const doctor = await ctl(node, 'doctor');
  assert.equal(doctor.code, 0, doctor.stdout + doctor.stderr);
});

test('backup: what is damaged, newer or in the way is refused, and nothing is left behind', async () => {
  const copy = (name) => {
    const folder = join(first.home, name);
    cpSync(saved, folder, { recursive: true });
    return folder;
  };
  const { shard } = manifest_of(saved).reduce((a, b) => (Number(a.bytes) > Number(b.bytes) ? a : b));
  const flipped = copy('flipped');
  const bytes = readFileSync(join(flipped, file_of(shard)));
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(join(flipped, file_of(shard)), bytes);
  const newer = copy('newer');
  writeFileSync(join(newer, 'manifest'), readFileSync(join(newer, 'manifest'), 'utf8').replace('format 1', 'format 2'));
  for (const [folder, words] of [[flipped, /checksum does not match/], [newer, /newer version/], [join(first.home, 'data'), /is this a backup/]]) {
    const target = join(first.home, 'not-there');
    const refused = await ctl(first, 'restore', folder, '--data-dir', target);
    assert.equal(refused.code, 1, folder);
    assert.match(refused.stderr, words);
    assert.ok(!existsSync(target));
  }
  const over = await ctl(first, 'restore', saved, '--data-dir', first.data_dir);
  assert.equal(over.code, 1);
  assert.match(over.stderr, /not empty/);
  assert.equal((await ctl(first, 'restore', saved)).code, 2);

  const again = await ctl(first, 'backup', saved);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /exists/);
  const nowhere = await ctl(first, 'backup', '/proc/nowhere');
  assert.equal(nowhere.code, 1);
  const metrics = await (await fetch(`${first.ops}/metrics`)).text();
  assert.match(metrics, /^troupe_backups_failed_total 2$/m);
  assert.match(metrics, /^troupe_backup_last_success_timestamp_seconds [1-9][\d.e+]+$/m);
  assert.match(metrics, /^troupe_backup_running 0$/m);
  assert.deepEqual(readdirSync(first.home).filter((name) => name.endsWith('.partial')), []);
});

test('backup: a cluster of three is saved by any of its nodes while it works', async () => {
  const cluster = await Cluster.start(3, few_shards);
  clusters.push(cluster);
  for (const i of numbers(20)) await cluster.api(i).send(steps(`agent-${i}`, 25));
  const load = new Load(cluster.api(1), 'under load');
  await until('some to be taken', () => load.acknowledged > 100);
  const before = load.acknowledged;
  const folder = join(cluster.nodes[2].home, 'saved');
  const made = await ctl_json(cluster.nodes[2], 'backup', folder);
  await load.stop();
  const { node, said } = await restored_from(cluster.nodes[2], folder, { cluster: true });
  assert.equal(said.digest, made.digest);
  for (const i of numbers(20)) assert.deepEqual(await stored(node.api, `agent-${i}`), numbers(25));
  const seen = await stored(node.api, 'under load');
  assert.ok(seen.length >= before);
  assert.deepEqual(seen, numbers(seen.length));
  await same_state(node, folder);
});

test('backup: a node without any replica saves what the others hold, and the restored cluster grows', async () => {
  const cluster = await Cluster.start(1, few_shards);
  clusters.push(cluster);
  await cluster.add();
  await cluster.api(0).send(steps('elsewhere', 50));
  const view = await cluster.view();
  const other = view.nodes.find((node) => node.name === 'n2').id;
  assert.deepEqual(view.shards.filter((shard) => shard.replicas.some((replica) => replica.node === other)), []);
  const folder = join(cluster.nodes[1].home, 'saved');
  await ctl_json(cluster.nodes[1], 'backup', folder);
  const { node } = await restored_from(cluster.nodes[1], folder, { cluster: true });
  const grown = new Cluster();
  clusters.push(grown);
  grown.options = few_shards;
  grown.nodes.push(node);
  await until('it to have its own map', async () => (await grown.view()).nodes.length === 1);
  await grown.add();
  await grown.add();
  await grown.settled(3);
  for (const i of numbers(3)) assert.deepEqual(await stored(grown.api(i), 'elsewhere'), numbers(50));
});
