// The insight pages in a real browser on a real node with the demo's day: every view has its figures, in English and Arabic,
// light and dark, on a desk and on a phone; axe finds nothing; a figure leads to its events, and moves while one looks.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { no_violation } from '../support/axe.mjs';
import { uuid7 } from '../support/events.mjs';
import { Node, bin_dir, root } from '../support/node.mjs';
import { until } from '../support/until.mjs';

const shots = join(root, 'build', 'e2e-screenshots');
const deadline_ms = 30_000;
const run = (program, args) => promisify(execFile)(program, args, { timeout: 240_000, maxBuffer: 16 * 1024 * 1024 });

let node, browser, keys;
const complaints = [];

before(async () => {
  await mkdir(shots, { recursive: true });
  node = await Node.start();
  const make = async (role) =>
    JSON.parse((await run(join(bin_dir, 'troupectl'), ['--data-dir', node.data_dir, '-o', 'json', 'keys', 'create', role, '--role', role, '--org', 'demo'])).stdout).key;
  keys = { admin: await make('admin') };
  const played = ['--seed', 'page', '--rate', '0.4', '--backfill-hours', '24', '--until', new Date().toISOString()];
  await run(process.execPath, [join(root, 'deploy/demo/play.mjs'), ...played, '--base', node.base, '--otlp', node.otlp, '--key', keys.admin]);
  await node.api_as(keys.admin).call('PUT', '/api/v2/tokens/limits/research-month', { body: { scope: 'team', key: 'research', period: 'month', cost_usd: 50 } });
  browser = await chromium.launch({
    executablePath: process.env.TROUPE_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});
after(async () => {
  await browser?.close();
  await node?.remove();
});

/** Each view, and what is there once it has its figures. */
const views = [
  ['overview', '/', '.plot canvas'],
  ['traces', '/traces', '.small_table tbody tr'],
  ['memory', '/memory', '.flow rect'],
  ['knowledge', '/knowledge', '.heat tbody td'],
  ['tokens', '/tokens', '.limit'],
  ['collaboration', '/collaboration', '.graph canvas[data-nodes]'],
  ['teams', '/teams', '.gauge'],
  ['patterns', '/patterns', '.heat tbody td'],
];

/** A page that is signed in, in a context of its own. */
async function open(locale, scheme, width, height) {
  const context = await browser.newContext({ locale, colorScheme: scheme, viewport: { width, height }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(deadline_ms);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(node.base);
  await page.locator('#api_key').fill(keys.admin);
  await page.locator('button[type=submit]').click();
  await page.locator('.plot canvas').first().waitFor();
  return page;
}

async function go(page, path, there) {
  await page.goto(node.base + path);
  await page.locator(there).first().waitFor();
  await until('everything to have loaded', async () => (await page.locator('.state_loading').count()) === 0, deadline_ms);
  await page.waitForFunction(() => [...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('canvas')));
  const failed = await page.locator('.state_failed').allInnerTexts();
  assert.deepEqual(failed, [], path);
}

async function inspect(page, name) {
  await page.screenshot({ path: join(shots, `insight_${name}.png`), fullPage: true });
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= screen, `${name} is ${wide} wide on a screen of ${screen}`);
  await no_violation(page, name);
}

for (const [locale, scheme, size, width, height] of [
  ['en', 'light', 'desk', 1440, 1000],
  ['ar', 'dark', 'desk', 1440, 1000],
  ['en', 'dark', 'phone', 390, 844],
  ['ar', 'light', 'phone', 390, 844],
]) {
  test(`page, insight: every view has its figures, ${locale}, ${scheme}, ${size}`, async () => {
    const page = await open(locale, scheme, width, height);
    for (const [name, path, there] of views) {
      await go(page, path, there);
      await inspect(page, `${name}_${locale}_${scheme}_${size}`);
    }
    assert.equal(await page.evaluate(() => document.documentElement.dir), locale === 'ar' ? 'rtl' : 'ltr');
    await page.context().close();
    assert.deepEqual(complaints.splice(0), [], 'the console is clean');
  });
}

test('page, insight: a trace of the list leads to its waterfall, and a span to its event', async () => {
  const page = await open('en', 'light', 1440, 1000);
  await go(page, '/traces', '.small_table tbody tr');
  await page.locator('.small_table tbody tr a').first().click();
  await page.locator('.span_bar').first().waitFor();
  await inspect(page, 'trace_en_light_desk');
  await page.context().close();
});

test('page, insight: a pair that works together now is in the graph without a reload', async () => {
  const page = await open('en', 'light', 1440, 1000);
  await go(page, '/collaboration', '.graph canvas[data-nodes]');
  const nodes = async () => Number(await page.locator('.graph canvas').getAttribute('data-nodes'));
  const first = await nodes();
  await node.api_as(keys.admin).send([{ id: uuid7(), type: 'collaboration', agent_id: 'newcomer', peer_agent_id: 'planner', status: 'ok' }]);
  await until('the newcomer to be in the graph', async () => (await nodes()) === first + 1, deadline_ms);
  await page.context().close();
});
