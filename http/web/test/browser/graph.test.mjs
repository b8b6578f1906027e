// Purpose: the collaboration graph with 300 agents while a thousand events a second arrive: it keeps its places, goes
// on drawing, and the page stays usable. How many frames it draws is reported, not asserted: that is the machine's.
import assert from 'node:assert/strict';
import { afterAll, beforeAll, test } from 'vitest';
import { Stage } from './stage.mjs';

const agents = 300;
const frames = 180;
const batch = 50;
const batch_every_ms = 50;

let stage, page, node, timer;
let number = 0;

/** Agents work mostly within their team of ten. */
function collaboration() {
  number += 1;
  const from = (number * 7) % agents;
  const near = (from - (from % 10) + ((number * 3) % 10)) % agents;
  const to = number % 9 === 0 ? (from + number) % agents : near;
  return {
    id: `0190a5c0-0000-7000-8000-${String(number).padStart(12, '0')}`,
    type: 'collaboration',
    time: new Date().toISOString(),
    agent_id: `agent-${from}`,
    team: `team-${Math.floor(from / 10)}`,
    status: number % 50 === 0 ? 'error' : 'ok',
    ...(to === from ? {} : { peer_agent_id: `agent-${to}` }),
  };
}

beforeAll(async () => {
  stage = await Stage.open();
  ({ page, node } = stage);
  node.emit(...Array.from({ length: 6 * agents }, collaboration));
}, 120_000);

afterAll(async () => {
  clearInterval(timer);
  await stage?.close();
});

const count_frames = () =>
  page.evaluate(
    (wanted) =>
      new Promise((resolve) => {
        const lengths = [];
        let before = performance.now();
        const next = (now) => {
          lengths.push(now - before);
          before = now;
          if (lengths.length < wanted) requestAnimationFrame(next);
          else resolve(lengths.sort((a, b) => a - b));
        };
        requestAnimationFrame(next);
      }),
    frames,
  );

function report(what, lengths) {
  const at = (share) => lengths[Math.floor(share * (lengths.length - 1))].toFixed(1);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  console.log(`${what}: ${(1_000 / mean).toFixed(0)} frames/s, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms`);
}

test('the graph of 300 agents lives through a thousand events a second', { timeout: 90_000 }, async () => {
  await stage.sign_in();
  await page.goto(`${stage.base}/collaboration?range=1h`);
  await page.locator(`.graph canvas[data-nodes="${agents}"]`).waitFor();
  report('settling', await count_frames());
  timer = setInterval(() => node.emit(...Array.from({ length: batch }, collaboration)), batch_every_ms);
  report('at 1,000 events/s', await count_frames());
  await page.locator('.graph').focus();
  await page.keyboard.press('Home');
  await page.waitForURL(/agent=agent-/);
  await page.getByRole('region', { name: /Works with agent-/ }).waitFor();
  clearInterval(timer);
  assert.equal(await page.getByRole('option').count() >= agents, true);
  assert.deepEqual(stage.complaints, []);
});
