// The stock phoenix client over ws, and a subscription that remembers how far it got, as any careful client would.
import { Socket } from 'phoenix';
import WebSocket from 'ws';
import { in_time } from './until.mjs';

/** A Socket to `base`. The key goes in the sub-protocol header (authToken), unless it is null. */
export function open_socket(base, key, options = {}) {
  const socket = new Socket(`${base.replace(/^http/, 'ws')}/socket`, {
    transport: WebSocket,
    ...(key ? { authToken: key } : {}),
    reconnectAfterMs: () => 50,
    rejoinAfterMs: () => 50,
    ...options,
  });
  socket.connect();
  return socket;
}

/** The outcome of a push of the client: {status, response}. */
export function outcome(push, what = 'a reply') {
  const answered = new Promise((resolve) => {
    for (const status of ['ok', 'error', 'timeout']) {
      push.receive(status, (response) => resolve({ status, response }));
    }
  });
  return in_time(what, answered);
}

/** Joins and gives {channel, status, response}. A refused join is left, since the client would go on trying. */
export async function join(socket, topic, params = {}) {
  const channel = socket.channel(topic, params);
  const result = await outcome(channel.join(), `the join of ${topic}`);
  if (result.status !== 'ok') channel.leave();
  return { channel, ...result };
}

/** Follows a topic over any number of cuts: what it got, and what the joins said. */
export class Follower {
  constructor(socket, topic, extra = {}) {
    this.received = [];
    this.joins = [];
    this.position = null;
    this.channel = socket.channel(topic, () => {
      this.asked = this.position !== null;
      return { ...extra, ...(this.position ? { recover: this.position } : {}) };
    });
    this.channel.on('events', (payload) => {
      this.received.push(...payload.events);
      this.position = { epoch: payload.epoch, offset: payload.offset };
    });
    this.push = this.channel.join();
    this.push.receive('ok', (reply) => {
      this.joins.push({ asked: this.asked, ...reply });
      if (!this.asked || reply.recovered !== true) this.position = { epoch: reply.epoch, offset: reply.offset };
    });
  }

  get joined() {
    return this.channel.state === 'joined';
  }
}
