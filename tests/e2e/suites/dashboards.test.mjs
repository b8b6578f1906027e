// Dashboards over REST and live: made, changed by several at once, bounded, seen by who may, and the same on every node,
// whichever of them dies.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join as join_path } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Presence } from 'phoenix';
import { join, open_socket } from '../support/channels.mjs';
import { Cluster } from '../support/cluster.mjs';
import { Node, admin_key, bin_dir } from '../support/node.mjs';
import { assert_problem } from '../support/problem.mjs';
import { until } from '../support/until.mjs';

const base = '/api/v2/dashboards';
const sockets = [];
let node, api, cluster;
before(async () => {
  node = await Node.start();
  api = node.api;
});
after(async () => {
  for (const socket of sockets) socket.disconnect();
  await node?.remove();
  await cluster?.remove();
});

const path_of = (id, chart) => `${base}/${encodeURIComponent(id)}${chart === undefined ? '' : `/charts/${encodeURIComponent(chart)}`}`;
const put = (to, id, chart, body, options) => to.call('PUT', path_of(id, chart), { ...options, body });
const source = { view: 'usage', measure: 'cost_usd' };
const chart = (id, more = {}) => ({ id, type: 'line', source, ...more });

async function created(body, to = api) {
  const answer = await to.post(base, body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

async function ok(answer) {
  const { status, body, text } = await answer;
  assert.equal(status, 200, text);
  return body;
}

/** Joins the topic of a dashboard and keeps what it is pushed. */
async function watch(id, key = admin_key, at = node) {
  const socket = open_socket(at.base, key);
  sockets.push(socket);
  const pushed = [];
  const channel = socket.channel(`dashboard:${id}`, {});
  channel.on('dashboard', (payload) => pushed.push(payload.dashboard));
  channel.on('dashboard_deleted', (payload) => pushed.push(payload));
  const presence = new Presence(channel);
  let response;
  channel.join().receive('ok', (reply) => (response = reply));
  await until(`the join of dashboard:${id}`, () => response);
  return { socket, channel, presence, pushed, response, last: () => pushed.at(-1) };
}

test('dashboards: one is made with its defaults, read, changed and removed', async () => {
  const answer = await api.post(base, { dashboard_id: 'a / ä', title: 'Sales', charts: [chart('c')] });
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.headers.get('location'), path_of('a / ä'));
  assert.equal(answer.headers.get('etag'), '"1"');
  const { created_at, updated_at, updated_by, ...rest } = answer.body;
  assert.equal(created_at, updated_at);
  assert.equal(updated_by, (await api.read('/api/v2/whoami')).key_id);
  assert.deepEqual(rest, {
    dashboard_id: 'a / ä',
    title: 'Sales',
    description: '',
    grid_columns: 12,
    time_range: '24h',
    update_interval: 5000,
    real_time: true,
    show_metrics: false,
    charts: [
      {
        id: 'c',
        type: 'line',
        title: '',
        cols: 6,
        rows: 4,
        real_time: true,
        interactive: true,
        source: { ...source, group_by: 'none', top: 10, filters: {} },
        max: null,
      },
    ],
    version: 1,
  });
  const read = await api.get(path_of('a / ä'));
  assert.equal(read.headers.get('etag'), '"1"');
  assert.deepEqual(read.body, answer.body);
  const changed = await ok(api.patch(path_of('a / ä'), { title: 'Costs', time_range: '7d', charts: [chart('d'), chart('c')] }));
  assert.deepEqual([changed.title, changed.time_range, changed.version, changed.charts.map((c) => c.id)], ['Costs', '7d', 2, ['d', 'c']]);
  assert.equal((await ok(api.patch(path_of('a / ä'), { title: 'Costs' }))).version, 2, 'the same words again change nothing');
  assert.equal((await api.delete(path_of('a / ä'))).status, 204);
  assert_problem(await api.get(path_of('a / ä')), 404);
  assert_problem(await api.delete(path_of('a / ä')), 404);
  assert_problem(await api.patch(path_of('a / ä'), { title: 'x' }), 404);
});

test('dashboards: an id is drawn, one that exists is refused, a repeated request has its effect once', async () => {
  const [one, two] = [await created({ title: 'drawn' }), await created({ title: 'drawn' })];
  assert.ok(one.dashboard_id && one.dashboard_id !== two.dashboard_id);
  assert_problem(await api.post(base, { dashboard_id: one.dashboard_id, title: 'again' }), 409);
  assert_problem(await api.post(base, { dashboard_id: 'templates', title: 'x' }), 400);
  const headers = { 'idempotency-key': 'make it once' };
  const first = await api.post(base, { title: 'once' }, { headers });
  const again = await api.post(base, { title: 'once' }, { headers });
  assert.equal(again.status, 201);
  assert.deepEqual(again.body, first.body);
  assert_problem(await api.post(base, { title: 'another' }, { headers }), 422);
  assert.equal((await api.all(base, { q: 'once' })).length, 1);
  const edit = { headers: { 'idempotency-key': 'edit it once' } };
  const id = first.body.dashboard_id;
  await ok(put(api, id, 'c', { type: 'line', source }, edit));
  await ok(put(api, id, 'c', { type: 'bar', source }));
  assert.equal((await ok(put(api, id, 'c', { type: 'line', source }, edit))).charts[0].type, 'line', 'the first answer');
  assert.equal((await api.read(path_of(id))).charts[0].type, 'bar', 'and no second effect');
});

test('dashboards: what is wrong is named with what may be said', async () => {
  await created({ dashboard_id: 'narrow', title: 'narrow', grid_columns: 4 });
  const of_source = (more) => ({ title: 't', charts: [chart('c', { source: { ...source, ...more } })] });
  const wrong = [
    [{}, 'title', /missing/],
    [{ title: '' }, 'title', /empty/],
    [{ title: 't'.repeat(201) }, 'title', /200 bytes/],
    [{ title: 7 }, 'title', /string/],
    [{ title: 't', colour: 'red' }, 'colour', /no field/],
    [{ title: 't', version: 3 }, 'version', /no field/],
    [{ title: 't', description: 'd'.repeat(2001) }, 'description', /2000 bytes/],
    [{ title: 't', grid_columns: 25 }, 'grid_columns', /1 to 24/],
    [{ title: 't', time_range: '2h' }, 'time_range', /'1h', '6h', '24h', '7d' and '30d'/],
    [{ title: 't', update_interval: 999 }, 'update_interval', /1000 to 3600000/],
    [{ title: 't', real_time: 'yes' }, 'real_time', /true or false/],
    [{ title: 't', charts: {} }, 'charts', /array of at most 48/],
    [{ title: 't', charts: Array.from({ length: 49 }, (_, i) => chart(`c${i}`)) }, 'charts', /at most 48/],
    [{ title: 't', charts: ['c'] }, 'charts[0]', /object/],
    [{ title: 't', charts: [chart('c'), { ...chart('d'), x: 1 }] }, 'charts[1].x', /no field/],
    [{ title: 't', charts: [chart('c'), chart('c')] }, 'charts[1].id', /distinct/],
    [{ title: 't', charts: [chart('c'.repeat(65))] }, 'charts[0].id', /64 bytes/],
    [{ title: 't', charts: [{ ...chart('c'), type: 'donut' }] }, 'charts[0].type', /'line', .* and 'timeline'/],
    [{ title: 't', charts: [{ ...chart('c'), cols: 13 }] }, 'charts[0].cols', /1 to 12/],
    [{ title: 't', charts: [{ ...chart('c'), rows: 0 }] }, 'charts[0].rows', /1 to 12/],
    [{ title: 't', charts: [{ ...chart('c'), max: 0 }] }, 'charts[0].max', /number/],
    [{ title: 't', charts: [{ id: 'c', type: 'line' }] }, 'charts[0].source', /missing/],
    [of_source({ view: 'weather' }), 'charts[0].source.view', /'usage', .* and 'agents'/],
    [of_source({ measure: 'misses' }), 'charts[0].source.measure', /'events', 'errors', .* and 'duration_p95'/],
    [of_source({ group_by: 'tier' }), 'charts[0].source.group_by', /'none', 'agent', 'team', 'model' and 'tool'/],
    [of_source({ top: 51 }), 'charts[0].source.top', /1 to 50/],
    [of_source({ filters: { city: 'x' } }), 'charts[0].source.filters.city', /no field/],
    [of_source({ filters: { team: '' } }), 'charts[0].source.filters.team', /empty/],
    [{ title: 't', charts: [{ ...chart('c'), type: 'heatmap' }] }, 'charts[0].type', /of the view 'usage' is one of 'line'/],
    [{ title: 't', charts: [chart('c', { type: 'pie', source: { view: 'memory', measure: 'hit_rate' } })] }, 'charts[0].source.measure', /'accesses' and 'cost_usd'/],
    [{ title: 't', charts: [chart('c', { type: 'timeline', source: { view: 'agents', measure: 'events' } })] }, 'charts[0].source.filters.agent_id', /one agent/],
  ];
  for (const [body, field, error] of wrong) {
    const answer = await api.post(base, { dashboard_id: 'wrong', ...body });
    assert_problem(answer, 400, JSON.stringify(body).slice(0, 200));
    const told = answer.body.errors?.find((e) => e.field === field);
    assert.match(told?.error ?? answer.body.detail, error, `${field}: ${answer.text}`);
    assert.ok(told || answer.text.includes(field), `${field}: ${answer.text}`);
  }
  assert_problem(await api.get(path_of('wrong')), 404, 'what is refused leaves nothing');
  const several = await api.post(base, { title: '', charts: [{ ...chart('c'), cols: 99, rows: 99 }] });
  assert.deepEqual(several.body.errors.map((e) => e.field).sort(), ['charts[0].cols', 'charts[0].rows', 'title'], 'all at once');
  const wide = { ...chart('c'), cols: 6 };
  for (const answer of [await put(api, 'narrow', 'c', wide), await api.patch(path_of('narrow'), { charts: [wide] })]) {
    assert_problem(answer, 400);
    assert.match(answer.text, /charts\[0\]\.cols/, 'the stored grid decides');
  }
  assert.equal((await ok(put(api, 'narrow', 'c', { type: 'line', source }))).charts[0].cols, 4, 'no wider than the grid');
  assert_problem(await put(api, 'narrow', 'c', { ...chart('d') }), 400, 'another id than the path');
  assert_problem(await put(api, 'narrow', 'c'.repeat(65), { type: 'line', source }), 400);
  assert_problem(await api.post(base, '{"title":"t","title":"u"}', { headers: { 'content-type': 'application/json' } }), 400);
  const long = 'n'.repeat(256);
  const filters = { agent_id: long, team: long, model: long, tool: long };
  const large = Array.from({ length: 48 }, (_, i) => chart(`c${i}`, { title: 't'.repeat(200), source: { ...source, filters } }));
  assert_problem(await api.post(base, { title: 't', charts: large }), 413);
});

test('dashboards: a stale version is refused, on every path that changes one', async () => {
  await created({ dashboard_id: 'versioned', title: 'one', charts: [chart('c')] });
  const stale = { headers: { 'if-match': '"1"' } };
  assert.equal((await api.patch(path_of('versioned'), { title: 'two' }, stale)).status, 200);
  assert_problem(await api.patch(path_of('versioned'), { title: 'three' }, stale), 412);
  assert_problem(await put(api, 'versioned', 'c', { type: 'bar', source }, stale), 412);
  assert_problem(await api.delete(path_of('versioned', 'c'), stale), 412);
  assert_problem(await api.delete(path_of('versioned'), stale), 412);
  assert_problem(await api.delete(path_of('versioned'), { headers: { 'if-match': 'two' } }), 412);
  assert.equal((await put(api, 'versioned', 'c', { type: 'bar', source }, { headers: { 'if-match': '"2"' } })).status, 200);
  const unchanged = await api.get(path_of('versioned'));
  assert.deepEqual([unchanged.body.version, unchanged.body.title, unchanged.body.charts[0].type], [3, 'two', 'bar']);
});

test('dashboards: two editors of two charts at once both keep their edits', async () => {
  await created({ dashboard_id: 'shared', title: 'shared', charts: [chart('a'), chart('b')] });
  const edits = 20;
  const edit = async (id) => {
    for (let i = 1; i <= edits; i += 1) await ok(put(api, 'shared', id, { type: 'line', title: `${id} ${i}`, source }));
  };
  await Promise.all([edit('a'), edit('b'), ok(put(api, 'shared', 'c', { type: 'bar', source }))]);
  const found = await api.read(path_of('shared'));
  assert.deepEqual(found.charts.map((c) => [c.id, c.title]), [['a', `a ${edits}`], ['b', `b ${edits}`], ['c', '']]);
  assert.equal(found.version, 1 + 2 * edits + 1);
  const without = await ok(api.delete(path_of('shared', 'a')));
  assert.deepEqual(without.charts.map((c) => c.id), ['b', 'c']);
  assert_problem(await api.delete(path_of('shared', 'a')), 404);
});

test('dashboards: the list goes over pages, by a part of title or id', async () => {
  const ids = Array.from({ length: 12 }, (_, i) => `listed-${String(i).padStart(2, '0')}`);
  for (const [i, id] of ids.entries()) await created({ dashboard_id: id, title: i % 2 ? 'Odd one' : 'Even one', charts: [chart('c')] });
  const seen = await api.all(base, { limit: 5 });
  assert.deepEqual(seen.map((d) => d.dashboard_id).filter((id) => id.startsWith('listed-')), ids);
  assert.deepEqual(seen.map((d) => d.dashboard_id), seen.map((d) => d.dashboard_id).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  const one = seen.find((d) => d.dashboard_id === ids[0]);
  assert.deepEqual([one.chart_count, one.charts, one.version], [1, undefined, 1]);
  const odd = await api.all(base, { q: 'ODD', limit: 2 });
  assert.deepEqual(odd.map((d) => d.dashboard_id), ids.filter((_, i) => i % 2));
  assert.deepEqual((await api.all(base, { q: 'LISTED-03' })).map((d) => d.dashboard_id), ['listed-03']);
  assert.deepEqual(await api.all(base, { q: 'nobody has this' }), []);
  assert_problem(await api.get(`${base}?cursor=x`), 400);
  assert_problem(await api.get(`${base}?limit=0`), 400);
});

test('dashboards: who may only read changes nothing, who may only send sees nothing', async () => {
  await created({ dashboard_id: 'seen', title: 'seen', charts: [chart('c')] });
  const reader = node.api_as((await api.make_key('read')).key);
  assert.equal((await reader.read(path_of('seen'))).title, 'seen');
  assert.ok((await reader.all(base)).some((d) => d.dashboard_id === 'seen'));
  assert_problem(await reader.post(base, { title: 'x' }), 403);
  assert_problem(await reader.patch(path_of('seen'), { title: 'x' }), 403);
  assert_problem(await put(reader, 'seen', 'c', { type: 'bar', source }), 403);
  assert_problem(await reader.delete(path_of('seen', 'c')), 403);
  assert_problem(await reader.delete(path_of('seen')), 403);
  const sender = node.api_as((await api.make_key('ingest')).key);
  assert_problem(await sender.get(base), 403);
  assert_problem(await sender.patch(path_of('seen'), { title: 'x' }), 403);
  assert_problem(await node.api_as(null).get(base), 401);
});

test('dashboards: another organisation sees nothing of them, and has its own under the same id', async () => {
  const args = ['--data-dir', node.data_dir, '-o', 'json', 'keys', 'create', 'stranger', '--role', 'admin', '--org', 'other'];
  const { key } = JSON.parse((await promisify(execFile)(join_path(bin_dir, 'troupectl'), args)).stdout);
  const other = node.api_as(key);
  await until('the key to be known', async () => (await other.get('/api/v2/whoami')).status === 200);
  await created({ dashboard_id: 'ours', title: 'ours' });
  assert.deepEqual(await other.all(base), []);
  assert_problem(await other.get(path_of('ours')), 404);
  assert_problem(await other.patch(path_of('ours'), { title: 'x' }), 404);
  const socket = open_socket(node.base, key);
  sockets.push(socket);
  assert.equal((await join(socket, 'dashboard:ours')).response.reason, 'not_found');
  const mine = await watch('ours');
  await created({ dashboard_id: 'ours', title: 'theirs' }, other);
  const theirs = await watch('ours', key);
  await ok(api.patch(path_of('ours'), { title: 'still ours' }));
  await until('the change to be told', () => mine.last()?.title === 'still ours');
  assert.equal((await other.read(path_of('ours'))).title, 'theirs');
  assert.deepEqual(theirs.pushed, []);
});

test('dashboards: each template may be posted as it is', async () => {
  await api.send([{ type: 'custom.seen', agent_id: 'the agent' }]);
  const { items } = await api.read(`${base}/templates`);
  assert.deepEqual(items.map((t) => [t.template_id, t.dashboard.charts.length]), [['overview', 6], ['grid', 4], ['realtime', 12], ['chart', 1]]);
  for (const { template_id, dashboard } of items) {
    const made = await created(dashboard);
    for (const name of Object.keys(dashboard)) assert.deepEqual(made[name], dashboard[name], `${template_id}: ${name}`);
  }
  const real_time = items.find((t) => t.template_id === 'realtime').dashboard;
  assert.equal(new Set(real_time.charts.map((c) => c.type)).size, 10, 'every type');
  assert.equal(real_time.charts.find((c) => c.type === 'timeline').source.filters.agent_id, 'the agent');
  assert.deepEqual([real_time.show_metrics, real_time.update_interval], [true, 5000]);
});

test('dashboards: a topic begins with the dashboard and tells what becomes of it, and who is there', async () => {
  await created({ dashboard_id: 'live', title: 'one' });
  const reader = (await api.make_key('read', 'the reader')).key;
  const [mine, theirs] = [await watch('live'), await watch('live', reader)];
  assert.equal(mine.response.snapshot.dashboard.title, 'one');
  await until('both to be present', () => [mine, theirs].every((w) => w.presence.list().length === 2));
  await ok(api.patch(path_of('live'), { title: 'two' }));
  await ok(put(api, 'live', 'c', { type: 'line', source }));
  for (const w of [mine, theirs]) {
    await until('the newest version', () => w.last()?.version === 3);
    assert.deepEqual(w.last(), await api.read(path_of('live')));
  }
  const other = await watch('live');
  assert.equal(other.response.snapshot.dashboard.version, 3);
  await api.delete(path_of('live'));
  for (const w of [mine, theirs, other]) {
    await until('the end to be told', () => w.last()?.dashboard_id === 'live' && w.last().title === undefined);
    assert.deepEqual(w.last(), { dashboard_id: 'live' });
  }
  const refused = await join(theirs.socket, 'dashboard:nobody has this');
  assert.deepEqual([refused.status, refused.response.reason], ['error', 'not_found']);
  await created({ dashboard_id: 'live', title: 'again' });
  await until('the new one', () => mine.last()?.title === 'again');
});

test('dashboards: a restart keeps them', async () => {
  const before_it = await api.all(base);
  assert.ok(before_it.length > 10);
  await node.restart();
  assert.deepEqual(await api.all(base), before_it);
  assert.equal((await api.read(path_of('versioned'))).version, 3);
});

test('dashboards: written at one of three nodes, read and pushed at another, whichever dies', async () => {
  cluster = await Cluster.start(3);
  const [first, second] = [cluster.api(0), cluster.api(1)];
  await created({ dashboard_id: 'wide', title: 'one', charts: [chart('c')] }, first);
  assert.equal((await second.read(path_of('wide'))).title, 'one');
  const w = await watch('wide', admin_key, cluster.nodes[1]);
  const third = await watch('wide', admin_key, cluster.nodes[2]);
  await ok(first.patch(path_of('wide'), { title: 'two' }));
  for (const one of [w, third]) await until('the change on another node', () => one.last()?.title === 'two');
  await cluster.nodes[0].kill();
  const survivors = [second, cluster.api(2)];
  await Promise.all(
    ['a', 'b'].map((id, i) =>
      until(`an edit of ${id} through survivor ${i}`, async () => (await put(survivors[i], 'wide', id, { type: 'bar', source })).status === 200, 60_000),
    ),
  );
  for (const [i, one] of [w, third].entries()) {
    const now = await survivors[i].read(path_of('wide'));
    assert.deepEqual(now.charts.map((c) => c.id).toSorted(), ['a', 'b', 'c']);
    await until('the newest on the survivor', () => one.last()?.version === now.version);
    assert.deepEqual(one.last(), now);
  }
  await cluster.nodes[0].boot();
  await until('the node that was away', async () => (await first.read(path_of('wide'))).charts.length === 3, 60_000);
  await ok(put(first, 'wide', 'd', { type: 'bar', source }));
  for (const one of [w, third]) await until('a change through the node that was away', () => one.last()?.charts.length === 4);
});
