// Purpose: how a chart of a dashboard asks for its figures.
// Invariants: charts that show the same share one answer. What is not to be in real time has an answer of its own, which
// no push refreshes.
import type { Chart } from '../../api/dashboards.ts';
import { moments_of, use_answer, type Read } from '../../queries/use_read.ts';
import { span_at } from '../../filters/time_range.ts';
import type { Query } from '../../api/client.ts';
import { use_range } from '../../routing/range.ts';
import { use_session } from '../../session/room_context.ts';

export interface Pace {
  readonly every_ms: number;
  /** whether pushes refresh the figures */
  readonly real_time: boolean;
}

export interface ChartProps {
  readonly chart: Chart;
  readonly title: string;
  readonly pace: Pace;
}

/** Where nothing is pushed, figures are asked for at the interval; else it is only for what no push tells of. */
const pushed_every_ms = 15_000;
export const every_ms_of = ({ every_ms, real_time }: Pace): number =>
  real_time ? Math.max(every_ms, pushed_every_ms) : every_ms;

/** What `live_topic` refreshes begins with the path. */
export const key_start = (path: string, { real_time }: Pace): string => (real_time ? path : `at intervals: ${path}`);

export function use_chart_read<T>(path: string, params: Query, pace: Pace): Read<T> {
  const { room } = use_session();
  const range = use_range();
  const key = [key_start(path, pace), params, range];
  return use_answer<T>(key, { range, every_ms: every_ms_of(pace) }, (signal) =>
    room.api.read<T>(`/api/v2${path}`, { ...params, ...moments_of(span_at(range, Date.now())) }, signal),
  );
}
