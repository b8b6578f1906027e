// Purpose: opens the built page in a real browser against the fixture: looks (screenshots), accessibility (axe),
// content security policy, and recovery over a restart without a gap and without a duplicate.
// Needs Chromium (TROUPE_CHROMIUM, else /usr/bin/chromium). Screenshots go to TROUPE_SHOTS, else a new folder.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { MockNode, keys } from '../fixture/mock_node.mjs';
import { fill, make_event } from '../fixture/sample_fleet.mjs';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const axe_source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const admin_key = Object.keys(keys)[0];
const profile = await mkdtemp(join(tmpdir(), 'troupe-profile-'));
const shots = process.env.TROUPE_SHOTS ?? (await mkdtemp(join(tmpdir(), 'troupe-shots-')));
const complaints = [];

async function open_browser() {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.TROUPE_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    viewport: { width: 1440, height: 1000 },
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(10_000);
  page.on('console', (message) => {
    const expected = /ERR_CONNECTION_REFUSED|WebSocket connection|status of 401|ERR_INTERNET|ERR_EMPTY/.test(message.text());
    if (message.type() === 'error' && !expected) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { context, page };
}

async function inspect(page, name) {
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  await page.evaluate(axe_source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
  assert.deepEqual(found, [], `axe on ${name}`);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wider <= 0, `${name} scrolls sideways by ${wider} px`);
}

const connection = (page, word) =>
  page.getByRole('status', { name: 'Connection' }).and(page.getByText(word, { exact: true })).waitFor();

async function sign_in(page, base) {
  await page.goto(base);
  await page.getByLabel('API key').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('does not know this key').waitFor();
  await inspect(page, 'sign_in_wrong');
  await page.getByLabel('API key').fill(Object.keys(keys)[1]);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('may only send').waitFor();
  await page.getByLabel('API key').fill(admin_key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await connection(page, 'Live');
  assert.ok(!page.url().includes(admin_key));
}

async function looks(page, base) {
  const settle = () => page.locator('.chart canvas').nth(1).waitFor();
  for (const shade of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: shade, reducedMotion: 'reduce' });
    for (const [device, width, height] of [['desktop', 1440, 1000], ['phone', 390, 844]]) {
      await page.setViewportSize({ width, height });
      await page.goto(base);
      await settle();
      await page.getByRole('list', { name: 'Events' }).getByRole('listitem').first().waitFor();
      await inspect(page, `overview_${shade}_${device}`);
      await page.getByRole('button', { name: 'Table of tokens per minute' }).click();
      await inspect(page, `overview_table_${shade}_${device}`);
      await page.goto(`${base}/agents?agent=planner`);
      await page.getByRole('list', { name: 'Events of this agent' }).getByRole('listitem').first().waitFor();
      await page.getByRole('table', { name: 'Tasks' }).waitFor();
      await inspect(page, `agent_${shade}_${device}`);
      await page.goto(`${base}/agents`);
      await page.getByRole('table', { name: 'Agents' }).waitFor();
      await inspect(page, `agents_${shade}_${device}`);
      await page.goto(`${base}/events?type=llm.call`);
      await page.getByRole('list', { name: 'Events' }).getByRole('button').first().click();
      await inspect(page, `events_${shade}_${device}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 1000 });
}

/** Events are emitted before, during and after the node is down; each must be on the page exactly once. */
async function recovery(page, base, node, random) {
  await page.goto(`${base}/events?agent_id=walker`);
  await connection(page, 'Live');
  const sent = [];
  const walk = (count) => {
    for (let i = 0; i < count; i += 1) {
      const name = `step ${sent.length + 1}.`;
      sent.push(name);
      const { id, time } = make_event(random, Date.now());
      node.emit({ id, time, agent_id: 'walker', type: 'custom.step', attributes: { name } });
    }
  };
  const check = async () => {
    const rows = page.getByRole('list', { name: 'Events' }).getByRole('listitem');
    await rows.filter({ hasText: sent.at(-1) }).waitFor();
    const texts = await rows.allInnerTexts();
    const steps = texts.map((text) => /step \d+\./.exec(text)?.[0]);
    assert.deepEqual(steps, sent.toReversed());
  };
  walk(5);
  await check();
  for (let round = 0; round < 3; round += 1) {
    await node.stop();
    await connection(page, 'Recovering');
    if (round === 0) await inspect(page, 'recovering');
    walk(4);
    await node.start();
    await connection(page, 'Live');
    walk(3);
    await check();
  }
  await page.getByRole('button', { name: 'Pause' }).click();
  walk(2);
  await page.getByText('Paused, 2 new waiting').waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await check();
  await node.stop();
  walk(2);
  node.forget_positions();
  await node.start();
  await page.getByText('could not resume').waitFor();
  await check();
}

const { context, page } = await open_browser();
const node = new MockNode(dist);
try {
  const base = await node.start();
  await sign_in(page, base);
  await page.getByRole('heading', { name: 'Send the first event' }).waitFor();
  await inspect(page, 'first_event');
  const random = fill(node);
  await page.getByRole('heading', { name: 'Send the first event' }).waitFor({ state: 'detached' });
  await looks(page, base);
  await recovery(page, base, node, random);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  assert.deepEqual(complaints, [], 'the console is clean');
  console.log(`the page is fine; screenshots in ${shots}`);
} finally {
  await context.close();
  await node.stop();
  await rm(profile, { recursive: true, force: true });
}
