// The replicas of a cluster compare what they hold: at the same entries they have the same digests, whoever leads, and the doctor
// and the metrics have nothing to say. (A planted difference: tests/unit/storage/shard_digest_test.cpp.)
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Cluster, ctl } from '../support/cluster.mjs';
import { numbers, steps } from '../support/events.mjs';
import { until } from '../support/until.mjs';

let cluster;
after(() => cluster?.remove());

/** By shard, the digests that all three replicas took at one entry, once they have. */
async function compared(after = () => 0) {
  return await until('all replicas to have taken a digest at one entry', async () => {
    const { shards } = await cluster.view();
    const same = shards.filter(({ id, replicas }) => {
      const [first] = replicas;
      return replicas.length === 3 && first.digest_index > after(id) && replicas.every((replica) => replica.digest_index === first.digest_index);
    });
    return same.length === shards.length ? shards : null;
  }, 60_000);
}

test('digests: all replicas of every shard agree, under load and after a node was away', async () => {
  cluster = await Cluster.start(3, () => ({ env: { TROUPE_SHARDS: '4', TROUPE_DIGEST_EVERY_SECONDS: '1' } }));
  for (const i of numbers(20)) await cluster.api(i).send(steps(`agent-${i}`, 50));
  const first = await compared();
  for (const { id, replicas } of first) assert.equal(new Set(replicas.map((replica) => replica.digest)).size, 1, `shard ${id}`);

  await cluster.nodes[1].kill();
  for (const i of numbers(20)) await cluster.nodes[0].api.send(steps(`later-${i}`, 50));
  await cluster.nodes[1].boot();
  await cluster.settled(3);
  for (const i of numbers(20)) await cluster.api(i).send(steps(`again-${i}`, 50));
  await cluster.api(0).make_key('read');
  const before = new Map(first.map(({ id, replicas }) => [id, replicas[0].digest_index]));
  const second = await compared((id) => before.get(id));
  for (const { id, replicas } of second) {
    assert.equal(new Set(replicas.map((replica) => replica.digest)).size, 1, `shard ${id}`);
    assert.deepEqual(replicas.map((replica) => replica.digest_mismatches), [0, 0, 0]);
  }
  await until('the doctor to be content', async () => (await ctl(cluster.nodes[0], 'doctor')).code === 0);
  for (const node of cluster.nodes) {
    const metrics = await (await fetch(`${node.ops}/metrics`)).text();
    assert.match(metrics, /^troupe_cluster_digest_mismatches_total 0$/m);
  }
});
