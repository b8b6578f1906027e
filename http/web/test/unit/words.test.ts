import { describe, expect, test } from 'vitest';
import { ApiError } from '../../src/api/problem.ts';
import { summary_of } from '../../src/format/event_text.ts';
import { duration, rate, usd } from '../../src/format/numbers.ts';
import { ago } from '../../src/format/times.ts';
import { forget_key, keep_key, stored_key, type KeyStores } from '../../src/session/key_store.ts';
import { check_key } from '../../src/session/sign_in.ts';

describe('words', () => {
  test.each([
    [0, '$0.00'],
    [0.00005, '<$0.0001'],
    [0.0123, '$0.0123'],
    [4.291, '$4.29'],
    [12345.6, '$12,346'],
  ])('%d dollars read %s', (value, expected) => expect(usd(value)).toBe(expected));

  test.each([
    [0.2, '0.2ms'],
    [420, '420ms'],
    [2_500, '2.5s'],
    [125_000, '2m 5s'],
    [7_500_000, '2h 5m'],
  ])('%d milliseconds read %s', (value, expected) => expect(duration(value)).toBe(expected));

  test('how long ago is told in the largest unit that fits', () => {
    const now = Date.parse('2026-01-05T12:00:00Z');
    const times = ['12:00:00', '11:59:30', '11:55:00', '09:00:00'].map((time) => `2026-01-05T${time}Z`);
    expect([...times.map((time) => ago(time, now)), ago(null, now)]).toEqual(['now', '30s', '5m', '3h', 'never']);
  });

  test('an event is summed up by the fields of its type, its error first', () => {
    const base = { id: '1', agent_id: 'a', time: '' };
    expect(summary_of({ ...base, type: 'llm.call', model: 'm', provider: 'p' })).toBe('m · p');
    expect(summary_of({ ...base, type: 'tool.call', tool: 't', error: { message: 'broke' } })).toBe('broke · t');
    expect(summary_of({ ...base, type: 'custom.x', attributes: { k: 1, nested: {} } })).toBe('k: 1');
  });
});

describe('sign-in', () => {
  const answering = (answer: unknown) => ({
    whoami: () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)) as Promise<never>,
  });
  const who = { org: 'default', key_id: 'k', name: 'n' };

  test.each([
    ['a reading key is accepted', 'key', { ...who, role: 'read' }, 'accepted'],
    ['a key that may only send is refused', 'key', { ...who, role: 'ingest' }, 'refused'],
    ['an unknown key is refused', 'key', new ApiError(401, 'Unauthorized', ''), 'refused'],
    ['a node that is down is not the key’s fault', 'key', new ApiError(0, 'No answer', ''), 'unreachable'],
    ['an empty key is refused without asking', '', new Error('asked'), 'refused'],
    ['a key that no header can carry is refused without asking', 'schlüssel', new Error('asked'), 'refused'],
  ])('%s', async (_name, key, answer, expected) => {
    expect((await check_key(key, answering(answer))).result).toBe(expected);
  });

  test('the key is kept in one place only, and forgotten from both', () => {
    const storage = () => {
      const values = new Map<string, string>();
      return {
        getItem: (name: string) => values.get(name) ?? null,
        setItem: (name: string, value: string) => void values.set(name, value),
        removeItem: (name: string) => void values.delete(name),
      };
    };
    const stores: KeyStores = { tab: storage(), browser: storage() };
    keep_key('one', 'browser', stores);
    keep_key('two', 'tab', stores);
    expect([stored_key(stores), stores.browser.getItem('troupe.key')]).toEqual(['two', null]);
    forget_key(stores);
    expect(stored_key(stores)).toBeNull();
  });
});

test('rates have three digits, however large they are', () => {
  expect([0, 0.4567, 12.345, 1_770.55, 2_345_678].map(rate)).toEqual(['0', '0.457', '12.3', '1,770', '2,350,000']);
});
