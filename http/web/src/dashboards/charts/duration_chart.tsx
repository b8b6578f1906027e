// Purpose: how long events took, as the percentiles the node keeps for each step: of all, or by agent, model or tool.
// Invariant: of a whole span no percentile is kept. One figure for it is the mean of its steps, weighted by their events,
// and the chart says so.
import { useMemo } from 'react';
import type { ChartSource, SourceGroup } from '../../api/dashboards.ts';
import type { RollupItem } from '../../api/types.ts';
import type { KeyData, KeyRow } from '../../charts/key_data.ts';
import { TimeChart } from '../../charts/time_chart.tsx';
import { table_of_times, type TimeData } from '../../charts/time_data.ts';
import { state_of } from '../../components/states.tsx';
import { resolution_ms, span_at, steps_of, type Span } from '../../filters/time_range.ts';
import { t } from '../../i18n/i18n.ts';
import { use_answer } from '../../queries/use_read.ts';
import type { Dimension } from '../../queries/usage.ts';
import { between, events_address, use_events_link, type EventCondition } from '../../routing/events_link.ts';
import { use_range } from '../../routing/range.ts';
import { use_session } from '../../session/room_context.ts';
import { group_name, measure_of } from '../words.ts';
import { every_ms_of, key_start, type ChartProps, type Pace } from './chart_read.ts';
import { KeyChart, TableChart } from './key_chart.tsx';
import { line_of, lines_max } from './lines.ts';

interface Steps {
  readonly span: Span;
  readonly items: readonly RollupItem[];
}

const narrowing = [
  ['agent', 'agent_id'],
  ['model', 'model'],
  ['tool', 'tool'],
] as const;

/** The rows that have the durations of a source. */
function asked_of({ group_by, filters }: ChartSource): { readonly by: Dimension; readonly key?: string } {
  const set = narrowing.find(([, field]) => filters[field]);
  if (set) return { by: set[0], key: filters[set[1]] ?? '' };
  return { by: group_by === 'agent' || group_by === 'model' || group_by === 'tool' ? group_by : 'all' };
}

function use_steps(source: ChartSource, pace: Pace) {
  const { room } = use_session();
  const range = use_range();
  const asked = asked_of(source);
  const key = [key_start('rollups', pace), asked.by, asked.key ?? '', range, 'durations'];
  return use_answer<Steps>(key, { range, every_ms: every_ms_of(pace) }, async (signal) => {
    const span = span_at(range, Date.now());
    const step = resolution_ms[span.resolution];
    const since = new Date(Math.floor(span.since_ms / step) * step).toISOString();
    const until = new Date(span.until_ms).toISOString();
    const items = await room.api.rollups({ resolution: span.resolution, since, until, ...asked }, signal);
    return { span, items };
  });
}

export function DurationChart({ chart, title, pace }: ChartProps) {
  const { source, type } = chart;
  const read = use_steps(source, pace);
  const measure = measure_of(source.measure);
  const events = use_events_link();
  const at = percentile_of(source);
  const keys = useMemo(() => by_key(read.data?.items ?? [], at), [read.data, at]);
  const draw = type === 'bar' ? 'bar' : 'line';
  const data = useMemo(() => over_time(read.data, keys.slice(0, lines_max), source, draw), [read.data, keys, source, draw]);
  const state = state_of(read, ({ items }) => items.length === 0);
  const over = type === 'line' || type === 'area' || (source.group_by === 'none' && type === 'bar');
  if (over) {
    return (
      <TimeChart
        title={title}
        data={data}
        exact={measure.exact}
        short={measure.short}
        events={(since_ms, until_ms) => events_address({ ...source.filters }, between(since_ms, until_ms))}
        state={state}
      />
    );
  }
  if (type === 'table' && source.group_by === 'none') {
    return <TableChart title={title} table={table_of_times(data, measure.exact)} state={state} />;
  }
  const largest = Math.max(0, ...data.lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const name_of = (key: string): string => (source.group_by === 'none' ? measure.name : key);
  const rows = keys.slice(0, source.top).map(
    (row): KeyRow => ({ ...row, name: name_of(row.key), to: events({ ...source.filters, ...condition_of_key(source.group_by, row.key) }) }),
  );
  const shown: KeyData = { keys: group_name(source.group_by), rows, rest: null, measure, beside: measure_of('events') };
  return (
    <KeyChart
      chart={chart}
      title={title}
      data={shown}
      state={state}
      note={<p className="note">{t('dashboard.mean_of_steps')}</p>}
      largest={largest}
    />
  );
}

function condition_of_key(group: SourceGroup, key: string): EventCondition {
  const field = narrowing.find(([name]) => name === group)?.[1];
  return field ? { [field]: key } : {};
}

type Percentile = 'p50' | 'p95';
const percentile_of = ({ measure }: ChartSource): Percentile => (measure === 'duration_p50' ? 'p50' : 'p95');

/** The busiest first. */
function by_key(items: readonly RollupItem[], at: Percentile): (KeyRow & { readonly beside: number })[] {
  const sums = new Map<string, { sum: number; events: number }>();
  for (const item of items) {
    const value = item.duration_ms?.[at];
    if (value === undefined) continue;
    const before = sums.get(item.key ?? '') ?? { sum: 0, events: 0 };
    sums.set(item.key ?? '', { sum: before.sum + value * item.count, events: before.events + item.count });
  }
  return [...sums]
    .map(([key, { sum, events }]) => ({ key, name: key, value: events === 0 ? null : sum / events, beside: events }))
    .sort((a, b) => b.beside - a.beside);
}

function over_time(
  steps: Steps | undefined,
  keys: readonly KeyRow[],
  source: ChartSource,
  draw: 'line' | 'bar',
): TimeData {
  const at = percentile_of(source);
  const times = steps ? steps_of(steps.span) : [];
  const known = new Map((steps?.items ?? []).map((item) => [`${item.key ?? ''}\n${Date.parse(item.time)}`, item.duration_ms?.[at] ?? null]));
  const { name } = measure_of(source.measure);
  const lines = keys.map(({ key }, index) =>
    line_of(
      source.group_by === 'none' ? name : key,
      index,
      times.map((time) => known.get(`${key}\n${time}`) ?? null),
      draw,
    ),
  );
  return { times, resolution: steps?.span.resolution ?? 'hour', lines, meaning: 'level' };
}
