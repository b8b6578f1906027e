// Purpose: dashboards in the built page: every kind of chart, changing them by hand and by keyboard, what others change
// meanwhile, and what happens when the node is away.
// Invariant: the tests run in order on one browser and one fixture; each starts by opening its own address.
import assert from 'node:assert/strict';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { all_types, chart } from '../fixture/dashboards.mjs';
import { fill } from '../fixture/sample_fleet.mjs';
import { read_key, Stage } from './stage.mjs';

let stage, page, kept;

beforeAll(async () => {
  stage = await Stage.open();
  ({ page } = stage);
  fill(stage.node);
  kept = stage.node.dashboards;
  kept.add({ dashboard_id: 'all', title: 'Every kind', description: 'Of all that is kept', show_metrics: true, charts: all_types });
  await page.emulateMedia({ reducedMotion: 'reduce' });
}, 120_000);

afterAll(() => stage?.close());

afterEach(() => {
  assert.deepEqual(stage.complaints.splice(0), [], 'the console is clean, and the content security policy holds');
});

async function go(path, there, language = 'en', key = undefined) {
  await stage.sign_in(language, key);
  await page.goto(`${stage.base}${path}`);
  await page.locator(there).first().waitFor();
}

const press = async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};
const button = (name) => page.getByRole('button', { name, exact: true });
const region = (name) => page.getByRole('region', { name, exact: true });
const titles = () => page.locator('.dash_grid > li h2').allTextContents();

/** Everything below the fold as well. */
async function see_all() {
  for (const tile of await page.locator('.dash_grid > li').all()) await tile.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelectorAll('.state_loading').length === 0);
  await page.waitForFunction(() => [...document.querySelectorAll('.plot_canvas')].every((plot) => plot.querySelector('canvas')));
  await page.evaluate(() => window.scrollTo(0, 0));
}

