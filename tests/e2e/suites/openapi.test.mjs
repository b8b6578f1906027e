// The OpenAPI document: Spectral finds nothing, and the node answers as the document says.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import Ajv2020 from 'ajv/dist/2020.js';
import add_formats from 'ajv-formats';
import { join as join_topic, open_socket } from '../support/channels.mjs';
import { steps } from '../support/events.mjs';
import { documented_fleet } from '../support/documented_fleet.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';
import { until } from '../support/until.mjs';

const verbs = ['get', 'put', 'post', 'delete', 'patch'];
let node, api, folder, document, validator;
const known = {};

before(async () => {
  node = await Node.start();
  api = node.api;
  folder = await mkdtemp(join(tmpdir(), 'troupe-openapi-'));
  document = await node.api_as(null).read('/openapi.json');
  await fill();
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  add_formats(ajv);
  ajv.addSchema(document, 'openapi');
  validator = (pointer) => ajv.getSchema(`openapi#${pointer}`);
});
after(async () => {
  await node?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Something of everything, so that each list has an item and each path parameter a value. */
async function fill() {
  known.agent = 'documented';
  await api.post('/api/v2/agents', { id: known.agent, name: 'N', team: 't', tags: ['a'], capabilities: ['c'], metadata: { a: 1 } });
  await api.send([
    ...steps(known.agent, 3),
    {
      type: 'llm.call',
      agent_id: known.agent,
      model: 'gpt-4o',
      provider: 'openai',
      tokens: { input: 10, output: 2, cache_read: 3, cache_write: 1, reasoning: 1 },
      duration_ms: 12.5,
      status: 'error',
      error: 'no',
    },
    { type: 'memory.access', agent_id: known.agent, tier: 'redis_immediate', latency_by_tier_ms: { redis_immediate: 2 }, query: 'q', items_retrieved: 0 },
  ]);
  known.event = (await api.read('/api/v2/events')).items[0].id;
  const tasks = `/api/v2/agents/${known.agent}/tasks`;
  known.task = (await api.post(tasks, { name: 'x', input: { a: 1 } })).body.id;
  await api.post(tasks, { name: 'y' });
  await api.post(`${tasks}/claim`, { worker: 'w' });
  known.key = (await api.make_key('read')).id;
  known.trace = '0af7651916cd43dd8448eb211c80319c';
  await api.send([
    { type: 'collaboration', agent_id: known.agent, peer_agent_id: 'peer', trace_id: known.trace, span_id: 'b7ad6b7169203331', duration_ms: 5 },
    { type: 'llm.call', agent_id: 'peer', trace_id: known.trace, parent_span_id: 'b7ad6b7169203331', session_id: 's', cost_usd: 0.1, tokens: { input: 1, output: 1 } },
    { type: 'knowledge.access', agent_id: known.agent, knowledge_id: 'k', session_id: 's' },
    { type: 'knowledge.access', agent_id: known.agent, knowledge_id: 'l', session_id: 's' },
    { type: 'hypothesis.formed', agent_id: known.agent, knowledge_id: 'h' },
  ]);
  await api.send(documented_fleet(Date.now()));
  known.dashboard = 'documented dashboard';
  const chart = { id: 'c', type: 'gauge', max: 1, source: { view: 'usage', measure: 'error_rate', filters: { team: 't' } } };
  await api.post('/api/v2/dashboards', { dashboard_id: known.dashboard, title: 'D', charts: [chart] });
  await api.call('PUT', '/api/v2/tokens/limits/documented', { body: { scope: 'org', period: 'day', cost_usd: 1 } });
}

// An upgrade succeeds with 101, which the rule does not know.
const spectral_rules = {
  extends: ['spectral:oas'],
  overrides: [{ files: ['**#/paths/~1socket~1websocket/get'], rules: { 'operation-success-response': 'off' } }],
};

test('OpenAPI: Spectral finds nothing to say', async () => {
  const path = join(folder, 'openapi.json');
  const ruleset = join(folder, 'ruleset.json');
  await writeFile(path, JSON.stringify(document));
  await writeFile(ruleset, JSON.stringify(spectral_rules));
  const package_file = createRequire(import.meta.url).resolve('@stoplight/spectral-cli/package.json');
  const program = join(dirname(package_file), 'dist', 'index.js');
  const run = promisify(execFile)(process.execPath, [program, 'lint', path, '--ruleset', ruleset, '--format', 'text', '--fail-severity', 'hint'], {
    timeout: 120_000,
    maxBuffer: 1 << 24,
  });
  const { stdout, code } = await run.then((r) => ({ ...r, code: 0 }), (error) => ({ stdout: error.stdout + error.stderr, code: error.code }));
  assert.equal(code, 0, stdout);
});

test('OpenAPI: every part of the API is described', () => {
  assert.match(document.openapi, /^3\.1\./);
  const wanted = {
    '/api/v2/events': ['get', 'post'],
    '/api/v2/events/{id}': ['get'],
    '/api/v2/agents': ['get', 'post'],
    '/api/v2/agents/active': ['get'],
    '/api/v2/agents/{id}': ['get', 'patch'],
    '/api/v2/agents/{id}/heartbeat': ['post'],
    '/api/v2/agents/{id}/tasks': ['get', 'post'],
    '/api/v2/agents/{id}/tasks/claim': ['post'],
    '/api/v2/agents/{id}/tasks/{task_id}': ['get'],
    '/api/v2/agents/{id}/tasks/{task_id}/claim': ['post'],
    '/api/v2/agents/{id}/tasks/{task_id}/complete': ['post'],
    '/api/v2/agents/{id}/tasks/{task_id}/fail': ['post'],
    '/api/v2/rollups': ['get'],
    '/api/v2/memory/tier-stats': ['get'],
    '/api/v2/tokens/summary': ['get'],
    '/api/v2/tokens/by': ['get'],
    '/api/v2/tokens/projection': ['get'],
    '/api/v2/tokens/limits': ['get'],
    '/api/v2/tokens/limits/{id}': ['put', 'delete'],
    '/api/v2/tokens/advice': ['get'],
    '/api/v2/knowledge/items': ['get'],
    '/api/v2/knowledge/heatmap': ['get'],
    '/api/v2/knowledge/gaps': ['get'],
    '/api/v2/knowledge/graph': ['get'],
    '/api/v2/knowledge/hypotheses': ['get'],
    '/api/v2/collaboration/graph': ['get'],
    '/api/v2/collaboration/pairs': ['get'],
    '/api/v2/teams': ['get'],
    '/api/v2/patterns': ['get'],
    '/api/v2/traces': ['get'],
    '/api/v2/traces/{id}': ['get'],
    '/api/v2/export/analytics': ['get'],
    '/api/v2/dashboards': ['get', 'post'],
    '/api/v2/dashboards/templates': ['get'],
    '/api/v2/dashboards/{id}': ['get', 'patch', 'delete'],
    '/api/v2/dashboards/{id}/charts/{chart_id}': ['put', 'delete'],
    '/api/v2/keys': ['get', 'post'],
    '/api/v2/keys/{id}': ['delete'],
    '/api/v2/whoami': ['get'],
    '/api/v2/cluster': ['get'],
    '/api/livebook/stream/telemetry': ['get'],
    '/v1/traces': ['post'],
    '/v1/metrics': ['post'],
    '/v1/logs': ['post'],
    '/openapi.json': ['get'],
    '/socket/websocket': ['get'],
  };
  const shape = (path) => path.replace(/\{[^}]+\}/g, '{}');
  const described = Object.fromEntries(Object.entries(document.paths).map(([path, item]) => [shape(path), Object.keys(item)]));
  for (const [path, methods] of Object.entries(wanted)) {
    for (const method of methods) assert.ok(described[shape(path)]?.includes(method), `${method} ${path}`);
  }
});

/** Path parameters become something that is there, or that is not. */
function fill_path(path, { missing = false } = {}) {
  const value = (name, before) => {
    if (missing) return before.endsWith('/events/') ? '0190a5c0-0000-7000-8000-00000000dead' : 'not-there';
    if (name === 'task_id') return known.task;
    if (before.endsWith('/events/')) return known.event;
    if (before.endsWith('/keys/')) return known.key;
    if (before.endsWith('/dashboards/')) return known.dashboard;
    if (before.endsWith('/traces/')) return known.trace;
    return known.agent;
  };
  return path.replace(/\{([^}]+)\}/g, (_, name, at) => value(name, path.slice(0, at)));
}

