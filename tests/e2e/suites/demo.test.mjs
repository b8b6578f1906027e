// The demo plays a bounded part of a day to a node: what the node adds up is what was told, nothing twice, nothing elsewhere.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { agents } from '../../../deploy/demo/fleet.mjs';
import { Player } from '../../../deploy/demo/player.mjs';
import { Node, bin_dir, root } from '../support/node.mjs';
import { until } from '../support/until.mjs';
import { built_in_price, cost_nano_usd, nano } from '../support/prices.mjs';

const play = join(root, 'deploy/demo/play.mjs');
const ctl = join(bin_dir, 'troupectl');
const hours = 2;
// In the past: older than what the live part would tell.
const end_ms = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000;
const settings = { seed: 'test', rate: '1', 'backfill-hours': String(hours), until: new Date(end_ms).toISOString() };

let node, keys, told;
before(async () => {
  node = await Node.start();
  const make = async (role) => JSON.parse((await run(ctl, ['--data-dir', node.data_dir, '-o', 'json', 'keys', 'create', `demo ${role}`, '--role', role, '--org', 'demo'])).stdout).key;
  keys = { ingest: await make('ingest'), read: await make('read') };
  const start = end_ms - hours * 3_600_000;
  told = new Player(start, { seed: settings.seed, rate: 1, offset_minutes: new Date(start).getTimezoneOffset() }).advance_to(end_ms);
});
after(() => node?.remove());

const run = (program, args) => promisify(execFile)(program, args, { env: { PATH: process.env.PATH, HOME: node.home }, timeout: 120_000 });
const words = (options) => Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
const played = async () => JSON.parse((await run(process.execPath, [play, ...words(settings), '--base', node.base, '--otlp', node.otlp, '--key', keys.ingest])).stdout);
const demo = () => node.api_as(keys.read);

const calls = () => told.spans.filter((span) => span.attributes['gen_ai.operation.name'] === 'chat' && !span.error);
const usage = (span) => ({
  input: span.attributes['gen_ai.usage.input_tokens'],
  output: span.attributes['gen_ai.usage.output_tokens'],
  cache_read: span.attributes['gen_ai.usage.cache_read.input_tokens'] ?? 0,
  cache_write: span.attributes['gen_ai.usage.cache_creation.input_tokens'] ?? 0,
});

/** Cached input costs like any other where the table names no price for it. */
const price_of = (span) => {
  const price = built_in_price(span.attributes['gen_ai.request.model']);
  return { cache_read: price.input, cache_write: price.input, ...price };
};

test('demo: what the node adds up by agent is what was told, tokens and cost counted once', async () => {
  const sent = await played();
  assert.deepEqual([sent.spans, sent.events], [told.spans.length, told.events.length]);
  assert.ok(sent.spans > 500 && sent.events > 100, JSON.stringify(sent));
  const list = await demo().all('/api/v2/agents');
  assert.deepEqual(list.map((agent) => agent.id).sort(), agents.map((agent) => agent.id).sort());
  for (const agent of list) {
    const own = (items, id_of) => items.filter((item) => id_of(item) === agent.id);
    const spans = own(told.spans, (span) => span.attributes['gen_ai.agent.id']);
    const events = own(told.events, (event) => event.agent_id);
    const its_calls = own(calls(), (span) => span.attributes['gen_ai.agent.id']);
    assert.equal(agent.totals.events, spans.length + events.length, agent.id);
    assert.equal(agent.totals.errors, [...spans.filter((s) => s.error), ...events.filter((e) => e.status === 'error')].length, agent.id);
    const input = its_calls.reduce((sum, span) => sum + usage(span).input, 0);
    assert.equal(agent.totals.tokens?.input ?? 0, input, `${agent.id}: repeated sums of the spans around a call do not count`);
    const cost = its_calls.reduce((sum, span) => sum + cost_nano_usd(price_of(span), usage(span)), 0);
    const memory = events.reduce((sum, event) => sum + nano(event.cost_usd), 0);
    assert.equal(nano(agent.totals.cost_usd), cost + memory, agent.id);
    assert.deepEqual(agent.tags, ['demo']);
    assert.equal(agent.team, agents.find((one) => one.id === agent.id).team);
  }
});

