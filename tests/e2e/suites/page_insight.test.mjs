// The insight views in a real browser on a real node with the demo's day: a figure leads to its events, and moves while one
// looks. How every view looks in every language, shade and size is page_matrix.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { no_violation } from '../support/axe.mjs';
import { Reader, launch } from '../support/browser.mjs';
import { uuid7 } from '../support/events.mjs';
import { Node, bin_dir, root } from '../support/node.mjs';
import { until } from '../support/until.mjs';

const deadline_ms = 30_000;
const run = (program, args) => promisify(execFile)(program, args, { timeout: 240_000, maxBuffer: 16 * 1024 * 1024 });

let node, browser, keys;

before(async () => {
  node = await Node.start();
  const make = async (role) =>
    JSON.parse((await run(join(bin_dir, 'troupectl'), ['--data-dir', node.data_dir, '-o', 'json', 'keys', 'create', role, '--role', role, '--org', 'demo'])).stdout).key;
  keys = { admin: await make('admin') };
  const played = ['--seed', 'page', '--rate', '0.4', '--backfill-hours', '24', '--until', new Date().toISOString()];
  await run(process.execPath, [join(root, 'deploy/demo/play.mjs'), ...played, '--base', node.base, '--otlp', node.otlp, '--key', keys.admin]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await node?.remove();
});

test('page, insight: a trace of the list leads to its waterfall, and a span to its event', async () => {
  const reader = await Reader.open(browser, { base: node.base, key: keys.admin });
  const { page } = reader;
  await reader.go('/traces', '.small_table tbody tr');
  await page.locator('.small_table tbody tr a').first().click();
  await page.locator('.span_bar').first().waitFor();
  await no_violation(page, 'a trace');
  await reader.close();
});

test('page, insight: a pair that works together now is in the graph without a reload', async () => {
  const reader = await Reader.open(browser, { base: node.base, key: keys.admin });
  const { page } = reader;
  await reader.go('/collaboration', '.graph canvas[data-nodes]');
  const nodes = async () => Number(await page.locator('.graph canvas').getAttribute('data-nodes'));
  const first = await nodes();
  await node.api_as(keys.admin).send([{ id: uuid7(), type: 'collaboration', agent_id: 'newcomer', peer_agent_id: 'planner', status: 'ok' }]);
  await until('the newcomer to be in the graph', async () => (await nodes()) === first + 1, deadline_ms);
  await reader.close();
});