const gets = () => Object.entries(document.paths).filter(([, item]) => item.get);
const streams = (operation) => Object.values(operation.responses).some((r) => Object.keys(r.content ?? {}).some((type) => type === 'text/event-stream'));
const upgrades = (path) => path.startsWith('/socket/');

function documented(operation, answer, about) {
  const entry = operation.responses[answer.status] ?? operation.responses[`${String(answer.status)[0]}XX`] ?? operation.responses.default;
  assert.ok(entry, `${about}: ${answer.status} is not documented; ${answer.text.slice(0, 200)}`);
  const response = entry.$ref ? at_pointer(entry.$ref) : entry;
  if (answer.text === '') return;
  assert.ok(Object.keys(response.content ?? {}).includes(answer.type), `${about}: ${answer.status} as ${answer.type} is not documented`);
  const place = entry.$ref ? entry.$ref.slice(1) : `${pointer_of(about.split(' '))}/responses/${answer.status}`;
  const validate = validator(`${place}/content/${answer.type.replaceAll('/', '~1').replaceAll('+', '%2B')}/schema`);
  assert.ok(validate, `${about}: no schema at ${place}`);
  assert.ok(validate(answer.type.endsWith('json') ? answer.body : answer.text), `${about}: ${JSON.stringify(validate.errors)} in ${answer.text.slice(0, 500)}`);
}

