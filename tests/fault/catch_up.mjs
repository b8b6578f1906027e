// A node that was away while the others took many events comes back and catches up by snapshots. While it does, writers go on;
// no leader may be deposed, and memory stays flat on both sides: what it takes is told, and bounded.
import { readFileSync } from 'node:fs';
import { ctl_must } from '../e2e/support/cluster.mjs';
import { steps } from '../e2e/support/events.mjs';
import { until } from '../e2e/support/until.mjs';
import { Writer } from './failovers.mjs';
import { Client } from './support/clients.mjs';

// Small batches for few agents: many entries in few logs, more than a log keeps, so that snapshots are needed.
const agents = 8;
const events_at_once = 10;
const writers_at_once = 24;
const caught_up_within_ms = 600_000;
// Of one node while it gives or takes, beyond what it had before: a chunk of 256 KiB for each shard under way, what the store
// and the allocator keep. Far below the hundreds of megabytes that are carried.
const growth_mb_max = 192;

/** Resident memory of the node's process, in MB; it runs below `ip netns exec`, which becomes it. */
const resident_mb = (node) => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))[1]) / 1024;

async function fill(cluster, count) {
  let sent = 0;
  const write = async (at) => {
    const client = new Client(cluster, at);
    while (sent < count) {
      const number = sent / events_at_once;
      sent += events_at_once;
      const batch = steps(`far-${number % agents}`, events_at_once, Math.floor(number / agents) * events_at_once);
      await until('a batch to be taken', () => client.once('POST', '/api/v2/events', { body: batch }), 60_000);
    }
  };
  await Promise.all(Array.from({ length: writers_at_once }, (_, i) => write(i)));
}

export async function catch_up(cluster, count, log) {
  const problems = [];
  const away = cluster.nodes[2];
  const givers = cluster.nodes.slice(0, 2);
  const stay = { ...cluster, nodes: givers };
  // Nobody hands leaders around on purpose meanwhile: who leads another shard afterwards was deposed.
  await ctl_must(givers[0], 'rebalance', 'pause');
  await away.kill();
  const began = performance.now();
  await fill(stay, count);
  const seconds = (performance.now() - began) / 1000;
  log(`${count} events while n3 was away, ${Math.round(count / seconds)}/s`);
  const settled = async () => (await givers[0].api.read('/api/v2/cluster')).shards;
  const before = new Map((await settled()).map((shard) => [shard.id, shard]));
  const was = givers.map(resident_mb);
  const writers = Array.from({ length: 16 }, (_, i) => new Writer(stay, i));
  let going = true;
  const running = writers.map((writer) => writer.run(() => going));
  await until('every writer to be at work', () => writers.every((writer) => writer.acknowledged > 20), 30_000);
  for (const writer of writers) writer.longest = 0;

  const peaks = [0, 0, 0];
  const watched = [...givers, away];
  const back = performance.now();
  await away.launch();
  await until('n3 to have caught up', async () => {
    if (away.exit) throw new Error(`n3 ended: ${JSON.stringify(away.exit)}`);
    watched.forEach((node, i) => (peaks[i] = Math.max(peaks[i], resident_mb(node))));
    const shards = await settled();
    return shards.every((shard) => shard.replicas.length === 3 && shard.replicas.every((replica) => replica.lag !== null && replica.lag < 100 && replica.applied_index > 0));
  }, caught_up_within_ms);
  const took = (performance.now() - back) / 1000;
  going = false;
  await Promise.all(running);
  const pause = Math.max(...writers.map((writer) => writer.longest));
  const pulled = away.log_entries.map((entry) => Number(/has pulled (\d+) bytes/.exec(entry.message)?.[1] ?? 0));
  const carried = pulled.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
  log(`n3 caught up in ${took.toFixed(1)} s, ${Math.round(carried)} MB came as ${pulled.filter((bytes) => bytes > 0).length} snapshots; longest pause of 16 writers ${Math.round(pause)} ms`);
  log(`memory in MB: givers ${was.map(Math.round)} before, ${peaks.slice(0, 2).map(Math.round)} at most meanwhile; n3 ${Math.round(peaks[2])} at most`);

  for (const shard of await settled()) {
    const known = before.get(shard.id);
    if (shard.term !== known.term && shard.generation === known.generation) problems.push(`shard ${shard.id}: its leader was deposed: term ${known.term} became ${shard.term}`);
  }
  peaks.slice(0, 2).forEach((peak, i) => {
    if (peak - was[i] > growth_mb_max) problems.push(`n${i + 1} grew by ${Math.round(peak - was[i])} MB while it gave, ${growth_mb_max} is the bound`);
  });
  if (peaks[2] > Math.max(...was) + growth_mb_max) problems.push(`n3 needed ${Math.round(peaks[2])} MB, the others had ${was.map(Math.round)}`);
  // What it has now is what the others have: asked of its own replicas alone.
  for (const agent of ['far-0', `far-${agents - 1}`]) {
    const [here, there] = await Promise.all([away, givers[0]].map((node) => node.api.read(`/api/v2/agents/${agent}?consistency=local`)));
    if (here.totals.events !== there.totals.events) problems.push(`${agent} has ${here.totals.events} events on n3, ${there.totals.events} on n1`);
  }
  return problems;
}
