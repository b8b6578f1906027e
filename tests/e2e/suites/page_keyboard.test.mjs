// The page by keys alone, on a real node: in, through every view, into a chart and down to an event, back, another language
// and theme. At every stop the focus is on something that can be seen, is seen to be there, and is never lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Reader, launch, screens } from '../support/browser.mjs';
import { documented_fleet } from '../support/documented_fleet.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { views } from '../support/views.mjs';

const stops_max = 80;
const walked_max = 25;

let node, browser, reader, page;
before(async () => {
  node = await Node.start({ cluster: true });
  await node.api.send(documented_fleet(Date.now()));
  browser = await launch();
  reader = await Reader.open(browser, { base: node.base, key: null, expected: /status of 401/ });
  page = reader.page;
});
after(async () => {
  await browser?.close();
  await node?.remove();
});

const press = async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};
const is_on = (selector) => page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector);
const comes_to = (selector) => page.waitForFunction((wanted) => document.activeElement?.matches(wanted), selector);

/** Where the focus is, and what is wrong with that. */
function focus_in_page() {
  const element = document.activeElement;
  if (element === null || element === document.body || element === document.documentElement) return { name: 'nothing', wrong: 'the focus is lost' };
  const name = `${element.tagName} ${element.className} "${(element.getAttribute('aria-label') ?? element.textContent).slice(0, 40)}"`;
  // A radio button is drawn by its label; a heading has the focus after a change of view, and nothing to be done with it.
  const place = element.matches('input[type="radio"], input[type="checkbox"]') ? (element.closest('label') ?? element) : element;
  const box = place.getBoundingClientRect();
  const style = getComputedStyle(place);
  const marked = [style, getComputedStyle(element)].some((each) => (each.outlineStyle !== 'none' && parseFloat(each.outlineWidth) > 0) || each.boxShadow !== 'none');
  const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  if (!inside) return { name, wrong: 'the focus is out of sight' };
  if (element.matches('h1, main')) return { name };
  if (!marked) return { name, wrong: 'the focus is not seen' };
  const x = (Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2;
  const y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
  const above = document.elementFromPoint(x, y);
  return place.contains(above) || above?.contains(place) ? { name } : { name, wrong: `the focus is covered by ${above?.tagName} ${above?.className}` };
}

async function focus_is_seen(when) {
  const { name, wrong } = await page.evaluate(focus_in_page);
  assert.equal(wrong, undefined, `${when}: ${name}`);
  return name;
}

/** Tab after Tab, or backwards, until something has the focus. */
async function tab_to(selector, key = 'Tab') {
  for (let i = 0; i < stops_max; i += 1) {
    await press(key);
    await focus_is_seen(`on the way to ${selector}`);
    if (await is_on(selector)) return;
  }
  assert.fail(`the focus never came to ${selector}`);
}

/** Past the last stop of the page, the focus is the browser's. */
const at_the_edge = () => page.evaluate(() => document.activeElement === document.body);
const link_to = (path) => `.rail a[href="${path}"], .rail a[href^="${path}?"]`;

/** A view by its link in the navigation. */
async function open_view(path) {
  await tab_to(link_to(path), (await at_the_edge()) ? 'Tab' : 'Shift+Tab');
  const before = await page.evaluate(() => location.pathname);
  await press('Enter');
  if (path !== before) await comes_to('h1');
  await page.waitForFunction((wanted) => location.pathname === wanted, path);
  await reader.figures_there(path);
}

test('page, keys: signing in', async () => {
  await page.goto(node.base);
  await page.locator('#api_key').waitFor();
  for (let i = 0; i < stops_max && !(await is_on('#api_key')); i += 1) await press('Tab');
  await page.keyboard.type('wrong-wrong-wrong-wrong-wrong');
  await press('Enter');
  await page.getByRole('alert').waitFor();
  await focus_is_seen('after a wrong key');
  if (!(await is_on('#api_key'))) await tab_to('#api_key', 'Shift+Tab');
  await press('Control+A');
  await page.keyboard.type(admin_key);
  await press('Enter');
  await reader.connection('Live');
});

test('page, keys: every view is opened, and walked through', async () => {
  await press('Tab');
  assert.ok(await is_on('.skip'), 'the first stop leads past the navigation');
  await press('Enter');
  await comes_to('main');
  const listed = await page.locator('.rail a').evaluateAll((links) => links.map((link) => new URL(link.href).pathname));
  assert.deepEqual(views.map(({ path }) => path).filter((path) => !listed.includes(path)), ['/agent', '/trace', '/dashboards/'], 'all others are in the navigation');
  for (const path of listed) {
    await open_view(path);
    const stops = new Set();
    for (let i = 0; i < walked_max; i += 1) {
      await press('Tab');
      if (await at_the_edge()) break;
      stops.add(await focus_is_seen(path));
    }
    assert.ok(stops.size > 0, `${path} has a stop`);
  }
});

test('page, keys: from a chart to its points, their events, the details of one, and back', async () => {
  await open_view('/');
  await tab_to('.plot');
  await press('End');
  const told = () => page.evaluate(() => document.activeElement.getAttribute('aria-valuetext'));
  const last = await told();
  await press('ArrowLeft');
  assert.notEqual(await told(), last);
  assert.match(await told(), /\d/);
  // The fleet worked an hour and more ago: all of the day is in sight by the third choice of the range.
  await tab_to('.segments input', 'Shift+Tab');
  await press('ArrowRight', 'ArrowRight');
  await page.waitForURL(/range=24h/);
  await reader.figures_there('24h');
  await tab_to('.plot');
  await press('Home');
  for (let i = 0; i < 30 && !/Without error [1-9]/.test(await told()); i += 1) await press('ArrowRight');
  assert.match(await told(), /Without error [1-9]/);
  await press('Enter');
  await page.waitForURL(/\/events\?since=.*until=/);
  await comes_to('h1');
  await page.locator('.event').first().waitFor();
  await tab_to('.event_row');
  await press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-expanded')), 'true');
  await page.getByRole('group', { name: 'Attributes' }).or(page.getByRole('button', { name: 'Copy event as JSON' })).first().waitFor();
  await press('Tab');
  await focus_is_seen('in the details of an event');
  await tab_to('.event_row', 'Shift+Tab');
  await press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-expanded')), 'false');
  await page.goBack();
  await page.waitForURL((url) => url.pathname === '/');
  await comes_to('h1');
  await focus_is_seen('back at the overview');
});

test('page, keys: another language and theme, and the focus stays on the choice', async () => {
  const shown = (name) => page.evaluate((attribute) => document.documentElement.getAttribute(attribute), name);
  const choose = async (value, attribute) => {
    await tab_to(`.rail_foot select:has([value="${value}"])`, 'Shift+Tab');
    for (let i = 0; i < 10; i += 1) {
      const before = await shown(attribute);
      if (before === value) break;
      await press('ArrowDown');
      await page.waitForFunction(([name, old]) => document.documentElement.getAttribute(name) !== old, [attribute, before]);
    }
    assert.equal(await shown(attribute), value);
    assert.ok(await is_on('select'), 'the focus stays');
    await focus_is_seen(value);
  };
  await choose('dark', 'data-theme');
  await choose('ar', 'lang');
  assert.equal(await page.evaluate(() => document.documentElement.dir), 'rtl');
});

test('page, keys: the menu of a phone opens, closes, and leads on', async () => {
  await page.setViewportSize(screens.phone);
  await page.evaluate(() => document.querySelector('h1').focus());
  await tab_to('.menu_button', 'Shift+Tab');
  await press('Enter');
  await tab_to('.rail a');
  await press('Escape');
  assert.ok(await is_on('.menu_button'), 'and the focus is where it came from');
  await press('Enter');
  await tab_to(link_to('/agents'));
  await press('Enter');
  await comes_to('h1');
  await focus_is_seen('in the view that was chosen');
  await reader.close();
});
