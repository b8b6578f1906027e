// The stock OpenTelemetry JS SDK: all three signals in both encodings become events, exactly; refusals reach the SDK.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { Node, admin_key } from '../support/node.mjs';
import { Sdk, complaints_of } from '../support/otel.mjs';
import { cost_nano_usd, nano, price_file, prices } from '../support/prices.mjs';
import { in_time, until } from '../support/until.mjs';

let node, api;
before(async () => {
  node = await Node.start({ env: { TROUPE_PRICE_TABLE: price_file() } });
  api = node.api;
});
after(() => node?.remove());

const by_type = (events, type) => events.filter((event) => event.type === type);
const codes = (sdk) => sdk.results.map((result) => result.code);

/** A run of an agent as instrumentations of today report it: the root repeats the usage of its calls. */
function run_of_agent(tracer, agent) {
  const usage = {
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 200,
    'gen_ai.usage.cache_read.input_tokens': 600,
    'gen_ai.usage.reasoning.output_tokens': 50,
  };
  const shared = { 'gen_ai.provider.name': 'e2e', 'gen_ai.agent.id': agent, 'gen_ai.conversation.id': `${agent} talk` };
  const root = tracer.startSpan(
    `invoke_agent ${agent}`,
    { attributes: { ...shared, ...usage, 'gen_ai.operation.name': 'invoke_agent' } },
    ROOT_CONTEXT,
  );
  const below = trace.setSpan(ROOT_CONTEXT, root);
  const chat = { ...shared, ...usage, 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'e2e-large' };
  tracer.startSpan('chat e2e-large', { attributes: chat }, below).end();
  const tool = { ...shared, 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'web.search' };
  const failing = tracer.startSpan('execute_tool web.search', { attributes: tool }, below);
  failing.recordException(new Error('no network'));
  failing.setStatus({ code: SpanStatusCode.ERROR, message: 'no network' });
  failing.end();
  tracer.startSpan('http request', { attributes: { 'http.request.method': 'GET', 'gen_ai.agent.id': agent } }, below).end();
  root.end();
  return root.spanContext();
}

for (const form of ['protobuf', 'json']) {
  for (const compression of ['none', 'gzip']) {
    for (const listener of ['otlp', 'base']) {
      test(`SDK: ${form} with ${compression} to the ${listener === 'otlp' ? 'OTLP' : 'client'} port becomes events exactly`, async () => {
        const agent = `${form}-${compression}-${listener}`;
        const sdk = new Sdk({ base: node[listener], key: admin_key, form, compression, resource: { 'service.name': agent } });
        const complaints = await complaints_of(async () => {
          const { traceId, spanId } = run_of_agent(sdk.tracer, agent);
          sdk.logger.emit({ body: `log of ${agent}`, severityNumber: 17, severityText: 'ERROR', attributes: { where: 'here', n: 7 } });
          sdk.meter.createCounter('steps').add(3, { step: 'plan' });
          sdk.meter.createHistogram('gen_ai.client.token.usage').record(1000, { 'gen_ai.token.type': 'input' });
          sdk.meter.createGauge('queue').record(2.5);
          await sdk.flush();
          await check_spans(agent, traceId, spanId);
        });
        assert.deepEqual(complaints, []);
        assert.deepEqual(codes(sdk), [0, 0, 0]);
        await check_log_and_metrics(agent);
        await check_totals(agent);
        await sdk.shutdown();
      });
    }
  }
}

async function check_spans(agent, trace_id, root_id) {
  const spans = await api.all('/api/v2/events', { trace_id });
  assert.deepEqual(spans.map((e) => e.type).sort(), ['custom.span', 'execution.completed', 'llm.call', 'tool.call']);
  for (const event of spans) {
    assert.equal(event.agent_id, agent);
    assert.equal(event.trace_id, trace_id);
    assert.equal(event.parent_span_id ?? null, event.span_id === root_id ? null : root_id);
    assert.ok(event.duration_ms >= 0);
  }
  const [call] = by_type(spans, 'llm.call');
  const tokens = { input: 1000, output: 200, cache_read: 600, cache_write: 0, reasoning: 50 };
  for (const [kind, count] of Object.entries(tokens)) assert.equal(call.tokens[kind] ?? 0, count, kind);
  assert.equal(nano(call.cost_usd), cost_nano_usd(prices['e2e-large'], tokens));
  assert.deepEqual([call.model, call.provider, call.session_id, call.status], ['e2e-large', 'e2e', `${agent} talk`, 'ok']);
  const [tool] = by_type(spans, 'tool.call');
  assert.deepEqual([tool.tool, tool.status, tool.error], ['web.search', 'error', 'no network']);
  const [run] = by_type(spans, 'execution.completed');
  assert.equal(run.tokens ?? null, null, 'what the root repeats is not counted again');
  assert.equal(run.span_id, root_id);
}

