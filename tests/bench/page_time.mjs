// The page in a real Chromium against a node that runs already: the time until the first view can be used, what it took
// over the network, and how soon an acknowledged event is in the browser's socket and on the page. One JSON line out.
//
//   node page_time.mjs BASE KEY OPENINGS EVENTS
//
// Usable: every figure, chart, table and list of the view has its data, and the frame that shows them was drawn; what to
// look into (.outlook) is asked for after that. Each opening has a context of its own, so nothing is cached. Clocks of
// both processes are the machine's.
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

const require = createRequire(new URL('../e2e/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const [base, key, openings, events] = [process.argv[2], process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const deadline_ms = 30_000;
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const views = { hour: '/', day: '/?range=24h' };

/** In the page, before its own scripts: when it was usable, and when each probe came in and was shown. */
function watch(session_key) {
  sessionStorage.setItem('troupe.key', session_key);
  const clock = () => performance.timeOrigin + performance.now();
  const seen = { usable: 0, socket: {}, shown: {} };
  globalThis.bench_seen = seen;
  const usable = () =>
    document.querySelectorAll('.plot canvas').length >= 3 && document.querySelector('.events .event') &&
    document.querySelectorAll('table tbody tr').length > 0 && !document.querySelector('.state_loading') &&
    [...document.querySelectorAll('.figure_value:not(.outlook *)')].every((figure) => !figure.textContent.startsWith('–'));
  const looked = () => {
    if (seen.usable === 0 && usable()) {
      seen.usable = -1;
      requestAnimationFrame(() => requestAnimationFrame(() => (seen.usable = performance.now())));
    }
    for (const summary of document.querySelectorAll('.event_summary')) {
      const probe = /probe-\d+/.exec(summary.textContent)?.[0];
      if (!probe) return;
      seen.shown[probe] ??= clock();
    }
  };
  new MutationObserver(looked).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  const Socket = globalThis.WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...how) {
      super(...how);
      this.addEventListener('message', ({ data }) => {
        if (typeof data !== 'string') return;
        for (const [probe] of data.matchAll(/probe-\d+/g)) seen.socket[probe] ??= clock();
      });
    }
  };
}

async function open(browser, view) {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 1440, height: 1000 } });
  const page = await context.newPage();
  page.setDefaultTimeout(deadline_ms);
  const network = await context.newCDPSession(page);
  const bytes = { files: 0, answers: 0 };
  const answers = new Set();
  await network.send('Network.enable');
  network.on('Network.requestWillBeSent', ({ requestId, request }) => request.url.startsWith(`${base}/api/`) && answers.add(requestId));
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    bytes[answers.has(requestId) ? 'answers' : 'files'] += encodedDataLength;
  });
  await page.addInitScript(watch, key);
  await page.goto(base + view);
  await page.waitForFunction(() => globalThis.bench_seen.usable > 0);
  return { page, context, usable_ms: await page.evaluate(() => globalThis.bench_seen.usable), bytes };
}

async function report(number) {
  const body = JSON.stringify({ type: 'tool.call', agent_id: 'agent-probe', tool: `probe-${number}`, duration_ms: 1 });
  const answer = await fetch(`${base}/api/v2/events`, {
    method: 'POST', body, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`an event was answered with ${answer.status}`);
  return performance.timeOrigin + performance.now();
}

/** Each event when the one before is shown: then the page has just drawn, and has to wait longest before it draws again. */
async function follow({ page }) {
  const late = { socket_ms: [], shown_ms: [] };
  for (let number = 1; number <= events; number += 1) {
    const acknowledged = await report(number);
    const probe = `probe-${number}`;
    await page.waitForFunction((name) => globalThis.bench_seen.shown[name] !== undefined, probe);
    const seen = await page.evaluate((name) => [globalThis.bench_seen.socket[name], globalThis.bench_seen.shown[name]], probe);
    late.socket_ms.push(Math.max(0, seen[0] - acknowledged));
    late.shown_ms.push(Math.max(0, seen[1] - acknowledged));
  }
  return late;
}

const browser = await chromium.launch({ executablePath: process.env.TROUPE_CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags });
try {
  await report(0);  // so that there is something of this hour
  const found = { hour_ms: [], day_ms: [], files_bytes: [], answers_bytes: [] };
  let last;
  for (let i = 0; i < openings; i += 1)
    for (const [name, view] of Object.entries(views)) {
      await last?.context.close();
      last = await open(browser, view);
      found[`${name}_ms`].push(last.usable_ms);
      if (name !== 'hour') continue;
      found.files_bytes.push(last.bytes.files);
      found.answers_bytes.push(last.bytes.answers);
    }
  console.log(JSON.stringify({ ...found, ...(await follow(last)) }));
} finally {
  await browser.close();
}
