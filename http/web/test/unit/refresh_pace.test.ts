// When an answer is asked for again, on a clock that the test moves.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RefreshPace } from '../../src/queries/refresh_pace.ts';

let asked: number[];
let start_ms: number;
/** null: a question is answered at once */
let held: (() => void)[] | null;

const make = (): RefreshPace =>
  new RefreshPace(() => {
    asked.push(performance.now() - start_ms);
    return new Promise<void>((resolve) => (held === null ? resolve() : held.push(resolve)));
  }, 1_000);

beforeEach(() => {
  vi.useFakeTimers();
  [asked, held, start_ms] = [[], null, performance.now()];
});
afterEach(() => vi.useRealTimers());

describe('the pace of questions', () => {
  test('news after a quiet time are acted on at once', async () => {
    const pace = make();
    await vi.advanceTimersByTimeAsync(5_000);
    pace.news();
    expect(asked).toEqual([5_000]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([5_000]);
  });

  test('a stream of news is asked about once a second, and once after its end', async () => {
    const pace = make();
    for (let at = 0; at <= 2_500; at += 50) {
      pace.news();
      await vi.advanceTimersByTimeAsync(50);
    }
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([0, 1_000, 2_000, 3_000]);
  });

  test('no second question begins while one is under way, and what came meanwhile is not forgotten', async () => {
    held = [];
    const pace = make();
    pace.news();
    await vi.advanceTimersByTimeAsync(1_500);
    pace.news();
    await vi.advanceTimersByTimeAsync(1_900);
    expect(asked).toEqual([0]);
    held[0]?.();
    held = null;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([0, 3_400]);
  });

  test('a doubt waits its time, and holds up no news', async () => {
    const pace = make();
    pace.doubt();
    await vi.advanceTimersByTimeAsync(300);
    expect(asked).toEqual([]);
    pace.news();
    expect(asked).toEqual([300]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([300]);
    pace.doubt();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([300, 61_300]);
  });

  test('once stopped it asks no more', async () => {
    const pace = make();
    pace.news();
    pace.news();
    pace.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    pace.news();
    expect(asked).toEqual([0]);
  });
});
