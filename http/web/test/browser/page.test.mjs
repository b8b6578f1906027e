// Purpose: the built page in a real browser against the fixture: looks (screenshots), accessibility (axe), content
// security policy, and recovery over a restart without a gap and without a duplicate.
// Invariant: the tests run in order on one browser and one fixture; each starts by opening its own address.
import assert from 'node:assert/strict';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { keys } from '../fixture/mock_node.mjs';
import { fill, make_event } from '../fixture/sample_fleet.mjs';
import { Stage, admin_key, ingest_key } from './stage.mjs';

let stage, context, page, node, base, random;

beforeAll(async () => {
  stage = await Stage.open();
  ({ context, page, node, base } = stage);
}, 120_000);

afterAll(() => stage?.close());

afterEach(() => {
  assert.deepEqual(stage.complaints.splice(0), [], 'the console is clean, and the content security policy holds');
});

const inspect = (name) => stage.inspect(name);
const connection = (word) =>
  page
    .getByRole('status', { name: 'Connection' })
    .and(page.getByText(word, { exact: true }))
    .waitFor();
const items = (list) => page.getByRole('list', { name: list, exact: true }).getByRole('listitem');

async function try_key(key) {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Events of one agent, numbered, and a check that each is on the page exactly once, newest first. */
function walker() {
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
    await items('Events')
      .filter({ hasText: sent.at(-1) })
      .first()
      .waitFor();
    const texts = await items('Events').allInnerTexts();
    assert.deepEqual(
      texts.map((text) => /step \d+\./.exec(text)?.[0]),
      sent.toReversed(),
    );
  };
  return { walk, check };
}

describe('page', { timeout: 90_000 }, () => {
  test('a wrong key is refused in words, and so is one that may only send', async () => {
    await page.goto(base);
    await try_key('wrong');
    await page.getByRole('alert').getByText('does not know this key').waitFor();
    await inspect('sign_in_wrong');
    await try_key(ingest_key);
    await page.getByRole('alert').getByText('may only send').waitFor();
  });

  test('a right key signs in, and is in no address', async () => {
    await try_key(admin_key);
    await connection('Live');
    assert.ok(!page.url().includes(admin_key));
    assert.deepEqual(
      node.addresses.filter((address) => address.includes(admin_key)),
      [],
    );
  });

  test('an empty node shows how to send the first event, until it arrives', async () => {
    const heading = page.getByRole('heading', { name: 'Send the first event' });
    await heading.waitFor();
    await inspect('first_event');
    random = fill(node);
    await heading.waitFor({ state: 'detached' });
  });

  for (const shade of ['light', 'dark']) {
    for (const [device, width, height] of [
      ['desktop', 1440, 1000],
      ['phone', 390, 844],
    ]) {
      test(`every view is accessible and fits: ${shade}, ${device}`, async () => {
        await page.emulateMedia({ colorScheme: shade, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height });
        const look = `${shade}_${device}`;
        await page.goto(base);
        await page.locator('.chart canvas').nth(1).waitFor();
        await items('Events').first().waitFor();
        await inspect(`overview_${look}`);
        await page.getByRole('button', { name: 'Table: Tokens per minute' }).click();
        await inspect(`overview_table_${look}`);
        await page.goto(`${base}/agents`);
        await page.getByRole('table', { name: 'Agents' }).waitFor();
        await inspect(`agents_${look}`);
        await page.goto(`${base}/agents?agent=planner`);
        await items('Events of this agent').first().waitFor();
        await page.getByRole('table', { name: 'Tasks' }).waitFor();
        await inspect(`agent_${look}`);
        await page.goto(`${base}/events?type=llm.call`);
        await items('Events').first().getByRole('button').click();
        await page.getByRole('group', { name: 'Attributes' }).first().waitFor();
        await inspect(`events_${look}`);
      });
    }
  }

  test('the filter of the stream is in the address and finds what is stored', async () => {
    await page.setViewportSize({ width: 1440, height: 1000 });
    await page.goto(`${base}/events`);
    await page.getByLabel('Type').selectOption('collaboration');
    await page.waitForURL(/\?type=collaboration$/);
    await items('Events').first().waitFor();
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.event_type')].every((element) => element.textContent?.trim() === 'collaboration'),
    );
    await page.reload();
    assert.equal(await page.getByLabel('Type').inputValue(), 'collaboration');
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await page.waitForURL(/\/events$/);
  });

  test('agents sort by their headings, with the keyboard', async () => {
    await page.goto(`${base}/agents`);
    await page.getByRole('button', { name: 'Cost' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/sort=-cost/);
    const order = await page.getByRole('columnheader', { name: 'Cost' }).getAttribute('aria-sort');
    assert.equal(order, 'descending');
    const costs = await page.getByRole('table', { name: 'Agents' }).locator('tbody tr td:last-child').allInnerTexts();
    const figures = costs.map((cost) => Number(cost.slice(1)));
    assert.deepEqual(
      figures,
      figures.toSorted((a, b) => b - a),
    );
  });

  test('over restarts of the node nothing is missing and nothing is there twice', async () => {
    await page.goto(`${base}/events?agent_id=walker`);
    await connection('Live');
    const { walk, check } = walker();
    walk(5);
    await check();
    for (let round = 0; round < 3; round += 1) {
      await node.stop();
      await connection('Recovering');
      if (round === 0) await inspect('recovering');
      if (round === 1) {
        await context.setOffline(true);
        await connection('Offline');
        await inspect('offline');
        await context.setOffline(false);
      }
      walk(4);
      await node.start();
      await connection('Live');
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
  });

  test('a revoked key ends the session with a reason', async () => {
    const role = keys[admin_key];
    delete keys[admin_key];
    await node.stop();
    await node.start();
    await page.getByText('no longer accepts this key').waitFor();
    keys[admin_key] = role;
    await try_key(admin_key);
    await connection('Live');
  });

  test('signing out forgets the key', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    assert.equal(
      await page.evaluate(() => JSON.stringify([sessionStorage, localStorage]).includes('key-for-tests')),
      false,
    );
  });
});
