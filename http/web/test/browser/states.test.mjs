// Purpose: every view while the node has nothing, is slow, or answers with an error: the page says so in words, offers to
// try again where it does not do so by itself, and is whole again afterwards.
// Invariants: the views are those of the page's own list. The tests run in order on one browser and one fixture.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { all_types } from '../fixture/dashboards.mjs';
import { fill } from '../fixture/sample_fleet.mjs';
import { Stage } from './stage.mjs';

const list = readFileSync(new URL('../../src/pages/views.tsx', import.meta.url), 'utf8');
const views = [...list.matchAll(/path: '([^']+)'/g)].map(([, path]) => path);
const reads = /\/api\/v2\/(?!whoami)/;
const refused = (status) => ({
  status,
  contentType: 'application/problem+json',
  body: JSON.stringify({ type: 'about:blank', title: 'Trouble', status, detail: 'the shard has no leader yet' }),
});

let stage, page, trace_id;

beforeAll(async () => {
  stage = await Stage.open();
  ({ page } = stage);
  await stage.sign_in();
}, 120_000);

afterAll(() => stage?.close());

const address_of = (path) => stage.base + path + ({ '/agent': '?id=planner', '/trace': `?id=${trace_id}`, '/dashboards/': 'all' }[path] ?? '');
const main = () => page.locator('main');
const settled = () => page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('.state_loading'));

/** There is something to read below the heading. */
async function says_something(path) {
  const text = (await main().innerText()).replace(await page.locator('h1').innerText(), '').trim();
  assert.ok(text.length > 20, `${path} says: ${text}`);
}

describe('nothing', { timeout: 60_000 }, () => {
  test.each(views)('of a node that has nothing yet: %s', async (path) => {
    await page.goto(address_of(path));
    await page.getByRole('status', { name: 'Connection' }).getByText('Live').waitFor();
    await settled();
    await says_something(path);
    const expected = { '/trace': 'knows no trace with this ID', '/agent': 'knows no agent with this ID', '/cluster': 'runs alone' }[path];
    if (expected) await main().getByText(expected).waitFor();
    else if (path !== '/dashboards/') assert.equal(await page.locator('.state_failed').count(), 0);
    await stage.inspect(`nothing_${path.slice(1)}`);
  });
});

describe('trouble', { timeout: 60_000 }, () => {
  beforeAll(() => {
    fill(stage.node);
    stage.node.dashboards.add({ dashboard_id: 'all', title: 'All of it', charts: all_types });
    trace_id = stage.node.journal.findLast((event) => event.peer_agent_id).trace_id;
  });

  test.each(views)('of a node that answers 500, and then does not: %s', async (path) => {
    await page.route(reads, (route) => route.fulfill(refused(500)));
    await page.goto(address_of(path));
    await page.getByRole('status', { name: 'Connection' }).getByText('Live').waitFor();
    await main().getByText('no leader yet').first().waitFor();
    await page.getByText('asked for again').or(page.getByRole('button', { name: 'Try again' })).first().waitFor();
    await stage.inspect(`failing_${path.slice(1)}`);
    await page.unroute(reads);
    const again = page.getByRole('button', { name: 'Try again' });
    await page.waitForFunction(() => {
      for (const button of document.querySelectorAll('.state_failed button')) button.click();
      return !document.body.innerText.includes('no leader yet') && !document.querySelector('.state_loading');
    });
    assert.equal(path === '/cluster' ? 0 : await again.count(), 0);
    await says_something(path);
  });

  test('an answer of 503 is asked for again before it is called a failure', async () => {
    let asked = 0;
    await page.route(/\/api\/v2\/memory\/tier-stats/, (route) => ((asked += 1) === 1 ? route.fulfill(refused(503)) : route.continue()));
    await page.goto(address_of('/memory'));
    await page.locator('.flow rect').first().waitFor();
    assert.ok(asked > 1);
    await page.unroute(/\/api\/v2\/memory\/tier-stats/);
  });

  test.each(views)('of a node that is slow: %s', async (path) => {
    let answer;
    const slow = new Promise((resolve) => (answer = resolve));
    await page.route(reads, async (route) => {
      await slow;
      await route.continue();
    });
    await page.goto(address_of(path));
    await page.locator('main h1').waitFor();
    await page.waitForFunction(() => document.querySelector('main').innerText.includes('Loading…'));
    assert.equal(await page.locator('.state_failed').count(), 0);
    answer();
    await settled();
    await says_something(path);
    await page.unroute(reads);
  });
});