async function check_log_and_metrics(agent) {
  const events = await api.all('/api/v2/events', { agent_id: agent });
  const [log] = by_type(events, 'custom.log');
  assert.deepEqual([log.attributes['otel.body'], log.attributes.where, log.attributes.n], [`log of ${agent}`, 'here', 7]);
  assert.equal(log.status, 'error');
  const metrics = by_type(events, 'custom.metric').map(({ attributes: a }) => [a['otel.name'], a['otel.value'] ?? a['otel.sum']]);
  assert.deepEqual(metrics.sort(), [['gen_ai.client.token.usage', 1000], ['queue', 2.5], ['steps', 3]]);
  assert.equal(events.length, 8, 'four spans, one log record, three metric points');
}

async function check_totals(agent) {
  const { totals } = await api.read(`/api/v2/agents/${agent}`);
  assert.deepEqual([totals.tokens.input, totals.tokens.output], [1000, 200], 'counted once, whatever the signal');
  const tokens = { input: 1000, output: 200, cache_read: 600 };
  assert.equal(nano(totals.cost_usd), cost_nano_usd(prices['e2e-large'], tokens));
}

test('SDK: the same call in three dialects counts and costs the same', async () => {
  const dialects = {
    old: {
      'gen_ai.system': 'e2e',
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'e2e-small',
      'gen_ai.usage.prompt_tokens': 900,
      'gen_ai.usage.completion_tokens': 100,
      'gen_ai.usage.cache_read_input_tokens': 400,
      'gen_ai.usage.cache_creation_input_tokens': 100,
    },
    current: {
      'gen_ai.provider.name': 'e2e',
      'gen_ai.operation.name': 'chat',
      'gen_ai.response.model': 'e2e-small',
      'gen_ai.usage.input_tokens': 900,
      'gen_ai.usage.output_tokens': 100,
      'gen_ai.usage.cache_read.input_tokens': 400,
      'gen_ai.usage.cache_write.input_tokens': 100,
    },
    openinference: {
      'openinference.span.kind': 'LLM',
      'llm.provider': 'e2e',
      'llm.model_name': 'e2e-small',
      'llm.token_count.prompt': 900,
      'llm.token_count.completion': 100,
      'llm.token_count.total': 1000,
      'llm.token_count.prompt_details.cache_read': 400,
      'llm.token_count.prompt_details.cache_write': 100,
    },
  };
  const tokens = { input: 900, output: 100, cache_read: 400, cache_write: 100, reasoning: 0 };
  for (const [name, attributes] of Object.entries(dialects)) {
    const agent = `dialect-${name}`;
    const sdk = new Sdk({ base: node.otlp, key: admin_key, resource: { 'service.name': agent } });
    const root = sdk.tracer.startSpan('run', {
      attributes: name === 'openinference' ? { ...attributes, 'openinference.span.kind': 'AGENT' } : { ...attributes, 'gen_ai.operation.name': 'invoke_agent' },
    });
    sdk.tracer.startSpan('call', { attributes }, trace.setSpan(ROOT_CONTEXT, root)).end();
    root.end();
    await sdk.shutdown();
    const events = await api.all('/api/v2/events', { agent_id: agent });
    assert.deepEqual(events.map((e) => e.type).sort(), ['execution.completed', 'llm.call'], name);
    const [call] = by_type(events, 'llm.call');
    for (const [kind, count] of Object.entries(tokens)) assert.equal(call.tokens[kind] ?? 0, count, `${name} ${kind}`);
    assert.equal(nano(call.cost_usd), cost_nano_usd(prices['e2e-small'], tokens), name);
    const { totals } = await api.read(`/api/v2/agents/${agent}`);
    assert.deepEqual([totals.tokens.input, totals.tokens.output], [900, 100], name);
  }
});

test('SDK: a wrong key and a key that may only read are errors of the exporter', async () => {
  const reader = await api.make_key('read');
  for (const form of ['protobuf', 'json']) {
    for (const [key, status] of [['no-such-key-no-such-key-no-such-key', 401], [reader.key, 403], [null, 401]]) {
      const sdk = new Sdk({ base: node.otlp, key, form, resource: { 'service.name': 'refused' } });
      sdk.tracer.startSpan('lost').end();
      await complaints_of(() => sdk.flush());
      assert.equal(sdk.results[0].code, 1);
      assert.equal(sdk.results[0].error.code, status);
      await complaints_of(() => sdk.shutdown());
    }
  }
  assert.equal((await api.get('/api/v2/agents/refused')).status, 404);
});

