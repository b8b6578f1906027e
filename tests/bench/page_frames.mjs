// The collaboration graph in a real Chromium while agents work together: how often it is drawn, and how long the page's
// thread is held up. Before that, in the same browser, a page on which nothing happens. One JSON line out.
//
//   node page_frames.mjs BASE KEY SECONDS
//
// A frame is from one requestAnimationFrame to the next; a long task is what the browser calls one (over 50 ms). Events are
// sent by the clock: what could not be sent in time is sent with the next.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

const require = createRequire(new URL('../e2e/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const [base, key, seconds] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const agents = 300;
const events_per_second = 1_000;
const tick_ms = 50;
const deadline_ms = 30_000;
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let made = 0;

/** Agents work mostly within their team of ten. */
function collaboration() {
  made += 1;
  const from = (made * 7) % agents;
  const near = from - (from % 10) + ((made * 3) % 10);
  const to = made % 9 === 0 ? (from + made) % agents : near;
  return {
    id: `${randomBytes(4).toString('hex')}-${randomBytes(2).toString('hex')}-7000-8000-${String(made).padStart(12, '0')}`,
    type: 'collaboration', agent_id: `agent-${from}`, team: `team-${Math.floor(from / 10)}`,
    status: made % 50 === 0 ? 'error' : 'ok', ...(to === from ? {} : { peer_agent_id: `agent-${to}` }),
  };
}

async function send(count) {
  const body = JSON.stringify(Array.from({ length: count }, collaboration));
  const answer = await fetch(`${base}/api/v2/events`, { method: 'POST', body, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`events were answered with ${answer.status}`);
}

/** Sends by the clock until it is told to stop; resolves with how many events a second were acknowledged. */
function work() {
  const begin = performance.now();
  let [intended, taken] = [0, 0];
  let last = Promise.resolve();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begin) / 1_000) * events_per_second) - intended;
    intended += due;
    last = last.then(() => send(due)).then(() => (taken += due));
  }, tick_ms);
  return async () => {
    clearInterval(timer);
    await last;
    return taken / ((performance.now() - begin) / 1_000);
  };
}

/** In the page: every frame and long task of a while. */
function watch_frames(for_ms) {
  return new Promise((resolve) => {
    const found = { frames_ms: [], long_ms: [] };
    new PerformanceObserver((list) => found.long_ms.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
    const begin = performance.now();
    let before = begin;
    const next = (now) => {
      found.frames_ms.push(now - before);
      before = now;
      if (now - begin < for_ms) requestAnimationFrame(next);
      else resolve(found);
    };
    requestAnimationFrame(next);
  });
}

const browser = await chromium.launch({ executablePath: process.env.TROUPE_CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags });
try {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(deadline_ms);
  await page.goto(`${base}/favicon.svg`);
  const idle = await page.evaluate(watch_frames, (seconds * 1_000) / 4);
  for (let i = 0; i < 6; i += 1) await send(agents);
  await page.addInitScript((kept) => globalThis.sessionStorage.setItem('troupe.key', kept), key);
  await page.goto(`${base}/collaboration?range=1h`);
  await page.locator(`.graph canvas[data-nodes="${agents}"]`).waitFor();
  const stop = work();
  const live = await page.evaluate(watch_frames, seconds * 1_000);
  const acknowledged = await stop();
  const edges = Number(await page.locator('.graph canvas').getAttribute('data-edges'));
  console.log(JSON.stringify({ idle, live, acknowledged, edges }));
} finally {
  await browser.close();
}
