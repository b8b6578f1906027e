// Purpose: what the node pushes about figures: draw the difference at once, ask for the figures again soon.
// Invariants: a topic is joined while somebody looks. Pushes cause at most one question a second for each answer.
// A node that does not know the topic is not asked for it again; the answers are then refreshed by their interval.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { use_session } from '../session/room_context.ts';

export type InsightTopic = 'memory' | 'tokens' | 'knowledge' | 'collaboration' | 'teams' | 'patterns';

const refresh_ms = 1_000;

export interface Changed {
  readonly events?: number;
  readonly agents?: readonly string[];
  readonly edges?: readonly { readonly from: string; readonly to: string; readonly count: number; readonly errors: number }[];
  readonly tiers?: { readonly [tier: string]: { readonly hits: number } };
}

/** Refreshes every answer whose path begins with one of `paths` when the topic says that something changed. */
export function use_live_topic(
  topic: InsightTopic,
  paths: readonly string[],
  on_changed?: (changed: Changed) => void,
): void {
  const { room } = use_session();
  const queries = useQueryClient();
  const handler = useRef(on_changed);
  const prefixes = paths.join('\n');
  useEffect(() => {
    handler.current = on_changed;
  });

  useEffect(() => {
    const wanted = prefixes.split('\n');
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh_now = (): void => {
      timer = undefined;
      const concerned = (key: readonly unknown[]): boolean =>
        typeof key[0] === 'string' && wanted.some((path) => String(key[0]).startsWith(path));
      void queries.invalidateQueries({ predicate: ({ queryKey }) => concerned(queryKey) }, { cancelRefetch: false });
    };
    const refresh_soon = (): void => {
      timer ??= setTimeout(refresh_now, refresh_ms);
    };
    const joined = room.link.join(`insight:${topic}`, 'optional', ['changed', 'limit'], {
      on_joined: (outcome) => {
        if (outcome !== 'resumed') refresh_soon();
      },
      on_push: (event, payload) => {
        if (event === 'changed') handler.current?.(payload as Changed);
        refresh_soon();
      },
      on_refused: () => room.link.leave(joined),
    });
    return () => {
      clearTimeout(timer);
      room.link.leave(joined);
    };
  }, [room, queries, topic, prefixes]);
}
