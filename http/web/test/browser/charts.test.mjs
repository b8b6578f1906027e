// Purpose: every kind of chart zoomed and moved by button, key and two fingers, without dragging; the tier flow and the
// waterfall by keyboard alone; what can be taken away of them.
// Invariant: the tests run in order on one browser and one fixture; each starts by opening its own address.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { fill } from '../fixture/sample_fleet.mjs';
import { Stage } from './stage.mjs';

let stage, page, touch, trace_id;

beforeAll(async () => {
  stage = await Stage.open();
  ({ page } = stage);
  fill(stage.node);
  trace_id = stage.node.journal.findLast((event) => event.peer_agent_id).trace_id;
  touch = await stage.context.newCDPSession(page);
  await page.emulateMedia({ reducedMotion: 'reduce' });
}, 120_000);

afterAll(() => stage?.close());

afterEach(() => {
  assert.deepEqual(stage.complaints.splice(0), [], 'the console is clean, and the content security policy holds');
});

async function go(path, there, language = 'en') {
  await stage.sign_in(language);
  await page.goto(`${stage.base}${path}`);
  await page.locator(there).first().waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('canvas')));
}

const press = async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};
const button = (name) => page.getByRole('button', { name, exact: true });
const query_of = (name) => new URL(page.url()).searchParams.get(name);
const span_ms = () => Date.parse(query_of('until')) - Date.parse(query_of('since'));

/** Two fingers in the middle of an element, drawn from one distance to the other. */
async function pinch(locator, from_px, to_px) {
  await locator.scrollIntoViewIfNeeded();
  const box = await locator.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const points = (apart) => [0, 1].map((id) => ({ id, x: x + ((id === 0 ? -1 : 1) * apart) / 2, y }));
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: points(from_px) });
  for (let step = 1; step <= 5; step += 1) {
    const touchPoints = points(from_px + ((to_px - from_px) * step) / 5);
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints });
  }
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

/** How much larger than its place something is that is zoomed by making it larger. */
const larger = (selector) =>
  page.locator(selector).first().evaluate((element) => element.scrollWidth / element.clientWidth);

/** Whether the ring around the chosen node is on the canvas: the only thing in the colour of the focus. */
const marked = (wanted) => {
  const canvas = document.querySelector('.graph canvas');
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let found = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at] === 10 && pixels[at + 1] === 79 && pixels[at + 2] === 179) found += 1;
  }
  return wanted === 0 ? found === 0 : found > 20;
};

async function picture(title) {
  const [file] = await Promise.all([page.waitForEvent('download'), button(`Save as picture: ${title}`).click()]);
  return (await readFile(await file.path())).toString();
}

