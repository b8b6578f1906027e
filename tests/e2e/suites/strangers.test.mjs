// Who has no business in a cluster, or comes back with what is no longer true: each is told in words, in its own log and by
// troupectl, and the cluster goes on as if nothing had been. Certificates are in certificates.test.mjs.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/** A node that has an invitation and has not started. `more`: arguments of troupectl node invite. */
async function invited(name, ...more) {
  const node = await Node.prepare({ cluster: true, env: { TROUPE_NODE_NAME: name } });
  others.push(node);
  const file = join(node.home, 'invitation');
  node.ports.cluster = await free_port('127.0.0.1');
  await ctl_must(cluster.nodes[0], 'node', 'invite', name, '--address', `127.0.0.1:${node.ports.cluster}`, '--out', file, ...more);
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

test('strangers: a crowd that says nothing takes no node its place and the store no files', async () => {
  const node = cluster.nodes[0];
  for (const port of [node.ports.cluster, node.ports.admin]) {
    const crowd = Array.from({ length: 300 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    try {
      await until('most to be sent away', () => crowd.filter((socket) => socket.closed || socket.readableEnded).length > 200);
      // While the rest is there: a node that comes back gets in, the admin port answers, writes are taken.
      await cluster.nodes[1].restart();
      await ctl_must(node, 'nodes');
      await unharmed();
    } finally {
      for (const socket of crowd) socket.destroy();
    }
  }
  await says(node, /too many came at once/);
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

test('strangers: an invitation that has expired lets nobody in, and the node that had it joins with a new one', async () => {
  const hours = 2 / 3600;
  const node = await invited('too-late', '--hours', String(hours));
  const written = Date.now();
  await until('its time to be over', () => Date.now() > written + hours * 3_600_000 + 1000);
  await node.launch();
  await says(node, /it refused: this invitation (has expired: invite the node anew|is not known here: it expired)/);
  await doctor_says(node, /does not let this node in: it refused: this invitation/);
  assert.ok((await cluster.view()).nodes.every((n) => n.name !== 'too-late'));
  await node.kill();
  await unharmed();
  // The name is free again, and the directory, which holds nothing yet, is emptied for another id.
  rmSync(node.data_dir, { recursive: true, force: true });
  rmSync(node.invitation);
  await ctl_must(cluster.nodes[0], 'node', 'invite', 'too-late', '--address', `127.0.0.1:${node.ports.cluster}`, '--out', node.invitation);
  await node.boot();
  await until('it to be a node of the cluster', async () => (await cluster.view()).nodes.some((n) => n.name === 'too-late' && n.state === 'active'));
  await ctl_must(cluster.nodes[0], 'node', 'remove', 'too-late');
  await until('it to have left', async () => !(await cluster.view()).nodes.some((n) => n.name === 'too-late'), 60_000);
  await node.kill();
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
  await says(copy, /this node's data directory was put back to an earlier state, or is a copy: it went on otherwise from before mark \d+/);
  await doctor_says(copy, /data directory was put back to an earlier state, or is a copy/);
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

/** Another one in its place, as an operator would do it. */
async function replaced(old, by) {
  await ctl_must(cluster.nodes[0], 'node', 'replace', old, '--with', by);
  await until(`${old} to have left`, async () => !(await cluster.view()).nodes.some((n) => n.name === old), 60_000);
  await until(`${by} to vote everywhere`, async () => {
    const { shards, nodes } = await cluster.view();
    const { id } = nodes.find((n) => n.name === by);
    return shards.every(({ replicas, leader }) => leader && replicas.length === 3 && replicas.some((replica) => replica.node === id));
  }, 60_000);
}

test('strangers: a data directory that was put back to an earlier state is refused, whenever it was started since, and replaced', async () => {
  const node = cluster.nodes[2];
  const old = join(node.home, 'old');
  await node.stop();
  cpSync(node.data_dir, old, { recursive: true });
  await node.boot();
  await cluster.settled(3);
  await unharmed();
  await node.stop();
  rmSync(node.data_dir, { recursive: true });
  cpSync(old, node.data_dir, { recursive: true });
  // A start of its own since the copy, as many as the true one had: nobody is deceived by that.
  await node.launch();
  await says(node, /this node's data directory was put back to an earlier state.* troupectl node replace/);
  await doctor_says(node, /data directory was put back to an earlier state/);
  const probe = await until('its probe to refuse', async () => {
    const answer = await fetch(`${node.ops}/readyz`);
    return answer.status === 503 ? await answer.text() : null;
  });
  assert.match(probe, /put back to an earlier state/);
  for (const other of [0, 1]) {
    await says(cluster.nodes[other], /data directory was put back to an earlier state/);
    await doctor_says(cluster.nodes[other], /data directory was put back to an earlier state/);
  }
  // It knows it from now on, also where nobody tells it.
  await node.kill();
  node.first_line = node.logs.length;
  await node.launch();
  await until('it to say so at once', () => node.log_entries.some((entry) => /put back to an earlier state/.test(JSON.stringify(entry))));
  const votes = (await cluster.view()).nodes.find((n) => n.name === 'n3');
  assert.equal(votes.connected, false);
  await cluster.api(0).send(steps('without it', 20));
  assert.equal((await cluster.api(1).all('/api/v2/events', { agent_id: 'without it' })).length, 20);

  const heir = await invited('heir');
  await heir.boot();
  await replaced('n3', 'heir');
  await node.kill();
  cluster.nodes[2] = heir;
  others.splice(others.indexOf(heir), 1);
  others.push(node);
  await unharmed();
});

test('strangers: troupectl node join makes a data directory from an invitation, and refuses what cannot become one', async () => {
  const node = await invited('by-command');
  delete node.env.TROUPE_JOIN;
  const join_with = (file, folder) => ctl(node, '--data-dir', folder, 'node', 'join', file);
  const folder = (name) => join(node.home, name);
  mkdirSync(folder('full'), { mode: 0o755 });
  writeFileSync(folder('full/something'), '');
  writeFileSync(folder('garbled'), readFileSync(node.invitation, 'utf8').slice(0, 200));
  const late = folder('late');
  await ctl_must(cluster.nodes[0], 'node', 'invite', 'too-late', '--address', '127.0.0.1:7999', '--out', late, '--hours', '0.0001');
  await until('it to expire', async () => (await join_with(late, folder('never'))).stderr.includes('was good until'));
  for (const [file, where, words] of [
    [node.invitation, folder('full'), /is not empty/],
    [node.invitation, cluster.nodes[1].data_dir, /holds the data of a node/],
    [folder('garbled'), folder('never'), /garbled/],
    [folder('nowhere'), folder('never'), /cannot be read/],
  ]) {
    const { code, stderr } = await join_with(file, where);
    assert.equal(code, 1, stderr);
    assert.match(stderr, words);
  }
  assert.equal(statSync(folder('full')).mode & 0o777, 0o755, 'what is refused is left as it is');
  const { code, stdout, stderr } = await join_with(node.invitation, node.data_dir);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /[0-9a-f]{16}/);
  assert.equal(statSync(join(node.data_dir, 'invitation')).mode & 0o777, 0o600);
  const { secret, key } = JSON.parse(readFileSync(node.invitation, 'utf8'));
  node.env.TROUPE_LOG_LEVEL = 'trace';
  await node.boot();
  await until('it to be one of them', async () => (await cluster.view()).nodes.some(({ name, state }) => name === 'by-command' && state === 'active'));
  await node.restart();
  const secrets = [secret, ...key.split('\n').filter((line) => line.length > 40)];
  assert.ok(secrets.every(Boolean) && secrets.length > 1);
  for (const { logs } of [node, ...cluster.nodes]) {
    for (const one of secrets) assert.ok(!logs.some((line) => line.includes(one)), 'a secret of the invitation is in a log');
  }
  await ctl_must(cluster.nodes[0], 'node', 'drain', 'by-command');
  await ctl_must(cluster.nodes[0], 'node', 'remove', 'by-command');
  await until('it to be gone', async () => !(await cluster.view()).nodes.some(({ name }) => name === 'by-command'), 60_000);
  await unharmed();
});
