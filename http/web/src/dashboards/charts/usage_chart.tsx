// Purpose: events, errors, tokens and cost, over all or by agent, team, model or tool.
// Invariant: a figure leads to the events it counts: those of the chart's filters, of its key, in its span of time.
import { useMemo } from 'react';
import type { ChartSource, SourceFilters, SourceMeasure } from '../../api/dashboards.ts';
import type { TokenRow, TokensBy, TokenSummary, Usage, UsageStep, Window } from '../../api/insight.ts';
import type { KeyData, Measure } from '../../charts/key_data.ts';
import { TimeChart } from '../../charts/time_chart.tsx';
import { moment_of, on_steps, step_end, table_of_times, type Line, type TimeData } from '../../charts/time_data.ts';
import { Exactness, state_of } from '../../components/states.tsx';
import { steps_of } from '../../filters/time_range.ts';
import { total_tokens } from '../../format/numbers.ts';
import { between, events_address, use_events_link, type EventCondition } from '../../routing/events_link.ts';
import { is_duration, is_sum } from '../sources.ts';
import { group_name, measure_of } from '../words.ts';
import { use_chart_read, type ChartProps } from './chart_read.ts';
import { DurationChart } from './duration_chart.tsx';
import { KeyChart, TableChart } from './key_chart.tsx';
import { line_of, lines_max } from './lines.ts';

/** The node sorts by three figures; for the others, so many are asked for and sorted here. */
const asked_max = 100;
const orders: { readonly [measure in SourceMeasure]?: string } = { tokens: 'tokens', cost_usd: 'cost' };

export function UsageChart(props: ChartProps) {
  const { source } = props.chart;
  if (is_duration(source.measure)) return <DurationChart {...props} />;
  return source.group_by === 'none' ? <OverAll {...props} /> : <ByKey {...props} />;
}

export function value_of(measure: SourceMeasure, usage: Usage): number | null {
  switch (measure) {
    case 'errors':
      return usage.errors;
    case 'error_rate':
      return usage.events === 0 ? null : usage.errors / usage.events;
    case 'tokens':
      return total_tokens(usage.tokens);
    case 'cost_usd':
      return usage.cost_usd;
    default:
      return usage.events;
  }
}

/** What the counted events have in common. */
export function condition_of({ measure, filters }: Pick<ChartSource, 'measure' | 'filters'>): EventCondition {
  const kind: EventCondition =
    measure === 'errors' || measure === 'error_rate'
      ? { status: 'error' }
      : measure === 'tokens' || measure === 'cost_usd'
        ? { type: 'llm.call' }
        : {};
  return { ...filters, ...kind };
}

/** Against what a measure is set in a scatter chart. */
const measure_beside = (measure: SourceMeasure): SourceMeasure => (measure === 'events' ? 'cost_usd' : 'events');

export const times_of = (window: Window): number[] =>
  steps_of({ since_ms: Date.parse(window.from), until_ms: Date.parse(window.to), resolution: window.bucket });

const no_series: readonly UsageStep[] = [];

function OverAll({ chart, title, pace }: ChartProps) {
  const { source, type } = chart;
  const read = use_chart_read<TokenSummary>('/tokens/summary', { ...source.filters }, pace);
  const measure = measure_of(source.measure);
  const condition = condition_of(source);
  const events = use_events_link();
  const draw = type === 'line' || type === 'area' ? type : 'bar';
  const data = useMemo(() => over_time(read.data, source.measure, draw), [read.data, source.measure, draw]);
  const state = state_of(read);
  if (type === 'line' || type === 'area' || type === 'bar') {
    return (
      <TimeChart
        title={title}
        data={data}
        exact={measure.exact}
        short={measure.short}
        events={(since_ms, until_ms) => events_address(condition, between(since_ms, until_ms))}
        state={state}
        note={<Exactness data={read.data} />}
      />
    );
  }
  if (type === 'table') {
    return <TableChart title={title} table={table_of_times(data, measure.exact)} state={state} note={<Exactness data={read.data} />} />;
  }
  const total: KeyData = {
    keys: measure.name,
    rest: null,
    measure,
    rows: [{ key: 'all', name: measure.name, value: read.data ? value_of(source.measure, read.data.total) : null, to: events(condition) }],
  };
  const before = read.data?.previous ? value_of(source.measure, read.data.previous) : null;
  return (
    <KeyChart
      chart={chart}
      title={title}
      data={type === 'scatter' ? steps_as_points(read.data, source.measure, condition, data) : total}
      state={state}
      note={<Exactness data={read.data} />}
      largest={before ?? 0}
    />
  );
}

