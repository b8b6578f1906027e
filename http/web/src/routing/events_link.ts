// Purpose: addresses of the events behind a figure.
// Invariant: a link says both what the figure counts and the span it was counted over, as the page has it: a range up to
// now stays one. So what it leads to is what was counted, also where the address of the page names no range.
import { useCallback } from 'react';
import { filter_to_query, no_filter, type EventFilter, type FilterName } from '../filters/event_filter.ts';
import { range_to_query, type RangeChoice } from '../filters/time_range.ts';
import type { Narrowing } from '../filters/narrowing.ts';
import { use_narrowing } from './narrowed.ts';
import { use_range } from './range.ts';

/** What is undefined does not matter. */
export type EventCondition = { readonly [name in Exclude<FilterName, 'since' | 'until' | 'range'>]?: EventFilter[name] | undefined };

/** null: of all time. */
export function events_address(condition: EventCondition, range: RangeChoice | null): string {
  const span = range === null ? new URLSearchParams() : range_to_query(range);
  const set = Object.entries(condition).filter(([, value]) => value !== undefined);
  const when = Object.fromEntries(span) as Partial<EventFilter>;
  const text = filter_to_query({ ...no_filter, ...when, ...Object.fromEntries(set) }).toString();
  return text === '' ? '/events' : `/events?${text}`;
}

export type EventsLink = (condition: EventCondition, span?: RangeChoice) => string;

/** The link to events in the span of this page, or in a part of it, of what its figures are narrowed to. */
export function use_events_link(): EventsLink {
  const range = use_range();
  const narrowing = use_narrowing();
  return useCallback(
    (condition: EventCondition, span = range) => events_address(narrowed_condition(condition, narrowing), span),
    [range, narrowing],
  );
}

/** A row says more of its events than the view does, but for the type: of another one nothing is counted. */
export function narrowed_condition(condition: EventCondition, narrowing: Narrowing): EventCondition {
  const { status, ...names } = narrowing;
  const of_status: EventCondition = status === 'ok' || status === 'error' ? { status } : {};
  const of_type = narrowing.type === undefined ? {} : { type: narrowing.type };
  return { ...names, ...of_status, ...condition, ...of_type };
}

export function between(since_ms: number, until_ms: number): RangeChoice {
  return { kind: 'between', since_ms, until_ms };
}

/** An hour of the day, as figures count by it. */
export function at_hour(hour: number, utc_offset_minutes: number): EventCondition {
  return { hour: String(hour), utc_offset_minutes: String(utc_offset_minutes) };
}