describe('dashboards', { timeout: 60_000 }, () => {
  test('every kind of chart is drawn, and nothing moves when they arrive', async () => {
    await page.setViewportSize({ width: 1440, height: 1000 });
    await stage.sign_in();
    await page.addInitScript(() => {
      globalThis.shifts = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifts += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(`${stage.base}/dashboards/all`);
    await page.locator('.plot_canvas canvas').first().waitFor();
    await page.waitForFunction(() => document.querySelectorAll('.state_loading').length === 0);
    await see_all();
    assert.equal(await page.locator('.dash_grid > li').count(), all_types.length);
    assert.ok((await page.evaluate(() => globalThis.shifts)) < 0.02, `shift ${await page.evaluate(() => globalThis.shifts)}`);
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Every kind');
    for (const there of ['.bars', '.pie', '.scatter circle', '.heat', '.dial', '.chart_table', '.graph canvas', '.timeline rect']) {
      await page.locator(there).first().waitFor();
    }
    await page.getByText('night shift').waitFor();
    await stage.inspect('dashboard');
  });

  test('a figure leads to what it counts, and the span of time is shared', async () => {
    await go('/dashboards/all', '.pie_parts a');
    await region('Cost · Model').getByRole('link', { name: 'gpt-4o', exact: true }).click();
    await page.waitForURL(/\/events\?.*model=gpt-4o/);
    assert.match(page.url(), /range=24h/);
    assert.match(page.url(), /type=llm.call/);
    await page.goBack();
    await page.locator('.scatter circle').first().waitFor();
    await page.getByRole('slider', { name: /^Cost · Agent/ }).focus();
    await press('End', '+', '0', '+');
    assert.match(await page.getByRole('slider', { name: /^Cost · Agent/ }).getAttribute('aria-valuetext'), /Events .* Cost/);
    await press('Enter');
    await page.waitForURL(/\/events\?.*agent_id=/);
    await page.goBack();
    await page.locator('.plot_canvas canvas').first().waitFor();
    await page.getByRole('slider', { name: /^Cost\. / }).focus();
    await press('+');
    await page.waitForURL(/dashboards\/all\?.*since=/);
    await button('Leave this span of time').click();
    await page.waitForURL((url) => !url.searchParams.has('since'));
  });

  test('what can be done with a chart is one button where the cell is narrow', async () => {
    await go('/dashboards/all', '.pie');
    const more = button('Tools: Cost · Model');
    await more.click();
    await button('Table: Cost · Model').click();
    await region('Cost · Model').getByRole('table').waitFor();
    await press('Escape');
    assert.equal(await more.getAttribute('aria-expanded'), 'false');
    assert.ok(await more.evaluate((element) => element === document.activeElement));
  });

  test('who may only read sees why nothing can be changed', async () => {
    await go('/dashboards/all', '.dash_grid', 'en', read_key);
    await page.getByText('Only keys with the role admin may change dashboards.').waitFor();
    assert.equal(await button('Change dashboard').count(), 0);
    await page.goto(`${stage.base}/dashboards`);
    await page.getByRole('link', { name: 'Every kind' }).waitFor();
    await page.getByText('Only keys with the role admin may change dashboards.').waitFor();
    assert.equal(await button('Create').count(), 0);
  });

  test('one is made from a template, found, renamed and deleted', async () => {
    await go('/dashboards', '.dash_templates');
    await page.getByRole('radio', { name: /^Four charts/ }).check();
    await page.getByRole('textbox', { name: 'Title' }).fill('Week plan');
    await stage.inspect('dashboards');
    await button('Create').click();
    await page.waitForURL(/\/dashboards\/d\d+$/);
    await page.getByRole('heading', { level: 1, name: 'Week plan' }).waitFor();
    assert.equal((await titles()).length, 4);
    await page.getByRole('link', { name: 'Dashboards' }).click();
    await page.getByRole('searchbox', { name: 'Text' }).fill('week');
    await page.getByText('Shown: 1 of 2').waitFor();
    await button('Rename: Week plan').click();
    await page.getByRole('textbox', { name: 'Title' }).last().fill('Week plan, new');
    await press('Enter');
    await page.getByRole('link', { name: 'Week plan, new' }).waitFor();
    await button('Delete: Week plan, new').click();
    await page.getByText('This cannot be undone.', { exact: false }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Keep it');
    await button('Delete for everybody').click();
    await page.getByText('No dashboard matches.').waitFor();
  });

  test('a chart is added, changed, moved, sized, removed and brought back by keyboard', async () => {
    kept.add({ dashboard_id: 'edit', title: 'To be changed', charts: all_types.slice(0, 3) });
    await go('/dashboards/edit', '.dash_grid');
    await button('Change dashboard').press('Enter');
    await button('Add chart').press('Enter');
    const form = page.getByRole('form', { name: 'New chart' });
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'SELECT', 'the form has the focus');
    await form.getByLabel('Figures of').selectOption('memory');
    await form.getByLabel('Measure').selectOption('hit_rate');
    const kinds = await form.getByLabel('Kind of chart').locator('option').allTextContents();
    assert.ok(!kinds.includes('Ring') && kinds.includes('Gauge'), 'only what is allowed is offered');
    await form.getByLabel('Kind of chart').selectOption('gauge');
    await form.getByLabel('Title').fill('Hits');
    await page.locator('.chart_preview .dial').first().waitFor();
    await stage.inspect('chart_form');
    await form.getByRole('button', { name: 'Add' }).press('Enter');
    await region('Hits').waitFor();
    assert.equal(kept.kept.get('edit').charts.length, 4);

    await button('Earlier: Hits').press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('.dash_grid > li')[2].textContent.includes('Hits'));
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Earlier: Hits', 'the focus stays');
    await button('Wider: Hits').press('Enter');
    await button('Wider: Hits').press('Enter');
    await button('Lower: Hits').press('Enter');
    const stored = (ready) => waited(() => ready(kept.kept.get('edit').charts));
    await stored((charts) => charts[2].title === 'Hits' && charts[2].cols === 8 && charts[2].rows === 3);

    await button('Remove: Cost').press('Enter');
    await stored((charts) => charts.length === 3);
    await button('Bring it back').press('Enter');
    await stored((charts) => charts.length === 4 && charts[0].id === 'cost');

    await button('Change: Cost').press('Enter');
    const change = page.getByRole('form', { name: 'Change chart: Cost' });
    await change.getByLabel('Kind of chart').selectOption('bar');
    await change.getByRole('button', { name: 'Save' }).press('Enter');
    await stored((charts) => charts[0].type === 'bar' && charts[0].source.measure === 'cost_usd');
  });

  test('a chart is moved by dragging', async () => {
    kept.add({ dashboard_id: 'drag', title: 'Dragged', charts: [chart('a', 'bar', all_types[2].source, { title: 'A' }), chart('b', 'bar', all_types[2].source, { title: 'B' }), chart('c', 'bar', all_types[2].source, { title: 'C' })] });
    await go('/dashboards/drag', '.bars');
    await button('Change dashboard').click();
    const middle = async (locator) => {
      const box = await locator.boundingBox();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const grip = page.locator('[data-chart="c"] .tile_grip');
    const box = await page.locator('[data-chart="a"]').boundingBox();
    await page.mouse.move(...(await middle(grip)));
    await page.mouse.down();
    await page.mouse.move(box.x + 40, box.y + 150, { steps: 4 });
    await page.locator('.tile_before').waitFor();
    await page.mouse.up();
    await waited(() => kept.kept.get('drag').charts.map(({ id }) => id).join('') === 'cab');
    assert.deepEqual(await titles(), ['C', 'A', 'B']);
  });

  test('what others change comes in, and a form that is open stays as it is', async () => {
    kept.add({ dashboard_id: 'both', title: 'Shared', charts: all_types.slice(0, 2) });
    await go('/dashboards/both', '.dash_grid');
    await button('Change dashboard').click();
    await button('Change: Cost').click();
    const form = page.getByRole('form', { name: 'Change chart: Cost' });
    await form.getByLabel('Title').fill('Mine');
    kept.put_chart('both', 'tokens', { ...all_types[1], title: 'Theirs' });
    await region('Theirs').waitFor();
    assert.equal(await form.getByLabel('Title').inputValue(), 'Mine');
    kept.put_chart('both', 'cost', { ...all_types[0], title: 'Theirs too' });
    await page.getByText('Somebody else changed this chart meanwhile.', { exact: false }).waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await waited(() => kept.kept.get('both').charts[0].title === 'Mine');
    assert.equal(kept.kept.get('both').charts[1].title, 'Theirs', 'the edit of the other one is still there');
    await button('Settings').click();
    await page.getByRole('form', { name: 'Settings' }).getByLabel('Title').fill('Ours');
    await page.getByRole('form', { name: 'Settings' }).getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Ours' }).waitFor();
    kept.remove('both');
    await page.getByText('Somebody deleted this dashboard.').waitFor();
  });

  test('an order that somebody else was faster with is made anew from theirs', async () => {
    kept.add({ dashboard_id: 'race', title: 'Race', charts: all_types.slice(0, 3) });
    await go('/dashboards/race', '.dash_grid');
    await button('Change dashboard').click();
    const tell = kept.tell;
    kept.tell = () => undefined;
    kept.put_chart('race', 'late', chart('late', 'bar', all_types[2].source, { title: 'Late' }));
    kept.tell = tell;
    await button('Later: Cost').click();
    await waited(() => kept.kept.get('race').charts.map(({ id }) => id).join(' ') === 'tokens cost errors late');
    await region('Late').waitFor();
  });

  test('nothing is lost while the node is away', async () => {
    kept.add({ dashboard_id: 'away', title: 'Away', charts: all_types.slice(0, 2) });
    await go('/dashboards/away', '.dash_grid');
    await button('Change dashboard').click();
    await button('Change: Cost').click();
    const form = page.getByRole('form', { name: 'Change chart: Cost' });
    await form.getByLabel('Title').fill('Kept');
    await stage.node.stop();
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('Nothing is lost', { exact: false }).waitFor();
    await button('Later: Cost').click();
    await page.getByText('Changes not stored: 1.', { exact: false }).waitFor();
    assert.equal((await titles())[1], 'Cost', 'what is not stored yet is shown');
    await stage.node.start();
    await form.getByRole('button', { name: 'Save again' }).click();
    await waited(() => kept.kept.get('away').charts.some(({ title }) => title === 'Kept'));
    await page.locator('.dash_editing').getByRole('button', { name: 'Save again' }).click();
    await waited(() => kept.kept.get('away').charts[1].title === 'Kept');
  });

  test('one column on a phone, mirrored and dark in Arabic', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await go('/dashboards/all', '.plot_canvas canvas');
    await see_all();
    const lefts = await page.locator('.dash_grid > li').evaluateAll((tiles) => tiles.map((tile) => tile.getBoundingClientRect().left));
    assert.equal(new Set(lefts).size, 1);
    await stage.inspect('dashboard_phone');
    await button('Change dashboard').click();
    await stage.inspect('dashboard_phone_edit');
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await go('/dashboards/all', '.plot_canvas canvas', 'ar');
    await see_all();
    await stage.inspect('dashboard_ar_dark');
    await page.getByRole('button', { name: 'تغيير اللوحة' }).click();
    await stage.inspect('dashboard_ar_dark_edit');
    await go('/dashboards', '.dash_templates', 'ar');
    await stage.inspect('dashboards_ar_dark');
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  });
});

/** Until it is so; the test's own time is the bound. */
async function waited(is_so) {
  for (let last = Date.now() + 10_000; !is_so(); ) {
    assert.ok(Date.now() < last, `in time: ${is_so}`);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
}
