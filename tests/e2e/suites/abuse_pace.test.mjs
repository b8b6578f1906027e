// Clients that are slow, stop, or vanish at the worst moment: each is ended at its deadline, and nobody else notices.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assert_serves, cpu_seconds, held, keeps_memory, mib } from '../support/health.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { in_time, stays, until } from '../support/until.mjs';
import { Wire, end_all_wires, request_text } from '../support/wire.mjs';

let node, port;
before(async () => {
  node = await Node.start({
    env: { TROUPE_HTTP_HEAD_MS: '400', TROUPE_HTTP_BODY_STALL_MS: '400', TROUPE_HTTP_WRITE_STALL_MS: '600', TROUPE_HTTP_IDLE_MS: '1500' },
  });
  port = node.ports.http;
});
after(async () => {
  end_all_wires();
  await node?.remove();
});

const bearer = `Authorization: Bearer ${admin_key}`;
const json = 'Content-Type: application/json';
const post = (headers, body = '') => request_text('POST', '/api/v2/events', [bearer, json, ...headers], body);
const whoami = request_text('GET', '/api/v2/whoami', [bearer]);

/** Writes one byte now and then until the node ends it; the status it got. */
async function drip(text) {
  const wire = new Wire({ port });
  await wire.connected;
  const answer = wire.answer('GET', 30_000);
  let at = 0;
  const dripping = setInterval(() => {
    if (!wire.socket.destroyed && !wire.ended) wire.socket.write(text[at++ % text.length]);
  }, 40);
  try {
    return (await answer)?.status;
  } finally {
    clearInterval(dripping);
    wire.destroy();
  }
}

test('pace: slow heads and bodies get 408, however steadily they drip', async () => {
  const statuses = await Promise.all([
    drip(`GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(9000)}`),
    ...Array.from({ length: 20 }, () => drip('GET /index.html HTTP/1.1\r\nHost: a\r\nAccept: text/html, text/plain, image/png\r\n')),
    drip(post(['Content-Length: 1000000'])),
    drip(post(['Transfer-Encoding: chunked'])),
  ]);
  assert.deepEqual([...new Set(statuses)], [408]);
  await assert_serves(node);
});

test('pace: a body that stops is 408, and a head that drips beyond its own deadline too', async () => {
  for (const text of [post(['Content-Length: 100'], 'abc'), post(['Transfer-Encoding: chunked'], '5\r\nab'), 'GET / HTTP/1.1\r\n', 'G']) {
    const wire = new Wire({ port });
    await wire.write(text);
    const answer = await wire.answer();
    assert.equal(answer.status, 408, text);
    assert.equal(answer.headers.connection, 'close');
    await in_time('the end', wire.closed);
  }
  // A body that moves all the time and never ends has a deadline too.
  const wire = new Wire({ port });
  await wire.write(post(['Content-Length: 10000000']));
  const more = setInterval(() => !wire.ended && wire.socket.write(' '), 50);
  assert.equal((await wire.answer('GET', 30_000)).status, 408);
  clearInterval(more);
  wire.destroy();
});

test('pace: silent and idle connections are closed', async () => {
  const silent = Array.from({ length: 200 }, () => new Wire({ port }));
  const idle = new Wire({ port });
  await idle.write(whoami);
  assert.equal((await idle.answer()).status, 200);
  await in_time('the silent to be closed', Promise.all(silent.map((wire) => wire.closed)));
  await in_time('the idle to be closed', idle.closed);
});

test('pace: those who ask and do not read are closed, and what waited for them is freed', async () => {
  const events = (i) => Array.from({ length: 200 }, (_, n) => ({ type: 'custom.page', agent_id: `pages ${i}`, attributes: { text: 'x'.repeat(8000), n } }));
  for (let i = 0; i < 4; i++) await node.api.send(events(i));
  const ask = request_text('GET', '/api/v2/events?limit=1000', [bearer]);
  await keeps_memory(node, async () => {
    const wires = await Promise.all(
      Array.from({ length: 300 }, async () => {
        const wire = new Wire({ port });
        await wire.connected;
        wire.socket.pause();
        await wire.write(ask.repeat(4));
        return wire;
      }),
    );
    await assert_serves(node, 'beside readers that stopped');
    const before = cpu_seconds(node);
    await until('the stopped readers to be gone', () => held(node, wires).length === 0, 60_000);
    assert.ok(cpu_seconds(node) - before < 30);
    wires.forEach((wire) => wire.destroy());
  }, 256 * mib);
});

test('pace: a reader that takes a little now and then is ended in the end', async () => {
  const wire = new Wire({ port });
  await wire.connected;
  wire.socket.pause();
  await wire.write(request_text('GET', '/api/v2/events?limit=1000', [bearer]).repeat(16));
  await until('the node to have it', () => held(node, [wire]).length === 1);
  const sip = setInterval(() => wire.socket.read(4096), 100);
  await until('the node to end it', () => held(node, [wire]).length === 0, 60_000);
  clearInterval(sip);
  wire.destroy();
});

test('pace: resets in the middle of everything leave nothing behind', async () => {
  const wires = [];
  const ask = request_text('GET', '/api/v2/events?limit=1000', [bearer]);
  await keeps_memory(node, async () => {
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        [ask, ask.repeat(8), post(['Content-Length: 1000'], '{'), post(['Transfer-Encoding: chunked'], '5\r\nabc'), 'GET / HT', whoami.repeat(50), request_text('GET', '/api/livebook/stream/telemetry', [bearer])].flatMap((text) =>
          Array.from({ length: 5 }, async (_, i) => {
            const wire = new Wire({ port });
            wires.push(wire);
            await wire.write(text);
            if (i % 2) await Promise.race([wire.more(), wire.closed]);
            if (i % 3) wire.reset();
            else wire.destroy();
          }),
        ),
      );
    }
    await until('every connection to be gone', () => held(node, wires).length === 0);
  }, 96 * mib);
});

test('pace: 8 MB bodies of senders that do not read the answer are taken one by one', async () => {
  const body = `[${' '.repeat(8 * mib - 2)}]`;
  await keeps_memory(node, async () => {
    const wires = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const wire = new Wire({ port });
        await wire.connected;
        wire.socket.pause();
        wire.write(post([`Content-Length: ${body.length}`], body) + whoami.repeat(2000));
        return wire;
      }),
    );
    const seen = new Set(); // the first may be gone when the last is accepted
    await until('the node to have had them', () => {
      for (const wire of held(node, wires)) seen.add(wire);
      return seen.size === wires.length;
    });
    await assert_serves(node, 'beside 8 MB bodies');
    await until('them to be gone', () => held(node, wires).length === 0, 60_000);
    wires.forEach((wire) => wire.destroy());
  }, 160 * mib);
});

test('pace: waiting costs no time of the processor', async () => {
  const wires = ['GET / HTTP/1.1\r\nHost: a\r\n', post(['Transfer-Encoding: chunked'], '5\r\nhello'), post(['Content-Length: 9'], '[')].map((text) => {
    const wire = new Wire({ port });
    wire.write(text);
    return wire;
  });
  const start = cpu_seconds(node);
  // Half of one core would be a loop.
  await stays('the node rests', () => cpu_seconds(node) - start < 0.15, 300);
  wires.forEach((wire) => wire.destroy());
});
