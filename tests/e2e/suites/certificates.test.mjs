// Certificates as an operator handles them: a CA whose key is on no node, what it signs, and which certificate opens which port.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { Cluster, ctl, ctl_json, ctl_must, free_port } from '../support/cluster.mjs';
import { numbers, step_of, steps } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { until } from '../support/until.mjs';

const nodes = [];
let cluster;
let ca;
let first;
before(async () => {
  first = await Node.prepare({ cluster: true, env: { TROUPE_NODE_NAME: 'n1' } });
  nodes.push(first);
  ca = join(first.home, 'ca');
});
after(async () => {
  for (const node of nodes) await node.remove();
  await cluster?.remove();
});

const certificates = (answer) => Object.fromEntries(answer.items.map((item) => [item.role, item]));

/** What becomes of a TLS connection that shows the certificate: 'accepted' or why not. */
async function knock(port, folder, name) {
  let outcome = null;
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: readFileSync(join(folder, 'ca.pem')),
    cert: readFileSync(join(folder, `${name}.pem`)),
    key: readFileSync(join(folder, `${name}.key`)),
    checkServerIdentity: () => undefined,
  });
  // In TLS 1.3 the refusal of a certificate comes after the handshake. CAF speaks first.
  socket.once('data', () => (outcome ??= 'accepted'));
  socket.once('error', (error) => (outcome ??= error.code ?? error.message));
  socket.once('close', () => (outcome ??= 'closed'));
  await until('an end of the connection, or a word', () => outcome);
  socket.destroy();
  return outcome;
}

test('certificates: a CA is made away from the nodes and signs for the first one', async () => {
  const made = certificates(await ctl_json(first, 'cert', 'init-ca', ca));
  assert.match(made.authority.name, /^Troupe cluster /);
  assert.equal(statSync(join(ca, 'ca.key')).mode & 0o777, 0o600);
  assert.equal((await ctl(first, 'cert', 'init-ca', ca)).code, 1);
  const pki = join(first.data_dir, 'pki');
  const issued = certificates(await ctl_json(first, 'cert', 'issue', 'node', '--ca', ca, '--out', pki));
  assert.match(issued.node.name, /^node-[0-9a-f]{16}$/);
  assert.ok(!existsSync(join(pki, 'ca.key')));
  await first.boot();
  const status = await ctl_json(first, 'status');
  assert.equal(`node-${status.id ?? status.node_id ?? status.node}`.replace('node-node-', 'node-'), issued.node.name);
  const again = await ctl(first, 'cert', 'issue', 'node', '--ca', ca, '--out', pki);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /exists/);
});

test('certificates: without the key on any node, an invitation takes its certificates from who has it', async () => {
  const bare = await ctl(first, 'node', 'invite', 'n2', '--address', '127.0.0.1:7400', '--out', join(first.home, 'bare'));
  assert.equal(bare.code, 1);
  assert.match(bare.stderr, /--ca/);
  cluster = new Cluster();
  cluster.options = () => ({});
  const second = await Node.prepare({ cluster: true, env: { TROUPE_NODE_NAME: 'n2' } });
  nodes.push(second);
  second.ports.cluster = await free_port('127.0.0.1');
  const file = join(second.home, 'invitation');
  await ctl_must(first, 'node', 'invite', 'n2', '--address', `127.0.0.1:${second.ports.cluster}`, '--out', file, '--ca', ca);
  second.env = { ...second.env, TROUPE_JOIN: file };
  await second.boot();
  const view = await until('both to be in the map', async () => {
    const now = await first.api.read('/api/v2/cluster');
    return now.nodes.filter((node) => node.state === 'active').length === 2 ? now : null;
  });
  assert.deepEqual(view.nodes.map((node) => node.name).sort(), ['n1', 'n2']);
  await second.api.send(steps('through the second', 10));
  const seen = await first.api.all('/api/v2/events', { agent_id: 'through the second' });
  assert.deepEqual(seen.map(step_of).sort((a, b) => a - b), numbers(10));
});

