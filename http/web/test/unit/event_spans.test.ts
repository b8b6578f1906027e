// Which spans a filter speaks of, and how stored events are read through them.
import { describe, expect, test, vi } from 'vitest';
import type { ApiClient, Query } from '../../src/api/client.ts';
import type { AgentEvent } from '../../src/api/types.ts';
import { no_filter, type EventFilter } from '../../src/filters/event_filter.ts';
import { before_moment, is_within, spans_of } from '../../src/filters/event_spans.ts';
import { place_after, read_on } from '../../src/live/event_history.ts';

const now_ms = Date.parse('2026-01-05T12:30:00Z');
const filter = (part: Partial<EventFilter>): EventFilter => ({ ...no_filter, ...part });
const text = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString().slice(5, 16));
const told = (part: Partial<EventFilter>): string[] =>
  spans_of(filter(part), now_ms).map(({ since_ms, until_ms }) => `${text(since_ms)} ${text(until_ms)}`);

describe('the spans of a filter', () => {
  test('without an hour there is one', () => {
    expect(told({})).toEqual([' ']);
    expect(told({ range: '24h' })).toEqual(['01-04T12:30 ']);
    expect(told({ since: '2026-01-01T00:00:00Z', until: '2026-01-02T00:00:00Z' })).toEqual(['01-01T00:00 01-02T00:00']);
  });

  test('an hour of the day is there once for each day, newest first, cut where the range is', () => {
    expect(told({ range: '24h', hour: '3' })).toEqual(['01-05T03:00 01-05T04:00']);
    expect(told({ range: '24h', hour: '12' })).toEqual(['01-05T12:00 01-05T13:00', '01-04T12:30 01-04T13:00']);
    expect(told({ range: '7d', hour: '14' })).toHaveLength(7);
    expect(told({ range: '1h', hour: '3' })).toEqual([]);
    const between = { since: '2026-01-02T03:20:00Z', until: '2026-01-03T03:10:00Z', hour: '3' };
    expect(told(between)).toEqual(['01-03T03:00 01-03T03:10', '01-02T03:20 01-02T04:00']);
  });

  test('it is the hour of its offset, and an event is within exactly the spans that are told', () => {
    for (const utc_offset_minutes of ['', '0', '330', '-570', '840']) {
      const asked = filter({ range: '7d', hour: '5', utc_offset_minutes });
      const spans = spans_of(asked, now_ms);
      for (let ms = now_ms - 8 * 86_400_000; ms < now_ms; ms += 900_000) {
        const among = spans.some((span) => ms >= (span.since_ms ?? 0) && ms < (span.until_ms ?? Number.POSITIVE_INFINITY));
        expect(is_within(ms, asked, now_ms), `${utc_offset_minutes} ${new Date(ms).toISOString()}`).toBe(among);
      }
    }
  });

  test('a beginning before there were computers does not take for ever', () => {
    expect(told({ since: '-200000-01-01T00:00:00Z', hour: '3' }).length).toBeLessThan(4_000);
  });

  test('what lies before a moment', () => {
    const spans = spans_of(filter({ range: '7d', hour: '12' }), now_ms);
    const cut = before_moment(spans, Date.parse('2026-01-04T12:10:00Z'));
    expect(text(cut[0]?.until_ms ?? null)).toBe('01-04T12:10');
    expect(cut).toHaveLength(spans.length - 1);
  });
});

describe('stored events', () => {
  const event = (id: string): AgentEvent => ({ id, type: 'llm.call', agent_id: 'a', time: '2026-01-05T12:00:00Z' });
  const api_of = (answer: (query: Query) => { items: AgentEvent[]; next_cursor: string | null }) => {
    const events = vi.fn((query: Query) => Promise.resolve(answer(query)));
    return { api: { events } as unknown as ApiClient, events };
  };
  const place = (part: Partial<EventFilter>) => ({ spans: spans_of(filter(part), now_ms), cursor: undefined });
  const { signal } = new AbortController();

  test('hours without an event are passed over until there are some, or no more hours', async () => {
    const busy = '2026-01-02T14:00:00.000Z';
    const { api, events } = api_of(({ since }) => ({ items: since === busy ? [event('x')] : [], next_cursor: null }));
    const read = await read_on(api, filter({ range: '7d', hour: '14', model: 'm' }), place({ range: '7d', hour: '14' }), signal);
    expect(read).toEqual({ events: [event('x')], next: null });
    expect(events).toHaveBeenCalledTimes(7);
    expect(events.mock.calls[0]?.[0]).toMatchObject({ model: 'm', since: '2026-01-04T14:00:00.000Z', until: '2026-01-04T15:00:00.000Z' });
    expect(events.mock.calls[0]?.[0]).not.toHaveProperty('hour');
    expect(events.mock.calls[0]?.[0]).not.toHaveProperty('range');
  });

  test('a page that goes on is all that is asked for; the next goes on in the same span', async () => {
    const { api, events } = api_of(({ cursor }) => ({ items: [event(String(cursor))], next_cursor: cursor ? null : 'c1' }));
    const first = await read_on(api, filter({}), place({}), signal);
    expect(first.next).toEqual({ ...place({}), cursor: 'c1' });
    const second = await read_on(api, filter({}), first.next, signal);
    expect(second).toEqual({ events: [event('c1')], next: null });
    expect(events).toHaveBeenCalledTimes(2);
  });

  test('after the last span there is no place', () => {
    const at = place({ range: '24h', hour: '12' });
    const second = place_after(at, null);
    expect(second?.spans).toEqual(at.spans.slice(1));
    expect(second && place_after(second, null)).toBeNull();
  });
});