const at_pointer = (ref) => ref.slice(2).split('/').reduce((at, name) => at[name.replaceAll('~1', '/').replaceAll('~0', '~')], document);
const pointer_of = ([method, path]) => `/paths/${encodeURIComponent(path.replaceAll('~', '~0').replaceAll('/', '~1'))}/${method}`;

test('OpenAPI: every documented GET answers as documented', async () => {
  let checked = 0;
  for (const [path, { get }] of gets()) {
    if (streams(get) || upgrades(path)) continue;
    const required = (get.parameters ?? []).map((p) => (p.$ref ? at_pointer(p.$ref) : p)).filter((p) => p.in === 'query' && p.required);
    const query = required.map((p) => `${p.name}=${encodeURIComponent(p.example ?? p.schema?.enum?.[0] ?? '')}`).join('&');
    const answer = await api.get(fill_path(path) + (query ? `?${query}` : ''));
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    documented(get, answer, `get ${path}`);
    checked += 1;
  }
  assert.ok(checked >= 10, `${checked} paths`);
});

// What else an answer may look like, by path.
const variants = {
  '/api/v2/events': ['tier=redis_immediate', 'knowledge_id=k', 'q=q'],
  '/api/v2/agents': ['status=active'],
  '/api/v2/rollups': ['by=tier', 'by=model&resolution=day'],
  '/api/v2/tokens/summary': ['model=gpt-4o'],
  '/api/v2/tokens/by': ['team', 'model', 'tool', 'session', 'user', 'query', 'hour'].map((by) => `dimension=${by}`).concat('series=true', 'limit=1'),
  '/api/v2/knowledge/items': ['limit=1'],
  '/api/v2/knowledge/heatmap': ['by=hour', 'by=time'],
  '/api/v2/traces': ['order=slowest', 'limit=1'],
  '/api/v2/export/analytics': ['format=json'],
};

test('OpenAPI: with other parameters they answer as documented too', async () => {
  for (const [path, queries] of Object.entries(variants)) {
    for (const query of queries) {
      const answer = await api.get(`${path}?${query}`);
      assert.equal(answer.status, 200, `${path}?${query}: ${answer.text}`);
      documented(document.paths[path].get, answer, `get ${path}`);
    }
  }
});

/** Where an answer has a list without an item: that of its items was not compared with the document. */
function empty_lists(value, at) {
  if (Array.isArray(value)) return value.length === 0 ? [at] : value.flatMap((item) => empty_lists(item, `${at}[]`));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, part]) => empty_lists(part, `${at}.${name}`));
}

test('OpenAPI: the lists of the insight answers are filled when they are checked', async () => {
  for (const [path, { get }] of gets().filter(([, item]) => item.get.tags.includes('Insight'))) {
    const body = await api.read(fill_path(path), path.includes('export') ? { format: 'json' } : {});
    const filled = new Set();
    const visit = (value, at) => {
      if (Array.isArray(value)) value.forEach((item) => (filled.add(at), visit(item, `${at}[]`)));
      else if (value !== null && typeof value === 'object') for (const [name, part] of Object.entries(value)) visit(part, `${at}.${name}`);
    };
    visit(body, get.operationId);
    for (const list of empty_lists(body, get.operationId)) assert.ok(filled.has(list), `${list} is always empty`);
  }
});

