// Purpose: the stored events below the pushed ones: loaded by REST, newest first, page by page.
// Invariants:
// - Loading starts after the topic was joined (generation > 0), so the two overlap rather than leave a gap; the
//   overlap is removed where the two lists meet, by `below`.
// - A page that could not be loaded is tried again until it is.
// - When pushed events were let go (cuts), what was loaded here no longer adjoins them and is dropped.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ApiClient } from '../api/client.ts';
import { message_of } from '../api/problem.ts';
import type { AgentEvent } from '../api/types.ts';
import type { EventFilter } from '../filters/event_filter.ts';
import type { LogEntry, LogView } from './event_log.ts';

const page_size = 100;
const typing_pause_ms = 250;
const retry_ms = 3_000;

export interface History {
  readonly events: readonly AgentEvent[];
  /** undefined: nothing asked yet; null: there are no older ones */
  readonly cursor: string | null | undefined;
  readonly loading: boolean;
  readonly error: string | null;
}

const nothing: History = { events: [], cursor: undefined, loading: false, error: null };

/** `until` excludes its instant; an event of the same millisecond may not have been held any more. */
function just_after(time: string | undefined): string | undefined {
  const time_ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(time_ms) ? undefined : new Date(time_ms + 1).toISOString();
}

function earlier(a: string | undefined, b: string): string | undefined {
  if (a === undefined || b === '') return a ?? b;
  return Date.parse(a) < Date.parse(b) ? a : b;
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
  const { q, until: filter_until } = filter;

  const load = useCallback(
    async (after: History, until: string | undefined): Promise<void> => {
      running.current?.abort();
      const abort = new AbortController();
      running.current = abort;
      set_history({ ...after, loading: true, error: null });
      try {
        const query = { ...filter, q: q.trim(), until: earlier(until, filter_until), limit: page_size };
        const page = await api.events({ ...query, cursor: after.cursor ?? undefined }, abort.signal);
        const events = after.cursor ? [...after.events, ...page.items] : page.items;
        if (!abort.signal.aborted) set_history({ events, cursor: page.next_cursor, loading: false, error: null });
      } catch (error) {
        if (!abort.signal.aborted) set_history({ ...after, loading: false, error: message_of(error) });
      }
    },
    [api, filter, q, filter_until],
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
