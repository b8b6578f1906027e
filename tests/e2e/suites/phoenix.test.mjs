// The stock phoenix client over ws: joining, pushing, presence, and recovery without gap or duplicate.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Presence } from 'phoenix';
import WebSocket from 'ws';
import { Follower, join, open_socket, outcome } from '../support/channels.mjs';
import { numbers, step_of, steps } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { Network } from '../support/proxy.mjs';
import { in_time, stays, until } from '../support/until.mjs';

let node, api, reader, ingester;
const sockets = new Set();
before(async () => {
  node = await Node.start();
  api = node.api;
  reader = (await api.make_key('read')).key;
  ingester = (await api.make_key('ingest')).key;
});
after(async () => {
  for (const socket of sockets) socket.disconnect();
  await node?.remove();
});

function connect(key = reader, base = node.base, options = {}) {
  const socket = open_socket(base, key, options);
  sockets.add(socket);
  return socket;
}

/** Joins and collects the events it is pushed. */
async function listen(socket, topic, params) {
  const joined = await join(socket, topic, params);
  assert.equal(joined.status, 'ok', JSON.stringify(joined.response));
  const events = [];
  joined.channel.on('events', (payload) => events.push(...payload.events));
  return { ...joined, events };
}

test('phoenix: what is published on a channel is answered, stored and pushed to its topics', async () => {
  const [everything, own, team, other] = await Promise.all(
    ['events', 'agent:talker', 'team:blue', 'agent:somebody else'].map((topic) => listen(connect(), topic)),
  );
  assert.equal(typeof everything.response.epoch, typeof everything.response.offset);
  assert.equal(everything.response.recovered, undefined, 'nobody asked');
  const publisher = await join(connect(ingester), 'events');
  assert.equal(publisher.status, 'ok');
  const sent = steps('talker', 5).map((event) => ({ ...event, team: 'blue' }));
  const reply = await outcome(publisher.channel.push('publish', { events: [...sent, { type: 'custom.x' }] }));
  assert.equal(reply.status, 'ok');
  const { accepted, duplicates, rejected } = reply.response;
  assert.deepEqual([accepted, duplicates, rejected.map((r) => r.index)], [5, 0, [5]]);
  const again = await outcome(publisher.channel.push('publish', { events: sent }));
  assert.deepEqual([again.response.accepted, again.response.duplicates], [0, 5]);
  for (const { events, channel } of [everything, own, team]) {
    await until(`the events on ${channel.topic}`, () => events.length >= 5);
    assert.deepEqual(events.map(step_of), numbers(5), channel.topic);
    assert.equal(events[0].id, sent[0].id);
  }
  assert.deepEqual(other.events, []);
  const stored = await api.read(`/api/v2/events/${sent[0].id}`);
  assert.deepEqual(own.events[0], stored, 'pushed as it is listed');
});

test('phoenix: a binary push is taken as the same message', async () => {
  const { channel } = await join(connect(ingester), 'events');
  const payload = new TextEncoder().encode(JSON.stringify({ events: steps('in binary', 3) })).buffer;
  const reply = await outcome(channel.push('publish', payload));
  assert.equal(reply.status, 'ok', JSON.stringify(reply.response));
  const told = reply.response instanceof ArrayBuffer ? JSON.parse(new TextDecoder().decode(reply.response)) : reply.response;
  assert.equal(told.accepted, 3);
});

test('phoenix: a key in the join works as well, and without one nothing is joined', async () => {
  const bare = connect(null);
  assert.equal((await join(bare, 'events', { token: reader })).status, 'ok');
  for (const params of [{}, { token: 'wrong-wrong-wrong-wrong-wrong-wrong' }]) {
    const refused = await join(bare, 'agents', params);
    assert.equal(refused.status, 'error');
    assert.equal(typeof refused.response.reason, 'string');
  }
  const refused_socket = connect('wrong-wrong-wrong-wrong-wrong-wrong', node.base, { reconnectAfterMs: () => 60_000 });
  const refused = await in_time('a refusal', new Promise((resolve) => {
    refused_socket.onError(resolve);
    refused_socket.channel('events').join().receive('error', resolve);
  }));
  assert.ok(refused);
  refused_socket.disconnect();
});

