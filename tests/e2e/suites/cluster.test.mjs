// Nodes that become one cluster, on loopback: growing, any node for any request, a node that dies, a restart in turn that no
// client notices, and whoever has no business on the cluster port. tests/fault does worse things to it.
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Presence } from 'phoenix';
import WebSocket from 'ws';
import { dashboards as boards } from '../../../deploy/grafana/make.mjs';
import { Follower, join as join_topic, open_socket } from '../support/channels.mjs';
import { Cluster, ctl, ctl_json, ctl_must, free_port } from '../support/cluster.mjs';
import { by_place, numbers, step_of, steps } from '../support/events.mjs';
import { Load } from '../support/load.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { in_time, until } from '../support/until.mjs';

let cluster;
const others = [];
after(async () => {
  await cluster?.remove();
  for (const node of others) await node.remove();
});

const stored = async (api, agent_id) => by_place(await api.all('/api/v2/events', { agent_id, limit: 1000 })).map(step_of);

test('cluster: one node with data grows to three, and what it had is on all of them', async () => {
  cluster = await Cluster.start(1);
  await cluster.api(0).send(steps('from before', 200));
  const load = new Load(cluster, 'while growing');
  await cluster.add();
  await cluster.add();
  await cluster.settled(3);
  await load.stop();
  for (const i of numbers(3)) {
    assert.deepEqual(await stored(cluster.api(i), 'from before'), numbers(200), `through node ${i + 1}`);
    const seen = await stored(cluster.api(i), 'while growing');
    assert.deepEqual(seen.slice(0, load.acknowledged), numbers(load.acknowledged), `through node ${i + 1}`);
  }
  const view = await cluster.view();
  assert.deepEqual(view.nodes.map((node) => node.state), ['active', 'active', 'active']);
  assert.ok(view.shards.every((shard) => shard.generation >= 2));
});

test('cluster: each node says what passes between it and the others, by their names', async () => {
  const { nodes } = await cluster.view();
  const of_peers = new Set(JSON.stringify(boards).match(/troupe_peer_[a-z_]+/g));
  assert.ok(of_peers.size >= 3);
  for (const i of numbers(3)) {
    const text = await (await fetch(`${cluster.nodes[i].ops}/metrics`)).text();
    const value = (name, peer) => Number(new RegExp(`^${name}\\{peer="${peer}"\\} (\\S+)$`, 'm').exec(text)?.[1]);
    const others = nodes.map(({ name }) => name).filter((name) => !Number.isNaN(value('troupe_peer_connected', name)));
    assert.equal(others.length, 2, text);
    for (const peer of others) {
      assert.equal(value('troupe_peer_connected', peer), 1);
      assert.ok(value('troupe_peer_sent_bytes_total', peer) > 0 && value('troupe_peer_received_bytes_total', peer) > 0);
      for (const name of of_peers) assert.ok(value(name, peer) >= 0, `${name} of ${peer}`);
    }
  }
});

test('cluster: any node takes any request, and each reads what another was told', async () => {
  for (const i of numbers(3)) {
    const made = await cluster.api(i).post('/api/v2/agents', { id: `made-${i}`, name: `through ${i}` });
    assert.equal(made.status, 201, made.text);
    for (const j of numbers(3)) assert.equal((await cluster.api(j).read(`/api/v2/agents/made-${i}`)).name, `through ${i}`);
  }
  const key = await cluster.api(1).make_key('read');
  await until('the key to be known everywhere', async () => {
    const answers = await Promise.all(cluster.nodes.map((node) => node.api_as(key.key).get('/api/v2/whoami')));
    return answers.every((answer) => answer.status === 200);
  });
});

test('cluster: a reader on one node is pushed what is sent to another', async () => {
  const socket = open_socket(cluster.nodes[2].base, admin_key);
  const follower = new Follower(socket, 'events');
  await until('the follower', () => follower.joined);
  await cluster.api(0).send(steps('pushed', 50));
  await until('all to come', () => follower.received.filter((event) => event.agent_id === 'pushed').length >= 50);
  assert.deepEqual(follower.received.filter((event) => event.agent_id === 'pushed').map(step_of), numbers(50));
  socket.disconnect();
});

test('cluster: presence lists who is at any node, and forgets who was at one that dies', async () => {
  const topic = 'agent:watched by many';
  const sockets = cluster.nodes.map((node) => open_socket(node.base, admin_key));
  const lists = sockets.map((socket) => {
    const channel = socket.channel(topic);
    const presence = new Presence(channel);
    channel.join();
    return () => presence.list((_, { metas }) => metas.map((meta) => meta.phx_ref)).flat().sort();
  });
  try {
    await until('each to see all three', () => lists.every((list) => list().length === 3));
    assert.deepEqual(lists[1](), lists[0]());
    assert.equal(new Set(lists[0]()).size, 3, 'references of different nodes differ');
    const dying = cluster.nodes[2];
    await dying.kill();
    await until('the two others to see two', () => lists.slice(0, 2).every((list) => list().length === 2));
    await dying.boot();
    await until('all three to be there again', () => lists.every((list) => list().length === 3));
  } finally {
    for (const socket of sockets) socket.disconnect();
  }
});

