// The export: each section's rows reckoned by hand, and a database that reads both forms and comes to the sums of the API.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { generator, uuid7 } from '../support/events.mjs';
import { Node } from '../support/node.mjs';

const hour = 3_600_000;
const start = Math.floor(Date.now() / (24 * hour)) * 24 * hour - 18 * hour; // 06:00 of yesterday
const folder = mkdtempSync(join(tmpdir(), 'troupe-e2e-export-'));
let node, api;

before(async () => {
  node = await Node.start();
  api = node.api;
});
after(async () => {
  await node?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const csv_of = async (query) => {
  const answer = await api.get(`/api/v2/export/analytics?${new URLSearchParams({ format: 'csv', ...query })}`);
  assert.deepEqual([answer.status, answer.headers.get('troupe-complete')], [200, 'true'], answer.text);
  return answer.text;
};

test('export: rows of every section, as CSV and as JSON', async () => {
  const event = (at, type, fields) => ({ id: uuid7(), time: start + at, type, agent_id: 'exporter', team: 'lab', ...fields });
  await api.send([
    event(0, 'knowledge.access', { knowledge_id: 'kb, "x"', tier: 'redis', latency_by_tier_ms: { redis: 4 }, cost_usd: 0.25 }),
    event(1000, 'knowledge.access', { knowledge_id: 'kb, "x"', tier: 'redis_immediate', latency_by_tier_ms: { redis: 8 }, cost_usd: 0.25, status: 'error' }),
    event(2000, 'llm.call', { model: 'in-house', tool: 'search', cost_usd: 0.125, tokens: { input: 100, output: 20, cache_read: 30, cache_write: 40, reasoning: 10 } }),
  ]);
  const window = { from: start, to: start + hour, agent_id: 'exporter' };
  const day = new Date(start).toISOString().slice(0, 10);
  const [first, last] = [start, start + 1000].map((at) => new Date(at).toISOString());
  const rows = (await csv_of(window)).split('\r\n');
  const columns = 'section,day,agent_id,team,model,tool,tier,knowledge_id,events,errors,calls,input_tokens,output_tokens,cache_read_tokens,'
    + 'cache_write_tokens,reasoning_tokens,cost_usd,hits,avg_ms,p95_ms,first_at,last_at';
  assert.deepEqual(rows, [
    columns,
    `token_usage,${day},exporter,lab,,,,,2,1,0,0,0,0,0,0,0.5,,,,,`,
    `token_usage,${day},exporter,lab,in-house,,,,1,0,1,100,20,30,40,10,0.125,,,,,`,
    `knowledge,,exporter,lab,,,redis,"kb, ""x""",2,1,,,,,,,,,6,,${first},${last}`,
    `memory_tiers,${day},,,,,redis,,2,1,,,,,,,0.5,2,6,8,,`,
    'cost,,exporter,lab,,,,,2,1,0,0,0,0,0,0,0.5,,,,,',
    'cost,,exporter,lab,in-house,search,,,1,0,1,100,20,30,40,10,0.125,,,,,',
    '',
  ]);
  const json = await api.read('/api/v2/export/analytics', { format: 'json', ...window });
  const spent = { events: 1, errors: 0, calls: 1, input_tokens: 100, output_tokens: 20, cache_read_tokens: 30, cache_write_tokens: 40, reasoning_tokens: 10, cost_usd: 0.125 };
  assert.deepEqual(json.token_usage[1], { day, agent_id: 'exporter', team: 'lab', model: 'in-house', ...spent });
  assert.deepEqual(json.cost[1], { agent_id: 'exporter', team: 'lab', model: 'in-house', tool: 'search', ...spent });
  assert.deepEqual(json.memory_tiers, [{ day, tier: 'redis', events: 2, errors: 1, hits: 2, cost_usd: 0.5, avg_ms: 6, p95_ms: 8 }]);
  const [item] = json.knowledge;
  assert.deepEqual([item.knowledge_id, item.tier, item.events, item.errors, item.avg_ms], ['kb, "x"', 'redis', 2, 1, 6]);
  assert.deepEqual([Date.parse(item.first_at), Date.parse(item.last_at)], [start, start + 1000]);
});

test('export: DuckDB reads both forms, and its sums are those of the API', async () => {
  const random = generator(7);
  const below = (n) => Math.floor(random() * n);
  await api.send(Array.from({ length: 600 }, (_, i) => ({
    id: uuid7(),
    time: start - 48 * hour + below(60 * hour),
    type: ['llm.call', 'knowledge.access', 'memory.access'][i % 3],
    agent_id: ['=cmd|calc', 'comma, "quoted"', 'semi;colon', 'plain', 'ünï'][below(5)],
    team: ['red', '-blue'][below(2)],
    model: ['m-1', 'm,2'][below(2)],
    tool: ['t-1', '@t'][below(2)],
    status: below(8) === 0 ? 'error' : 'ok',
    tokens: { input: 100 + below(500), output: below(90), cache_read: below(40), cache_write: below(40), reasoning: below(20) },
    cost_usd: below(100_000) / 1e7,
    ...(i % 3 > 0 ? { tier: 'fast', latency_by_tier_ms: { slow: 20 + below(60), fast: below(20) } } : {}),
    ...(i % 3 === 1 ? { knowledge_id: `kb ${below(9)}` } : {}),
  })));
  const window = { from: start - 48 * hour + 13 * 60_000, to: start + 11 * hour };
  const files = { csv: join(folder, 'export.csv'), json: join(folder, 'export.json') };
  writeFileSync(files.csv, await csv_of(window));
  writeFileSync(files.json, (await api.get(`/api/v2/export/analytics?${new URLSearchParams({ format: 'json', ...window })}`)).text);

  const db = await (await DuckDBInstance.create(':memory:')).connect();
  const rows = async (sql) => (await db.runAndReadAll(sql)).getRowObjectsJson();
  const sections = {
    token_usage: ['agent_id', 'team', 'model'],
    knowledge: ['knowledge_id', 'agent_id', 'team', 'tier'],
    memory_tiers: ['tier'],
    cost: ['team', 'agent_id', 'model', 'tool'],
  };
  await db.run(`CREATE TABLE as_csv AS FROM read_csv('${files.csv}', header = true)`);
  const of_csv = (section) => `(FROM as_csv WHERE section = '${section}')`;
  const of_json = (section) => `(SELECT unnest(${section}, recursive := true) FROM read_json('${files.json}'))`;

  const figures = ['events', 'errors', 'calls', 'input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens'];
  const sum = async (table, columns) => {
    const [row] = await rows(`SELECT ${columns.map((c) => `sum(${c}) AS ${c}`).join(', ')} FROM ${table}`);
    return Object.fromEntries(columns.map((c) => [c, Math.round(Number(row[c]) * 1e9) / 1e9]));
  };
  const { total } = await api.read('/api/v2/tokens/summary', window);
  const { input, output, cache_read, cache_write, reasoning } = total.tokens;
  assert.ok(total.events > 500 && reasoning > 0);
  const spent = {
    events: total.events, errors: total.errors, calls: total.calls, input_tokens: input, output_tokens: output,
    cache_read_tokens: cache_read, cache_write_tokens: cache_write, reasoning_tokens: reasoning, cost_usd: total.cost_usd,
  };
  const knowledge = (await api.read('/api/v2/knowledge/items', window)).total.accesses;
  const { tiers, cost_usd } = await api.read('/api/v2/memory/tier-stats', window);
  const asked = tiers.reduce((n, t) => n + t.asked, 0), hits = tiers.reduce((n, t) => n + t.hits, 0);
  for (const of of [of_csv, of_json]) {
    for (const section of ['token_usage', 'cost']) assert.deepEqual(await sum(of(section), [...figures, 'cost_usd']), spent, section);
    assert.deepEqual(await sum(of('knowledge'), ['events']), { events: knowledge });
    assert.deepEqual(await sum(of('memory_tiers'), ['events', 'hits', 'cost_usd']), { events: asked, hits, cost_usd });
  }
  // The same rows in both, but for the apostrophe before what a spreadsheet would take for a formula. No name is no value in CSV.
  for (const [section, names] of Object.entries(sections)) {
    const listed = (table) => rows(`SELECT ${names.map((c) => `regexp_replace(coalesce(${c}, ''), '^''([=+@-])', '\\1') AS ${c}`).join(', ')}, events FROM ${table} ORDER BY ALL`);
    const [csv, json] = [await listed(of_csv(section)), await listed(of_json(section))];
    assert.ok(csv.length > 0, section);
    assert.deepEqual(csv, json, section);
  }
});
