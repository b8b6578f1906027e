import { describe, expect, test } from 'vitest';
import { Pinch } from '../../src/charts/pinch.ts';
import { part_of, type TimeData } from '../../src/charts/time_data.ts';
import { part_within, zoomed_part, zoomed_span } from '../../src/charts/zoom_span.ts';

describe('zoom', () => {
  const all = { first: 0, last: 23 };

  test('half as many steps around the one that is zoomed at', () => {
    expect(zoomed_part(all, 24, 11.5, 2)).toEqual({ first: 6, last: 17 });
    expect(zoomed_part(all, 24, 0, 2)).toEqual({ first: 0, last: 11 });
    expect(zoomed_part(all, 24, 23, 2)).toEqual({ first: 12, last: 23 });
  });

  test('out again it is what it was, and never more than there is', () => {
    const near = zoomed_part(all, 24, 11.5, 2);
    expect(zoomed_part(near, 24, 11.5, 0.5)).toEqual(all);
    expect(zoomed_part({ first: 20, last: 23 }, 24, 23, 0.1)).toEqual(all);
    expect(zoomed_part({ first: 4, last: 5 }, 24, 4, 8)).toEqual({ first: 4, last: 5 });
  });

  test('a part follows the steps there are', () => {
    expect(part_within({ first: 20, last: 23 }, 22)).toEqual({ first: 18, last: 21 });
    expect(part_within({ first: 0, last: 23 }, 24)).toBeNull();
    expect(part_within({ first: 2, last: 3 }, 0)).toBeNull();
    expect(part_within(null, 24)).toBeNull();
  });

  test('a span grows around its moment, and does not end after now', () => {
    const span = { since_ms: 1_000, until_ms: 2_000 };
    expect(zoomed_span(span, 1_500, 0.5, 9_000)).toEqual({ since_ms: 500, until_ms: 2_500 });
    expect(zoomed_span(span, 1_500, 0.5, 2_000)).toEqual({ since_ms: 0, until_ms: 2_000 });
  });

  test('a part of a chart has its steps, its values and its band', () => {
    const data: TimeData = {
      times: [0, 1, 2],
      resolution: 'hour',
      meaning: 'level',
      lines: [{ name: 'a', colour: '--series_1', values: [5, null, 7] }],
      band: { name: 'b', colour: '--series_1', low: [0, 1, 2], high: [3, 4, 5] },
    };
    const part = part_of(data, { first: 1, last: 2 });
    expect(part.times).toEqual([1, 2]);
    expect(part.lines[0]?.values).toEqual([null, 7]);
    expect(part.band).toMatchObject({ low: [1, 2], high: [4, 5] });
    expect(part_of(data, null)).toBe(data);
  });
});

describe('two fingers', () => {
  test('apart is above one, from where they came down and from the last move', () => {
    const pinch = new Pinch();
    pinch.down(1, 100, 0);
    expect(pinch.move(1, 110, 0)).toBeNull();
    pinch.down(2, 200, 0);
    expect(pinch.active).toBe(true);
    expect(pinch.move(2, 300, 0)).toMatchObject({ factor: 2, total: 2, x: 200, dx: 50, dy: 0 });
    expect(pinch.move(1, 0, 0)).toMatchObject({ factor: 1.5, total: 3, x: 150 });
  });

  test('a third finger changes nothing, and without one of the two it is over', () => {
    const pinch = new Pinch();
    pinch.down(1, 0, 0);
    pinch.down(2, 100, 0);
    pinch.down(3, 50, 50);
    expect(pinch.move(3, 70, 70)).toBeNull();
    pinch.up(1);
    expect(pinch.active).toBe(false);
    expect(pinch.move(2, 120, 0)).toBeNull();
  });
});
