// Every view of the page, as its own list has them, on a real node with the demo's day: in English and Arabic, light and
// dark, on a desktop and a phone, axe finds nothing, nothing is cut off and no word is missing; then once in each other
// language. Pictures of all of it are in build/e2e-screenshots.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { no_violation } from '../support/axe.mjs';
import { Reader, launch, screens } from '../support/browser.mjs';
import { Node, bin_dir, root } from '../support/node.mjs';
import { reads_well, views } from '../support/views.mjs';

const run = (program, args) => promisify(execFile)(program, args, { timeout: 240_000, maxBuffer: 16 * 1024 * 1024 });

let node, browser, key, places;

/** What a view needs to be asked for, and what is there once it has its figures; of one that is not here, its headings. */
const known = (trace_id) => ({
  '/': [['', '.plot canvas']],
  '/agents': [['', '.agent_table tbody tr'], ['?agent=planner', '.agent_detail .event']],
  '/agent': [['?id=planner', '.timeline_mark']],
  '/events': [['?agent_id=planner&type=llm.call', '.event']],
  '/traces': [['', '.small_table tbody tr']],
  '/trace': [[`?id=${trace_id}`, '.span_bar']],
  '/dashboards': [['', '.dash_templates label']],
  '/dashboards/': [['', 'main .state']],
  '/memory': [['', '.flow rect']],
  '/knowledge': [['', '.heat tbody td']],
  '/tokens': [['', '.limit']],
  '/collaboration': [['?agent=planner', '.graph canvas[data-nodes]']],
  '/patterns': [['', '.heat tbody td']],
  '/cluster': [['', '.replica']],
});

function places_of(trace_id) {
  const addresses = known(trace_id);
  return views.flatMap(({ path, title }) =>
    (addresses[path] ?? [['', 'main h2']]).map(([query, there], i) => ({ name: (path.slice(1) || 'overview') + (i === 0 ? '' : `_${i + 1}`), title, address: path + query, there })),
  );
}

before(async () => {
  node = await Node.start({ cluster: true });
  key = JSON.parse((await run(join(bin_dir, 'troupectl'), ['--data-dir', node.data_dir, '-o', 'json', 'keys', 'create', 'matrix', '--role', 'admin', '--org', 'demo'])).stdout).key;
  const played = ['--seed', 'page', '--rate', '0.4', '--backfill-hours', '24', '--until', new Date().toISOString()];
  await run(process.execPath, [join(root, 'deploy/demo/play.mjs'), ...played, '--base', node.base, '--otlp', node.otlp, '--key', key]);
  const api = node.api_as(key);
  await api.call('PUT', '/api/v2/tokens/limits/research-month', { body: { scope: 'team', key: 'research', period: 'month', cost_usd: 50 } });
  const [trace] = (await api.read('/api/v2/traces', { agent_id: 'planner', order: 'slowest', limit: 1 })).items;
  places = places_of(trace.trace_id);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await node?.remove();
});

const looks = [['light', 'desktop'], ['dark', 'desktop'], ['dark', 'phone'], ['light', 'phone']];

/** All looks of one view: it is loaded in the first, and lives through the change to the others. */
async function look_at(reader, { name, title, address, there }, order) {
  const { page, language } = reader;
  for (const [i, [shade, device]] of order.entries()) {
    await page.emulateMedia({ colorScheme: shade });
    await page.setViewportSize(screens[device]);
    if (i === 0) await reader.go(address, there);
    else await reader.figures_there(name);
    const look = `${name}_${language}_${shade}_${device}`;
    await reader.picture(look);
    await reads_well(page, look, language, title);
    await no_violation(page, look);
  }
}

describe('page, matrix', { concurrency: 2 }, () => {
  for (const [language, order] of [['en', looks], ['ar', looks.toReversed()]]) {
    test(`page: every view in every look, ${language}`, async () => {
      const reader = await Reader.open(browser, { base: node.base, key, language });
      for (const place of places) await look_at(reader, place, order);
      await reader.close();
    });
  }

  for (const [language, shade, device] of [
    ['he', 'light', 'desktop'],
    ['fa', 'dark', 'phone'],
    ['ur', 'light', 'phone'],
    ['de', 'light', 'phone'],
    ['fr', 'dark', 'desktop'],
    ['es', 'dark', 'phone'],
  ]) {
    test(`page: every view reads well in ${language}`, async () => {
      const reader = await Reader.open(browser, { base: node.base, key, language, colorScheme: shade, viewport: screens[device] });
      for (const { name, title, address, there } of places) {
        await reader.go(address, there);
        const look = `${name}_${language}_${shade}_${device}`;
        await reader.picture(look);
        await reads_well(reader.page, look, language, title);
      }
      await reader.close();
    });
  }
});
