import { describe, expect, test } from 'vitest';
import {
  carry_range,
  range_from_query,
  range_to_query,
  span_at,
  steps_of,
  widened,
  zoomed,
  type RangeChoice,
} from '../../src/filters/time_range.ts';

const now = Date.parse('2026-01-05T12:30:30Z');
const between = (from: string, to: string): RangeChoice => ({
  kind: 'between',
  since_ms: Date.parse(from),
  until_ms: Date.parse(to),
});

describe('the span of time', () => {
  test('what is written to an address is read back, beside what was there', () => {
    const choices: RangeChoice[] = [{ kind: 'last', preset: '7d' }, between('2026-01-05T10:00:00Z', '2026-01-05T11:00:00Z')];
    for (const choice of choices) {
      const query = range_to_query(choice, new URLSearchParams('q=x&range=1h'));
      expect(query.get('q')).toBe('x');
      expect(range_from_query(query, '1h')).toEqual(choice);
    }
  });

  test.each([
    ['', '24h'],
    ['range=nonsense', '24h'],
    ['range=6h', '6h'],
    ['since=2026-01-05T11:00:00Z&until=2026-01-05T10:00:00Z', '24h'],
  ])('"%s" means the last %s where that is the usual one', (query, preset) => {
    expect(range_from_query(new URLSearchParams(query), '24h')).toEqual({ kind: 'last', preset });
  });

  test('a link takes the range along, unless it names one of its own', () => {
    const query = new URLSearchParams('range=7d&q=kept-here');
    expect(carry_range('/teams', query)).toBe('/teams?range=7d');
    expect(carry_range('/events?since=a&until=b', query)).toBe('/events?since=a&until=b');
  });

  test('a longer span has longer steps', () => {
    const steps = (['1h', '6h', '24h', '7d', '30d'] as const).map((preset) => {
      const span = span_at({ kind: 'last', preset }, now);
      return `${span.resolution} ${steps_of(span).length}`;
    });
    expect(steps).toEqual(['minute 61', 'minute 361', 'hour 25', 'hour 169', 'day 31']);
  });

  test('steps begin where those of the node begin', () => {
    const first = steps_of(span_at({ kind: 'last', preset: '24h' }, now))[0] ?? 0;
    expect(new Date(first).toISOString()).toBe('2026-01-04T12:00:00.000Z');
  });

  test('zooming works in both directions and never below a minute', () => {
    expect(zoomed(now + 3_600_000, now)).toEqual({ kind: 'between', since_ms: now, until_ms: now + 3_600_000 });
    expect(zoomed(now, now)).toEqual({ kind: 'between', since_ms: now, until_ms: now + 60_000 });
  });

  test('widening doubles, and does not look into the future', () => {
    const wider = widened(between('2026-01-05T10:00:00Z', '2026-01-05T11:00:00Z'), now);
    expect(wider).toEqual(between('2026-01-05T09:30:00Z', '2026-01-05T11:30:00Z'));
    const last = widened({ kind: 'last', preset: '1h' }, now);
    expect(last).toMatchObject({ until_ms: now, since_ms: now - 2 * 3_600_000 });
  });
});
