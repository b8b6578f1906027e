// Planned changes of voters while one shard has much to carry over: how long a client of that shard, and of the others, sees
// nothing acknowledged. First one node grows to three, then one of the three is replaced.
import { randomBytes } from 'node:crypto';
import { ctl_must } from '../e2e/support/cluster.mjs';
import { steps } from '../e2e/support/events.mjs';
import { until } from '../e2e/support/until.mjs';
import { Writer } from './failovers.mjs';

const others = 15;
const event_bytes = 24_000;
const events_at_once = 200;
const pause_ms_max = 500;

/** So many megabytes of events of one agent, which are in one shard, and cannot be made small. */
async function fill(cluster, agent, megabytes, log) {
  const api = cluster.api(0);
  for (let sent = 0; sent < megabytes * 1e6; sent += events_at_once * event_bytes) {
    const batch = steps(agent, events_at_once).map((event) => ({ ...event, attributes: { filler: randomBytes((event_bytes * 3) / 4).toString('base64') } }));
    await api.send(batch);
  }
  log(`${megabytes} MB of events are in one shard`);
}

export async function changes(cluster, megabytes, log) {
  const writers = [new Writer(cluster, 'large'), ...Array.from({ length: others }, (_, i) => new Writer(cluster, i))];
  await fill(cluster, writers[0].agent, megabytes, log);
  let going = true;
  const running = writers.map((writer) => writer.run(() => going));
  const problems = [];
  const measured = async (name, change) => {
    const before = writers.map((writer) => writer.acknowledged);
    await until('every writer to be at work', () => writers.every((writer, i) => writer.acknowledged > before[i]));
    for (const writer of writers) writer.longest = 0;
    const began = performance.now();
    await change();
    const [large, ...rest] = writers.map((writer) => Math.round(writer.longest));
    const worst = Math.max(...rest);
    log(`${name}, ${((performance.now() - began) / 1000).toFixed(1)} s: longest pause of the client of the large shard ${large} ms, of ${others} others ${worst} ms`);
    const slowest = writers.reduce((a, b) => (b.longest > a.longest ? b : a));
    log(`${name}: the longest ended at ${slowest.longest_at.toISOString().slice(11, 23)}, of ${slowest.agent}`);
    if (Math.max(large, worst) > pause_ms_max) problems.push(`${name}: a client waited ${Math.max(large, worst)} ms, ${pause_ms_max} is the aim`);
  };
  await measured('one node becomes three', async () => {
    await cluster.add();
    await cluster.add();
    await cluster.settled(3, 300_000);
  });
  await measured('another node takes the place of one of three', async () => {
    await cluster.add();
    await ctl_must(cluster.nodes[0], 'node', 'replace', 'n3', '--with', 'n4');
    await until('it to have left', async () => !(await cluster.view()).nodes.some((node) => node.name === 'n3'), 300_000);
  });
  going = false;
  await Promise.all(running);
  return problems;
}
