// Purpose: what the node pushes about figures: draw the difference at once, ask for the figures again soon.
// Invariants: a topic is joined while somebody looks. A push after a quiet time is acted on at once, many of them cause
// one question each interval, a second unless said otherwise, for each answer. A node that does not know the topic is not asked for it again; the answers are
// then refreshed by their interval.
import { useQueryClient, type Query, type QueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { Store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';
import { RefreshPace } from './refresh_pace.ts';

export type InsightTopic = 'memory' | 'tokens' | 'knowledge' | 'collaboration' | 'teams' | 'patterns';

const refresh_ms = 1_000;

export interface Changed {
  readonly events?: number;
  readonly agents?: readonly string[];
  readonly edges?: readonly { readonly from: string; readonly to: string; readonly count: number; readonly errors: number }[];
  readonly tiers?: { readonly [tier: string]: { readonly hits: number } };
}

/** How answers are asked for again: those whose path begins with one of `paths`, a line each. */
function pace_of(queries: QueryClient, paths: string, interval_ms: number): RefreshPace {
  const wanted = paths.split('\n');
  const predicate = ({ queryKey: [path] }: Query): boolean =>
    typeof path === 'string' && wanted.some((start) => path.startsWith(start));
  const first_answer_under_way = (): boolean =>
    queries.getQueryCache().findAll({ predicate, fetchStatus: 'fetching' }).some(({ state }) => state.data === undefined);
  const pace: RefreshPace = new RefreshPace(async () => {
    // A first question is not asked anew, and its answer may be older than what was pushed. Any other one is.
    const may_be_old = first_answer_under_way();
    await queries.invalidateQueries({ predicate });
    if (may_be_old) pace.news();
  }, interval_ms);
  return pace;
}

/** The same when what is pushed elsewhere has changed: the feed of an agent. */
export function use_refresh_with<T>(store: Store<T>, paths: readonly string[]): void {
  const queries = useQueryClient();
  const prefixes = paths.join('\n');
  useEffect(() => {
    const pace = pace_of(queries, prefixes, refresh_ms);
    const leave = store.subscribe(() => pace.news());
    return () => {
      leave();
      pace.stop();
    };
  }, [queries, store, prefixes]);
}

/** Refreshes every answer whose path begins with one of `paths` when the topic says that something changed. */
export function use_live_topic(
  topic: InsightTopic,
  paths: readonly string[],
  on_changed?: (changed: Changed) => void,
  interval_ms = refresh_ms,
): void {
  const { room } = use_session();
  const queries = useQueryClient();
  const handler = useRef(on_changed);
  const prefixes = paths.join('\n');
  useEffect(() => {
    handler.current = on_changed;
  });

  useEffect(() => {
    const pace = pace_of(queries, prefixes, interval_ms);
    const joined = room.link.join(`insight:${topic}`, 'optional', ['changed', 'limit'], {
      on_joined: (outcome) => {
        if (outcome !== 'resumed') pace.doubt();
      },
      on_push: (event, payload) => {
        if (event === 'changed') handler.current?.(payload as Changed);
        pace.news();
      },
      on_refused: () => room.link.leave(joined),
    });
    return () => {
      pace.stop();
      room.link.leave(joined);
    };
  }, [room, queries, topic, prefixes, interval_ms]);
}
