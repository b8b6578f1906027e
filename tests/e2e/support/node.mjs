// A real trouped process for one test file: free ports, a data directory of its own, an admin key known beforehand.
// Invariants: what is started here is ended here, by its pid, whatever becomes of the test; a restart keeps ports and
// data; what the node wrote is shown when the file fails.
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Api } from './api.mjs';
import { in_time, until } from './until.mjs';

export const admin_key = 'e2e-admin-key-0123456789abcdef0123456789';
export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const bin_dir = process.env.E2E_BIN_DIR ?? join(root, 'build', process.env.TROUPE_PRESET ?? 'release', 'bin');

const start_within_ms = 30_000;
const log_lines_max = 5_000;
const shown_lines = 60;
const running = new Set();
const started = [];

export class Node {
  /**
   * `env`: more TROUPE_ settings. `data_dir`: an existing one, otherwise a temporary one that is removed at the end.
   * `wrap`: from the program to the [program, arguments] that run it. `host`: where it listens for clients. `cluster`: true
   * for a node that may have peers. `program`: trouped, or trouped_next, which is a version later.
   */
  static async start(options) {
    const node = await Node.prepare(options);
    await node.boot();
    return node;
  }

  /** The same, not yet running. */
  static async prepare({ env = {}, data_dir, wrap = (program) => [program, []], host = '127.0.0.1', cluster = false, program = 'trouped' } = {}) {
    const node = new Node();
    node.program = program;
    node.host = host;
    if (cluster) node.ports.cluster = 0;
    node.home = await mkdtemp(join(tmpdir(), 'troupe-e2e-'));
    node.data_dir = data_dir ?? join(node.home, 'data');
    node.env = env;
    node.wrap = wrap;
    started.push(node);
    return node;
  }

  logs = [];
  exit = null;
  ports = { http: 0, otlp: 0, ops: 0, admin: 0 };

  /** Starts the process (again) and waits until it is ready. */
  async boot() {
    await this.launch();
    await until('the node to say its ports', () => this.read_ports() || this.died(), start_within_ms);
    await until('/readyz', async () => this.died() || (await this.ready()), start_within_ms);
    if (this.exit) throw new Error(`trouped ended at start-up: ${JSON.stringify(this.exit)}`);
    if (!existsSync(join(this.data_dir, 'run', 'admin.json'))) throw new Error('it says that it is ready, and not where its admin port is');
  }

  async ready() {
    const answer = await fetch(`${this.ops}/readyz`);
    if (!answer.ok) throw new Error(`not ready: ${await answer.text()}`);
    return true;
  }

  /** Starts the process and does not wait for it. */
  async launch() {
    const program = join(bin_dir, this.program);
    if (!existsSync(program)) throw new Error(`${program} is missing: ./dev build`);
    const listen = (name) => `${this.host}:${this.ports[name]}`;
    this.exit = null;
    this.first_line = this.logs.length;
    this.child = spawn(...this.wrap(program), {
      cwd: this.home,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: this.home,
        TROUPE_DATA_DIR: this.data_dir,
        TROUPE_HTTP_LISTEN: listen('http'),
        TROUPE_OTLP_LISTEN: listen('otlp'),
        TROUPE_OPS_LISTEN: listen('ops'),
        TROUPE_ADMIN_LISTEN: `127.0.0.1:${this.ports.admin}`,
        ...(this.ports.cluster === undefined ? {} : { TROUPE_CLUSTER_LISTEN: listen('cluster') }),
        ...(this.host === '127.0.0.1' ? {} : { TROUPE_INSECURE_LISTEN: 'true' }),
        TROUPE_ADMIN_KEY: admin_key,
        TROUPE_LOG_FORMAT: 'json',
        ...this.env,
      },
    });
    const child = this.child;
    running.add(child);
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        running.delete(child);
        this.exit = { code, signal };
        resolve(this.exit);
      });
      child.once('error', (error) => resolve((this.exit = { error: String(error) })));
    });
    for (const stream of [child.stdout, child.stderr]) this.collect(stream);
  }

  collect(stream) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      this.logs.push(...lines);
      if (this.logs.length > log_lines_max) {
        const cut = this.logs.length - log_lines_max;
        this.logs.splice(0, cut);
        this.first_line = Math.max(0, this.first_line - cut);
      }
    });
  }

  /** The JSON log lines since the last start. */
  get log_entries() {
    return this.logs.slice(this.first_line).flatMap((line) => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [];
      }
    });
  }

  read_ports() {
    const wanted = Object.keys(this.ports);
    for (const entry of this.log_entries) {
      for (const name of wanted) {
        const port = /:(\d+)$/.exec(entry[`${name}_listen`] ?? '')?.[1];
        if (port && port !== '0') this.ports[name] = Number(port);
      }
    }
    return this.ports.http && this.ports.ops;
  }

  died() {
    return this.exit !== null;
  }

  get pid() {
    return this.child.pid;
  }
  get base() {
    return `http://${this.host}:${this.ports.http}`;
  }
  get otlp() {
    return `http://${this.host}:${this.ports.otlp}`;
  }
  get ops() {
    return `http://${this.host}:${this.ports.ops}`;
  }
  get api() {
    return new Api(() => this.base, admin_key);
  }
  /** The same API with another key; null sends none. */
  api_as(key) {
    return new Api(() => this.base, key);
  }

  /** SIGTERM, and the exit code. */
  async stop(within_ms = 20_000) {
    if (this.exit) return this.exit;
    this.child.kill('SIGTERM');
    return await in_time('the node to end after SIGTERM', this.ended, within_ms);
  }

  /** kill -9. */
  async kill() {
    this.child.kill('SIGKILL');
    return await in_time('the node to be gone', this.ended);
  }

  async restart() {
    await this.stop();
    await this.boot();
  }

  async remove() {
    if (!this.exit) await this.stop().catch(() => this.kill());
    rmSync(this.home, { recursive: true, force: true });
  }
}

function end_all() {
  for (const child of running) child.kill('SIGKILL');
}

process.on('exit', (code) => {
  end_all();
  for (const node of started) {
    if (code !== 0) {
      console.error(`--- the last lines of the node in ${node.home}, ${JSON.stringify(node.exit)}`);
      for (const line of node.logs.slice(-shown_lines)) console.error(line);
    }
    rmSync(node.home, { recursive: true, force: true });
  }
});
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => process.exit(130));
