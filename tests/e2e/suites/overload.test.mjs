// More is offered than the node can do: the excess is refused at once and in the client's own form, what was accepted
// is there, the memory stays bounded, and afterwards all is as before. Clients send by their own clock (open loop).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assert_serves, mib, rss_bytes } from '../support/health.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { until } from '../support/until.mjs';
import { Wire, end_all_wires, request_text } from '../support/wire.mjs';

let node, api;
before(async () => {
  // So low a target makes any queue an overload.
  node = await Node.start({ env: { TROUPE_HTTP_QUEUE_TARGET_MS: '1' } });
  api = node.api;
});
after(async () => {
  end_all_wires();
  await node?.remove();
});

const bearer = `Authorization: Bearer ${admin_key}`;
const clients = 300;

/** `clients` connections; each sends again as soon as `may_send` lets it, all at once, until `over` says so. */
async function storm(port, text, over, seen) {
  await Promise.all(
    Array.from({ length: clients }, async () => {
      let wire = new Wire({ port });
      while (!over()) {
        await wire.write(text);
        const answer = await wire.answer('GET', 30_000);
        if (answer) seen(answer);
        if (!answer || answer.headers.connection === 'close') {
          wire.destroy();
          wire = new Wire({ port });
        }
      }
      wire.destroy();
    }),
  );
}

function assert_refusal(answer) {
  assert.ok([429, 503].includes(answer.status), `${answer.status} ${answer.text}`);
  assert.ok(Number(answer.headers['retry-after']) >= 1, `no Retry-After: ${answer.text}`);
}

test('overload: the excess gets 503 with Retry-After, the rest is durable, memory is bounded', async () => {
  const batch = 200;
  const body = Array.from({ length: batch }, (_, i) => JSON.stringify({ type: 'custom.storm', agent_id: 'storm', duration_ms: i, query: 'q'.repeat(150) })).join('\n');
  const text = request_text('POST', '/api/v2/events', [bearer, 'Content-Type: application/x-ndjson', `Content-Length: ${body.length}`], body);
  const before = rss_bytes(node);
  let accepted = 0;
  let refused = 0;
  let most = 0;
  const enough = performance.now() + 20_000;
  await storm(node.ports.http, text, () => (refused >= 300 && accepted >= 100) || performance.now() > enough, (answer) => {
    if (answer.status === 200) {
      accepted++;
      assert.equal(JSON.parse(answer.text).accepted, batch);
      return;
    }
    refused++;
    assert_refusal(answer);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    if (refused % 50 === 0) most = Math.max(most, rss_bytes(node));
  });
  assert.ok(accepted > 0, 'nothing was accepted');
  assert.ok(refused >= 300, `${refused} refused, ${accepted} accepted`);
  assert.ok(most < before + 400 * mib, `${most / mib} MiB`);
  const agent = await api.read('/api/v2/agents/storm');
  assert.equal(agent.totals.events, accepted * batch);
  // Refusals are no news: the log has a few of them a second, not each.
  const lines = node.log_entries.filter((e) => e.message.includes(' 503 ')).length;
  assert.ok(lines < refused, `${lines} lines of ${refused}`);
});

test('overload: exporters are refused in the form of OTLP, on its own port too', async () => {
  const span = (i) => ({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: i.toString(16).padStart(16, '0'), name: 'chat', startTimeUnixNano: '1700000000000000000', endTimeUnixNano: '1700000001000000000', attributes: [{ key: 'gen_ai.operation.name', value: { stringValue: 'chat' } }, { key: 'gen_ai.agent.id', value: { stringValue: 'otlp storm' } }] });
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: 100 }, (_, i) => span(i + 1)) }] }] });
  const text = request_text('POST', '/v1/traces', [bearer, 'Content-Type: application/json', `Content-Length: ${body.length}`], body);
  let refused = 0;
  const enough = performance.now() + 20_000;
  await storm(node.ports.otlp, text, () => refused >= 50 || performance.now() > enough, (answer) => {
    assert.equal(answer.headers['content-type'], 'application/json');
    if (answer.status === 200) return;
    refused++;
    assert_refusal(answer);
    assert.deepEqual(Object.keys(JSON.parse(answer.text)), ['code', 'message']);
  });
  assert.ok(refused >= 50, `${refused} refused`);
});

test('overload: administration goes on under it, and afterwards all is as before', async () => {
  const body = '{"type":"custom.storm","agent_id":"storm"}';
  const text = request_text('POST', '/api/v2/events', [bearer, 'Content-Type: application/json', `Content-Length: ${body.length}`], body);
  let over = false;
  const storming = storm(node.ports.http, text, () => over, () => {});
  for (let i = 0; i < 5; i++) {
    const key = await api.make_key('read', `under storm ${i}`);
    assert.equal((await api.delete(`/api/v2/keys/${key.id}`)).status, 204);
  }
  over = true;
  await storming;
  await until('everything to be accepted again', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => api.post('/api/v2/events', [{ type: 'custom.storm', agent_id: 'calm' }])));
    return answers.every((a) => a.status === 200);
  });
  await assert_serves(node);
});
