// The Vercel AI SDK with its own mock model and its own telemetry: tokens and cost exact, not doubled, everywhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { embed, generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { MockEmbeddingModelV3, MockLanguageModelV3, convertArrayToReadableStream } from 'ai/test';
import { z } from 'zod';
import { Node, admin_key } from '../support/node.mjs';
import { Sdk } from '../support/otel.mjs';
import { built_in_price, cost_nano_usd, nano, price_file, prices } from '../support/prices.mjs';
import { until } from '../support/until.mjs';

let node, api, sdk;
before(async () => {
  node = await Node.start({ env: { TROUPE_PRICE_TABLE: price_file() } });
  api = node.api;
  sdk = new Sdk({ base: node.otlp, key: admin_key, resource: { 'service.name': 'ai-sdk-app' } });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(sdk.tracers);
});
after(async () => {
  await sdk?.shutdown();
  await node?.remove();
});

/** What a provider reports: input includes the cache, output includes reasoning. */
function usage(input, output, { cache_read = 0, cache_write = 0, reasoning = 0 } = {}) {
  return {
    inputTokens: { total: input, noCache: input - cache_read - cache_write, cacheRead: cache_read, cacheWrite: cache_write },
    outputTokens: { total: output, text: output - reasoning, reasoning },
  };
}

const stop = { unified: 'stop', raw: 'stop' };
const wants_tool = { unified: 'tool-calls', raw: 'tool_calls' };
const says = (text, used) => ({ content: [{ type: 'text', text }], finishReason: stop, usage: used, warnings: [] });
const calls = (toolName, input, used) => ({
  content: [{ type: 'tool-call', toolCallId: `call-${toolName}`, toolName, input: JSON.stringify(input) }],
  finishReason: wants_tool,
  usage: used,
  warnings: [],
});
const mock = (answers, modelId = 'e2e-large') => new MockLanguageModelV3({ provider: 'e2e.chat', modelId, doGenerate: answers });

const telemetry = (functionId) => ({
  isEnabled: true,
  functionId,
  metadata: { sessionId: `${functionId} session`, userId: 'kim' },
});

const tools = {
  weather: tool({
    description: 'the weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => ({ city, sky: 'clear' }),
  }),
  broken: tool({
    description: 'always fails',
    inputSchema: z.object({}),
    execute: async () => {
      throw new Error('the tool is broken');
    },
  }),
};

/** Events of the agent, after everything was sent. */
async function events_of(agent) {
  await sdk.flush();
  return await api.all('/api/v2/events', { agent_id: agent });
}

const only = (events, type) => events.filter((event) => event.type === type);

/** Calls, agent totals and rollups agree with what the mock model reported. */
async function check_usage(agent, events, model, reported) {
  const counted = reported.map(({ inputTokens: i, outputTokens: o }) => ({
    input: i.total,
    output: o.total,
    cache_read: i.cacheRead,
    cache_write: i.cacheWrite,
    reasoning: o.reasoning,
  }));
  const sum = (kind) => counted.reduce((total, tokens) => total + tokens[kind], 0);
  const cost = counted.reduce((total, tokens) => total + cost_nano_usd(prices[model], tokens), 0);
  const called = only(events, 'llm.call');
  const of_call = ({ tokens: t, cost_usd }) => JSON.stringify([t.input, t.output, t.cache_read ?? 0, t.cache_write ?? 0, t.reasoning ?? 0, nano(cost_usd)]);
  assert.deepEqual(
    called.map(of_call).sort(),
    counted.map((t) => of_call({ tokens: t, cost_usd: cost_nano_usd(prices[model], t) / 1e9 })).sort(),
    'each call as the model reported it',
  );
  for (const event of events) {
    if (event.type !== 'llm.call') assert.equal(event.tokens ?? null, null, `${event.type} repeats what its calls used`);
  }
  const { totals } = await api.read(`/api/v2/agents/${encodeURIComponent(agent)}`);
  for (const kind of ['input', 'output', 'cache_read', 'cache_write', 'reasoning']) {
    assert.equal(totals.tokens[kind], sum(kind), `totals: ${kind}`);
  }
  assert.equal(nano(totals.cost_usd), cost, 'totals: cost');
  assert.equal(totals.events, events.length);
  const rollups = await api.all('/api/v2/rollups', { resolution: 'minute', by: 'agent', key: agent });
  const rolled = (read) => rollups.reduce((total, item) => total + read(item), 0);
  assert.equal(rolled((item) => item.tokens.input), sum('input'), 'rollups: input');
  assert.equal(rolled((item) => item.tokens.output), sum('output'), 'rollups: output');
  assert.equal(rolled((item) => nano(item.cost_usd)), cost, 'rollups: cost');
  assert.equal(rolled((item) => item.count), events.length, 'rollups: count');
}