test('OpenAPI: there is advice of every kind that is described', async () => {
  const kinds = (name) => document.components.schemas[name].oneOf.map((one) => one.title).sort();
  const found = (items) => [...new Set(items.map((item) => item.kind))].sort();
  assert.deepEqual(found((await api.read('/api/v2/tokens/advice')).items), kinds('TokenAdvice'));
  assert.deepEqual(found((await api.read('/api/v2/patterns')).advice), kinds('PatternAdvice'));
  assert.deepEqual(found((await api.read('/api/v2/teams')).recommendations), kinds('TeamAdvice'));
});

test('OpenAPI: what sockets are told is as described', async () => {
  const validate = validator('/components/schemas/SocketMessage');
  const socket = open_socket(node.base, admin_key);
  const seen = new Set();
  const wrong = [];
  socket.onMessage(({ join_ref, ref, topic, event, payload }) => {
    const message = [join_ref ?? null, ref ?? null, topic, event, payload];
    if (!validate(message)) wrong.push(`${JSON.stringify(message).slice(0, 500)}: ${JSON.stringify(validate.errors)}`);
    seen.add(topic.startsWith('insight:') ? `${topic} ${event}` : event);
  });
  const views = ['memory', 'tokens', 'knowledge', 'collaboration', 'teams', 'patterns'].map((view) => `insight:${view}`);
  for (const topic of ['events', 'agents', `agent:${known.agent}`, 'team:t', 'system', ...views]) {
    assert.equal((await join_topic(socket, topic)).status, 'ok', topic);
    if (topic.startsWith('insight:')) assert.ok(document.paths['/socket/websocket'].get.description.includes('insight:<view>'));
  }
  await join_topic(socket, 'no such topic');
  const other = open_socket(node.base, admin_key);
  await join_topic(other, 'events');
  const event = { agent_id: known.agent, team: 't', tier: 'redis', query: 'q', knowledge_id: 'k', peer_agent_id: 'peer', trace_id: known.trace };
  await api.send([{ ...event, type: 'llm.call', cost_usd: 2, tokens: { input: 1, output: 1 } }]);
  const wanted = ['events', 'agents', 'agent', 'stats', 'presence_state', 'presence_diff', 'phx_reply', 'insight:tokens limit', ...views.map((view) => `${view} changed`)];
  await until('a message of every kind', () => wanted.every((kind) => seen.has(kind)));
  other.disconnect();
  socket.disconnect();
  assert.deepEqual(wrong, []);
});

test('OpenAPI: lists, single items and rollups are filled when they are checked', async () => {
  for (const path of ['/api/v2/events', '/api/v2/agents', `/api/v2/agents/${known.agent}/tasks`, '/api/v2/keys']) {
    assert.ok((await api.read(path)).items.length > 0, path);
  }
});

test('OpenAPI: without a key, with too small a role and for what is missing the documented problem comes', async () => {
  const ingest = node.api_as((await api.make_key('ingest')).key);
  for (const [path, { get }] of gets()) {
    if (upgrades(path)) continue;
    const open = get.security?.length === 0 || (get.security === undefined && !document.security?.length);
    const bare = await (streams(get) || !open ? node.api_as(null).get(fill_path(path)) : null);
    if (bare) {
      assert_problem(bare, 401, `get ${path}`);
      documented(get, bare, `get ${path}`);
    }
    if (!open && path !== '/api/v2/whoami') {
      const small = await ingest.get(fill_path(path));
      assert_problem(small, 403, `get ${path}`);
      documented(get, small, `get ${path}`);
    }
    if (path.includes('{') && !path.endsWith('/tasks')) {
      const missing = await api.get(fill_path(path, { missing: true }));
      assert_problem(missing, 404, `get ${path}`);
      documented(get, missing, `get ${path}`);
    }
  }
});

/** The verbs of every documented path that a real path fits: agents/active is an agent's path as well. */
function allowed_at(real) {
  const fits = (path) => new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(real);
  const items = Object.entries(document.paths).filter(([path]) => fits(path));
  return verbs.filter((verb) => items.some(([, item]) => item[verb]));
}

test('OpenAPI: methods that are not documented are not there', async () => {
  for (const path of Object.keys(document.paths)) {
    if (upgrades(path)) continue;
    const allowed = allowed_at(fill_path(path));
    for (const verb of verbs.filter((candidate) => !allowed.includes(candidate))) {
      const answer = await api.call(verb.toUpperCase(), fill_path(path));
      assert_problem(answer, 405, `${verb} ${path}`);
      const told = (answer.headers.get('allow') ?? '').toLowerCase().split(/, */);
      for (const method of allowed) assert.ok(told.includes(method), `${verb} ${path}: Allow is ${told}`);
    }
  }
});