test('certificates: list tells who, what for and until when', async () => {
  const listed = certificates(await ctl_json(first, 'cert', 'list'));
  assert.deepEqual(Object.keys(listed).sort(), ['admin', 'authority', 'node']);
  assert.ok(listed.node.days_left > 700 && listed.node.days_left <= 730);
  assert.match(listed.node.expires_at, /^\d{4}-\d\d-\d\dT/);
  assert.equal(listed.node.issuer, listed.authority.name);
  assert.match(await ctl_must(first, 'cert', 'list', ca), /authority/);
  assert.equal((await ctl(first, 'cert', 'list', first.home)).code, 1);
});

test('certificates: one more administrator, by name', async () => {
  const alice = join(first.home, 'alice');
  await ctl_must(first, 'cert', 'issue', 'admin', 'alice', '--ca', ca, '--out', alice);
  const status = await ctl_json(first, '--pki-dir', alice, 'status');
  assert.equal(status.ready, true);
  assert.equal((await ctl(first, 'cert', 'issue', 'admin', 'node-1', '--ca', ca, '--out', join(first.home, 'x'))).code, 2 - 1);
});

test('certificates: the admin port is for administrators and the cluster port for nodes', async () => {
  const pki = join(first.data_dir, 'pki');
  const stolen = join(first.home, 'stolen');
  mkdirSync(stolen);
  for (const [from, to] of [['ca.pem', 'ca.pem'], ['node.pem', 'troupectl.pem'], ['node.key', 'troupectl.key']]) copyFileSync(join(pki, from), join(stolen, to));
  const refused = await ctl(first, '--pki-dir', stolen, 'status');
  assert.equal(refused.code, 3, refused.stdout);
  assert.match(refused.stderr, /mutual TLS failed/);
  await until('the node to say why', () => first.logs.some((line) => /is one of a node, and here only an administrator may come in/.test(line)));
  assert.equal(await knock(first.ports.admin, pki, 'troupectl'), 'accepted');
  assert.equal(await knock(first.ports.cluster, pki, 'node'), 'accepted');
  assert.notEqual(await knock(first.ports.admin, pki, 'node'), 'accepted');
  assert.notEqual(await knock(first.ports.cluster, pki, 'troupectl'), 'accepted');
  await until('the node to say why', () => first.logs.some((line) => /is one of an administrator, and here only a node may come in/.test(line)));
  assert.equal((await ctl_json(first, 'status')).ready, true);
});

test('certificates: those of another CA open nothing, and a copied one is refused at the start', async () => {
  const other_ca = join(first.home, 'other-ca');
  const other = join(first.home, 'other');
  await ctl_must(first, 'cert', 'init-ca', other_ca);
  await ctl_must(first, 'cert', 'issue', 'node', '--ca', other_ca, '--out', other);
  const refused = await ctl(first, '--pki-dir', other, 'status');
  assert.equal(refused.code, 3);
  await until('the node to say why', () => first.logs.some((line) => /not of this cluster's CA|unknown ca/i.test(line)));
  assert.notEqual(await knock(first.ports.cluster, other, 'node'), 'accepted');

  const copy = await Node.prepare({ cluster: true });
  nodes.push(copy);
  await copy.boot();
  await copy.stop();
  for (const name of ['ca.pem', 'node.pem', 'node.key', 'troupectl.pem', 'troupectl.key']) copyFileSync(join(first.data_dir, 'pki', name), join(copy.data_dir, 'pki', name));
  await copy.launch();
  await until('it to end', () => copy.exit);
  assert.equal(copy.exit.code, 1);
  assert.ok(copy.logs.some((line) => /ca.key does not belong|and this is node-/.test(line)), copy.logs.slice(-3).join('\n'));
  await first.api.send(steps('unharmed', 5));
  assert.equal((await first.api_as(admin_key).all('/api/v2/events', { agent_id: 'unharmed' })).length, 5);
});
