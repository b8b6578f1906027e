// Purpose: what the browser tests stand on: the page as it is built, the fixture that serves it, one Chromium.
// Needs Chromium (TROUPE_CHROMIUM, else /usr/bin/chromium). With TROUPE_SHOTS=<folder> the screenshots are kept there.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { MockNode, keys } from '../fixture/mock_node.mjs';

const axe_source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** With the size of targets of WCAG 2.2, which axe leaves out unless it is asked. */
const axe_rules = { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } };
export const [admin_key, ingest_key, read_key] = Object.keys(keys);
const shots = process.env.TROUPE_SHOTS;
const arguments_of_browser = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** What the browser itself writes to the console when a request fails on purpose; 404: no cluster on this node, 412: somebody was faster. */
const expected_complaint =
  /ERR_CONNECTION_REFUSED|ERR_INTERNET_DISCONNECTED|ERR_EMPTY|ERR_CONNECTION_RESET|WebSocket connection|status of 4(0[14]|12)/;

export class Stage {
  complaints = [];

  static async open() {
    const stage = new Stage();
    stage.work = await mkdtemp(join(tmpdir(), 'troupe-page-'));
    const root = fileURLToPath(new URL('../..', import.meta.url));
    process.env.NODE_ENV = 'production';
    await build({ root, logLevel: 'warn', build: { outDir: join(stage.work, 'dist'), emptyOutDir: true } });
    stage.node = new MockNode(join(stage.work, 'dist'));
    stage.base = await stage.node.start();
    stage.context = await chromium.launchPersistentContext(join(stage.work, 'profile'), {
      executablePath: process.env.TROUPE_CHROMIUM ?? '/usr/bin/chromium',
      args: arguments_of_browser,
      viewport: { width: 1440, height: 1000 },
      acceptDownloads: true,
    });
    stage.page = stage.context.pages()[0] ?? (await stage.context.newPage());
    stage.page.setDefaultTimeout(15_000);
    stage.page.on('console', (message) => {
      const unexpected = message.type() === 'error' && !expected_complaint.test(message.text());
      if (unexpected) stage.complaints.push(message.text());
    });
    stage.page.on('pageerror', (error) => stage.complaints.push(String(error)));
    return stage;
  }

  async close() {
    await this.context?.close();
    await this.node?.stop();
    await rm(this.work, { recursive: true, force: true });
  }

  /** As if the reader had signed in and chosen a language before. */
  async sign_in(language = 'en', with_key = admin_key) {
    await this.page.goto(`${this.base}/favicon.svg`);
    await this.page.evaluate(
      ([key, tag]) => {
        sessionStorage.setItem('troupe.key', key);
        localStorage.setItem('troupe.language', tag);
      },
      [with_key, language],
    );
  }

  async inspect(name) {
    const { page } = this;
    if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
    await page.evaluate(axe_source);
    const { violations, passes } = await page.evaluate((rules) => globalThis.axe.run(document, rules), axe_rules);
    assert.ok(passes.some(({ id }) => id === 'target-size'), 'the size of targets was looked at');
    const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
    assert.deepEqual(found, [], `axe on ${name}`);
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(wider <= 0, `${name} scrolls sideways by ${wider} px`);
    const spilling = await page.evaluate(() =>
      [...document.querySelectorAll('.panel, .figure')]
        .filter((panel) => panel.scrollWidth > panel.clientWidth)
        .map((panel) => panel.textContent?.slice(0, 40)),
    );
    assert.deepEqual(spilling, [], `panels of ${name} that spill over`);
  }
}