describe('charts', { timeout: 60_000 }, () => {
  test('over time: keys, buttons and two fingers change the span of every view', async () => {
    await go('/?range=24h', '.plot canvas');
    const plot = page.locator('.plot').first();
    await plot.focus();
    await press('+');
    await page.waitForURL(/since=.*until=/);
    assert.equal(span_ms(), 13 * 3_600_000);
    const since = query_of('since');
    await button('Zoom in: Events per hour').click();
    await page.waitForFunction((before) => new URL(location.href).searchParams.get('since') !== before, since);
    const near = span_ms();
    assert.ok(near < 13 * 3_600_000);
    await page.locator('.plot').first().focus();
    await press('-');
    await page.waitForFunction((before) => {
      const query = new URL(location.href).searchParams;
      return Date.parse(query.get('until')) - Date.parse(query.get('since')) > before;
    }, near);
    await press('0');
    await page.waitForURL((url) => !url.searchParams.has('since'));
    await page.goto(`${stage.base}/?range=24h`);
    await page.locator('.plot canvas').first().waitFor();
    await pinch(page.locator('.plot').first(), 60, 180);
    await page.waitForURL(/since=.*until=/);
    assert.ok(span_ms() <= 9 * 3_600_000, 'a third of the day, to whole hours');
    await pinch(page.locator('.plot').first(), 180, 60);
    await page.waitForFunction((before) => {
      const query = new URL(location.href).searchParams;
      return Date.parse(query.get('until')) - Date.parse(query.get('since')) > before;
    }, span_ms());
  });

  test('the projection zooms within itself', async () => {
    await go('/tokens', '.spans');
    const plot = page.getByRole('slider', { name: /^Projection/ });
    const steps = async () => Number(await plot.getAttribute('aria-valuemax')) + 1;
    await plot.waitFor();
    assert.equal(await steps(), 24);
    await plot.focus();
    await press('Home', '+');
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-valuemax') === '11');
    await button('Zoom in: Projection, next 24 hours').click();
    assert.equal(await steps(), 6);
    await button('Zoom out: Projection, next 24 hours').click();
    assert.equal(await steps(), 12);
    await button('Show all: Projection, next 24 hours').click();
    assert.equal(await steps(), 24);
    assert.equal(await button('Show all: Projection, next 24 hours').getAttribute('aria-disabled'), 'true');
    await pinch(plot, 60, 240);
    await page.waitForFunction(
      () => document.querySelector('.spans ~ .plot_area .plot')?.getAttribute('aria-valuemax') !== '23',
    );
    assert.equal(await steps(), 6);
    assert.equal(query_of('since'), null);
  });

  test('the heat map: larger cells, and the one with the focus stays in sight', async () => {
    await go('/knowledge', '.heat tbody td');
    await page.locator('.heat td[tabindex="0"]').first().focus();
    await press('+', '+', '+', 'End');
    await page.waitForFunction(() => document.activeElement?.getAttribute('data-at')?.endsWith('.23'));
    assert.ok((await larger('.heat_scroll')) > 2.9);
    const inside = await page.evaluate(() => {
      const cell = document.activeElement.getBoundingClientRect();
      const place = document.querySelector('.heat_scroll').getBoundingClientRect();
      return cell.left >= place.left - 1 && cell.right <= place.right + 1;
    });
    assert.ok(inside);
    await button('Show all: Knowledge heat map').click();
    assert.ok((await larger('.heat_scroll')) < 1.05);
  });

  test('the tier flow by keyboard alone', async () => {
    for (const language of ['en', 'ar']) {
      await go('/memory', '.flow rect', language);
      await page.locator('.flow_scroll').focus();
      await press('+', '+');
      await page.waitForFunction(() => {
        const place = document.querySelector('.flow_scroll');
        return place.scrollWidth > 1.9 * place.clientWidth && Math.abs(place.scrollLeft) > 100;
      });
      await press('0');
      await page.waitForFunction(() => {
        const place = document.querySelector('.flow_scroll');
        return place.scrollWidth <= place.clientWidth + 1;
      });
      await press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement?.closest('svg')?.classList.contains('flow')), true);
      await press('Enter');
      await page.waitForURL(/\/events\?(.*&)?tier=/);
    }
  });

  test('the waterfall by keyboard alone, and as a picture', async () => {
    await go(`/trace?id=${trace_id}`, '.span_bar');
    const spans = await page.locator('.span_name').count();
    await page.locator('.span_name').first().focus();
    await press('+', '+');
    assert.ok((await larger('.table_scroll')) > 1.9);
    await press('ArrowDown');
    assert.ok(await page.evaluate(() => document.activeElement === document.querySelectorAll('.span_name')[1]));
    await press('End');
    assert.ok(await page.evaluate(() => document.activeElement === [...document.querySelectorAll('.span_name')].at(-1)));
    await press('Home', 'Enter');
    const detail = page.locator('.span_event').first();
    await detail.getByText('Trace ID').waitFor();
    const [shown, place] = await page.evaluate(() =>
      ['.span_event', '.table_scroll'].map((selector) => document.querySelector(selector).getBoundingClientRect().width),
    );
    assert.ok(shown <= place, 'the event stays within the place that scrolls');
    await press('0');
    assert.ok((await larger('.table_scroll')) < 1.05);
    const svg = await picture('Waterfall');
    assert.equal(svg.match(/rx="2"/g)?.length, spans, 'a bar for each span');
    assert.match(svg, /^<svg.*<\/svg>$/s);
  });

  test('the graph moves and zooms without dragging, and by two fingers', async () => {
    await go('/collaboration', '.graph canvas[data-nodes="8"]');
    const canvas = page.locator('.graph canvas');
    const look = () => canvas.evaluate((element) => element.toDataURL());
    const changed = async (what, before) => {
      await page.waitForFunction((old) => document.querySelector('.graph canvas').toDataURL() !== old, before);
      return look(what);
    };
    let seen = await look();
    for (const name of ['Move left', 'Move up', 'Move right', 'Move right', 'Zoom in: Collaboration graph']) {
      await button(name).click();
      seen = await changed(name, seen);
    }
    await button('Show all: Collaboration graph').click();
    const whole = await changed('all', seen);
    await page.locator('.graph').focus();
    await press('Shift+ArrowLeft');
    seen = await changed('a key', whole);
    await press('0');
    seen = await changed('all', seen);
    await pinch(canvas, 60, 200);
    seen = await changed('two fingers', seen);
    await press('Home');
    await page.waitForURL(/agent=/);
    for (let i = 0; i < 8; i += 1) await press('+');
    await press('Shift+ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft');
    await page.waitForFunction(marked, 0);
    const first = query_of('agent');
    await press('ArrowRight', 'ArrowLeft', 'ArrowUp', 'ArrowDown');
    assert.notEqual(query_of('agent'), first);
    await page.waitForFunction(marked, 1);
  });

  test('the knowledge graph: related items by keyboard, and the way to the events', async () => {
    await go('/knowledge', '.graph canvas[data-nodes]');
    await page.locator('.graph').focus();
    await press('Home');
    await page.waitForURL(/node=/);
    const [kind, label] = query_of('node').split(/:(.*)/);
    const around = page.getByRole('region', { name: `Goes with ${label}` });
    await around.getByRole('row').nth(1).waitFor();
    assert.match(await page.locator('#graph_active').textContent(), new RegExp(`^${label}, .*, \\d+ accesses`));
    await button('Table: Knowledge graph').click();
    await page.getByRole('table', { name: 'Knowledge graph' }).getByText('Used together').first().waitFor();
    await button('Table: Knowledge graph').click();
    await around.getByRole('row').nth(1).getByRole('link').click();
    await page.waitForURL(/\/events\?type=knowledge\.access&.*q=/);
    await page.locator('.event').first().waitFor();
    await page.goBack();
    await page.locator('.graph canvas[data-nodes]').waitFor();
    await page.locator('.graph').focus();
    await press('Enter');
    await page.waitForURL(kind === 'agent' ? /\/agent\?id=/ : /\/events\?type=knowledge\.access/);
  });

  test('the overview says what to look into, last, and nothing moves for it', async () => {
    await stage.sign_in();
    stage.node.addresses.length = 0;
    await page.addInitScript(() => {
      globalThis.moved = 0;
      new PerformanceObserver((list) => {
        for (const { sources } of list.getEntries()) {
          globalThis.moved += sources.filter(({ node }) => node?.parentElement?.closest('.outlook')).length;
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(`${stage.base}/`);
    const outlook = page.getByRole('region', { name: 'What to look into' });
    const height = await outlook.evaluate((element) => element.getBoundingClientRect().height);
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.outlook .figure_value')].every((figure) => figure.textContent !== '–'),
    );
    assert.equal(await outlook.evaluate((element) => element.getBoundingClientRect().height), height);
    assert.equal(await page.evaluate(() => globalThis.moved), 0);
    const asked = stage.node.addresses.map((address) => address.split('?')[0]);
    const first = asked.findIndex((path) => /\/(tokens|memory|knowledge)\//.test(path));
    for (const path of ['/api/v2/agents', '/api/v2/rollups', '/api/v2/events']) {
      assert.ok(asked.indexOf(path) >= 0 && asked.indexOf(path) < first, `${path} is asked for before`);
    }
    await outlook.getByRole('link', { name: 'Knowledge gaps' }).click();
    await page.waitForURL(/\/knowledge/);
  });

  test('the timeline of an agent: by keyboard to an event, its trace below, and its own page', async () => {
    for (const language of ['en', 'ar']) {
      await go('/agent?id=planner', '.timeline_mark', language);
      const timeline = page.locator('.timeline');
      const told = () => timeline.getAttribute('aria-valuetext');
      await timeline.focus();
      await press('End');
      const last = await told();
      await press('+', '+', '+', 'Home');
      assert.notEqual(await told(), last);
      await page.locator('.timeline_cursor').waitFor();
      const inside = await page.evaluate(() => {
        const mark = document.querySelector('.timeline_cursor').getBoundingClientRect();
        const place = document.querySelector('.timeline_scroll').getBoundingClientRect();
        return mark.right > place.left && mark.left < place.right;
      });
      assert.ok(inside, 'what the cursor is on is in sight');
      await press('Enter');
      await page.waitForURL(/trace=/);
      const trace = query_of('trace');
      await page.locator('.waterfall .span_name').first().waitFor();
      await page.locator('.readout a').last().waitFor();
      await page.locator(`.panel_head a[href*="${trace}"]`).first().click();
      await page.waitForURL(/\/trace\?id=/);
    }
    const svg = await (async () => {
      await go('/agent?id=planner', '.timeline_mark');
      return picture('Timeline');
    })();
    assert.match(svg, /<svg[^>]*>.*tool.*<\/svg>/s);
  });
});
