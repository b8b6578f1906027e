// Purpose: events, errors, tokens and cost over the chosen range, for everything or for one key: an agent, a model.
// Invariants: the last hour of everything is the live series, which pushed events advance; any other range is the
// node's rollups, asked again by interval. Steps without data are zeros, because rollups leave them out.
import { useMemo } from 'react';
import type { RollupQuery } from '../api/client.ts';
import type { RollupItem } from '../api/types.ts';
import { resolution_ms, span_at, steps_of, type RangeChoice, type Resolution, type Span } from '../filters/time_range.ts';
import { total_tokens } from '../format/numbers.ts';
import type { KeyTotal } from '../live/keyed_totals.ts';
import type { Minute } from '../live/rollup_series.ts';
import { use_store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';
import { use_answer, type Read } from './use_read.ts';

export interface Rollups {
  readonly span: Span;
  readonly items: readonly RollupItem[];
}

export type Dimension = NonNullable<RollupQuery['by']>;

export function use_rollups(by: Dimension, key: string | undefined, range: RangeChoice, enabled = true): Read<Rollups> {
  const { room } = use_session();
  return use_answer<Rollups>(['rollups', by, key ?? '', range], { range, enabled }, async (signal) => {
    const span = span_at(range, Date.now());
    const step = resolution_ms[span.resolution];
    const since = new Date(Math.floor(span.since_ms / step) * step).toISOString();
    const until = new Date(span.until_ms).toISOString();
    const query = { resolution: span.resolution, by, since, until, ...(key === undefined ? {} : { key }) };
    return { span, items: await room.api.rollups(query, signal) };
  });
}

export interface UsageView {
  readonly loaded: boolean;
  readonly error: unknown;
  readonly again: () => void;
  readonly resolution: Resolution;
  readonly steps: readonly Minute[];
}

export function usage_steps({ span, items }: Rollups): Minute[] {
  const known = new Map(items.map((item) => [Date.parse(item.time), item]));
  return steps_of(span).map((time_ms) => {
    const item = known.get(time_ms);
    return {
      time_ms,
      count: item?.count ?? 0,
      errors: item?.errors ?? 0,
      input: item?.tokens?.input ?? 0,
      output: item?.tokens?.output ?? 0,
      cost_usd: item?.cost_usd ?? 0,
    };
  });
}

const is_live = (range: RangeChoice): boolean => range.kind === 'last' && range.preset === '1h';

export function use_usage(range: RangeChoice): UsageView {
  const { room } = use_session();
  const live = is_live(range);
  const minutes = use_store(room.minutes);
  const minutes_loaded = use_store(room.minutes_loaded);
  const stored = use_rollups('all', undefined, range, !live);
  const stored_steps = useMemo(() => (stored.data ? usage_steps(stored.data) : []), [stored.data]);
  return {
    loaded: live ? minutes_loaded : stored.data !== undefined,
    error: live ? null : stored.error,
    again: () => void stored.refetch(),
    resolution: live ? 'minute' : (stored.data?.span.resolution ?? 'hour'),
    steps: live ? minutes : stored_steps,
  };
}

/** Totals by key over the whole range, dearest first. */
export function totals_by_key(items: readonly RollupItem[]): KeyTotal[] {
  const sums = new Map<string, KeyTotal>();
  for (const item of items) {
    if (!item.key) continue;
    const before = sums.get(item.key);
    sums.set(item.key, {
      key: item.key,
      count: (before?.count ?? 0) + item.count,
      errors: (before?.errors ?? 0) + item.errors,
      tokens: (before?.tokens ?? 0) + total_tokens(item.tokens),
      cost_usd: (before?.cost_usd ?? 0) + (item.cost_usd ?? 0),
    });
  }
  return [...sums.values()].sort((a, b) => b.cost_usd - a.cost_usd || b.count - a.count || (a.key < b.key ? -1 : 1));
}

export function use_key_totals(by: 'model' | 'tool', range: RangeChoice): readonly KeyTotal[] {
  const { room } = use_session();
  const live = is_live(range);
  const keyed = use_store(room.keyed);
  const stored = use_rollups(by, undefined, range, !live);
  const totals = useMemo(() => totals_by_key(stored.data?.items ?? []), [stored.data]);
  return live ? keyed[by === 'model' ? 'models' : 'tools'] : totals;
}
