import { describe, expect, test } from 'vitest';
import { filter_from_query, no_filter } from '../../src/filters/event_filter.ts';
import { carry_range } from '../../src/filters/time_range.ts';
import { at_hour, between, events_address } from '../../src/routing/events_link.ts';

const day = between(Date.parse('2026-01-05T00:00:00Z'), Date.parse('2026-01-06T00:00:00Z'));
const read = (address: string) => filter_from_query(new URL(address, 'http://node').searchParams);

describe('the link to the events behind a figure', () => {
  test('it has the condition and the range of the page, which stays one up to now', () => {
    const address = events_address({ model: 'gpt-4o', status: 'error', team: undefined }, { kind: 'last', preset: '24h' });
    expect(address).toBe('/events?status=error&model=gpt-4o&range=24h');
    expect(read(address)).toEqual({ ...no_filter, model: 'gpt-4o', status: 'error', range: '24h' });
  });

  test('moments stay moments, and an hour of the day goes with them', () => {
    expect(read(events_address({ q: 'a b&c', ...at_hour(7, -90) }, day))).toEqual({
      ...no_filter,
      q: 'a b&c',
      since: '2026-01-05T00:00:00.000Z',
      until: '2026-01-06T00:00:00.000Z',
      hour: '7',
      utc_offset_minutes: '-90',
    });
  });

  test('it is not overruled by what the address of the page says', () => {
    const address = events_address({ tool: 'search' }, { kind: 'last', preset: '7d' });
    expect(carry_range(address, new URLSearchParams('range=1h'))).toBe(address);
  });

  test('of all time it names no range, and without a condition nothing at all', () => {
    expect(events_address({ agent_id: 'a' }, null)).toBe('/events?agent_id=a');
    expect(events_address({}, null)).toBe('/events');
  });
});