test('phoenix: what may not be or is not known is an error reply with a reason', async () => {
  const socket = connect();
  for (const topic of ['nonsense', 'agent:', 'room:lobby', 'x'.repeat(2000)]) {
    const refused = await join(socket, topic);
    assert.equal(refused.status, 'error', topic.slice(0, 20));
    assert.equal(typeof refused.response.reason, 'string', topic.slice(0, 20));
  }
  const { channel } = await join(socket, 'events');
  for (const [event, payload] of [
    ['publish', { events: steps('by a reader', 1) }],
    ['dance', {}],
    ['publish', {}],
  ]) {
    const refused = await outcome(channel.push(event, payload));
    assert.equal(refused.status, 'error', event);
    assert.equal(typeof refused.response.reason, 'string', event);
  }
  assert.equal((await api.get('/api/v2/agents/by%20a%20reader')).status, 404);
  const bad = await join(connect(ingester), 'events');
  const refused = await outcome(bad.channel.push('publish', { events: 'many' }));
  assert.equal(refused.status, 'error');
  assert.equal(channel.state, 'joined', 'an error reply ends nothing');
});

test('phoenix: a topic that was left is quiet, the others go on', async () => {
  const socket = connect();
  const left = await listen(socket, 'agent:leaver');
  const kept = await listen(socket, 'events');
  await api.send(steps('leaver', 1));
  await until('the first event', () => left.events.length === 1 && kept.events.some((e) => e.agent_id === 'leaver'));
  assert.equal((await outcome(left.channel.leave())).status, 'ok');
  await api.send(steps('leaver', 1, 1));
  await until('the second event', () => kept.events.filter((e) => e.agent_id === 'leaver').length === 2);
  await stays('the left topic is quiet', () => left.events.length === 1);
  const back = await listen(socket, 'agent:leaver');
  await api.send(steps('leaver', 1, 2));
  await until('the third event', () => back.events.length === 1);
  assert.deepEqual(back.events.map(step_of), [2]);
});

test('phoenix: presence says who is on a topic, and forgets who vanished', async () => {
  const topic = 'agent:watched';
  const watcher = connect();
  const channel = watcher.channel(topic);
  const presence = new Presence(channel);
  const changes = [];
  presence.onJoin((key, _, now) => changes.push(['join', key, now.metas.length]));
  presence.onLeave((key, before, gone) => changes.push(['leave', key, gone.metas.length, before.metas.length]));
  assert.equal((await outcome(channel.join())).status, 'ok');
  const here = () => presence.list((_, { metas }) => metas.length).reduce((sum, n) => sum + n, 0);
  await until('itself to be there', () => here() === 1);
  const [leaving, vanishing] = [connect(admin_key), connect(reader)];
  for (const socket of [leaving, vanishing]) assert.equal((await join(socket, topic)).status, 'ok');
  await until('the others to be there', () => here() === 3);
  const refs = presence.list((_, { metas }) => metas.map((meta) => meta.phx_ref)).flat();
  assert.ok(refs.every((ref) => typeof ref === 'string' && ref !== ''), 'each meta has a phx_ref');
  assert.equal(new Set(refs).size, 3);
  vanishing.reconnectTimer.scheduleTimeout = () => {};
  vanishing.conn.terminate();
  await until('the vanished one to be gone', () => here() === 2);
  leaving.disconnect();
  await until('the other to be gone', () => here() === 1);
  assert.ok(changes.some(([what]) => what === 'join') && changes.some(([what]) => what === 'leave'));
});

test('phoenix: the agents topic begins with a snapshot and goes on with changes', async () => {
  await api.post('/api/v2/agents', { id: 'in the snapshot', team: 't' });
  const joined = await join(connect(), 'agents');
  assert.equal(joined.status, 'ok');
  assert.ok(joined.response.snapshot.some((agent) => agent.id === 'in the snapshot'));
  const seen = new Map();
  joined.channel.on('agents', ({ agents }) => agents.forEach((agent) => seen.set(agent.id, agent)));
  await api.send(steps('newly seen', 40));
  await api.patch('/api/v2/agents/in%20the%20snapshot', { name: 'renamed' });
  await until('both changes', () => seen.get('newly seen')?.totals.events === 40 && seen.get('in the snapshot')?.name === 'renamed');
  assert.deepEqual(seen.get('in the snapshot'), await api.read('/api/v2/agents/in%20the%20snapshot'));
});

