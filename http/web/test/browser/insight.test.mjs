// Purpose: the insight views in a real browser against the fixture: each one in a left-to-right and a right-to-left
// language, light and dark, large and small; the keyboard alone; zoom, export, drill-down; what is live; what breaks.
// Invariant: the tests run in order on one browser and one fixture; each starts by opening its own address.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { fill, make_trace } from '../fixture/sample_fleet.mjs';
import { Stage } from './stage.mjs';

let stage, page, node, base, random, trace_id;

beforeAll(async () => {
  stage = await Stage.open();
  ({ page, node, base } = stage);
  random = fill(node);
  trace_id = node.journal.findLast((event) => event.peer_agent_id).trace_id;
  const shared = { key: null, tokens: null, warn_at: 0.8 };
  node.limits.set('org-month', { ...shared, scope: 'org', period: 'month', cost_usd: 8 });
  node.limits.set('team-day', { ...shared, scope: 'team', key: 'research', period: 'day', cost_usd: 3.4 });
}, 120_000);

afterAll(() => stage?.close());

afterEach(() => {
  assert.deepEqual(stage.complaints.splice(0), [], 'the console is clean, and the content security policy holds');
});

/** Each view, and what is there once it has its figures. */
const views = [
  ['overview', '/', '.plot canvas'],
  ['agents', '/agents', '.agent_table tbody tr'],
  ['agent', '/agent?id=planner', '.plot canvas'],
  ['events', '/events?status=ok&team=research', '.event'],
  ['traces', '/traces', '.small_table tbody tr'],
  ['trace', '/trace?id=', '.span_bar'],
  ['memory', '/memory', '.flow rect'],
  ['knowledge', '/knowledge', '.heat tbody td'],
  ['tokens', '/tokens', '.limit'],
  ['collaboration', '/collaboration?agent=planner', '.graph canvas[data-nodes="8"]'],
  ['teams', '/teams', '.gauge'],
  ['patterns', '/patterns', '.heat tbody td'],
  ['cluster', '/cluster', '.replica'],
];

const looks = [
  ['en', 'light', 'desktop', 1440, 1000],
  ['en', 'dark', 'phone', 390, 844],
  ['ar', 'light', 'phone', 390, 844],
  ['ar', 'dark', 'desktop', 1440, 1000],
  ['de', 'light', 'tablet', 820, 1180],
];

async function go(path, there, language = 'en') {
  await stage.sign_in(language);
  await page.goto(`${base}${path === '/trace?id=' ? path + trace_id : path}`);
  await page.locator(there).first().waitFor();
  await page.locator('.state_loading').first().waitFor({ state: 'detached' });
  await page.waitForFunction(() => [...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('canvas')));
}

function cluster_of(names) {
  const nodes = names.map((id, index) => ({
    id,
    name: id,
    state: 'active',
    zone: `z${index}`,
    address: `192.0.2.${index + 1}:7400`,
    version: '0.1.0',
    level: 1,
    is_self: index === 0,
    connected: index !== 2,
    last_seen: new Date().toISOString(),
    leaders: 5,
    replicas: 16,
    resident_bytes: 180_000_000,
    disk_free_bytes: 42_000_000_000,
  }));
  const replicas = names.map((name, index) => ({ node: name, role: 'follower', applied_index: 1000, lag: index * 6 }));
  const shard = (id) => ({ id, generation: 1, leader: names[id % 2], term: 3, commit_index: 1000 + id, replicas, state: id % 5 === 4 ? 'degraded' : 'healthy' });
  return { cluster_id: '0190a5c0deadbeef', nodes, shards: Array.from({ length: 16 }, (_, id) => shard(id)), problems: ['n3 is not connected'] };
}

