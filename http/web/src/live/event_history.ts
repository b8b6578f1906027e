// Purpose: the stored events below the pushed ones: loaded by REST, newest first, page by page.
// Invariants:
// - Loading starts after the topic was joined (generation > 0), so the two overlap rather than leave a gap; the
//   overlap is removed where the two lists meet, by `below`.
// - A page that could not be loaded is tried again until it is.
// - A filter may speak of several spans of time: the next older one is gone on with when one has been read to its end.
// - When pushed events were let go (cuts), what was loaded here no longer adjoins them and is dropped.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ApiClient } from '../api/client.ts';
import { message_of } from '../api/problem.ts';
import type { AgentEvent } from '../api/types.ts';
import { asked_of_node, type EventFilter } from '../filters/event_filter.ts';
import { before_moment, spans_of, type EventSpan } from '../filters/event_spans.ts';
import type { LogEntry, LogView } from './event_log.ts';

const page_size = 100;
const typing_pause_ms = 250;
const retry_ms = 3_000;

/** Where reading goes on: in the first of the spans. */
export interface Place {
  readonly spans: readonly EventSpan[];
  readonly cursor: string | undefined;
}

export interface History {
  readonly events: readonly AgentEvent[];
  /** undefined: nothing asked yet; null: there are no older ones */
  readonly next: Place | null | undefined;
  readonly loading: boolean;
  readonly error: string | null;
}

const nothing: History = { events: [], next: undefined, loading: false, error: null };

/** `until` excludes its instant; an event of the same millisecond may not have been held any more. */
function just_after(time: string | undefined): number | undefined {
  const time_ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(time_ms) ? undefined : time_ms + 1;
}

function first_place(filter: EventFilter, end_ms: number | undefined): Place | null {
  const spans = spans_of(filter, Date.now());
  const asked = end_ms === undefined ? spans : before_moment(spans, end_ms);
  return asked.length === 0 ? null : { spans: asked, cursor: undefined };
}

export function place_after({ spans }: Place, cursor: string | null): Place | null {
  if (cursor !== null) return { spans, cursor };
  return spans.length > 1 ? { spans: spans.slice(1), cursor: undefined } : null;
}

interface Stored {
  readonly events: readonly AgentEvent[];
  readonly next: Place | null;
}

/** A page of events; what ends within the page is gone on with in the next span. */
export async function read_on(api: ApiClient, filter: EventFilter, from: Place | null, signal: AbortSignal): Promise<Stored> {
  const events: AgentEvent[] = [];
  let next = from;
  let ended = true;
  const moment = (ms: number | null | undefined): string => (typeof ms === 'number' ? new Date(ms).toISOString() : '');
  while (next !== null && ended && events.length < page_size) {
    const [span] = next.spans;
    const when = { since: moment(span?.since_ms), until: moment(span?.until_ms) };
    const page = await api.events({ ...asked_of_node(filter), ...when, limit: page_size, cursor: next.cursor }, signal);
    events.push(...page.items);
    next = place_after(next, page.next_cursor);
    ended = page.next_cursor === null;
  }
  return { events, next };
}

/** The stored events that are not among the pushed ones. */
export function below(pushed: readonly LogEntry[], stored: readonly AgentEvent[]): AgentEvent[] {
  const shown = new Set(pushed.map(({ event }) => event.id));
  return stored.filter((event) => !shown.has(event.id));
}

export function use_event_history(
  api: ApiClient,
  filter: EventFilter,
  log: LogView,
): History & { readonly load_older: () => void } {
  const [history, set_history] = useState<History>(nothing);
  const running = useRef<AbortController | null>(null);
  const { q } = filter;

  const load = useCallback(
    async (after: History, end_ms: number | undefined): Promise<void> => {
      running.current?.abort();
      const abort = new AbortController();
      running.current = abort;
      set_history({ ...after, loading: true, error: null });
      try {
        const from = after.next ?? first_place(filter, end_ms);
        const { events, next } = await read_on(api, filter, from, abort.signal);
        if (!abort.signal.aborted) set_history({ events: [...after.events, ...events], next, loading: false, error: null });
      } catch (error) {
        if (!abort.signal.aborted) set_history({ ...after, loading: false, error: message_of(error) });
      }
    },
    [api, filter],
  );

  useEffect(() => {
    set_history((before) => (before === nothing ? before : { ...nothing, loading: log.cuts === 0 }));
    if (log.generation === 0 || log.cuts > 0) return undefined;
    const timer = setTimeout(() => void load(nothing, undefined), q === '' ? 0 : typing_pause_ms);
    return () => {
      clearTimeout(timer);
      running.current?.abort();
    };
  }, [load, log.generation, log.cuts, q]);

  const oldest = log.cuts > 0 ? just_after(log.entries.at(-1)?.event.time) : undefined;
  const load_older = useCallback(() => void load(history, oldest), [load, history, oldest]);

  useEffect(() => {
    if (history.error === null) return undefined;
    const timer = setTimeout(() => void load(history, oldest), retry_ms);
    return () => clearTimeout(timer);
  }, [history, load, oldest]);

  return { ...history, load_older };
}