/** A WebSocket with the key: {status, socket}; status 101 if it is let in. */
function live(node, key) {
  const bearer = `base64url.bearer.phx.${Buffer.from(key).toString('base64url')}`;
  const socket = new WebSocket(`${node.base.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`, ['phoenix', bearer]);
  return in_time('an answer to the handshake', new Promise((resolve) => {
    socket.on('open', () => resolve({ status: 101, socket }));
    socket.on('unexpected-response', (_, answer) => resolve({ status: answer.statusCode, retry_after: answer.headers['retry-after'] }));
    socket.on('error', () => {});
  }));
}

test('cluster: a key has as many live connections as it may, on all nodes together', async () => {
  const { key, max_connections } = await cluster.api(0).make_key('read', 'five at once', { max_connections: 5 });
  assert.equal(max_connections, 5);
  const bearer = { authorization: `Bearer ${key}` };
  const stream_path = '/api/livebook/stream/telemetry';
  const open = [];
  const enter = async (node) => {
    const answer = await live(node, key);
    if (answer.socket) open.push(answer.socket);
    return answer;
  };
  const [a, b, c] = cluster.nodes;
  try {
    for (const node of [a, b, c]) await until('the key to be known', async () => (await fetch(`${node.base}/api/v2/whoami`, { headers: bearer })).status === 200);
    for (const node of [a, a, b, b]) assert.equal((await enter(node)).status, 101);
    const stream = new AbortController();
    const events = await fetch(`${b.base}${stream_path}`, { headers: bearer, signal: stream.signal });
    assert.equal(events.status, 200);
    // The third node hears of the others a moment later: what it let in too many it closes again.
    let sixth;
    await until('the sixth to be refused on the third node', async () => {
      sixth = await live(c, key);
      sixth.socket?.terminate();
      return sixth.status === 429;
    });
    assert.ok(sixth.retry_after > 0);
    const refused = await fetch(`${c.base}${stream_path}`, { headers: bearer });
    assert.equal(refused.status, 429);
    assert.match((await refused.json()).detail, /5 of 5 \(max_connections\)/);
    const bare = open_socket(c.base, null);
    const joined = await join_topic(bare, 'events', { token: key });
    assert.deepEqual([joined.status, joined.response.reason], ['error', 'too many connections']);
    bare.disconnect();
    stream.abort();
    await until('the place of the stream to be free', async () => (await enter(c)).status === 101);
    // All at once, on nodes that have not heard of each other's: in the end there are no more than five.
    for (const socket of open.splice(0)) socket.terminate();
    await until('a place to be free', async () => (await enter(a)).status === 101);
    await Promise.all(numbers(24).map((i) => enter(cluster.nodes[i % 3])));
    await until('five to be left', () => open.filter((socket) => socket.readyState === WebSocket.OPEN).length === 5);
  } finally {
    for (const socket of open) socket.terminate();
  }
});

test('cluster: with one node killed the others take writes, and it catches up when it is back', async () => {
  const load = new Load(cluster, 'around a kill');
  await until('some to be taken', () => load.acknowledged > 50);
  await cluster.nodes[0].kill();
  await until('the doctor to say which node is gone, and to end with 10', async () => {
    const { code, stdout } = await ctl(cluster.nodes[1], 'doctor');
    return code === 10 && stdout.includes('n1');
  });
  const before = load.acknowledged;
  await until('more to be taken', () => load.acknowledged > before + 200, 30_000);
  await cluster.nodes[0].boot();
  await cluster.settled(3);
  await load.stop();
  const seen = await stored(cluster.api(0), 'around a kill');
  assert.deepEqual(seen.slice(0, load.acknowledged), numbers(load.acknowledged), 'through the node that was away');
  assert.equal(new Set(seen).size, seen.length, 'nothing twice');
});

test('cluster: a node that waits for the others when it starts ends when it is told to', async () => {
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await cluster.nodes[0].launch();
  await until('it to listen', () => cluster.nodes[0].logs.length > cluster.nodes[0].first_line);
  assert.equal((await cluster.nodes[0].stop()).code, 0);
  await Promise.all(cluster.nodes.map((node) => node.boot()));
  await cluster.settled(3);
});

