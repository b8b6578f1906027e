// One node grows to three and to five while clients write, every shard on all five, and goes back to one: by the commands an
// operator has. Whatever was acknowledged is there, once and in order, at every stop.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Cluster, ctl, ctl_json, ctl_must } from '../support/cluster.mjs';
import { by_place, numbers, step_of, steps } from '../support/events.mjs';
import { Load } from '../support/load.mjs';
import { until } from '../support/until.mjs';

const stop_within_ms = 120_000;
let cluster, load;
after(async () => {
  await load?.stop();
  await cluster?.remove();
});

const stored = async (api, agent_id) => by_place(await api.all('/api/v2/events', { agent_id, limit: 1000 })).map(step_of);

/** What must hold at every stop, through each node: nothing lost, nothing doubled, nothing for the doctor. */
async function check_stop(what) {
  const upto = load.acknowledged;
  for (const node of cluster.nodes) {
    assert.deepEqual(await stored(node.api, 'from the beginning'), numbers(100), `${what}, ${node.ports.http}`);
    const seen = await stored(node.api, 'written meanwhile');
    assert.deepEqual(seen, numbers(seen.length), `${what}: each once, in order`);
    assert.ok(seen.length >= upto, `${what}: ${seen.length} of ${upto} acknowledged`);
  }
  await until(`the doctor to be content with ${what}`, async () => {
    const { code, stdout } = await ctl(cluster.nodes[0], 'doctor');
    if (code !== 0) throw new Error(stdout);
    return true;
  }, 60_000);
  await until('clients to go on', () => load.acknowledged > upto);
}

/** The node moves off all that it holds, leaves the cluster, and is stopped. */
async function take_away(name, replicas_left) {
  await ctl_must(cluster.nodes[0], 'node', 'drain', name);
  const id = (await cluster.view()).nodes.find((node) => node.name === name).id;
  await until(`${name} to hold nothing`, async () => (await cluster.view()).shards.every(({ replicas }) => !replicas.some((replica) => replica.node === id)), stop_within_ms);
  await ctl_must(cluster.nodes[0], 'node', 'remove', name);
  await until(`${name} to be gone`, async () => !(await cluster.view()).nodes.some((node) => node.name === name));
  const node = cluster.nodes.pop();
  await node.remove();
  await cluster.settled(replicas_left, stop_within_ms);
}

test('growth: one node grows to three and five under load', async () => {
  cluster = await Cluster.start(1);
  await cluster.api(0).send(steps('from the beginning', 100));
  load = new Load(cluster, 'written meanwhile');
  await check_stop('one node');
  await cluster.add();
  await cluster.add();
  await cluster.settled(3, stop_within_ms);
  await check_stop('three nodes');
  await cluster.add();
  await cluster.add();
  await ctl_must(cluster.nodes[0], 'cluster', 'set', '--replicas', '5');
  await cluster.settled(5, stop_within_ms);
  await check_stop('five nodes');
});

test('growth: two of five may be dead', async () => {
  const dead = cluster.nodes.slice(3);
  await Promise.all(dead.map((node) => node.kill()));
  const upto = load.acknowledged;
  await until('clients to go on', () => load.acknowledged > upto + 50);
  await Promise.all(dead.map((node) => node.boot()));
  await check_stop('five nodes, after two were dead');
});

test('growth: five nodes go back to one', async () => {
  await ctl_must(cluster.nodes[0], 'cluster', 'set', '--replicas', '3');
  await cluster.settled(3, stop_within_ms);
  await take_away('n5', 3);
  await take_away('n4', 3);
  await check_stop('three nodes again');
  await take_away('n3', 1); // two nodes are no majority worth having: a shard is on one of them
  await take_away('n2', 1);
  await check_stop('one node again');
  assert.deepEqual((await ctl_json(cluster.nodes[0], 'nodes')).items.map(({ name }) => name), ['n1']);
  await load.stop();
  assert.deepEqual(await stored(cluster.api(0), 'written meanwhile'), numbers(load.steps));
  // A node that is away, or a time to come again: nothing else.
  assert.deepEqual(load.failures.filter((text) => !/^(0|429|503) /.test(text)), []);
});
