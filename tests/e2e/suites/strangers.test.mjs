// Who has no business in a cluster, or comes back with what is no longer true: each is told in words, in its own log and by
// troupectl, and the cluster goes on as if nothing had been. Certificates are in certificates.test.mjs.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, ctl, ctl_json, ctl_must, free_port } from '../support/cluster.mjs';
import { by_place, numbers, step_of, steps } from '../support/events.mjs';
import { Node } from '../support/node.mjs';
import { until } from '../support/until.mjs';

let cluster;
const others = [];
before(async () => {
  cluster = await Cluster.start(3, () => ({ env: { TROUPE_SHARDS: '4' } }));
});
after(async () => {
  for (const node of others) await node.remove();
  await cluster?.remove();
});

const says = (node, words) => until(`the log to say ${words}`, () => node.logs.some((line) => words.test(line)), 30_000);
const doctor_says = (node, words) =>
  until(`the doctor to say ${words}`, async () => {
    const { stdout } = await ctl(node, 'doctor');
    if (!words.test(stdout)) throw new Error(stdout);
    return true;
  }, 30_000);

let written = 0;

/** It takes writes through every node, has lost nothing, and nobody is missing. */
async function unharmed() {
  for (const i of numbers(3)) await cluster.api(i).send(steps('unharmed', 10, written + 10 * i));
  written += 30;
  const seen = by_place(await cluster.api(1).all('/api/v2/events', { agent_id: 'unharmed', limit: 1000 })).map(step_of);
  assert.deepEqual(seen, numbers(written));
  const view = await cluster.view();
  assert.equal(view.nodes.filter((node) => node.state === 'active' && node.connected).length, 3);
}

async function invited(name) {
  const node = await Node.prepare({ cluster: true, env: { TROUPE_NODE_NAME: name } });
  others.push(node);
  const file = join(node.home, 'invitation');
  node.ports.cluster = await free_port('127.0.0.1');
  await ctl_must(cluster.nodes[0], 'node', 'invite', name, '--address', `127.0.0.1:${node.ports.cluster}`, '--out', file);
  node.env = { ...node.env, TROUPE_JOIN: file };
  node.invitation = file;
  return node;
}

test('strangers: bytes that are no TLS, on the admin port and the cluster port, are nothing', async () => {
  const { ports } = cluster.nodes[0];
  for (const port of [ports.admin, ports.cluster])
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(200_000, 0xff), Buffer.from([22, 3, 1, 255, 255]), Buffer.alloc(0)]) {
      const socket = connect(port, '127.0.0.1');
      let closed = false;
      socket.on('error', () => {}).on('close', () => (closed = true));
      socket.resume().end(bytes);
      await until('the node to close it', () => closed);
    }
  assert.equal((await ctl_json(cluster.nodes[0], 'status')).ready, true);
  await unharmed();
});

test('strangers: a node of another cluster is refused by the cluster, and told so', async () => {
  const node = await invited('elsewhere');
  const file = JSON.parse(readFileSync(node.invitation, 'utf8'));
  writeFileSync(node.invitation, JSON.stringify({ ...file, cluster: '019a0000-0000-7000-8000-00000000abcd' }));
  await node.launch();
  await says(node, /it refused: it is of the cluster 019a0000-0000-7000-8000-00000000abcd, this node of/);
  await doctor_says(node, /does not let this node in: it refused: it is of the cluster/);
  await node.kill();
  await unharmed();
});

test('strangers: an invitation that was used, or has another secret, lets nobody in', async () => {
  const node = await invited('wrong-secret');
  const file = JSON.parse(readFileSync(node.invitation, 'utf8'));
  writeFileSync(node.invitation, JSON.stringify({ ...file, secret: file.secret.replace(/^../, file.secret.startsWith('00') ? '11' : '00') }));
  await node.launch();
  await says(node, /it refused: this invitation is not for this node/);
  await doctor_says(node, /this invitation is not for this node/);
  await node.kill();
  // The same invitation, unharmed, is good; once.
  rmSync(node.data_dir, { recursive: true, force: true });
  writeFileSync(node.invitation, JSON.stringify(file));
  await node.boot();
  await until('it to be a node of the cluster', async () => (await cluster.view()).nodes.some((n) => n.name === 'wrong-secret' && n.state === 'active'));
  await node.kill();
  const again = await Node.prepare({ cluster: true, env: { ...node.env, TROUPE_NODE_NAME: 'again' } });
  others.push(again);
  await again.launch();
  await says(again, /it refused: this invitation was used/);
  await again.kill();
  await unharmed();
});