test('demo: every kind of event is there, and marked', async () => {
  for (const type of ['execution.completed', 'execution.failed', 'llm.call', 'tool.call', 'memory.access', 'knowledge.access', 'hypothesis.formed', 'collaboration']) {
    const [event] = (await demo().read('/api/v2/events', { type, limit: 1 })).items;
    assert.ok(event, type);
    const attributes = event.attributes ?? {};
    assert.ok(attributes.demo === true || attributes['resource.service.name'] === 'troupe-demo', `${type}: ${JSON.stringify(attributes)}`);
  }
  const gaps = told.spans.filter((span) => span.attributes['gen_ai.memory.record.count'] === 0);
  assert.ok(gaps.length > 5, 'some questions have no answer');
});

test('demo: played again it tells nothing new', async () => {
  const before = (await demo().all('/api/v2/agents')).reduce((sum, agent) => sum + agent.totals.events, 0);
  const again = await played();
  assert.equal(again.accepted, 0, 'each event was known');
  assert.equal(again.duplicates, told.events.length);
  assert.equal((await demo().all('/api/v2/agents')).reduce((sum, agent) => sum + agent.totals.events, 0), before);
});

test('demo: nothing crosses to the other organisation, in neither direction', async () => {
  assert.deepEqual((await node.api.all('/api/v2/agents')).length, 0);
  assert.deepEqual((await node.api.read('/api/v2/events')).items, []);
  assert.equal((await node.api.get('/api/v2/agents/planner')).status, 404);
  const [foreign] = (await demo().read('/api/v2/events', { limit: 1 })).items;
  assert.equal((await node.api.get(`/api/v2/events/${foreign.id}`)).status, 404);
  await node.api.send([{ type: 'custom.own', agent_id: 'planner' }]);
  assert.equal((await node.api.read('/api/v2/agents/planner')).totals.events, 1, 'an agent of the same name is another one');
  assert.deepEqual((await demo().read('/api/v2/events', { type: 'custom.own' })).items, []);
  assert.equal((await demo().post('/api/v2/events', [{ type: 'custom.x', agent_id: 'a' }])).status, 403, 'the page\'s key may only read');
  assert.equal((await demo().get('/api/v2/whoami')).body.org, 'demo');
});

test('demo: beside a node it finds it, makes its keys once, plays on, and ends with it', async () => {
  const wrap = (program) => [
    '/bin/sh',
    ['-c', '"$0" "$1" --data-dir "$TROUPE_DATA_DIR" --troupectl "$2" --rate 1 --backfill-hours 0.5 & echo "demo $!"; exec "$3"', process.execPath, play, ctl, program],
  ];
  const other = await Node.start({ wrap });
  const pid = () => Number(/^demo (\d+)$/m.exec(other.logs.slice(other.first_line).join('\n'))?.[1]);
  const is_there = () => {
    try {
      return process.kill(pid(), 0);
    } catch {
      return false;
    }
  };
  const told_key = () => /^ +(trp_\S+)$/m.exec(other.logs.slice(other.first_line).join('\n'))?.[1];
  const key = await until('the demo to be in', told_key, 60_000);
  assert.ok(is_there());
  const seen = async () => (await other.api_as(key).all('/api/v2/agents')).reduce((sum, agent) => sum + agent.totals.events, 0);
  const first = await seen();
  assert.ok(first > 10);
  await until('it to play on', async () => (await seen()) > first, 60_000);
  await other.stop();
  await until('the demo to be gone', () => !is_there());
  await other.boot();
  assert.equal(await until('the demo to be back', told_key, 60_000), key, 'with the key it had');
  await other.remove();
  await until('the demo to be gone again', () => !is_there());
});
