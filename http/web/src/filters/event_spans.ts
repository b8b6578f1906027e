// Purpose: the spans of time an event filter speaks of: from one moment to another, the last so many hours, or one hour
// of every day in them.
// Invariants: pure. Spans are told newest first and do not overlap, and `until` excludes its instant. An hour of the day
// is that of a fixed offset from UTC, as it is in the figures that count by it.
import type { EventFilter } from './event_filter.ts';
import { preset_ms } from './time_range.ts';

export interface EventSpan {
  /** null: from the first event */
  readonly since_ms: number | null;
  /** null: to those that are yet to come */
  readonly until_ms: number | null;
}

type Timed = Pick<EventFilter, 'since' | 'until' | 'range' | 'hour' | 'utc_offset_minutes'>;

const hour_ms = 3_600_000;
const day_ms = 24 * hour_ms;
/** Hours of the day are looked for no further back: ten years. An address may name any beginning. */
const days_max = 3_660;

const moment = (text: string): number | null => (text === '' ? null : Date.parse(text));

/** All of it, whatever the hour of the day. */
function whole_span(filter: Timed, now_ms: number): EventSpan {
  if (filter.range !== '') return { since_ms: now_ms - preset_ms[filter.range], until_ms: null };
  return { since_ms: moment(filter.since), until_ms: moment(filter.until) };
}

const offset_ms = (filter: Timed): number => Number(filter.utc_offset_minutes) * 60_000;

export function spans_of(filter: Timed, now_ms: number): EventSpan[] {
  const whole = whole_span(filter, now_ms);
  if (filter.hour === '' || whole.since_ms === null) return [whole];
  const out: EventSpan[] = [];
  const end_ms = whole.until_ms ?? now_ms;
  const midnight_ms = Math.floor((end_ms + offset_ms(filter)) / day_ms) * day_ms - offset_ms(filter);
  const first_ms = midnight_ms + Number(filter.hour) * hour_ms;
  const last_ms = Math.max(whole.since_ms, first_ms - days_max * day_ms);
  for (let at = first_ms; at + hour_ms > last_ms; at -= day_ms) {
    if (at >= end_ms) continue;
    out.push({ since_ms: Math.max(at, whole.since_ms), until_ms: Math.min(at + hour_ms, whole.until_ms ?? at + hour_ms) });
  }
  return out;
}

/** What of the spans lies before a moment. */
export function before_moment(spans: readonly EventSpan[], end_ms: number): EventSpan[] {
  return spans
    .filter(({ since_ms }) => since_ms === null || since_ms < end_ms)
    .map(({ since_ms, until_ms }) => ({ since_ms, until_ms: Math.min(until_ms ?? end_ms, end_ms) }));
}

export function is_within(time_ms: number, filter: Timed, now_ms: number): boolean {
  const { since_ms, until_ms } = whole_span(filter, now_ms);
  if (since_ms !== null && !(time_ms >= since_ms)) return false;
  if (until_ms !== null && !(time_ms < until_ms)) return false;
  if (filter.hour === '') return true;
  const of_day_ms = (((time_ms + offset_ms(filter)) % day_ms) + day_ms) % day_ms;
  return Math.floor(of_day_ms / hour_ms) === Number(filter.hour);
}
