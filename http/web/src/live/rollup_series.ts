// Purpose: tokens, cost, events and errors per minute: seeded from the node's rollups, advanced by pushed events.
// Invariants:
// - A minute's figure is the node's figure plus what was pushed after the node was asked.
// - What is pushed between the question and its answer is taken to be in the answer. That can be wrong by a few
//   milliseconds of events; the node is asked again every minute, so the error does not last.
import type { AgentEvent, RollupItem, Tokens } from '../api/types.ts';

export const minute_ms = 60_000;

export interface Minute {
  readonly time_ms: number;
  readonly count: number;
  readonly errors: number;
  readonly input: number;
  readonly output: number;
  readonly cost_usd: number;
}

type Sums = { count: number; errors: number; input: number; output: number; cost_usd: number };

const zero = (): Sums => ({ count: 0, errors: 0, input: 0, output: 0, cost_usd: 0 });

function accumulate(into: Sums, count: number, errors: number, tokens: Tokens | undefined, cost: number): void {
  into.count += count;
  into.errors += errors;
  into.input += tokens?.input ?? 0;
  into.output += tokens?.output ?? 0;
  into.cost_usd += cost;
}

export function minute_of(time_ms: number): number {
  return Math.floor(time_ms / minute_ms) * minute_ms;
}

export class RollupSeries {
  private base = new Map<number, Sums>();
  private live = new Map<number, Sums>();

  constructor(private readonly minutes_kept = 180) {}

  /** The node's answer replaces everything counted so far. */
  seed(items: readonly RollupItem[]): void {
    this.base = new Map();
    this.live = new Map();
    for (const item of items) {
      const time = Date.parse(item.time);
      if (Number.isNaN(time)) continue;
      accumulate(slot(this.base, time), item.count, item.errors, item.tokens, item.cost_usd ?? 0);
    }
  }

  add(events: readonly AgentEvent[]): void {
    for (const event of events) {
      const time = Date.parse(event.time);
      if (Number.isNaN(time)) continue;
      const failed = event.status === 'error' ? 1 : 0;
      accumulate(slot(this.live, time), 1, failed, event.tokens, event.cost_usd ?? 0);
    }
    if (this.live.size > this.minutes_kept * 2) forget_before(this.live, this.minutes_kept);
  }

  /** The last `minutes` minutes, oldest first, the current one included, with zeros where nothing happened. */
  window(now_ms: number, minutes = 60): Minute[] {
    const last = minute_of(now_ms);
    const out: Minute[] = [];
    for (let i = minutes - 1; i >= 0; i -= 1) {
      const time_ms = last - i * minute_ms;
      const sum = zero();
      for (const part of [this.base.get(time_ms), this.live.get(time_ms)]) {
        if (part) accumulate(sum, part.count, part.errors, part, part.cost_usd);
      }
      out.push({ time_ms, ...sum });
    }
    return out;
  }
}

function slot(map: Map<number, Sums>, time_ms: number): Sums {
  const minute = minute_of(time_ms);
  let sums = map.get(minute);
  if (!sums) {
    sums = zero();
    map.set(minute, sums);
  }
  return sums;
}

function forget_before(map: Map<number, Sums>, keep: number): void {
  const times = [...map.keys()].sort((a, b) => a - b);
  for (const time of times.slice(0, -keep)) map.delete(time);
}

export interface Headline {
  readonly events_per_minute: number;
  readonly events: number;
  readonly errors: number;
  readonly input: number;
  readonly output: number;
  readonly cost_usd: number;
}

/** Sums of the window; the rate slides over the last 60 seconds by weighting the minute before. */
export function headline_of(window: readonly Minute[], now_ms: number): Headline {
  const sum = zero();
  for (const minute of window) accumulate(sum, minute.count, minute.errors, minute, minute.cost_usd);
  const current = window.at(-1)?.count ?? 0;
  const before = window.at(-2)?.count ?? 0;
  const left_of_minute = 1 - (now_ms % minute_ms) / minute_ms;
  return {
    events_per_minute: Math.round(current + before * left_of_minute),
    events: sum.count,
    errors: sum.errors,
    input: sum.input,
    output: sum.output,
    cost_usd: sum.cost_usd,
  };
}
