// kill -9 of the node that leads, again and again under load: how long a client sees nothing acknowledged.
import { steps } from '../e2e/support/events.mjs';
import { until } from '../e2e/support/until.mjs';
import { Client, breathe } from './support/clients.mjs';

const agents = 16;

/** A client that writes single events through nodes that live; the longest time between two acknowledgements. */
export class Writer {
  longest = 0;
  longest_at = new Date();
  acknowledged = 0;

  constructor(cluster, i) {
    this.agent = `failover-${i}`;
    this.client = new Client(cluster, Number(i) || 0);
  }

  async run(going) {
    let step = 0;
    this.last = performance.now();
    while (going()) {
      const batch = steps(this.agent, 1, step);
      const answer = await this.client.once('POST', '/api/v2/events', { body: batch, within_ms: 3_000 });
      if (!answer) {
        await breathe(10);
        continue;
      }
      step += 1;
      const now = performance.now();
      if (now - this.last > this.longest) [this.longest, this.longest_at] = [now - this.last, new Date()];
      this.last = now;
      this.acknowledged += 1;
    }
  }
}

export async function failovers(cluster, rounds, log) {
  const writers = Array.from({ length: agents }, (_, i) => new Writer(cluster, i));
  let going = true;
  const running = writers.map((writer) => writer.run(() => going));
  const gaps = [];
  for (let round = 0; round < rounds; round += 1) {
    const { nodes } = await cluster.view();
    const most = nodes.toSorted((a, b) => b.leaders - a.leaders)[0];
    const victim = cluster.nodes.find((_, i) => most.name === `n${i + 1}`);
    for (const writer of writers) writer.longest = 0;
    const before = writers.map((writer) => writer.acknowledged);
    await victim.kill();
    await until('every writer to go on', () => writers.every((writer, i) => writer.acknowledged > before[i] + 20), 30_000);
    const round_gaps = writers.map((writer) => writer.longest);
    gaps.push(Math.max(...round_gaps));
    log(`round ${round + 1}: n${cluster.nodes.indexOf(victim) + 1} led ${most.leaders}; longest gap of a client ${Math.round(gaps.at(-1))} ms`);
    await victim.boot();
    await cluster.settled();
  }
  going = false;
  await Promise.all(running);
  gaps.sort((a, b) => a - b);
  const median = gaps[gaps.length >> 1];
  log(`gap of the worst of ${agents} clients, ${rounds} kills: median ${Math.round(median)} ms, longest ${Math.round(gaps.at(-1))} ms`);
  const problems = [];
  if (median > 500) problems.push(`the median is ${Math.round(median)} ms, and should be below 500`);
  if (gaps.at(-1) > 2_000) problems.push(`the longest is ${Math.round(gaps.at(-1))} ms, and should be below 2000`);
  return problems;
}
