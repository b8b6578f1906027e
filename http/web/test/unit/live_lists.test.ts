import { describe, expect, test } from 'vitest';
import type { Agent, AgentEvent } from '../../src/api/types.ts';
import { AgentBook, status_at } from '../../src/live/agent_book.ts';
import { below } from '../../src/live/event_history.ts';
import { EventLog } from '../../src/live/event_log.ts';
import { link_state, type LinkFacts } from '../../src/live/link_state.ts';
import { fits_sub_protocol, retry_after_ms } from '../../src/live/socket.ts';

const event = (id: string): AgentEvent => ({ id, type: 'llm.call', agent_id: 'a', time: '2026-01-05T12:00:00Z' });
const shown = (log: EventLog): string[] => log.view().entries.map((entry) => entry.event.id);

describe('event log', () => {
  test('shows the newest first and hides no duplicate', () => {
    const log = new EventLog();
    log.add([event('1'), event('2')]);
    log.add([event('2')]);
    expect(shown(log)).toEqual(['2', '2', '1']);
    expect(log.view().received).toBe(3);
  });

  test('keeps no more than its bound and says that it let the oldest go', () => {
    const log = new EventLog(3);
    log.add(['1', '2', '3', '4', '5'].map(event));
    expect(shown(log)).toEqual(['5', '4', '3']);
    expect(log.view()).toMatchObject({ received: 5, cuts: 1 });
  });

  test('an entry keeps its number while others come and go', () => {
    const log = new EventLog(2);
    log.add([event('1'), event('2')]);
    const before = log.view().entries[0]?.n;
    log.add([event('3')]);
    expect(log.view().entries[1]?.n).toBe(before);
  });

  test('a restart empties it and asks for the lists again', () => {
    const log = new EventLog();
    log.add([event('1')]);
    log.restart();
    expect(log.view()).toMatchObject({ entries: [], generation: 1, received: 1 });
  });

  test('a stored event that was also pushed is shown where it was pushed', () => {
    const log = new EventLog();
    log.add([event('3'), event('4')]);
    expect(below(log.view().entries, ['4', '3', '2', '1'].map(event)).map(({ id }) => id)).toEqual(['2', '1']);
  });
});

const agent = (id: string, load: number): Agent => ({ id, status: 'active', current_load: load });

describe('agent book', () => {
  test('an agent pushed while the list was loading wins over the list', () => {
    const book = new AgentBook();
    book.begin_load();
    book.push([agent('a', 5)]);
    book.complete_load([agent('a', 1), agent('b', 2)]);
    expect(book.view().map(({ id, current_load }) => [id, current_load])).toEqual([
      ['a', 5],
      ['b', 2],
    ]);
  });

  test('an agent that the list no longer has goes away', () => {
    const book = new AgentBook();
    book.push([agent('a', 5)]);
    book.begin_load();
    book.complete_load([agent('b', 2)]);
    expect(book.view().map(({ id }) => id)).toEqual(['b']);
  });

  test('status follows the clock: active, then idle while its lease lasts, then offline', () => {
    const one: Agent = {
      id: 'a',
      status: 'active',
      last_activity: '2026-01-05T12:00:00Z',
      lease_until: '2026-01-05T12:10:00Z',
    };
    const at = (time: string) => status_at(one, Date.parse(`2026-01-05T${time}Z`));
    expect([at('12:05:00'), at('12:05:01'), at('12:10:01')]).toEqual(['active', 'idle', 'offline']);
    const without_lease = { ...one, lease_until: null };
    const then = (time: string) => status_at(without_lease, Date.parse(`2026-01-05T${time}Z`));
    expect([then('12:05:00'), then('12:05:01'), then('13:00:01')]).toEqual(['active', 'idle', 'offline']);
    expect(status_at({ ...one, status: 'idle' }, Date.parse('2026-01-05T12:01:00Z'))).toBe('idle');
    expect(status_at({ ...one, status: 'offline' }, Date.parse('2026-01-05T12:01:00Z'))).toBe('offline');
  });
});

describe('connection', () => {
  const up: LinkFacts = {
    socket_open: true,
    topics: 3,
    topics_joined: 3,
    down_since_ms: null,
    was_live: true,
    browser_online: true,
  };

  test.each([
    ['live only when every topic is joined', up, 0, 'live'],
    [
      'recovering while a topic is still rejoining',
      { ...up, topics_joined: 2, down_since_ms: 0 },
      60_000,
      'recovering',
    ],
    ['recovering right after the socket broke', { ...up, socket_open: false, down_since_ms: 0 }, 9_999, 'recovering'],
    ['offline when it stays broken', { ...up, socket_open: false, down_since_ms: 0 }, 10_000, 'offline'],
    ['offline at once when the browser is', { ...up, socket_open: false, browser_online: false }, 0, 'offline'],
    ['connecting before it was ever live', { ...up, topics_joined: 0, was_live: false }, 0, 'connecting'],
  ] as const)('%s', (_name, facts, now_ms, expected) => {
    expect(link_state(facts, now_ms)).toBe(expected);
  });

  test('a key that cannot travel in a sub-protocol is recognised', () => {
    expect(fits_sub_protocol('troupe_admin_0123456789abcdef')).toBe(true);
    expect(fits_sub_protocol('what?is?this')).toBe(!btoa('what?is?this').includes('/'));
    expect(fits_sub_protocol('  ?')).toBe(false);
    expect(fits_sub_protocol('schlüssel')).toBe(false);
  });

  test('retries are quick at first and never further apart than a few seconds', () => {
    const middle = (): number => 0.5;
    expect([1, 2, 3, 4, 5, 6, 60].map((tries) => Math.round(retry_after_ms(tries, middle)))).toEqual([
      100, 250, 500, 1_000, 2_000, 3_000, 3_000,
    ]);
  });
});
