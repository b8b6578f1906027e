import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/api/types.ts';
import { KeyedTotals } from '../../src/live/keyed_totals.ts';
import { RollupSeries, headline_of } from '../../src/live/rollup_series.ts';

const noon = Date.parse('2026-01-05T12:00:00.000Z');
const event = (time: string, more: Partial<AgentEvent> = {}): AgentEvent => ({
  id: time,
  type: 'llm.call',
  agent_id: 'a',
  time,
  ...more,
});

describe('rollups', () => {
  test('a window has every minute, oldest first, with zeros where nothing happened', () => {
    const window = new RollupSeries().window(noon + 5_000, 3);
    expect(window.map((minute) => new Date(minute.time_ms).toISOString().slice(11, 16))).toEqual([
      '11:58',
      '11:59',
      '12:00',
    ]);
    expect(window.every((minute) => minute.count === 0 && minute.cost_usd === 0)).toBe(true);
  });

  test('pushed events add to what the node said about their minute', () => {
    const series = new RollupSeries();
    series.seed([
      { time: '2026-01-05T12:00:00.000Z', count: 2, errors: 1, tokens: { input: 100, output: 10 }, cost_usd: 0.5 },
    ]);
    series.add([
      event('2026-01-05T12:00:31.000Z', { status: 'error', tokens: { input: 7, output: 3 }, cost_usd: 0.25 }),
      event('2026-01-05T11:59:59.999Z'),
    ]);
    const [before, current] = series.window(noon + 40_000, 2);
    expect(current).toMatchObject({ count: 3, errors: 2, input: 107, output: 13, cost_usd: 0.75 });
    expect(before).toMatchObject({ count: 1, errors: 0, input: 0 });
  });

  test('a new answer of the node replaces what was counted from pushes', () => {
    const series = new RollupSeries();
    series.add([event('2026-01-05T12:00:31.000Z', { tokens: { input: 7 } })]);
    series.seed([{ time: '2026-01-05T12:00:00.000Z', count: 1, errors: 0, tokens: { input: 7 }, cost_usd: 0 }]);
    expect(series.window(noon + 40_000, 1)).toMatchObject([{ count: 1, input: 7 }]);
  });

  test('cached and reasoning tokens are part of input and output, not added to them', () => {
    const series = new RollupSeries();
    series.add([event('2026-01-05T12:00:01Z', { tokens: { input: 100, cache_read: 80, output: 20, reasoning: 15 } })]);
    const sums = headline_of(series.window(noon, 1), noon);
    expect(sums.input + sums.output).toBe(120);
  });

  test('a time that cannot be read is left out', () => {
    const series = new RollupSeries();
    series.add([event('yesterday')]);
    expect(headline_of(series.window(noon, 60), noon).events).toBe(0);
  });

  test('the rate slides: a minute that has just begun still counts the one before', () => {
    const series = new RollupSeries();
    const one = (time: string) => ({ time, count: 60, errors: 0, tokens: {}, cost_usd: 0 });
    series.seed([one('2026-01-05T11:59:00Z'), { ...one('2026-01-05T12:00:00Z'), count: 15 }]);
    const now = noon + 15_000;
    expect(headline_of(series.window(now, 60), now).events_per_minute).toBe(60);
  });
});

describe('totals by key', () => {
  test('the dearest come first, then the busiest; events without the key are not counted', () => {
    const totals = new KeyedTotals('model');
    const time = '2026-01-05T12:00:00Z';
    totals.seed([
      { time, key: 'a', count: 1, errors: 0, tokens: { input: 10 }, cost_usd: 0.1 },
      { time: '2026-01-05T12:01:00Z', key: 'a', count: 2, errors: 1, tokens: { output: 5 }, cost_usd: 0.1 },
      { time, key: 'free', count: 9, errors: 0 },
      { time, key: 'idle', count: 1, errors: 0 },
    ]);
    totals.add([event(time, { model: 'b', cost_usd: 1, status: 'error' }), event(time, { tool: 't' })]);
    expect(totals.view()).toEqual([
      { key: 'b', count: 1, errors: 1, tokens: 0, cost_usd: 1 },
      { key: 'a', count: 3, errors: 1, tokens: 15, cost_usd: 0.2 },
      { key: 'free', count: 9, errors: 0, tokens: 0, cost_usd: 0 },
      { key: 'idle', count: 1, errors: 0, tokens: 0, cost_usd: 0 },
    ]);
  });
});