test('AI SDK: generateText with tools counts each step once', async () => {
  const used = [usage(1200, 80, { cache_read: 700, cache_write: 100 }), usage(1500, 60, { cache_read: 1300, reasoning: 25 })];
  const result = await generateText({
    model: mock([calls('weather', { city: 'Oslo' }, used[0]), says('clear', used[1])]),
    prompt: 'weather in Oslo?',
    tools,
    stopWhen: stepCountIs(4),
    experimental_telemetry: telemetry('forecaster'),
  });
  assert.equal(result.text, 'clear');
  assert.equal(result.totalUsage.inputTokens, 2700, 'the SDK itself says so');
  const events = await events_of('forecaster');
  assert.deepEqual(events.map((e) => e.type).sort(), ['execution.completed', 'llm.call', 'llm.call', 'tool.call']);
  const [called] = only(events, 'tool.call');
  assert.deepEqual([called.tool, called.status], ['weather', 'ok']);
  const traces = new Set(events.map((event) => event.trace_id));
  assert.equal(traces.size, 1, 'one run, one trace');
  for (const event of events) {
    assert.deepEqual([event.session_id, event.user_id], ['forecaster session', 'kim'], event.type);
  }
  await check_usage('forecaster', events, 'e2e-large', used);
});

test('AI SDK: streamText counts the stream once', async () => {
  const used = [usage(300, 90, { reasoning: 40 }), usage(420, 30, { cache_read: 256 })];
  const parts = [
    [
      { type: 'stream-start', warnings: [] },
      { type: 'tool-call', toolCallId: 'c-1', toolName: 'weather', input: '{"city":"Rome"}' },
      { type: 'finish', finishReason: wants_tool, usage: used[0] },
    ],
    [
      { type: 'stream-start', warnings: [] },
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'sun' },
      { type: 'text-delta', id: '1', delta: 'ny' },
      { type: 'text-end', id: '1' },
      { type: 'finish', finishReason: stop, usage: used[1] },
    ],
  ];
  const model = new MockLanguageModelV3({
    provider: 'e2e.chat',
    modelId: 'e2e-small',
    doStream: parts.map((chunks) => ({ stream: convertArrayToReadableStream(chunks) })),
  });
  const result = streamText({
    model,
    prompt: 'weather in Rome?',
    tools,
    stopWhen: stepCountIs(4),
    experimental_telemetry: telemetry('streamer'),
  });
  assert.equal(await result.text, 'sunny');
  const events = await until('the outer span, which ends after its text', async () => {
    const found = await events_of('streamer');
    return found.length >= 4 && found;
  });
  assert.deepEqual(events.map((e) => e.type).sort(), ['execution.completed', 'llm.call', 'llm.call', 'tool.call']);
  await check_usage('streamer', events, 'e2e-small', used);
});

test('AI SDK: a tool that fails is an error of the tool, and the run goes on', async () => {
  const used = [usage(50, 5), usage(70, 9)];
  await generateText({
    model: mock([calls('broken', {}, used[0]), says('sorry', used[1])]),
    prompt: 'try',
    tools,
    stopWhen: stepCountIs(4),
    experimental_telemetry: telemetry('unlucky'),
  });
  const events = await events_of('unlucky');
  const [failed] = only(events, 'tool.call');
  assert.deepEqual([failed.tool, failed.status, failed.error], ['broken', 'error', 'the tool is broken']);
  await check_usage('unlucky', events, 'e2e-large', used);
});

