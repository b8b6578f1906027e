// The real phoenix client over a WebSocket that the test plays by hand.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Socket } from 'phoenix';
import { Topic } from '../../src/live/topic.ts';

type Frame = [join_ref: string | null, ref: string | null, topic: string, event: string, payload: unknown];

class HandSocket {
  static opened: HandSocket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  sent: Frame[] = [];
  onopen = (): void => undefined;
  onclose = (_event: unknown): void => undefined;
  onmessage = (_event: { data: string }): void => undefined;
  onerror = (): void => undefined;

  constructor(readonly url: string) {
    HandSocket.opened.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Frame);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen();
  }

  cut(): void {
    this.readyState = 3;
    this.onclose({ code: 1006 });
  }

  receive(frame: Frame): void {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  get last_join(): Frame {
    const join = this.sent.findLast((frame) => frame[3] === 'phx_join');
    if (!join) throw new Error('no join was sent');
    return join;
  }

  reply(to: Frame, response: unknown, status = 'ok'): void {
    this.receive([to[0], to[1], to[2], 'phx_reply', { status, response }]);
  }

  push(offset: string, ...events: string[]): void {
    this.receive([null, null, 'events', 'events', { epoch: 'e1', offset, events }]);
  }
}

function setup() {
  const seen: string[] = [];
  const outcomes: string[] = [];
  const socket = new Socket('ws://node/socket', {
    transport: HandSocket as unknown as new (endpoint: string) => object,
    reconnectAfterMs: () => 10,
    rejoinAfterMs: () => 10,
  });
  socket.connect();
  const topic = new Topic(socket, 'events', 'required', ['events'], undefined, {
    on_joined: (outcome) => outcomes.push(outcome),
    on_push: (_event, payload) => seen.push(...(payload as { events: string[] }).events),
  });
  const wire = (): HandSocket => HandSocket.opened.at(-1) as HandSocket;
  return { seen, outcomes, topic, wire };
}

beforeEach(() => {
  HandSocket.opened = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

describe('topic', () => {
  test('after a cut it rejoins by itself from the last push', () => {
    const { seen, outcomes, wire } = setup();
    wire().open();
    wire().reply(wire().last_join, { epoch: 'e1', offset: '5' });
    wire().push('6', 'a');
    wire().cut();
    vi.advanceTimersByTime(50);
    wire().open();
    expect(wire().last_join[4]).toEqual({ recover: { epoch: 'e1', offset: '6' } });
    wire().reply(wire().last_join, { epoch: 'e1', offset: '8', recovered: true });
    wire().push('7', 'b');
    wire().push('8', 'c');
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(outcomes).toEqual(['fresh', 'resumed']);
  });

  test('a cut among the missed pushes is resumed from the last one received', () => {
    const { seen, wire } = setup();
    wire().open();
    wire().reply(wire().last_join, { epoch: 'e1', offset: '5' });
    wire().cut();
    vi.advanceTimersByTime(50);
    wire().open();
    wire().reply(wire().last_join, { epoch: 'e1', offset: '8', recovered: true });
    wire().push('6', 'a');
    wire().cut();
    vi.advanceTimersByTime(50);
    wire().open();
    expect(wire().last_join[4]).toEqual({ recover: { epoch: 'e1', offset: '6' } });
    expect(seen).toEqual(['a']);
  });

  test('a push of an abandoned join is not counted, so the next join brings it again', () => {
    const { seen, wire } = setup();
    wire().open();
    wire().reply(wire().last_join, { epoch: 'e1', offset: '5' });
    const slow = wire().last_join;
    wire().receive([slow[0], null, 'events', 'phx_error', {}]);
    wire().push('6', 'a');
    vi.advanceTimersByTime(50);
    expect(wire().last_join[4]).toEqual({ recover: { epoch: 'e1', offset: '5' } });
    wire().reply(wire().last_join, { epoch: 'e1', offset: '6', recovered: true });
    wire().push('6', 'a');
    expect(seen).toEqual(['a']);
  });

  test('a refused join is tried again with the same position', () => {
    const { wire, outcomes } = setup();
    wire().open();
    wire().reply(wire().last_join, { epoch: 'e1', offset: '5' });
    wire().cut();
    vi.advanceTimersByTime(50);
    wire().open();
    const refused = wire().last_join;
    wire().reply(refused, { reason: 'not ready' }, 'error');
    vi.advanceTimersByTime(50);
    expect(wire().last_join[1]).not.toBe(refused[1]);
    expect(wire().last_join[4]).toEqual({ recover: { epoch: 'e1', offset: '5' } });
    expect(outcomes).toEqual(['fresh']);
  });

  test('a channel that the node closed is opened again and recovers', () => {
    const { wire, topic } = setup();
    wire().open();
    wire().reply(wire().last_join, { epoch: 'e1', offset: '5' });
    const joined = wire().last_join;
    wire().receive([joined[0], joined[0], 'events', 'phx_close', {}]);
    expect(topic.joined).toBe(false);
    vi.advanceTimersByTime(1_500);
    expect(wire().last_join[0]).not.toBe(joined[0]);
    expect(wire().last_join[4]).toEqual({ recover: { epoch: 'e1', offset: '5' } });
    wire().reply(wire().last_join, { epoch: 'e1', offset: '5', recovered: true });
    expect(topic.joined).toBe(true);
  });

  test('the key never appears in the address of the socket', () => {
    const { wire } = setup();
    expect(new URL(wire().url).search).toBe('?vsn=2.0.0');
  });
});