test('strangers: what is no invitation, or is cut off, is refused at the start', async () => {
  const node = await invited('cut-off');
  const text = readFileSync(node.invitation, 'utf8');
  for (const wrong of ['', 'x', text.slice(0, text.length / 2), text.replace('"key"', '"kex"')]) {
    writeFileSync(node.invitation, wrong);
    await node.launch();
    await until('it to end', () => node.exit);
    assert.equal(node.exit.code, 1);
    await says(node, /invitation|empty or cannot be read/);
  }
  await unharmed();
});

test('strangers: a copy of a running node is refused by the others and harms nobody', async () => {
  const copy = await Node.prepare({ cluster: true, env: { TROUPE_NODE_NAME: 'copy' } });
  others.push(copy);
  await cluster.nodes[2].stop();
  cpSync(cluster.nodes[2].data_dir, copy.data_dir, { recursive: true });
  await cluster.nodes[2].boot();
  await cluster.settled(3);
  await copy.launch();
  await says(copy, /it refused: node-[0-9a-f]+ is connected already, from another process/);
  await doctor_says(copy, /is connected already, from another process/);
  await unharmed();
  await copy.kill();
  await cluster.settled(3);
});

test('strangers: a node whose replicas went elsewhere while it was away gives its copy up and serves on', async () => {
  const node = others.find((other) => other.env.TROUPE_NODE_NAME === 'wrong-secret');
  await node.boot();
  await until('it to have replicas', async () => (await cluster.view()).nodes.some((n) => n.name === 'wrong-secret' && n.replicas > 0), 60_000);
  await node.kill();
  await ctl_must(cluster.nodes[0], 'node', 'drain', 'wrong-secret');
  await until('it to have none in the map', async () => {
    const { shards, nodes } = await cluster.view();
    const { id } = nodes.find((n) => n.name === 'wrong-secret');
    return shards.every(({ replicas }) => replicas.length === 3 && replicas.every((replica) => replica.node !== id));
  }, 60_000);
  for (const i of numbers(10)) await cluster.api(i).send(steps(`without-${i}`, 20));
  await node.boot();
  await says(node, /this node has no part in it any more, since generation \d+; its copy is given up/);
  await until('all its copies to be given up', async () => {
    const view = await node.api.read('/api/v2/cluster');
    return view.nodes.find((n) => n.is_self).replicas === 0;
  });
  for (const i of numbers(10)) assert.equal((await node.api.all('/api/v2/events', { agent_id: `without-${i}` })).length, 20);
  await unharmed_by(node);
});

/** It was drained, so that it does not count as active. */
async function unharmed_by(node) {
  await node.api.send(steps('through it', 5));
  await ctl_must(cluster.nodes[0], 'node', 'drain', 'wrong-secret', '--cancel');
  await until('it to be active', async () => (await cluster.view()).nodes.some((n) => n.name === 'wrong-secret' && n.state === 'active'));
}

test('strangers: a node that was removed while it was away is told so, and votes nowhere', async () => {
  const node = others.find((other) => other.env.TROUPE_NODE_NAME === 'wrong-secret');
  await until('it to have replicas', async () => (await cluster.view()).nodes.some((n) => n.name === 'wrong-secret' && n.replicas > 0), 60_000);
  await node.kill();
  await ctl_must(cluster.nodes[0], 'node', 'remove', 'wrong-secret');
  await until('it to have left', async () => !(await cluster.view()).nodes.some((n) => n.name === 'wrong-secret'), 60_000);
  await node.launch();
  await says(node, /it refused: the node was removed from the cluster: empty its data directory and invite it anew/);
  await doctor_says(node, /the node was removed from the cluster/);
  const refused = await until('it to refuse writes', async () => {
    const answer = await node.api.post('/api/v2/events', steps('refused', 1)).catch(() => null);
    return answer?.status === 503 ? answer : null;
  }, 30_000);
  assert.equal(refused.type, 'application/problem+json');
  const { shards } = await cluster.view();
  assert.ok(shards.every(({ replicas }) => replicas.length === 3));
  await unharmed();
  await node.kill();
});