test('phoenix: an agent topic tells changes of that agent, the system topic how the node is', async () => {
  const own = await join(connect(), 'agent:told');
  const told = [];
  own.channel.on('agent', ({ agent }) => told.push(agent));
  await api.post('/api/v2/agents', { id: 'told', name: 'A' });
  await api.post('/api/v2/agents/told/tasks', { name: 'x' });
  await until('the agent to be told', () => told.at(-1)?.pending_tasks === 1);
  assert.equal(told.at(-1).name, 'A');
  const system = await join(connect(), 'system');
  const stats = await in_time('the stats', new Promise((resolve) => system.channel.on('stats', resolve)), 20_000);
  for (const name of ['events_per_second', 'connections']) assert.equal(typeof stats[name], 'number', name);
  for (const name of ['node', 'version']) assert.ok(stats[name] !== undefined, name);
});

test('phoenix: heartbeats keep the socket', async () => {
  const socket = connect(reader, node.base, { heartbeatIntervalMs: 60 });
  let beats = 0;
  socket.onMessage((message) => (beats += message.topic === 'phoenix' && message.event === 'phx_reply' && message.payload.status === 'ok'));
  await until('ten heartbeats', () => beats >= 10);
  assert.ok(socket.isConnected());
});

/** Sends numbered steps of an agent until stopped; `sent` is how many were acknowledged. */
function write(agent, through = api) {
  const writer = { sent: 0, agent };
  let going = true;
  let next = [];
  const run = async () => {
    while (going) {
      if (next.length === 0) next = steps(agent, 3, writer.sent);
      try {
        await through.send(next);
      } catch {
        continue; // it may have been stored: the same ids again
      }
      writer.sent += next.length;
      next = [];
    }
  };
  const done = run();
  writer.stop = async () => {
    going = false;
    await done;
  };
  return writer;
}

/** Every step of each writer, once and in order. */
async function check_followed(followers, writers) {
  for (const { follower, agents } of followers) {
    for (const { agent, sent } of writers.filter((writer) => agents.includes(writer.agent))) {
      const got = () => follower.received.filter((event) => event.agent_id === agent).map(step_of);
      await until(`all ${sent} steps of ${agent}`, () => got().length >= sent, 20_000);
      assert.deepEqual(got(), numbers(sent), `${agent}: each once, in order, without a gap`);
    }
  }
}

/** Writers at work, followers of everything, of one agent and of a team, while `disturb` does its worst. */
async function follow_through(name, network, disturb) {
  const agents = numbers(4).map((i) => `${name}-${i}`);
  await api.post('/api/v2/agents', { id: agents[2], team: name });
  const socket = connect(reader, network.base);
  const followers = [
    { follower: new Follower(socket, 'events'), agents },
    { follower: new Follower(socket, `agent:${agents[1]}`), agents: [agents[1]] },
  ];
  await until('the joins', () => followers.every(({ follower }) => follower.joined));
  const writers = agents.map((agent) => write(agent));
  await disturb({ socket, followers: followers.map(({ follower }) => follower), writers });
  await until('the followers to be back', () => followers.every(({ follower }) => follower.joined));
  for (const writer of writers) await writer.stop();
  await check_followed(followers, writers);
  for (const { follower, agents: own } of followers) {
    assert.ok(follower.received.every((event) => own.includes(event.agent_id) || own.length > 1), 'only its own');
    const rejoins = follower.joins.slice(1);
    assert.ok(rejoins.length > 0, 'it was cut');
    assert.ok(rejoins.every((reply) => reply.asked && reply.recovered === true), JSON.stringify(rejoins));
  }
  socket.disconnect();
}

const more = (writers, count) => {
  const goal = writers.map((writer) => writer.sent + count);
  return until('the writers to go on', () => writers.every((writer, i) => writer.sent >= goal[i]), 30_000);
};

test('recovery: sockets cut again and again under load miss nothing and repeat nothing', async () => {
  const network = await Network.to(() => node.ports.http);
  await follow_through('cut', network, async ({ socket, followers, writers }) => {
    for (let round = 0; round < 5; round += 1) {
      await more(writers, 6);
      const before = followers.map((follower) => follower.joins.length);
      socket.conn.terminate();
      await until('the rejoin', () => followers.every((follower, i) => follower.joins.length > before[i]));
    }
    await network.cut();
    await more(writers, 30);
    await network.heal();
  });
  await network.cut();
});