function over_time(answer: TokenSummary | undefined, measure: SourceMeasure, draw: 'line' | 'area' | 'bar'): TimeData {
  const window = answer?.window;
  const times = window ? times_of(window) : [];
  const { name } = measure_of(measure);
  const values = on_steps(times, answer?.series ?? no_series, (step) => value_of(measure, step), is_sum(measure) ? 0 : null);
  const resolution = window?.bucket ?? 'hour';
  const line: Line = { name, colour: '--series_1', values, draw };
  return { times, resolution, lines: [line], meaning: is_sum(measure) ? 'per_step' : 'level' };
}

function steps_as_points(
  answer: TokenSummary | undefined,
  measure: SourceMeasure,
  condition: EventCondition,
  data: TimeData,
): KeyData {
  const beside = measure_beside(measure);
  const moment = moment_of(data);
  const index_of = new Map(data.times.map((time, index) => [time, index]));
  return {
    keys: group_name('none'),
    rest: null,
    measure: measure_of(measure),
    beside: measure_of(beside),
    rows: (answer?.series ?? no_series).map((step) => {
      const time = Date.parse(step.time);
      return {
        key: step.time,
        name: moment(time),
        value: value_of(measure, step),
        beside: value_of(beside, step),
        to: events_address(condition, between(time, step_end(data, index_of.get(time) ?? 0))),
      };
    }),
  };
}

const field_of: { readonly [group: string]: keyof SourceFilters } = {
  agent: 'agent_id',
  team: 'team',
  model: 'model',
  tool: 'tool',
};

function ByKey({ chart, title, pace }: ChartProps) {
  const { source, type } = chart;
  const over = type === 'line' || type === 'area';
  const sorts = source.measure === 'errors' || source.measure === 'error_rate';
  const params = {
    dimension: source.group_by,
    order: orders[source.measure] ?? 'events',
    limit: sorts ? asked_max : source.top,
    ...(over ? { series: 'true' } : {}),
    ...source.filters,
  };
  const read = use_chart_read<TokensBy>('/tokens/by', params, pace);
  const measure = measure_of(source.measure);
  const condition = condition_of(source);
  const events = use_events_link();
  const note = <Exactness data={read.data} />;
  const state = state_of(read, ({ items }) => items.length === 0);
  const rows = useMemo(() => sorted(read.data?.items ?? [], source.measure), [read.data, source.measure]);
  const lines = useMemo(
    () => (over && read.data ? lines_by_key(rows, read.data.window, source, type) : null),
    [over, rows, read.data, source, type],
  );
  if (over) {
    return (
      <TimeChart
        title={title}
        data={lines ?? { times: [], resolution: 'hour', lines: [], meaning: 'per_step' }}
        exact={measure.exact}
        short={measure.short}
        events={(since_ms, until_ms) => events_address(condition, between(since_ms, until_ms))}
        state={state}
        note={note}
      />
    );
  }
  const to = (key: string): string | undefined =>
    key === '' ? undefined : events({ ...condition, [field_of[source.group_by] ?? 'agent_id']: key });
  return <KeyChart chart={chart} title={title} data={by_key(rows, read.data, source, measure, to)} state={state} note={note} />;
}

const sorted = (items: readonly TokenRow[], measure: SourceMeasure): TokenRow[] =>
  items.toSorted((a, b) => (value_of(measure, b) ?? -1) - (value_of(measure, a) ?? -1));

const name_of_key = (key: string): string => (key === '' ? '–' : key);

function by_key(
  rows: readonly TokenRow[],
  answer: TokensBy | undefined,
  { measure, group_by, top }: ChartSource,
  shown: Measure,
  to: (key: string) => string | undefined,
): KeyData {
  const cut = rows.slice(top);
  const left = (answer?.other ? (value_of(measure, answer.other) ?? 0) : 0) + cut.reduce((sum, row) => sum + (value_of(measure, row) ?? 0), 0);
  const keys = (answer?.other?.keys ?? 0) + cut.length;
  const beside = measure_beside(measure);
  return {
    keys: group_name(group_by),
    measure: shown,
    beside: measure_of(beside),
    rest: is_sum(measure) && keys > 0 ? { value: left, keys } : null,
    rows: rows.slice(0, top).map((row) => ({
      key: row.key,
      name: name_of_key(row.key),
      value: value_of(measure, row),
      beside: value_of(beside, row),
      to: to(row.key),
    })),
  };
}

function lines_by_key(rows: readonly TokenRow[], window: Window, { measure, top }: ChartSource, type: 'line' | 'area' | string): TimeData {
  const times = times_of(window);
  const lines = rows.slice(0, Math.min(top, lines_max)).map((row, index): Line => {
    const values = on_steps(times, row.series ?? no_series, (step) => value_of(measure, step), is_sum(measure) ? 0 : null);
    return line_of(name_of_key(row.key), index, values, type === 'area' && is_sum(measure) ? 'area' : 'line');
  });
  return { times, resolution: window.bucket, lines, meaning: is_sum(measure) ? 'per_step' : 'level' };
}
