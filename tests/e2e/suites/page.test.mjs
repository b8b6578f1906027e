// The page in a real browser on a real node: what an SDK sends appears, a restart is survived, axe finds nothing on the way.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { chromium } from 'playwright-core';
import { no_violation } from '../support/axe.mjs';
import { launch_options, shots } from '../support/browser.mjs';
import { numbers, steps } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { Sdk } from '../support/otel.mjs';
import { price_file } from '../support/prices.mjs';
import { until } from '../support/until.mjs';

const step_deadline_ms = 15_000;

let node, api, sdk, context, page, profile;
const complaints = [];

before(async () => {
  await mkdir(shots, { recursive: true });
  node = await Node.start({ env: { TROUPE_PRICE_TABLE: price_file() } });
  api = node.api;
  sdk = new Sdk({ base: node.otlp, key: admin_key, resource: { 'service.name': 'planner', team: 'research' } });
  profile = await mkdtemp(join(tmpdir(), 'troupe-chromium-'));
  context = await chromium.launchPersistentContext(profile, {
    ...launch_options,
    viewport: { width: 1440, height: 1000 },
  });
  page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(step_deadline_ms);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    const expected = /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket connection|status of (401|404|503)/;
    if (message.type() === 'error' && !expected.test(message.text())) complaints.push(message.text());
  });
});
after(async () => {
  await context?.close();
  await sdk?.shutdown();
  await node?.remove();
  if (profile) await rm(profile, { recursive: true, force: true });
});

const connection = (word) => page.getByRole('status', { name: 'Connection' }).and(page.getByText(word, { exact: true })).waitFor();
const rows = () => page.getByRole('list', { name: 'Events' }).getByRole('listitem');

/** A model call and a tool call of an agent, as its SDK reports them. */
async function agent_works(agent, question) {
  const shared = { 'gen_ai.agent.id': agent, 'gen_ai.provider.name': 'e2e' };
  const run = sdk.tracer.startSpan('invoke_agent', { attributes: { ...shared, 'gen_ai.operation.name': 'invoke_agent' } }, ROOT_CONTEXT);
  const below = trace.setSpan(ROOT_CONTEXT, run);
  const call = {
    ...shared,
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'e2e-large',
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 200,
    question,
  };
  sdk.tracer.startSpan('chat', { attributes: call }, below).end();
  const tool = { ...shared, 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'web.search' };
  sdk.tracer.startSpan('execute_tool', { attributes: tool }, below).end();
  run.end();
  await sdk.flush();
}

async function inspect(name) {
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  await no_violation(page, name);
}

test('page: a wrong key is told, the right one signs in, and it is never in the address', async () => {
  await page.goto(node.base);
  await page.getByLabel('API key').fill('wrong-wrong-wrong-wrong-wrong-wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('does not know this key').waitFor();
  await inspect('sign_in');
  await page.getByLabel('API key').fill(admin_key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await connection('Live');
  await page.getByRole('region', { name: 'Send the first event' }).waitFor();
  await inspect('first_event');
  assert.ok(!page.url().includes(admin_key));
});

test('page: what the OpenTelemetry SDK sends appears by itself, with agent, tokens and cost', async () => {
  await agent_works('planner', 'what is new?');
  await rows().filter({ hasText: 'e2e-large' }).first().waitFor();
  await rows().filter({ hasText: 'web.search' }).first().waitFor();
  for (const title of ['Tokens', 'Cost']) {
    await page.getByRole('button', { name: `Table: ${title} per minute` }).click();
  }
  const tokens = page.getByRole('region', { name: 'Tokens per minute' }).getByRole('table');
  await tokens.getByText(/1,?000/).first().waitFor();
  await tokens.getByText(/200/).first().waitFor();
  const cost = page.getByRole('region', { name: 'Cost per minute' }).getByRole('table');
  await cost.getByText(/0\.006/).first().waitFor();
  await inspect('overview_tables');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Agents' }).click();
  const row = page.getByRole('table', { name: 'Agents' }).getByRole('row').filter({ hasText: 'planner' });
  await row.waitFor();
  assert.match(await row.innerText(), /active/i);
  await row.getByRole('link', { name: 'planner' }).click();
  await page.getByRole('region', { name: 'Agent planner' }).waitFor();
  await page.getByRole('list', { name: 'Events of this agent' }).getByRole('listitem').first().waitFor();
});

test('page: tasks and load of an agent are live', async () => {
  await api.post('/api/v2/agents/planner/tasks', { name: 'Draft the plan' });
  await api.post('/api/v2/agents/planner/tasks/claim', { worker: 'w-1' });
  const tasks = page.getByRole('table', { name: 'Tasks' }).getByRole('row').filter({ hasText: 'Draft the plan' });
  await tasks.filter({ hasText: /claimed/i }).waitFor();
});

test('page: the event stream filters, opens an event, and pauses', async () => {
  await page.goto(`${node.base}/events`);
  await connection('Live');
  const filter = page.getByRole('search', { name: 'Filter events' });
  await filter.getByRole('combobox', { name: 'Agent' }).selectOption('planner');
  await rows().filter({ hasText: 'e2e-large' }).first().getByRole('button').click();
  await page.getByRole('button', { name: 'Copy event as JSON' }).first().waitFor();
  await inspect('event_open');
  await page.getByRole('button', { name: 'Pause' }).click();
  await agent_works('planner', 'more?');
  await page.getByText(/Paused, 3 new waiting/).waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
});

test('page: restarts and kills of the node need no reload and leave no gap', async () => {
  await page.goto(`${node.base}/events?agent_id=walker`);
  await connection('Live');
  await page.evaluate(() => (globalThis.not_reloaded = true));
  let sent = 0;
  const walk = async (count) => {
    const events = steps('walker', count, sent).map((event, i) => ({ ...event, attributes: { name: `step ${sent + i}.` } }));
    await api.send(events);
    sent += count;
  };
  const shown = async () => {
    const texts = await rows().allInnerTexts();
    return texts.flatMap((text) => Number(/step (\d+)\./.exec(text)?.[1] ?? NaN));
  };
  const check = () =>
    until(`${sent} steps`, async () => assert.deepEqual((await shown()).toReversed(), numbers(sent)) ?? true, step_deadline_ms);
  await walk(5);
  await check();
  for (const end of ['stop', 'kill', 'stop']) {
    await node[end]();
    await connection(/^(Recovering|Offline)$/);
    await node.boot();
    await walk(4);
    await connection('Live');
    await walk(3);
    await check();
  }
  await page.screenshot({ path: join(shots, 'after_restarts.png') });
  assert.ok(await page.evaluate(() => globalThis.not_reloaded), 'the page was not reloaded');
});

test('page: a revoked key signs the page out, and nothing complained on the way', async () => {
  const { key, id } = await api.make_key('read');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await connection('Live');
  await api.delete(`/api/v2/keys/${id}`);
  await page.getByLabel('API key').waitFor();
  assert.deepEqual(complaints, []);
});
