// The real nginx and Caddy of Debian, run from the configurations in deploy/ with only names, ports, certificate and node
// put in, as their user would. Unpacked by ./dev, never installed.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './node.mjs';
import { free_port } from './prometheus.mjs';
import { in_time, until } from './until.mjs';

export const run = promisify(execFile);
export const shipped = {
  nginx: join(root, 'deploy/nginx/troupe.conf'),
  caddy: join(root, 'deploy/caddy/Caddyfile'),
};

/** Every replacement must have something to replace: a configuration that changed is noticed. */
function put_in(text, replacements) {
  for (const [what, by] of replacements) {
    const next = text.replaceAll(what, by);
    if (next === text) throw new Error(`the configuration has no ${what}`);
    text = next;
  }
  return text;
}

async function certificate(home) {
  const [key, chain] = [join(home, 'privkey.pem'), join(home, 'fullchain.pem')];
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', chain]);
  return { key, chain };
}

export class Front {
  /** `name`: nginx or caddy. `nodes`: ports of nodes. */
  static async start(name, nodes) {
    const front = new Front();
    front.name = name;
    front.home = await mkdtemp(join(tmpdir(), `troupe-${name}-`));
    front.port = await free_port();
    front.plain_port = await free_port();
    front.tls = await certificate(front.home);
    const [program, args] = front[name](nodes);
    front.said = '';
    front.child = spawn(program, args, { cwd: front.home, env: { PATH: process.env.PATH, HOME: front.home }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [front.child.stdout, front.child.stderr]) stream.on('data', (data) => (front.said += data));
    front.child.once('error', (error) => (front.said += error));
    front.ended = new Promise((resolve) => front.child.once('close', (code) => resolve((front.code = code ?? -1))));
    process.on('exit', () => front.child.kill('SIGTERM'));
    await until(`${name} to answer`, async () => {
      if (front.code !== undefined) return true;
      return (await fetch(`${front.base}/api/v2/whoami`)).status === 401;
    }, 30_000).catch((error) => {
      throw new Error(`${error.message} (${error.cause ?? ''}) ${front.said}`);
    });
    if (front.code !== undefined) throw new Error(`${name} ended: ${front.said}`);
    return front;
  }

  get base() {
    return `https://localhost:${this.port}`;
  }

  nginx(nodes) {
    const servers = nodes.map((port) => `server 127.0.0.1:${port} max_fails=0;`).join('\n    ');
    const site = put_in(readFileSync(shipped.nginx, 'utf8'), [
      ['server 127.0.0.1:8080 max_fails=0;', servers],
      ['listen 80;', `listen 127.0.0.1:${this.plain_port};`],
      ['    listen [::]:80;\n', ''],
      ['listen 443 ssl http2;', `listen 127.0.0.1:${this.port} ssl http2;`],
      ['    listen [::]:443 ssl http2;\n', ''],
      ['server_name troupe.example.org;', 'server_name localhost;'],
      ['/etc/ssl/troupe/fullchain.pem', this.tls.chain],
      ['/etc/ssl/troupe/privkey.pem', this.tls.key],
    ]);
    writeFileSync(join(this.home, 'site.conf'), site);
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${join(this.home, kind)};`).join(' ');
    mkdirSync(join(this.home, 'logs'), { recursive: true });
    const as_root = process.getuid() === 0 ? 'user root;' : '';
    writeFileSync(
      join(this.home, 'nginx.conf'),
      `${as_root} daemon off; worker_processes 1; pid ${join(this.home, 'nginx.pid')}; error_log stderr warn;
       events { worker_connections 512; }
       http { access_log off; ${places} include ${join(this.home, 'site.conf')}; }\n`,
    );
    this.check = ['nginx', ['-p', this.home, '-c', join(this.home, 'nginx.conf'), '-e', 'stderr', '-t']];
    return ['nginx', ['-p', this.home, '-c', join(this.home, 'nginx.conf'), '-e', 'stderr']];
  }

  caddy(nodes) {
    const site = put_in(readFileSync(shipped.caddy, 'utf8'), [
      ['troupe.example.org {', `https://localhost:${this.port} {\n\ttls ${this.tls.chain} ${this.tls.key}`],
      ['reverse_proxy 127.0.0.1:8080 {', `reverse_proxy ${nodes.map((port) => `127.0.0.1:${port}`).join(' ')} {`],
    ]);
    const file = join(this.home, 'Caddyfile');
    writeFileSync(file, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
    this.check = ['caddy', ['validate', '--config', file, '--adapter', 'caddyfile']];
    return ['caddy', ['run', '--config', file, '--adapter', 'caddyfile']];
  }

  async stop() {
    this.child.kill('SIGTERM');
    await in_time(`${this.name} to end`, this.ended, 20_000).catch(() => this.child.kill('SIGKILL'));
    if (existsSync(this.home)) rmSync(this.home, { recursive: true, force: true });
  }
}
