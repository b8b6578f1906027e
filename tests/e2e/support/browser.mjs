// Debian's Chromium, and a reader in it who is signed in: a page in a context of its own, whose complaints are kept.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './node.mjs';
import { until } from './until.mjs';

export const shots = join(root, 'build', 'e2e-screenshots');
export const screens = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const deadline_ms = 30_000;
export const launch_options = {
  executablePath: process.env.TROUPE_CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
};

export async function launch() {
  mkdirSync(shots, { recursive: true });
  return await chromium.launch(launch_options);
}

export class Reader {
  /** What the page said of itself and should not have. */
  complaints = [];

  /**
   * `base`: of the node. `key`: null for somebody who is not signed in. `expected`: what the console may say, because the
   * test is about it. More options go to Playwright's newContext.
   */
  static async open(browser, { base, key, language = 'en', expected = null, ...options }) {
    const reader = new Reader();
    reader.base = base;
    reader.language = language;
    reader.context = await browser.newContext({ viewport: screens.desktop, colorScheme: 'light', reducedMotion: 'reduce', locale: language, ...options });
    if (key !== null) await reader.context.addInitScript((kept) => globalThis.sessionStorage.setItem('troupe.key', kept), key);
    reader.page = await reader.context.newPage();
    reader.page.setDefaultTimeout(deadline_ms);
    reader.page.on('pageerror', (error) => reader.complaints.push(String(error)));
    reader.page.on('console', (message) => {
      if (message.type() === 'error' && !expected?.test(message.text())) reader.complaints.push(`${message.text()} ${message.location().url}`);
    });
    return reader;
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.complaints, [], 'the console is clean');
  }

  /** Loads an address, and waits until `there` is on it and every figure. */
  async go(path, there) {
    await this.page.goto(this.base + path);
    await this.page.locator(there).first().waitFor();
    await this.figures_there(path);
  }

  async figures_there(what) {
    await until(`${what}: everything to have loaded`, async () => (await this.page.locator('.state_loading').count()) === 0, deadline_ms);
    await this.drawn();
    assert.deepEqual(await this.page.locator('.state_failed').allInnerTexts(), [], what);
  }

  /** Every chart fills its place, also after the place became another, and every graph is painted. */
  async drawn() {
    await this.page.waitForFunction(() => {
      const fills = (plot) => Math.abs((plot.querySelector('canvas')?.clientWidth ?? -9) - plot.clientWidth) <= 1;
      const painted = (canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0);
      return [...document.querySelectorAll('.plot')].every(fills) && [...document.querySelectorAll('.graph canvas')].every(painted);
    });
  }

  connection(word) {
    return this.page.getByRole('status', { name: 'Connection' }).and(this.page.getByText(word, { exact: true })).waitFor();
  }

  async picture(name, options = {}) {
    await this.page.screenshot({ path: join(shots, `${name}.png`), fullPage: true, ...options });
  }
}
