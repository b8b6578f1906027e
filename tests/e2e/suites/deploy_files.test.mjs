// What no container engine is here to run is checked by what can read it: schemas of Compose and Kubernetes, a parser of
// Dockerfiles, shells, and the node itself, which is asked whether it understands every setting that is given to it.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import Ajv from 'ajv/dist/2019.js';
import formats from 'ajv-formats';
import { ValidationSeverity, validate as lint_dockerfile } from 'dockerfile-utils';
import { parse as parse_yaml, parseAllDocuments } from 'yaml';
import { bin_dir, root } from '../support/node.mjs';

const require = createRequire(import.meta.url);
const read = (path) => readFileSync(join(root, 'deploy', path), 'utf8');
const home = mkdtempSync(join(tmpdir(), 'troupe-deploy-'));
after(() => rmSync(home, { recursive: true, force: true }));

/** What the node makes of settings: its --print-config; a setting it does not know or cannot take is an error. */
async function settings_of(env, ...words) {
  const given = { PATH: process.env.PATH, HOME: home, TROUPE_DATA_DIR: join(home, 'data'), ...env };
  const { stdout } = await promisify(execFile)(join(bin_dir, 'trouped'), [...words, '--print-config'], { env: given });
  return Object.fromEntries([...stdout.matchAll(/^(\w+) = "?(.*?)"? +# (\w+)$/gm)].map(([, name, value, from]) => [name, { value, from }]));
}
const is_shell = (text) => execFileSync('/bin/sh', ['-n'], { input: text });

/** The instructions of a Dockerfile, stage by stage. */
function stages_of(text) {
  const lines = text.replace(/\\\n(\s*#.*\n)*/g, ' ').split('\n').filter((line) => line.trim() && !line.startsWith('#'));
  const stages = [];
  for (const line of lines) {
    const [, name, rest] = /^(\w+)\s+(.*)$/.exec(line);
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, rest: rest.trim() });
  }
  return stages;
}
const image = stages_of(read('docker/Dockerfile'));
const image_env = Object.fromEntries(
  image.at(-1).filter(({ name }) => name === 'ENV').flatMap(({ rest }) => [...rest.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key, value])),
);

test('Dockerfile: it parses, ends as another user than root, with a health check, an exec form and no key inside', () => {
  const text = read('docker/Dockerfile');
  const found = lint_dockerfile(text).filter((problem) => problem.severity === ValidationSeverity.ERROR || problem.severity === ValidationSeverity.WARNING);
  assert.deepEqual(found.map((problem) => `${problem.range.start.line + 1}: ${problem.message}`), []);
  assert.equal(image.length, 2, 'what builds is not what runs');
  const last = image.at(-1);
  const of = (name) => last.filter((one) => one.name === name).map((one) => one.rest);
  assert.match(of('USER').at(-1), /^[1-9]\d*:[1-9]\d*$/, 'a number: Kubernetes can see that it is not root');
  assert.match(of('HEALTHCHECK')[0], /CMD \["troupectl"/);
  assert.match(of('ENTRYPOINT')[0], /^\["trouped"\]$/, 'it is process 1 and gets SIGTERM');
  assert.deepEqual(of('STOPSIGNAL'), ['SIGTERM']);
  assert.deepEqual(image.flat().filter((one) => one.name === 'ADD'), []);
  assert.doesNotMatch(text, /:latest\b|TROUPE_ADMIN_KEY=/);
  for (const command of of('RUN')) {
    assert.match(command, /apt-get install -y --no-install-recommends/);
    assert.match(command, /rm -rf .*\/etc\/troupe\/trouped\.env .*\/var\/lib\/apt\/lists/, 'the key that the package draws is not in the image');
    is_shell(command.replace(/--mount=\S+/g, '').replace('source ', '. '));
  }
  for (const port of [8080, 4318, 7400, 9464]) assert.ok(of('EXPOSE')[0].split(' ').includes(String(port)));
});

test('Dockerfile: the node takes the settings that the image gives it', async () => {
  const settings = await settings_of({ ...image_env, TROUPE_DATA_DIR: join(home, 'data') });
  assert.equal(settings.http_listen.value, '0.0.0.0:8080');
  assert.equal(settings.log_format.value, 'json');
  assert.equal(image_env.TROUPE_DATA_DIR, '/var/lib/troupe');
});

const compose = parse_yaml(read('compose/compose.yaml'), { merge: true });
const nodes = Object.entries(compose.services).filter(([name]) => /^node-/.test(name));

test('Compose: it is what the schema says, and every volume and service that is named is there', () => {
  const schema = JSON.parse(readFileSync(join(require.resolve('dclint/package.json'), '../schemas/compose.schema.json'), 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  const { $schema, ...rest } = schema;
  const check = ajv.compile(rest);
  check(compose);
  assert.deepEqual(check.errors ?? [], []);
  for (const [name, service] of Object.entries(compose.services)) {
    for (const other of Object.keys(service.depends_on ?? {})) assert.ok(compose.services[other], `${name} depends on ${other}`);
    for (const volume of service.volumes ?? []) {
      const [from] = volume.split(':');
      if (!/^[./]/.test(from)) assert.ok(from in compose.volumes, `${name}: ${from}`);
    }
    assert.doesNotMatch(service.image, /:latest$|^[^:]+$/, `${name} names a version`);
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, `${name}: what has no TLS is published on loopback`);
  }
});

test('Compose: three nodes that are confined, of which the first founds and the others join', async () => {
  assert.deepEqual(nodes.map(([name]) => name), ['node-1', 'node-2', 'node-3']);
  for (const [name, service] of nodes) {
    assert.ok(service.read_only && service.cap_drop.includes('ALL') && service.security_opt.includes('no-new-privileges:true'), name);
    assert.ok(parseInt(service.stop_grace_period) > 10, 'longer than drain_seconds');
    const own = service.environment;
    assert.equal(own.TROUPE_CLUSTER_ADVERTISE, `${name}:7400`);
    assert.equal('TROUPE_JOIN' in own, name !== 'node-1');
    const env = { ...image_env, ...own, TROUPE_DATA_DIR: join(home, name) };
    if (env.TROUPE_ADMIN_KEY) env.TROUPE_ADMIN_KEY = 'k'.repeat(40);
    const settings = await settings_of(env);
    assert.equal(settings.node_name.value, name);
    assert.equal(settings.cluster_listen.value, '0.0.0.0:7400');
    assert.equal(settings.join.value, own.TROUPE_JOIN ?? '');
  }
  const script = compose.services.invite.command[0].replaceAll('$$', '$');
  is_shell(script);
  for (const [, service] of nodes.slice(1)) assert.match(script, new RegExp(service.environment.TROUPE_NODE_NAME));
});

const objects = ['troupe.yaml', 'ingress.yaml'].flatMap((file) =>
  parseAllDocuments(read(`kubernetes/${file}`), { merge: true }).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  }),
);
const only = (kind, name) => objects.find((object) => object.kind === kind && (!name || object.metadata.name === name));
const pod = only('StatefulSet').spec.template;

test('Kubernetes: every object is what its schema says', async () => {
  assert.deepEqual(objects.map((object) => object.kind), ['ServiceAccount', 'Service', 'Service', 'PodDisruptionBudget', 'NetworkPolicy', 'StatefulSet', 'Ingress']);
  for (const object of objects) {
    const group = object.apiVersion === 'v1' ? 'v1' : object.apiVersion;
    const models = require(`kubernetes-models/${group}`);
    const model = new models[object.kind](object);
    assert.doesNotThrow(() => model.validate(), undefined, object.kind);
  }
  const wrong = structuredClone(only('StatefulSet'));
  wrong.spec.template.spec.containers[0].readinessProbe.httpGet.prt = 'ops';
  delete wrong.spec.selector;
  assert.throws(() => new (require('kubernetes-models/apps/v1').StatefulSet)(wrong).validate(), 'the check can fail');
});

test('Kubernetes: what refers to another thing finds it', () => {
  const labels = pod.metadata.labels;
  const selects = (selector) => Object.entries(selector).every(([key, value]) => labels[key] === value);
  for (const service of objects.filter((object) => object.kind === 'Service')) {
    assert.ok(selects(service.spec.selector), service.metadata.name);
    for (const { targetPort } of service.spec.ports) assert.ok(pod.spec.containers[0].ports.some((port) => port.name === targetPort), targetPort);
  }
  assert.ok(selects(only('StatefulSet').spec.selector.matchLabels));
  assert.ok(selects(only('PodDisruptionBudget').spec.selector.matchLabels));
  assert.ok(selects(only('NetworkPolicy').spec.podSelector.matchLabels));
  assert.ok(pod.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.every((term) => selects(term.labelSelector.matchLabels)));
  assert.ok(only('Service', only('StatefulSet').spec.serviceName).spec.publishNotReadyAddresses);
  assert.ok(only('Service', only('Ingress').spec.rules[0].http.paths[0].backend.service.name));
  const volumes = [...pod.spec.volumes.map((v) => v.name), ...only('StatefulSet').spec.volumeClaimTemplates.map((v) => v.metadata.name)];
  for (const container of [...pod.spec.initContainers, ...pod.spec.containers]) {
    for (const mount of container.volumeMounts) assert.ok(volumes.includes(mount.name), mount.name);
    assert.ok(container.securityContext.readOnlyRootFilesystem && container.securityContext.capabilities.drop.includes('ALL'));
    is_shell(container.args[0]);
  }
});

test('Kubernetes: graceful by the numbers: three nodes, one away at a time, time enough to stop, user of the image', async () => {
  const set = only('StatefulSet').spec;
  const [container] = pod.spec.containers;
  assert.equal(set.replicas, 3);
  assert.equal(set.podManagementPolicy, 'Parallel', 'one by one they could not come back after a blackout');
  assert.equal(only('PodDisruptionBudget').spec.maxUnavailable, 1);
  assert.equal(String(pod.spec.securityContext.runAsUser), image.at(-1).find((one) => one.name === 'USER').rest.split(':')[0]);
  const plain = container.env.filter((one) => one.value !== undefined).map((one) => [one.name, one.value.replaceAll('$(POD_NAME)', 'troupe-0')]);
  const settings = await settings_of({ ...image_env, ...Object.fromEntries(plain), TROUPE_DATA_DIR: join(home, 'k8s'), TROUPE_ADMIN_KEY: 'k'.repeat(40) });
  assert.equal(settings.cluster_advertise.value, 'troupe-0.troupe-nodes:7400');
  assert.equal(settings.node_name.value, 'troupe-0');
  const pause = Number(container.lifecycle.preStop.exec.command[1]);
  assert.ok(pod.spec.terminationGracePeriodSeconds > pause + Number(settings.drain_seconds.value) + 10);
  assert.equal(container.livenessProbe.httpGet.path, '/livez');
  assert.equal(container.readinessProbe.httpGet.path, '/readyz');
  assert.equal(pod.spec.enableServiceLinks, false, 'the variables it sets would be refused as unknown settings');
});

test('Kubernetes: only the first pod founds, only once; an empty disk otherwise waits for an invitation', () => {
  const start = (script, { name, files = [], data = false }) => {
    const folder = mkdtempSync(join(home, 'pod-'));
    const invitations = mkdtempSync(join(home, 'invitations-'));
    for (const file of files) writeFileSync(join(invitations, file), '');
    if (data) execFileSync('mkdir', [join(folder, 'pki')]);
    // What would wait or run says so instead, and ends.
    const text = script.replaceAll('/invitations', invitations).replace(/sleep \d+/, 'exit 7').replace('exec trouped', 'echo "join=${TROUPE_JOIN:-}"');
    try {
      return execFileSync('/bin/sh', ['-ec', text], { env: { PATH: process.env.PATH, POD_NAME: name, TROUPE_DATA_DIR: folder } }).toString().replace(invitations, '').trim();
    } catch (error) {
      return error.status === 7 ? 'waits' : String(error);
    }
  };
  const [{ args: [init] }] = pod.spec.initContainers;
  const [{ args: [main] }] = pod.spec.containers;
  assert.equal(start(init, { name: 'troupe-0' }), '', 'it founds');
  assert.equal(start(main, { name: 'troupe-0' }), 'join=');
  assert.equal(start(init, { name: 'troupe-1' }), 'waits');
  assert.equal(start(init, { name: 'troupe-10' }), 'waits');
  assert.equal(start(init, { name: 'troupe-1', files: ['troupe-1', 'founded'] }), '');
  assert.equal(start(main, { name: 'troupe-1', files: ['troupe-1', 'founded'] }), 'join=/troupe-1');
  assert.equal(start(init, { name: 'troupe-0', files: ['founded', 'troupe-1'] }), 'waits', 'an empty disk later founds nothing');
  assert.equal(start(init, { name: 'troupe-0', files: ['founded'], data: true }), '', 'with its data it starts');
  assert.equal(start(init, { name: 'troupe-2', data: true }), '');
});

test('Kubernetes: invite.sh asks a running pod, and adds to what was invited before', () => {
  const bin = mkdtempSync(join(home, 'bin-'));
  const calls = join(bin, 'calls');
  writeFileSync(
    join(bin, 'kubectl'),
    `#!/bin/sh
echo "$*" >>'${calls}'
case "$*" in
  *exec*) echo "secret of $*" | grep -o 'troupe-[0-9]*.troupe-nodes' ;;
  *'get secret'*) exit 1 ;;
esac
`,
    { mode: 0o755 },
  );
  execFileSync(join(root, 'deploy/kubernetes/invite.sh'), ['troupe-0', 'troupe-2'], {
    env: { PATH: `${bin}:${process.env.PATH}`, FROM: 'troupe-1', KUBECTL_FLAGS: '-n agents' },
  });
  const lines = readFileSync(calls, 'utf8').trim().split('\n');
  assert.ok(lines.every((line) => line.startsWith('-n agents ')), lines.join('\n'));
  assert.match(lines[0], /wait --for=condition=Ready pod\/troupe-1/);
  assert.match(lines[1], /exec troupe-1 -c trouped .*node invite 'troupe-0' --address 'troupe-0.troupe-nodes:7400'/);
  assert.match(lines.at(-2), /create secret generic troupe-invitations$/);
  const { data } = JSON.parse(/--type=merge --patch (.*)$/.exec(lines.at(-1))[1]);
  const told = Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text, 'base64').toString().trim()]));
  assert.deepEqual(told, { founded: 'yes', 'troupe-0': 'troupe-0.troupe-nodes', 'troupe-2': 'troupe-2.troupe-nodes' });
});

test('package: the node takes the settings file, also with every line of it uncommented', async () => {
  const settings = await settings_of({ TROUPE_DATA_DIR: '' }, '--config', join(root, 'deploy/package/troupe.toml'));
  assert.deepEqual(settings.data_dir, { value: '/var/lib/troupe', from: 'file' });
  const all = join(home, 'all.toml');
  writeFileSync(all, read('package/troupe.toml').replace(/^#(\w+ = )/gm, '$1'));
  assert.ok(Object.values(await settings_of({ TROUPE_DATA_DIR: '' }, '--config', all)).filter((one) => one.from === 'file').length >= 8);
});

test('package: systemd can read the unit and finds it hardened', { skip: !has('systemd-analyze') && 'no systemd on this machine' }, async () => {
  await promisify(execFile)('systemd-analyze', ['security', '--offline=true', '--threshold=15', join(root, 'deploy/package/trouped.service')]);
});

function has(program) {
  try {
    return execFileSync('/bin/sh', ['-c', `command -v ${program}`]).length > 0;
  } catch {
    return false;
  }
}