test('cluster: a minority refuses writes at once and says why', async () => {
  await Promise.all([cluster.nodes[1].kill(), cluster.nodes[2].kill()]);
  await until('the node to have noticed', async () => (await cluster.view(cluster.nodes[0])).nodes.filter((node) => node.connected).length <= 1);
  const refused = await until('a refusal', async () => {
    const answer = await cluster.nodes[0].api.post('/api/v2/events', steps('in a minority', 1));
    // At first it may be about the leader that was lost with the others.
    return answer.status === 503 && /majority/.test(answer.body.detail) ? answer : null;
  }, 30_000);
  assert.equal(refused.type, 'application/problem+json');
  assert.ok(refused.headers.get('retry-after'));
  await Promise.all([cluster.nodes[1].boot(), cluster.nodes[2].boot()]);
  await cluster.settled(3);
  await cluster.api(0).send(steps('whole again', 1));
});

test('cluster: a restart of each node in turn is no error for clients of the others', async () => {
  const load = new Load(cluster, 'through restarts');
  for (const node of cluster.nodes) {
    await node.restart();
    await cluster.settled(3);
  }
  await load.stop();
  // A request to the node that is just away cannot be answered; nothing else may fail.
  // Whoever says goodbye is not lost.
  const told = cluster.nodes[0].log_entries.map((entry) => JSON.stringify(entry));
  assert.ok(told.some((line) => /node-[0-9a-f]+ has left: it stops/.test(line)));
  assert.deepEqual(told.filter((line) => /the connection to .* is lost/.test(line)), []);
  assert.deepEqual(load.odd_failures, []);
  const seen = await stored(cluster.api(0), 'through restarts');
  assert.deepEqual(seen.slice(0, load.acknowledged), numbers(load.acknowledged));
});

test('cluster: troupectl shows nodes and shards, and the doctor is content', async () => {
  for (const node of cluster.nodes) {
    await until('a node that has just started to have heard of the others', async () => (await ctl(node, 'doctor')).code === 0);
  }
  const nodes = await ctl_json(cluster.nodes[1], 'nodes');
  assert.equal((nodes.items ?? nodes).length, 3);
  const shards = await ctl_json(cluster.nodes[2], 'shards');
  assert.equal(new Set((shards.items ?? shards).map((shard) => shard.shard ?? shard.id)).size, 16);
});

test('cluster: strangers, wrong certificates and used invitations are refused and harm nobody', async () => {
  const { ports } = cluster.nodes[0];
  for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(100_000, 0xff), Buffer.alloc(0)]) {
    const socket = connect(ports.cluster, '127.0.0.1');
    socket.on('error', () => {});
    socket.end(bytes);
  }
  const late_port = await free_port('127.0.0.1');
  const file = join(cluster.nodes[0].home, 'once');
  await ctl_must(cluster.nodes[0], 'node', 'invite', 'late', '--address', `127.0.0.1:${late_port}`, '--out', file);
  const first = await Node.prepare({ cluster: true, env: { TROUPE_JOIN: file, TROUPE_NODE_NAME: 'late' } });
  first.ports.cluster = late_port;
  others.push(first);
  await first.boot();
  const copy = join(cluster.nodes[0].home, 'again');
  copyFileSync(file, copy);
  const second = await Node.prepare({ cluster: true, env: { TROUPE_JOIN: copy, TROUPE_NODE_NAME: 'later' } });
  others.push(second);
  await second.launch();
  await until('it to be told that it may not', () => second.logs.some((line) => /used|already|another|refus/i.test(line)), 30_000);
  await second.kill();
  const alone = await Node.start({ cluster: true });
  others.push(alone);
  assert.notEqual((await alone.api.read('/api/v2/cluster')).cluster_id, (await cluster.view()).cluster_id);
  await cluster.api(1).send(steps('unharmed', 10));
  assert.deepEqual(await stored(cluster.api(2), 'unharmed'), numbers(10));
});

test('cluster: a dead node is replaced by one command, and a node is drained and removed', async () => {
  const load = new Load(cluster, 'while replacing');
  const late = others[0];
  await cluster.nodes[2].kill();
  await ctl_must(cluster.nodes[0], 'node', 'replace', 'n3', '--with', 'late');
  cluster.nodes[2] = late;
  await until('the dead one to be gone', async () => !(await cluster.view()).nodes.some((node) => node.name === 'n3'), 120_000);
  await cluster.settled(3);
  await load.stop();
  for (const i of numbers(3)) {
    const seen = await stored(cluster.api(i), 'while replacing');
    assert.deepEqual(seen.slice(0, load.acknowledged), numbers(load.acknowledged), `through node ${i + 1}`);
  }
  await ctl_must(cluster.nodes[0], 'node', 'drain', 'late');
  await until('it to hold nothing', async () => (await cluster.view()).shards.every((shard) => shard.replicas.length === 2), 60_000);
  await ctl_must(cluster.nodes[0], 'node', 'remove', 'late');
  await until('it to be gone', async () => !(await cluster.view()).nodes.some((node) => node.name === 'late'));
  assert.deepEqual((await stored(cluster.api(1), 'while replacing')).slice(0, load.acknowledged), numbers(load.acknowledged));
});
