// A rolling upgrade: nodes of two versions in one cluster. The next version is this one with one behaviour level more
// (tests/next). The level in force is what all nodes can do, and never goes back; who cannot do it stays outside.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Follower, open_socket } from '../support/channels.mjs';
import { Cluster, ctl, ctl_json, ctl_must, free_port } from '../support/cluster.mjs';
import { by_place, numbers, step_of, steps } from '../support/events.mjs';
import { Load } from '../support/load.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { until } from '../support/until.mjs';

let cluster;
const others = [];
before(async () => {
  cluster = await Cluster.start(3);
});
after(async () => {
  await cluster?.remove();
  for (const node of others) await node.remove();
});

const stored = async (api, agent_id) => by_place(await api.all('/api/v2/events', { agent_id, limit: 1000 })).map(step_of);
const level = async (node = cluster.alive[0]) => (await cluster.view(node)).level;
const says = (node, what) => node.log_entries.some((entry) => what.test(entry.message));

test('upgrade: node by node, under load, and the new level is in force once the last has it', async () => {
  const socket = open_socket(cluster.nodes[2].base, admin_key);
  const follower = new Follower(socket, 'agent:upgraded');
  await until('the join', () => follower.joined);
  const load = new Load(cluster, 'upgraded');
  for (const [i, node] of cluster.nodes.entries()) {
    assert.equal(await level(), 1);
    await node.stop();
    node.program = 'trouped_next';
    await node.boot();
    await cluster.settled(3);
    // The others tell it a moment after it is there.
    await until('both versions to be known', async () => {
      const told = await ctl_json(cluster.alive[0], 'nodes');
      const versions = (told.items ?? told).map((one) => one.version);
      if (versions.filter((version) => version.endsWith('+next')).length !== i + 1) throw new Error(`${versions}`);
      return true;
    });
    const before = load.acknowledged;
    await until('the load to go on', () => load.acknowledged > before + 20);
  }
  for (const node of cluster.nodes) await until('each node to know the new level', async () => (await level(node)) === 2);
  assert.ok(cluster.nodes.some((node) => says(node, /all nodes can do behaviour level 2/)));
  const before = load.acknowledged;
  await until('the load to go on under it', () => load.acknowledged > before + 20);
  await load.stop();
  assert.deepEqual(load.odd_failures, []);
  for (const i of numbers(3)) assert.deepEqual((await stored(cluster.api(i), 'upgraded')).slice(0, load.acknowledged), numbers(load.acknowledged));
  await until('the follower to have all', () => follower.received.length >= load.acknowledged);
  assert.deepEqual(follower.received.map(step_of).slice(0, load.acknowledged), numbers(load.acknowledged));
  socket.disconnect();
});

test('upgrade: a node that is put back to the old version is told so and stays outside, and harms nobody', async () => {
  const node = cluster.nodes[0];
  await node.stop();
  node.program = 'trouped';
  await node.launch();
  await until('it to be told why', () => says(node, /behaviour level 2.*newer version/), 30_000);
  const rest = { ...cluster, nodes: cluster.nodes.slice(1) };
  await rest.nodes[0].api.send(steps('without it', 10));
  assert.deepEqual(await stored(rest.nodes[1].api, 'without it'), numbers(10));
  const doctor = await ctl(rest.nodes[0], 'doctor');
  assert.equal(doctor.code, 10);
  await node.kill();
  node.program = 'trouped_next';
  await node.boot();
  await cluster.settled(3);
  assert.deepEqual(await stored(node.api, 'without it'), numbers(10));
});

test('upgrade: a new node of the old version is not let in, and one of the new version is', async () => {
  const port = await free_port('127.0.0.1');
  const file = join(cluster.nodes[0].home, 'fourth');
  await ctl_must(cluster.nodes[0], 'node', 'invite', 'fourth', '--address', `127.0.0.1:${port}`, '--out', file);
  const fourth = await Node.prepare({ cluster: true, program: 'trouped', env: { TROUPE_JOIN: file, TROUPE_NODE_NAME: 'fourth' } });
  fourth.ports.cluster = port;
  others.push(fourth);
  await fourth.launch();
  await until('it to be told why', () => says(fourth, /behaviour level 2.*newer version/), 30_000);
  assert.ok(!(await cluster.view()).nodes.some((node) => node.name === 'fourth'));
  await fourth.kill();
  fourth.program = 'trouped_next';
  await fourth.boot();
  await until('it to be a node', async () => (await cluster.view()).nodes.some((node) => node.name === 'fourth' && node.alive !== false), 30_000);
});