test('SDK: what is refused among good spans is told as partial success', async () => {
  for (const form of ['protobuf', 'json']) {
    const agent = `partial-${form}`;
    const sdk = new Sdk({ base: node.otlp, key: admin_key, form, resource: { 'service.name': agent } });
    const far_ms = Date.now() + 10 * 24 * 3600 * 1000;
    sdk.tracer.startSpan('good one').end();
    sdk.tracer.startSpan('from the future', { startTime: far_ms }).end(far_ms + 1);
    sdk.tracer.startSpan('good two').end();
    const complaints = await complaints_of(() => sdk.shutdown());
    assert.equal(complaints.length, 1, complaints.join('\n'));
    assert.match(complaints[0], /Partial Success.*"rejectedSpans":"?1"?[,}].*future/);
    assert.deepEqual(codes(sdk).slice(0, 1), [0]);
    const events = await api.all('/api/v2/events', { agent_id: agent });
    assert.deepEqual(events.map((e) => e.attributes['otel.name']).sort(), ['good one', 'good two']);
  }
});

test('SDK: nothing but the documented environment variables is needed', async () => {
  const program = fileURLToPath(new URL('../support/otel_by_environment.mjs', import.meta.url));
  const { stderr } = await promisify(execFile)(process.execPath, [program], {
    env: {
      PATH: process.env.PATH,
      OTEL_EXPORTER_OTLP_ENDPOINT: node.otlp,
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${admin_key}`,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_SERVICE_NAME: 'by-environment',
    },
    timeout: 30_000,
  });
  assert.equal(stderr, '');
  const events = await api.all('/api/v2/events', { agent_id: 'by-environment' });
  assert.deepEqual(events.map((e) => e.attributes['otel.name']), ['by environment']);
});

test('SDK: an export that meets a dead node is repeated by the SDK and stored once', async () => {
  const sdk = new Sdk({ base: node.otlp, key: admin_key, resource: { 'service.name': 'patient' } });
  await node.kill();
  for (let i = 0; i < 50; i += 1) sdk.tracer.startSpan(`span ${i}`).end();
  const flushed = sdk.tracers.forceFlush();
  await node.boot();
  await in_time('the SDK to repeat', flushed, 30_000);
  assert.deepEqual(codes(sdk), [0]);
  assert.equal((await api.all('/api/v2/events', { agent_id: 'patient' })).length, 50);
  await sdk.shutdown();
});

test('OTLP: the same request again is known again', async () => {
  const now_ns = BigInt(Date.now()) * 1_000_000n;
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'repeated' } }] };
  const span = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    name: 'once',
    startTimeUnixNano: String(now_ns - 5_000_000n),
    endTimeUnixNano: String(now_ns),
  };
  const record = { timeUnixNano: String(now_ns), body: { stringValue: 'once' } };
  const point = { timeUnixNano: String(now_ns), asInt: '1' };
  for (const [path, body] of [
    ['/v1/traces', { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }],
    ['/v1/logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record, record] }] }] }],
    ['/v1/metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [point] } }] }] }] }],
  ]) {
    for (let i = 0; i < 3; i += 1) {
      const answer = await api.post(path, body);
      assert.deepEqual([answer.status, answer.type, answer.body], [200, 'application/json', {}], `${path}: ${answer.text}`);
    }
  }
  const events = await api.all('/api/v2/events', { agent_id: 'repeated' });
  assert.deepEqual(events.map((e) => e.type).sort(), ['custom.log', 'custom.log', 'custom.metric', 'custom.span']);
});

test('OTLP: bodies that cannot be read are final errors in the form they came in', async () => {
  for (const path of ['/v1/traces', '/v1/metrics', '/v1/logs']) {
    const proto = await api.post(path, Buffer.from('this is not protobuf'), { headers: { 'content-type': 'application/x-protobuf' } });
    assert.equal(proto.status, 400, proto.text);
    const json = await api.post(path, '{"resourceSpans": 5', { headers: { 'content-type': 'application/json' } });
    assert.equal(json.status, 400, json.text);
    assert.match(json.type, /json$/);
    const text = await api.post(path, 'hello', { headers: { 'content-type': 'text/plain' } });
    assert.equal(text.status, 415, text.text);
    const gzip = await api.post(path, zlib.gzipSync('{}').subarray(0, 12), {
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    assert.equal(gzip.status, 400, gzip.text);
    const empty = await api.post(path, Buffer.alloc(0), { headers: { 'content-type': 'application/x-protobuf' } });
    assert.equal(empty.status, 200, 'an empty request is a complete request without records');
  }
  await until('the node to be well', async () => (await fetch(`${node.ops}/readyz`)).ok);
});
