// Dashboards in real browsers on a real node with a day of the demo: each template shows its charts in three languages, on a
// desk and on a phone; two people change one dashboard at once, one of them cut off for a while, and no edit is lost.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { no_violation } from '../support/axe.mjs';
import { Reader, launch, screens } from '../support/browser.mjs';
import { uuid7 } from '../support/events.mjs';
import { Node, bin_dir, root } from '../support/node.mjs';
import { until } from '../support/until.mjs';

const deadline_ms = 30_000;
const run = (program, args) => promisify(execFile)(program, args, { timeout: 240_000, maxBuffer: 16 * 1024 * 1024 });

let node, browser, key, api;

before(async () => {
  node = await Node.start();
  const made = await run(join(bin_dir, 'troupectl'), ['--data-dir', node.data_dir, '-o', 'json', 'keys', 'create', 'admin', '--role', 'admin', '--org', 'demo']);
  key = JSON.parse(made.stdout).key;
  api = node.api_as(key);
  const played = ['--seed', 'page', '--rate', '0.4', '--backfill-hours', '24', '--until', new Date().toISOString()];
  await run(process.execPath, [join(root, 'deploy/demo/play.mjs'), ...played, '--base', node.base, '--otlp', node.otlp, '--key', key]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await node?.remove();
});

const open = (language = 'en', options = {}) => Reader.open(browser, { base: node.base, key, language, expected: /status of 404/, ...options });

const loaded = (page) =>
  page.waitForFunction(
    () =>
      document.querySelectorAll('.dash_grid > li').length > 0 &&
      document.querySelectorAll('.state_loading').length === 0 &&
      [...document.querySelectorAll('.plot_canvas')].every((plot) => plot.querySelector('canvas')),
  );

async function see_all(page) {
  for (const tile of await page.locator('.dash_grid > li').all()) await tile.scrollIntoViewIfNeeded();
  await loaded(page);
  await page.evaluate(() => window.scrollTo(0, 0));
  assert.deepEqual(await page.locator('.state_failed').allInnerTexts(), []);
}

async function inspect(reader, name) {
  const { page } = reader;
  await reader.picture(`dashboard_${name}`);
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= screen, `${name} is ${wide} wide on a screen of ${screen}`);
  await no_violation(page, name);
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const region = (page, name) => page.getByRole('region', { name, exact: true });
const stored = async (id) => (await api.get(`/api/v2/dashboards/${id}`)).body;
const ids = ({ charts }) => charts.map((chart) => chart.id).join(' ');

test('page, dashboards: every template is made on the page and shows its charts', async () => {
  const reader = await open();
  const { page } = reader;
  const templates = (await api.get('/api/v2/dashboards/templates')).body.items;
  for (const { template_id, dashboard } of templates) {
    await page.goto(`${node.base}/dashboards`);
    await page.locator(`.dash_templates input[value=${template_id}]`).check({ force: true });
    await page.getByRole('textbox', { name: 'Title' }).fill(`Made of ${template_id}`);
    await button(page, 'Create').click();
    await page.getByRole('heading', { level: 1, name: `Made of ${template_id}` }).waitFor();
    await see_all(page);
    assert.equal(await page.locator('.dash_grid > li').count(), dashboard.charts.length);
    await inspect(reader, template_id);
  }
  await reader.close();
});

test('page, dashboards: twelve charts come in three languages without moving, and how long it takes is told', async () => {
  const { items } = (await api.get('/api/v2/dashboards?q=realtime')).body;
  const path = `${node.base}/dashboards/${items[0].dashboard_id}`;
  for (const [language, shade, device] of [
    ['en', 'light', 'desktop'],
    ['ar', 'dark', 'desktop'],
    ['de', 'dark', 'phone'],
  ]) {
    const reader = await open(language, { colorScheme: shade, viewport: screens[device] });
    const { page } = reader;
    await page.addInitScript(() => {
      globalThis.shifts = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifts += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const began = performance.now();
    await page.goto(path);
    await loaded(page);
    const took_ms = performance.now() - began;
    const shifted = await page.evaluate(() => globalThis.shifts);
    console.log(`${language}, ${device}: loaded in ${took_ms.toFixed(0)} ms, layout shift ${shifted.toFixed(4)}`);
    assert.ok(shifted < 0.05, `${language}: shifted by ${shifted}`);
    await see_all(page);
    await inspect(reader, `realtime_${language}_${shade}_${device}`);
    await reader.close();
  }
});

test('page, dashboards: a chart moves when an event comes', async () => {
  await api.post('/api/v2/dashboards', {
    dashboard_id: 'live.1',
    title: 'Live',
    charts: [{ id: 'n', type: 'gauge', cols: 6, rows: 3, source: { view: 'usage', measure: 'events', group_by: 'none', filters: { agent_id: 'newcomer' } } }],
  });
  const reader = await open();
  const { page } = reader;
  await page.goto(`${node.base}/dashboards/live.1`);
  await page.locator('.dial').waitFor();
  assert.equal(await page.locator('.dial text').textContent(), '0');
  const event = { id: uuid7(), type: 'execution.started', time: new Date().toISOString(), agent_id: 'newcomer' };
  assert.equal((await api.post('/api/v2/events', event)).status, 200);
  await until('the dial to move', async () => (await page.locator('.dial text').textContent()) === '1', deadline_ms);
  await reader.close();
});

test('page, dashboards: two change one at once, one is cut off for a while, and no edit is lost', async () => {
  const source = { view: 'usage', measure: 'events', group_by: 'agent' };
  const chart = (id, title) => ({ id, title, type: 'bar', cols: 4, rows: 3, source });
  await api.post('/api/v2/dashboards', { dashboard_id: 'both', title: 'Both', charts: [chart('a', 'A'), chart('b', 'B'), chart('c', 'C')] });
  const readers = [await open(), await open('de', { colorScheme: 'dark', expected: /status of 404|ERR_INTERNET_DISCONNECTED|WebSocket/ })];
  const [one, two] = readers.map(({ page }) => page);
  for (const page of [one, two]) {
    await page.goto(`${node.base}/dashboards/both`);
    await page.locator('.bars').first().waitFor();
    await page.locator('.dash_edit').click();
  }
  assert.equal(await one.getByRole('list', { name: 'Here now' }).getByRole('listitem').count(), 1, 'one key is one person');
  await two.context().setOffline(true);
  await button(two, 'Breiter: B').click();
  await two.getByText('Nicht gespeicherte Änderungen: 1.', { exact: false }).waitFor();
  await button(two, 'Ändern: C').click();
  const form = two.getByRole('form', { name: 'Diagramm ändern: C' });
  await form.getByLabel('Titel').fill('C, neu');
  await form.getByRole('button', { name: 'Speichern' }).click();
  await form.getByText('Nichts ist verloren', { exact: false }).waitFor();

  await button(one, 'Change: A').click();
  const change = one.getByRole('form', { name: 'Change chart: A' });
  await change.getByLabel('Title').fill('A, new');
  await change.getByRole('button', { name: 'Save' }).click();
  await button(one, 'Later: A, new').click();
  await until('the order', async () => ids(await stored('both')) === 'b a c');

  await two.context().setOffline(false);
  await region(two, 'A, new').waitFor();
  await form.getByRole('button', { name: 'Erneut speichern' }).click();
  await two.locator('.dash_editing').getByRole('button', { name: 'Erneut speichern' }).click();
  await until('both edits', async () => {
    const { charts } = await stored('both');
    return charts.find(({ id }) => id === 'c').title === 'C, neu' && charts.find(({ id }) => id === 'b').cols === 5;
  });
  await region(one, 'C, neu').waitFor();
  const last = await stored('both');
  assert.equal(ids(last), 'b a c');
  assert.equal(last.charts.find(({ id }) => id === 'a').title, 'A, new');
  await api.call('DELETE', '/api/v2/dashboards/both');
  await one.getByText('Somebody deleted this dashboard.').waitFor();
  for (const reader of readers) await reader.close();
});
