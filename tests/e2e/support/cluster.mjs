// Several real nodes that are one cluster: the first is founded, the others join by its invitation, as an operator would.
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Node, admin_key, bin_dir } from './node.mjs';
import { Api } from './api.mjs';
import { until } from './until.mjs';

export class Cluster {
  nodes = [];

  /** `options(i)`: of Node.prepare for node i, from 1. */
  static async start(count, options = () => ({})) {
    const cluster = new Cluster();
    cluster.options = options;
    cluster.nodes.push(await Node.start({ cluster: true, ...with_name(options(1), 1) }));
    for (let i = 2; i <= count; i += 1) await cluster.add();
    if (count > 1) await cluster.settled();
    return cluster;
  }

  /** One more node; resolves when it is ready to serve. */
  async add() {
    const i = this.nodes.length + 1;
    const node = await Node.prepare({ cluster: true, ...with_name(this.options(i), i) });
    const file = join(node.home, 'invitation');
    // The others are told where it will be before it is there.
    node.ports.cluster = await free_port(node.host);
    await ctl_must(this.alive[0], 'node', 'invite', `n${i}`, '--address', `${node.host}:${node.ports.cluster}`, '--out', file);
    node.env = { ...node.env, TROUPE_JOIN: file };
    this.nodes.push(node);
    await node.boot();
    return node;
  }

  get alive() {
    return this.nodes.filter((node) => node.exit === null);
  }

  /** The cluster as one of its nodes sees it. */
  async view(node = this.alive[0]) {
    return await node.api.read('/api/v2/cluster');
  }

  /** Every shard has as many replicas as it should, and a leader. */
  async settled(replicas = Math.min(3, this.nodes.length), within_ms = 60_000) {
    await until(`every shard to have ${replicas} replicas and a leader`, async () => {
      const { shards } = await this.view();
      const odd = shards.filter((shard) => shard.replicas.length !== replicas || !shard.leader);
      if (odd.length > 0) throw new Error(`${odd.length} shards are not so yet: ${JSON.stringify(odd[0])}`);
      return true;
    }, within_ms);
  }

  /** The API through one node. */
  api(i) {
    const node = this.nodes[i % this.nodes.length];
    return new Api(() => node.base, admin_key);
  }

  async remove() {
    await Promise.allSettled(this.nodes.map((node) => node.remove()));
  }
}

/** A port that is free now; of an address that this machine lacks, one that is hardly ever taken. */
export async function free_port(host) {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(7400));
    server.listen(0, host, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function with_name(options, i) {
  return { ...options, env: { TROUPE_NODE_NAME: `n${i}`, ...options.env } };
}

/** troupectl against that node: {code, stdout, stderr}. */
export async function ctl(node, ...args) {
  const [program, before] = node.wrap(join(bin_dir, 'troupectl'));
  const env = { PATH: process.env.PATH, HOME: node.home, XDG_CONFIG_HOME: join(node.home, 'config'), TROUPE_DATA_DIR: node.data_dir };
  return await promisify(execFile)(program, [...before, ...args], { env, timeout: 60_000 }).then(
    (r) => ({ ...r, code: 0 }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

export async function ctl_must(node, ...args) {
  const { code, stdout, stderr } = await ctl(node, ...args);
  if (code !== 0) throw new Error(`troupectl ${args.join(' ')}: ${code} ${stderr} ${stdout}`);
  return stdout;
}

export const ctl_json = async (node, ...args) => JSON.parse(await ctl_must(node, '-o', 'json', ...args));