test('recovery: kill -9 of the node under load is survived by the same client', async () => {
  const network = await Network.to(() => node.ports.http);
  await follow_through('killed', network, async ({ followers, writers }) => {
    for (let round = 0; round < 3; round += 1) {
      await more(writers, 6);
      const before = followers.map((follower) => follower.joins.length);
      await node.kill();
      await node.boot();
      await until('the rejoin', () => followers.every((follower, i) => follower.joins.length > before[i]), 30_000);
    }
    await more(writers, 6);
  });
  await network.cut();
});

test('recovery: a position long ago still gives everything since, in order', async () => {
  const first = await join(connect(), 'agent:long ago');
  const { epoch, offset } = first.response;
  for (let i = 0; i < 20; i += 1) await api.send(steps('long ago', 50, i * 50));
  const back = connect();
  const received = [];
  const channel = back.channel('agent:long ago', { recover: { epoch, offset } });
  channel.on('events', ({ events }) => received.push(...events));
  const reply = await outcome(channel.join());
  assert.equal(reply.response.recovered, true);
  await until('the missed events', () => received.length >= 1000);
  assert.deepEqual(received.map(step_of), numbers(1000));
});

test('recovery: a position that never was is told, and the topic goes on from now', async () => {
  const { epoch, offset } = (await join(connect(), 'events')).response;
  const another = typeof epoch === 'number' ? epoch + 1 : `${epoch}0`;
  for (const recover of [
    { epoch: another, offset },
    { epoch, offset: 'garbage' },
    { epoch, offset: '' },
    { epoch, offset: ahead_of(offset) },
  ]) {
    const { status, response, events } = await listen(connect(), 'agent:after a loss', { recover });
    assert.equal(status, 'ok');
    assert.equal(response.recovered, false, JSON.stringify(recover));
    assert.ok(response.epoch !== undefined && response.offset !== undefined, 'where it goes on from');
    await api.send(steps('after a loss', 1));
    await until('the next event', () => events.length === 1);
  }
});

/** A forged offset: of the same shape, its last number far ahead of anything stored. */
function ahead_of(offset) {
  return offset.replace(/[0-9a-z]+$/, 'zzzzzz');
}

test('close: SIGTERM ends sockets with a close that says come back', async () => {
  const socket = connect();
  await join(socket, 'events');
  const closed = new Promise((resolve) => socket.onClose(resolve));
  const stopped = node.stop();
  const { code } = await in_time('the close', closed);
  assert.ok([1001, 1012].includes(code), `code ${code}`);
  assert.deepEqual(await stopped, { code: 0, signal: null });
  await node.boot();
  await until('the client to be back', () => socket.conn?.readyState === WebSocket.OPEN);
});

test('phoenix: with socket_compression clients that offer it get the same events in fewer bytes, over a cut as well', async () => {
  class Plain extends WebSocket {
    constructor(address, protocols) {
      super(address, protocols, { perMessageDeflate: false });
    }
  }
  const far = await Node.start({ env: { TROUPE_SOCKET_COMPRESSION: 'on' } });
  const opened = [WebSocket, WebSocket, Plain].map((transport) => open_socket(far.base, admin_key, { transport }));
  try {
    const followers = opened.map((socket) => new Follower(socket, 'events'));
    await until('all to have joined', () => followers.every((f) => f.joined));
    assert.deepEqual(opened.map((socket) => socket.conn.extensions), ['permessage-deflate', 'permessage-deflate', '']);
    const sent = steps('far', 200);
    await far.api.send(sent.slice(0, 100));
    await until('half of it', () => followers.every((f) => f.received.length === 100));
    const read = opened.map((socket) => socket.conn._socket.bytesRead);
    assert.ok(read[0] * 3 < read[2], `${read[0]} of ${read[2]} bytes`);
    opened[0].conn._socket.destroy();
    await far.api.send(sent.slice(100));
    await until('all of it', () => followers.every((f) => f.received.length === 200));
    for (const f of followers) assert.deepEqual(f.received.map((event) => event.id), followers[2].received.map((event) => event.id));
    assert.equal(opened[0].conn.extensions, 'permessage-deflate', 'after the cut as well');
  } finally {
    for (const socket of opened) socket.disconnect();
    await far.remove();
  }
});
