// A real Prometheus server that scrapes a node every second: Debian's, as ./dev has fetched it beside promtool.
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { in_time, until } from './until.mjs';

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function free_port() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Prometheus {
  /** `targets`: host:port of ops listeners. `rules`: a file. */
  static async start({ targets, rules }) {
    const server = new Prometheus();
    server.home = await mkdtemp(join(tmpdir(), 'troupe-prometheus-'));
    server.port = await free_port();
    const config = join(server.home, 'prometheus.yml');
    writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: [rules],
        scrape_configs: [{ job_name: 'troupe', static_configs: [{ targets }] }],
      }),
    );
    server.said = '';
    server.child = spawn(
      'prometheus',
      [`--config.file=${config}`, `--storage.tsdb.path=${join(server.home, 'data')}`, `--web.listen-address=127.0.0.1:${server.port}`, '--log.level=warn'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [server.child.stdout, server.child.stderr]) stream.on('data', (data) => (server.said += data));
    server.ended = new Promise((resolve) => server.child.once('close', resolve).once('error', (error) => resolve((server.said += error))));
    process.on('exit', () => server.child.kill('SIGKILL'));
    await until(`Prometheus to be ready (${server.said})`, async () => (await fetch(`${server.base}/-/ready`)).ok, 30_000);
    return server;
  }

  get base() {
    return `http://127.0.0.1:${this.port}`;
  }

  async get(path, parameters = {}) {
    const response = await fetch(`${this.base}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = await response.json();
    if (answer.status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${answer.error}`);
    return answer.data;
  }

  /** The series of an instant query: [{metric, value}], where value is a number. */
  async query(expr) {
    const { result } = await this.get('query', { query: expr });
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  async stop() {
    this.child.kill('SIGTERM');
    await in_time('Prometheus to end', this.ended, 20_000);
    rmSync(this.home, { recursive: true, force: true });
  }
}