test('AI SDK: a model that fails is a failed run without tokens', async () => {
  const model = mock(async () => {
    throw new Error('overloaded');
  });
  await assert.rejects(
    generateText({ model, prompt: 'x', maxRetries: 0, experimental_telemetry: telemetry('refused run') }),
    /overloaded/,
  );
  const events = await events_of('refused run');
  assert.deepEqual(events.map((e) => [e.type, e.status]).sort(), [['execution.failed', 'error'], ['llm.call', 'error']]);
  const [call] = only(events, 'llm.call');
  assert.match(call.error, /overloaded/);
  assert.equal(call.tokens ?? null, null);
  const { totals } = await api.read('/api/v2/agents/refused%20run');
  assert.deepEqual([totals.errors, totals.tokens.input, totals.cost_usd], [2, 0, 0]);
});

test('AI SDK: objects and embeddings are counted once as well', async () => {
  const used = [usage(640, 32)];
  const { object } = await generateObject({
    model: mock([says('{"sky":"clear"}', used[0])]),
    schema: z.object({ sky: z.string() }),
    prompt: 'x',
    experimental_telemetry: telemetry('structured'),
  });
  assert.deepEqual(object, { sky: 'clear' });
  const events = await events_of('structured');
  await check_usage('structured', events, 'e2e-large', used);

  await embed({
    model: new MockEmbeddingModelV3({
      provider: 'e2e.embedding',
      modelId: 'e2e-small',
      doEmbed: { embeddings: [[0.1, 0.2]], usage: { tokens: 17 }, warnings: [] },
    }),
    value: 'to embed',
    experimental_telemetry: telemetry('embedder'),
  });
  const embedded = await events_of('embedder');
  await check_usage('embedder', embedded, 'e2e-small', [usage(17, 0)]);
});

test('AI SDK: runs at the same time stay apart, and each model sums to its calls', async () => {
  const runs = Array.from({ length: 12 }, (_, i) => ({ agent: `parallel-${i}`, used: [usage(100 + i, 10 + i)] }));
  await Promise.all(
    runs.map(({ agent, used }) =>
      generateText({ model: mock([says('done', used[0])]), prompt: agent, experimental_telemetry: telemetry(agent) }),
    ),
  );
  for (const { agent, used } of runs) await check_usage(agent, await events_of(agent), 'e2e-large', used);
  const calls_of_model = await api.all('/api/v2/events', { type: 'llm.call', model: 'e2e-large' });
  const rollups = await api.all('/api/v2/rollups', { resolution: 'hour', by: 'model', key: 'e2e-large' });
  const rolled = rollups.reduce((total, item) => total + item.tokens.input, 0);
  assert.equal(rolled, calls_of_model.reduce((total, event) => total + (event.tokens?.input ?? 0), 0));
});

test('AI SDK: a model of a real provider is priced by the table that comes with the node', async () => {
  const other = await Node.start();
  const plain = new Sdk({ base: other.otlp, key: admin_key, resource: { 'service.name': 'priced' } });
  const model = 'claude-sonnet-4-5';
  const used = usage(10_000, 500, { cache_read: 6_000, cache_write: 1_000 });
  await generateText({
    model: new MockLanguageModelV3({ provider: 'anthropic.messages', modelId: model, doGenerate: [says('hi', used)] }),
    prompt: 'x',
    experimental_telemetry: { ...telemetry('priced'), tracer: plain.tracer },
  });
  await plain.shutdown();
  const { totals } = await other.api.read('/api/v2/agents/priced');
  const tokens = { input: 10_000, output: 500, cache_read: 6_000, cache_write: 1_000 };
  assert.equal(nano(totals.cost_usd), cost_nano_usd(built_in_price(model), tokens));
  assert.ok(totals.cost_usd > 0);
  await other.remove();
});
