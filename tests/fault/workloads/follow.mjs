// Readers of the live feed that resume on the next node when theirs goes away: nothing missed, nothing twice.
import { open_socket } from '../../e2e/support/channels.mjs';
import { step_of } from '../../e2e/support/events.mjs';
import { admin_key } from '../../e2e/support/node.mjs';
import { until } from '../../e2e/support/until.mjs';
import { wrong_in_feed } from '../checkers/appended.mjs';
import { breathe } from '../support/clients.mjs';

const silent_ms_max = 3_000;

class Reader {
  pushed = new Map(); // agent -> steps
  refused = 0; // resumptions that began anew
  taken = 0; // in all
  position = null;
  moves = 0;

  constructor(cluster, at) {
    Object.assign(this, { cluster, at, name: `reader-${at}` });
  }

  connect() {
    this.socket?.disconnect();
    const node = this.cluster.nodes[this.at % this.cluster.nodes.length];
    this.node = node;
    this.heard = performance.now();
    const socket = open_socket(node.base, admin_key, { heartbeatIntervalMs: 1_000 });
    this.socket = socket;
    socket.onMessage(() => (this.heard = performance.now()));
    const asked = this.position;
    const channel = socket.channel('events', () => (this.position ? { recover: this.position } : {}));
    channel.on('events', (payload) => {
      if (this.socket !== socket) return; // of a connection that was given up
      for (const event of payload.events) {
        if (event.type !== 'custom.step') continue;
        if (!this.pushed.has(event.agent_id)) this.pushed.set(event.agent_id, []);
        this.pushed.get(event.agent_id).push(step_of(event));
        this.taken += 1;
      }
      this.position = { epoch: payload.epoch, offset: payload.offset };
    });
    channel.join().receive('ok', (reply) => {
      if (this.socket !== socket) return;
      if (asked && reply.recovered !== true) this.refused += 1;
      if (!this.position || reply.recovered !== true) this.position = { epoch: reply.epoch, offset: reply.offset };
    });
    this.channel = channel;
  }

  async follow(going) {
    this.connect();
    while (going()) {
      await breathe(100);
      if (this.node.exit === null && performance.now() - this.heard < silent_ms_max) continue;
      this.at += 1;
      this.moves += 1;
      this.connect();
    }
  }
}

export class Follow {
  name = 'follow';
  clients = [];

  constructor(cluster, append, count = 2) {
    this.append = append;
    this.readers = Array.from({ length: count }, (_, i) => new Reader(cluster, i));
  }

  async prepare() {
    for (const reader of this.readers) reader.connect();
    await until('the readers to have joined', () => this.readers.every((reader) => reader.channel.state === 'joined'));
  }

  run(going) {
    return Promise.all(this.readers.map((reader) => reader.follow(going)));
  }

  get done() {
    return this.readers.reduce((sum, reader) => sum + reader.taken, 0);
  }

  async check() {
    const problems = [];
    for (const { agent } of this.append.writers) {
      const stored = await this.append.stored(agent);
      for (const reader of this.readers) {
        const pushed = () => reader.pushed.get(agent) ?? [];
        await until('what is left to come', () => pushed().at(-1) === stored.at(-1), 10_000).catch(() => {});
        problems.push(...wrong_in_feed({ agent, reader: reader.name, stored, pushed: pushed() }));
      }
    }
    for (const reader of this.readers) {
      if (reader.refused) problems.push(`${reader.name}: told ${reader.refused} times that it cannot resume`);
      reader.socket.disconnect();
    }
    return problems;
  }
}
