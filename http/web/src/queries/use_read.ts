// Purpose: one reading route of the node as a query: kept, shared between components, refreshed while it is looked at.
// Invariants: the key of an answer names the range as it was chosen, not its moments, so a sliding range keeps one
// answer; while a new one is on its way the old one stays on the page. It is asked again when the connection comes
// back, and by whoever knows of something new (see live_topic.ts).
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { Query } from '../api/client.ts';
import { ApiError } from '../api/problem.ts';
import { span_at, type RangeChoice, type Span } from '../filters/time_range.ts';
import { use_store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';

export interface ReadOptions {
  readonly params?: Query;
  readonly range?: RangeChoice;
  readonly every_ms?: number;
  readonly enabled?: boolean;
}

export type Read<T> = UseQueryResult<T>;

const default_every_ms = 15_000;
const refused_every_ms = 60_000;

export function moments_of(span: Span): { readonly from: string; readonly to: string } {
  return { from: new Date(span.since_ms).toISOString(), to: new Date(span.until_ms).toISOString() };
}

/** Under which the answer of a route is kept. */
export function key_of_read(path: string, { params = {}, range }: ReadOptions = {}): readonly unknown[] {
  return [path, params, range ?? null];
}

/** The path below /api/v2; with a range, `from` and `to` are added. */
export function use_read<T>(path: string, options: ReadOptions = {}): Read<T> {
  const { room } = use_session();
  const { params = {}, range } = options;
  return use_answer<T>(key_of_read(path, options), options, (signal) => {
    const moments = range ? moments_of(span_at(range, Date.now())) : {};
    return room.api.read<T>(`/api/v2${path}`, { ...params, ...moments }, signal);
  });
}

/** A route this node does not have is not asked for again, one that cannot answer yet is asked for seldom. */
function next_question_ms(state: { readonly data: unknown; readonly error: unknown }, every_ms: number): number | false {
  if (state.error instanceof ApiError && state.error.status === 404) return false;
  return state.error !== null && state.data === undefined ? Math.max(every_ms, refused_every_ms) : every_ms;
}

/** As use_read, with a question of one's own. Its first key is what `live_topic` refreshes by. */
export function use_answer<T>(
  key: readonly unknown[],
  options: ReadOptions,
  ask: (signal: AbortSignal) => Promise<T>,
): Read<T> {
  const { room } = use_session();
  const { range, every_ms = default_every_ms, enabled = true } = options;
  const { state: link } = use_store(room.link.view);
  const live = link === 'live';
  const sliding = !range || range.kind === 'last';
  const read = useQuery<T>({
    queryKey: key,
    queryFn: ({ signal }) => ask(signal),
    enabled,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (sliding && live ? next_question_ms(state, every_ms) : false),
  });
  const { refetch } = read;
  const before = useRef(link);
  useEffect(() => {
    const came_back = link === 'live' && (before.current === 'recovering' || before.current === 'offline');
    before.current = link;
    if (came_back && enabled) void refetch();
  }, [link, enabled, refetch]);
  return read;
}