describe('insight', { timeout: 120_000 }, () => {
  for (const [language, shade, device, width, height] of looks) {
    const look = `${language}, ${shade}, ${device}`;
    test.each(views)(`accessible and within its place, ${look}: %s`, async (name, path, there) => {
      node.cluster = cluster_of(['n1', 'n2', 'n3']);
      await page.emulateMedia({ colorScheme: shade, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height });
      await go(path, there, language);
      const root = await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);
      assert.deepEqual(root, [language, language === 'ar' ? 'rtl' : 'ltr']);
      await stage.inspect(`${name}_${language}_${shade}_${device}`);
    });
  }

  test('the cluster is in the navigation only where there is one', async () => {
    node.cluster = null;
    await page.setViewportSize({ width: 1440, height: 1000 });
    await go('/', '.plot canvas');
    const asked = node.addresses.filter((address) => address === '/api/v2/cluster').length;
    const link = page.getByRole('link', { name: 'Cluster' });
    await page.getByRole('link', { name: 'Patterns' }).waitFor();
    assert.equal(await link.count(), 0);
    await page.getByRole('link', { name: 'Teams' }).click();
    await page.locator('.gauge').first().waitFor();
    assert.equal(node.addresses.filter((address) => address === '/api/v2/cluster').length, asked, 'a 404 is not asked again');
    node.cluster = cluster_of(['n1', 'n2', 'n3']);
    await page.reload();
    await link.click();
    await page.getByText('n3 is not connected').waitFor();
    node.cluster = null;
  });

  test('by keyboard alone: language, chart, events, heat map, graph', async () => {
    await go('/', '.plot canvas');
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const focused = (what) => page.waitForFunction((selector) => document.activeElement?.matches(selector), what);
    await press('Tab');
    await focused('.skip');
    await press('Enter');
    await focused('main');
    const tab_to = async (selector) => {
      for (let i = 0; i < 60; i += 1) {
        await press('Tab');
        if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
      }
      assert.fail(`the focus never came to ${selector}`);
    };
    await tab_to('.segments input');
    await press('ArrowRight', 'ArrowRight');
    await page.waitForURL(/range=24h/);
    await page.waitForLoadState('networkidle');
    await page.locator('.plot canvas').first().waitFor();
    await tab_to('.plot');
    await press('End', 'ArrowLeft');
    const plot = page.locator('.plot').first();
    const told = await plot.getAttribute('aria-valuetext');
    assert.match(told, /Without error \d+, Errors \d+/);
    await press('Enter');
    await page.waitForURL(/\/events\?since=.*until=/);
    await focused('h1');
    await page.getByRole('list', { name: 'Filters that are set' }).getByText('From').waitFor();

    await go('/knowledge', '.heat tbody td');
    await page.locator('.heat td[tabindex="0"]').focus();
    await press('ArrowRight', 'ArrowDown', 'End');
    const at = await page.evaluate(() => document.activeElement?.getAttribute('data-at'));
    assert.equal(at, '1.23');
    await press('Enter');
    await page.waitForURL(/\/events\?knowledge_id=.*range=24h.*hour=23/);
    await page.getByRole('list', { name: 'Filters that are set' }).getByText('Hour of day').waitFor();

    await go('/collaboration', '.graph canvas[data-nodes="8"]');
    await page.locator('.graph').focus();
    await press('Home');
    await page.waitForURL(/agent=/);
    const first = await page.locator('#graph_active').innerText();
    await press('ArrowLeft', 'ArrowUp');
    await page.waitForFunction((before) => document.getElementById('graph_active')?.textContent !== before, first);
    assert.match(await page.locator('#graph_active').textContent(), /team .*, \d+ collaborations/);
    await press('Enter');
    await page.waitForURL(/\/agent\?id=/);
  });

  test('the language changes at once, mirrors the page, and the focus stays', async () => {
    await go('/memory', '.flow rect');
    const choice = page.getByRole('combobox', { name: 'Language' });
    await choice.focus();
    await choice.selectOption('ar');
    await page.waitForFunction(() => document.documentElement.dir === 'rtl');
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'SELECT');
    const [rail, view] = await page.evaluate(() =>
      ['.rail', 'main'].map((selector) => document.querySelector(selector).getBoundingClientRect().left),
    );
    assert.ok(rail > view, 'the rail is on the right');
    const [query, miss] = await page.evaluate(() =>
      ['.flow_query', '.flow_miss'].map((selector) => document.querySelector(selector).getBoundingClientRect().left),
    );
    assert.ok(query > miss, 'queries flow from right to left');
    await page.reload();
    await page.locator('html[dir="rtl"][lang="ar"]').waitFor();
  });

  test('a zoom into a chart is the range of every view, and can be widened and left', async () => {
    await go('/tokens', '.plot canvas');
    const plot = page.locator('.plot').nth(1);
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 60, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/since=.*until=/);
    const since = new URL(page.url()).searchParams.get('since');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Teams' }).click();
    await page.waitForURL(/\/teams\?since=/);
    assert.equal(new URL(page.url()).searchParams.get('since'), since);
    await page.getByRole('button', { name: 'Widen the span of time' }).click();
    await page.waitForFunction((before) => new URL(location.href).searchParams.get('since') < before, since);
    await page.getByRole('button', { name: 'Leave this span of time' }).click();
    await page.waitForURL(/\/teams$/);
    await page.goBack();
    await page.waitForURL(/since=/);
  });

  test('a number leads to what it counts, in the span it was counted over', async () => {
    const lead = async (path, there, link) => {
      await go(path, there);
      await link().click();
      await page.waitForURL(/\/events\?/);
      await page.locator('.event').first().waitFor();
      return Object.fromEntries(new URL(page.url()).searchParams);
    };
    const link = (name) => () => page.locator('main').getByRole('link', { name }).first();
    assert.deepEqual(await lead('/', '.plot canvas', link(/^Events per minute: /)), { range: '1h' });
    assert.deepEqual(await lead('/?range=6h', '.plot canvas', link(/^Errors: /)), { status: 'error', range: '6h' });
    assert.deepEqual(await lead('/memory', '.flow rect', link(/^Queries: /)), { type: 'memory.access', range: '24h' });
    const hour = await lead('/tokens?dimension=hour', '.share', link(/^\d\d:00$/));
    assert.deepEqual(Object.keys(hour), ['range', 'hour', 'utc_offset_minutes']);
    await page.getByRole('list', { name: 'Filters that are set' }).getByText(/^Hour of day: \d\d:00 UTC/).waitFor();
    const shown = await page.locator('.event time').evaluateAll((times) => times.map((each) => new Date(each.dateTime).getUTCHours()));
    assert.deepEqual([...new Set(shown)], [Number(hour.hour)]);
    const team = await lead('/teams', '.gauge', link('Show the events'));
    assert.deepEqual([Object.keys(team), team.range], [['team', 'range'], '24h']);
  });

  test('use of the teams leads from a step to its events, heat maps lead from a cell to its hour', async () => {
    await go('/teams', '.plot canvas');
    await page.locator('.plot').first().focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/events\?since=.*until=/);
    await page.locator('.event').first().waitFor();
    await go('/patterns', '.heat tbody td');
    await page.locator('.heat td[tabindex="0"]').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/events\?range=7d&hour=1&utc_offset_minutes=/);
  });

  test('each direction between two agents leads to its own events', async () => {
    await go('/collaboration?agent=planner', '.neighbours tbody tr');
    const row = page.locator('.neighbours tbody tr').filter({ has: page.locator('a[href*="peer_agent_id=planner"]') }).first();
    const link = row.locator('a[href*="peer_agent_id=planner"]');
    const counted = Number(await link.innerText());
    const other = (await row.getByRole('rowheader').innerText()).trim();
    await link.click();
    await page.waitForURL(/\/events\?agent_id=.*peer_agent_id=planner.*range=24h/);
    assert.equal(new URL(page.url()).searchParams.get('agent_id'), other);
    await page.locator('.event').first().waitFor();
    assert.equal(await page.locator('.event').count(), counted);
  });

  test('traces are looked for by agent and by team, in the address', async () => {
    await go('/traces', '.small_table tbody tr');
    const bar = page.getByRole('search', { name: 'Filter traces' });
    const asked = page.waitForRequest(/\/api\/v2\/traces\?.*agent_id=planner/);
    await bar.getByLabel('Agent').selectOption('planner');
    await asked;
    await page.waitForURL(/agent_id=planner/);
    await bar.getByLabel('Team').selectOption('research');
    await page.waitForURL(/team=research/);
    await page.reload();
    assert.equal(await bar.getByLabel('Team').inputValue(), 'research');
    await bar.getByRole('button', { name: 'Clear filter' }).click();
    await page.waitForURL(/\/traces$/);
  });

  test('figures are narrowed in the address, and what they lead to is narrowed as well', async () => {
    await go('/memory', '.flow rect');
    const bar = page.getByRole('search', { name: 'Narrow the figures' });
    const queries = page.getByRole('region', { name: 'Figures of the memory tiers' }).getByRole('link', { name: /^Queries: / });
    const all = await queries.getAttribute('aria-label');
    await bar.getByLabel('Agent').selectOption('planner');
    await page.waitForFunction((before) => document.querySelector('[aria-label^="Queries: "]')?.ariaLabel !== before, all);
    await bar.getByText('More filters').click();
    const asked = page.waitForRequest(/\/memory\/tier-stats\?.*status=ok/);
    await bar.getByLabel('Status').selectOption('ok');
    await asked;
    await page.waitForURL(/\/memory\?agent_id=planner&status=ok$/);
    await page.reload();
    await page.locator('.flow rect').first().waitFor();
    assert.equal(await bar.getByLabel('Agent').inputValue(), 'planner');
    await queries.click();
    await page.waitForURL(/\/events\?type=memory.access&agent_id=planner&status=ok&range=24h$/);
    await page.goBack();
    await bar.getByRole('button', { name: 'Remove filter: Status' }).click();
    await bar.getByRole('button', { name: 'Clear filter' }).click();
    await page.waitForURL(/\/memory$/);
  });

  test('a projection says what it cannot be narrowed to', async () => {
    node.addresses.length = 0;
    await go('/tokens?user_id=u-1', '.limit');
    await page.getByText('A projection cannot be narrowed to').waitFor();
    assert.equal(node.addresses.some((address) => address.includes('/tokens/projection')), false);
    assert.ok(node.addresses.some((address) => /\/tokens\/summary\?.*user_id=u-1/.test(address)));
  });

  test('every chart has a table, and can be taken away as CSV and as a picture', async () => {
    await go('/memory', '.flow rect');
    const save = async (name) => {
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
      return [file.suggestedFilename(), await readFile(await file.path())];
    };
    const [csv_name, csv] = await save('Save as CSV: Memory tier flow');
    assert.match(csv_name, /^troupe-memory-tier-flow-.*\.csv$/);
    assert.match(csv.toString(), /^\ufeffTier,Asked,Hits.*\r\nredis,\d+,\d+/);
    const [, svg] = await save('Save as picture: Memory tier flow');
    assert.match(svg.toString(), /<svg[^>]*>.*redis/s);
    const [png_name, png] = await save('Save as picture: Answers by tier');
    assert.match(png_name, /\.png$/);
    assert.equal(png.subarray(1, 4).toString(), 'PNG');
    await page.getByRole('button', { name: 'Table: Memory tier flow' }).click();
    await page.getByRole('table', { name: 'Memory tier flow' }).getByRole('rowheader', { name: 'chromadb' }).waitFor();
  });

  test('how long a tier took is a histogram: cells by keyboard, a table, mirrored where reading is', async () => {
    const asked = /^asked \d+ times?$/;
    for (const [language, title] of [['en', 'How long each tier took'], ['ar', 'كم استغرقت كل طبقة']]) {
      await go('/memory', '.heat_bar', language);
      const panel = page.getByRole('region', { name: title });
      const bars = await panel.locator('tbody tr:first-child .heat_bar').evaluateAll((cells) =>
        cells.map((cell) => [cell.getBoundingClientRect().left, Number(cell.style.getPropertyValue('--height')), cell.ariaLabel]),
      );
      assert.ok(bars.length > 1 && bars.some(([, height]) => height === 1), 'the highest bar fills its row');
      const mirrored = language === 'ar';
      assert.equal(bars.at(-1)[0] < bars[0][0], mirrored, 'longer is where reading ends');
      if (!mirrored) assert.match(bars[0][2], asked);
      await panel.locator('.heat_bar').first().focus();
      await page.keyboard.press(mirrored ? 'ArrowLeft' : 'ArrowRight');
      assert.equal(await page.evaluate(() => document.activeElement?.dataset.at), '0.1');
    }
    await go('/memory', '.heat_bar');
    await page.getByRole('button', { name: 'Table: How long each tier took' }).click();
    const row = page.getByRole('region', { name: 'How long each tier took, figures' }).getByRole('row', { name: /^redis/ });
    assert.match(await row.innerText(), /\d/);
  });

  test('what the first view needs is under 400 KB compressed, in every language', async () => {
    for (const language of ['en', 'ar']) {
      node.addresses.length = 0;
      await go('/', '.plot canvas', language);
      const files = [...new Set(node.addresses.filter((address) => address.startsWith('/assets/')))];
      const sizes = await Promise.all(files.map(async (file) => gzipSync(await readFile(join(node.dist, file))).length));
      const kilobytes = Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1_000);
      console.log(`first view in ${language}: ${kilobytes} KB in ${files.length} files`);
      assert.ok(kilobytes < 400, `${kilobytes} KB`);
    }
  });

  test('a limit is set and removed by an admin', async () => {
    await go('/tokens', '.limit');
    await page.getByText('Set a limit').click();
    const form = page.getByRole('form', { name: 'Set a limit' });
    await form.getByLabel('For').selectOption('agent');
    await form.getByLabel('Name').fill('planner');
    await form.getByLabel('US dollars').fill('2.5');
    await form.getByRole('button', { name: 'Set' }).click();
    const row = page.locator('.limit').filter({ hasText: 'planner' });
    await row.getByText(/of \$2\.50/).waitFor();
    await row.getByRole('button', { name: 'Remove the limit agent-planner-month' }).click();
    await row.waitFor({ state: 'detached' });
  });

  test('what is pushed is seen in the figures without a reload, and nothing flickers', async () => {
    await go('/knowledge', '.heat tbody td');
    const figure = page.locator('.figure').filter({ hasText: 'Accesses' }).locator('.figure_value');
    const before = await figure.innerText();
    await page.evaluate(() => {
      globalThis.vanished = 0;
      const heat = document.querySelector('.heat');
      new MutationObserver(() => (globalThis.vanished += heat.isConnected ? 0 : 1)).observe(document.body, {
        childList: true,
        subtree: true,
      });
    });
    node.emit(...Array.from({ length: 4 }, () => make_trace(random, Date.now() - 4_000)).flat());
    await page.waitForFunction(
      (old) => [...document.querySelectorAll('.figure_value')][0]?.textContent !== old,
      before,
    );
    assert.equal(await page.evaluate(() => globalThis.vanished), 0);
  });

  test('what is pushed after a quiet time is asked for at once, without waiting for a timer', async () => {
    await stage.sign_in();
    await page.clock.install();
    await page.goto(`${base}/knowledge`);
    await page.locator('.heat tbody td').first().waitFor();
    await page.getByRole('status', { name: 'Connection' }).getByText('Live').waitFor();
    await page.clock.runFor(5_000);
    await page.waitForLoadState('networkidle');
    await page.clock.pauseAt(Date.now() + 60_000);
    await page.waitForLoadState('networkidle');
    const asked = page.waitForRequest(/\/api\/v2\/knowledge\/items/);
    node.emit(...make_trace(random, Date.now() - 4_000));
    await asked;
    await page.clock.resume();
  });

  test('a collaboration that is new is drawn from the push, before any answer', async () => {
    await go('/collaboration', '.graph canvas[data-nodes="8"]');
    await page.waitForLoadState('networkidle');
    const edges = async () => Number(await page.locator('.graph canvas').getAttribute('data-edges'));
    const before = await edges();
    const names = [...node.agents.keys()];
    const known = new Set(node.journal.map((event) => `${event.agent_id} ${event.peer_agent_id ?? ''}`));
    const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to]));
    const [from, to] = pairs.find((pair) => !known.has(pair.join(' ')));
    await page.route(/\/collaboration\/graph/, () => undefined);
    node.emit({ id: 'new-edge', type: 'collaboration', time: new Date().toISOString(), agent_id: from, peer_agent_id: to, team: 'research' });
    await page.locator(`.graph canvas[data-edges="${before + 1}"]`).waitFor();
    await page.unroute(/\/collaboration\/graph/);
  });

  test('over a restart of the node the figures stay, the page says so, and then goes on', async () => {
    await go('/memory', '.flow rect');
    const figure = page.locator('.figure_value').first();
    const before = await figure.innerText();
    await node.stop();
    await page.getByRole('status', { name: 'Connection' }).getByText('Recovering').waitFor();
    assert.equal(await figure.innerText(), before);
    await node.start();
    await page.getByRole('status', { name: 'Connection' }).getByText('Live').waitFor();
    node.emit(...make_trace(random, Date.now() - 5_000));
    await page.waitForFunction((old) => document.querySelector('.figure_value')?.textContent !== old, before);
  });

  test('half a minute without a network is survived, and told', async () => {
    await stage.sign_in();
    await page.clock.install();
    await page.goto(`${base}/events`);
    await page.locator('.event').first().waitFor();
    const connection = page.getByRole('status', { name: 'Connection' });
    await connection.getByText('Live').waitFor();
    await stage.context.setOffline(true);
    for (const client of node.sockets) client.ws.terminate();
    await page.clock.runFor(30_000);
    await connection.getByText('Offline').waitFor();
    const missed = make_trace(random, Date.now());
    node.emit(...missed);
    await stage.context.setOffline(false);
    await page.clock.runFor(10_000);
    await connection.getByText('Live').waitFor();
    await page.clock.runFor(2_000);
    await page.waitForFunction((count) => new RegExp(`^${count} received`).test(document.querySelector('.stream_bar span')?.textContent ?? ''), missed.length);
    await page.clock.resume();
  });
});
