// Purpose: what a chart of a dashboard may show: each view with its measures, what they may be grouped by, how they may be
// drawn and narrowed. Beside the node's own table, it leaves out what the node has no figures for.
// Invariant: pure. A source that is repaired is allowed.
import type { Chart, ChartSource, ChartType, FilterField, SourceGroup, SourceMeasure, SourceView } from '../api/dashboards.ts';

interface ViewRules {
  readonly measures: readonly SourceMeasure[];
  readonly groups: readonly SourceGroup[];
  readonly types: readonly ChartType[];
  readonly filters: readonly FilterField[];
}

export const view_rules: { readonly [view in SourceView]: ViewRules } = {
  usage: {
    measures: ['events', 'errors', 'error_rate', 'tokens', 'cost_usd', 'duration_p50', 'duration_p95'],
    groups: ['none', 'agent', 'team', 'model', 'tool'],
    types: ['line', 'area', 'bar', 'pie', 'scatter', 'gauge', 'table'],
    filters: ['agent_id', 'team', 'model', 'tool'],
  },
  memory: {
    measures: ['accesses', 'hit_rate', 'latency_p50', 'latency_p95', 'cost_usd'],
    groups: ['tier'],
    types: ['bar', 'pie', 'gauge', 'table', 'line', 'area', 'scatter'],
    filters: ['agent_id', 'team'],
  },
  knowledge: {
    measures: ['accesses', 'misses'],
    groups: ['item'],
    types: ['heatmap', 'table', 'graph', 'bar', 'pie'],
    filters: ['agent_id', 'team'],
  },
  collaboration: {
    measures: ['interactions', 'errors'],
    groups: ['agent'],
    types: ['graph', 'table', 'bar', 'heatmap'],
    filters: ['agent_id', 'team'],
  },
  teams: {
    measures: ['utilisation', 'events', 'cost_usd'],
    groups: ['team'],
    types: ['bar', 'pie', 'gauge', 'table', 'scatter'],
    filters: ['team'],
  },
  agents: {
    measures: ['events'],
    groups: ['agent'],
    types: ['table', 'timeline', 'scatter', 'bar'],
    filters: ['agent_id', 'team'],
  },
};

/** Measures whose parts make a whole. */
const adds_up: ReadonlySet<SourceMeasure> = new Set([
  'events',
  'errors',
  'tokens',
  'cost_usd',
  'accesses',
  'misses',
  'interactions',
]);
export const is_share = (measure: SourceMeasure): boolean => ['error_rate', 'hit_rate', 'utilisation'].includes(measure);
export const is_duration = (measure: SourceMeasure): boolean => /^(duration|latency)_/.test(measure);
export const is_sum = (measure: SourceMeasure): boolean => adds_up.has(measure);

/** How a measure may be drawn: parts of a whole add up, medians are not kept over time, misses are of no item. */
export function types_of({ view, measure }: Pick<ChartSource, 'view' | 'measure'>): readonly ChartType[] {
  return view_rules[view].types.filter((type) => {
    if (type === 'pie') return is_sum(measure);
    if (measure === 'latency_p50' && (type === 'line' || type === 'area')) return false;
    return !(measure === 'misses' && (type === 'heatmap' || type === 'graph'));
  });
}

/** Durations are kept over all, and by agent, model and tool. */
export function groups_of({ view, measure }: Pick<ChartSource, 'view' | 'measure'>, type: ChartType): readonly SourceGroup[] {
  return view_rules[view].groups.filter((group) => {
    if (view === 'usage' && is_duration(measure) && group === 'team') return false;
    return !(type === 'pie' && group === 'none');
  });
}

const field_of_group: { readonly [group in SourceGroup]?: FilterField } = {
  agent: 'agent_id',
  team: 'team',
  model: 'model',
  tool: 'tool',
};

export function filters_of(source: Pick<ChartSource, 'view' | 'measure' | 'group_by'>): readonly FilterField[] {
  const all = view_rules[source.view].filters;
  if (source.view !== 'usage' || !is_duration(source.measure)) return all;
  if (source.group_by === 'none') return all.filter((field) => field !== 'team');
  return all.filter((field) => field === field_of_group[source.group_by]);
}

/** The nearest that is allowed, keeping what it can in the order of: view, measure, type, group, filters. */
export function repaired(chart: Chart): Chart {
  const { source } = chart;
  const rules = view_rules[source.view];
  const nearest = <Value>(wanted: Value, offered: readonly Value[]): Value =>
    offered.includes(wanted) ? wanted : (offered[0] ?? wanted);
  const measure = nearest(source.measure, rules.measures);
  const type = nearest(chart.type, types_of({ view: source.view, measure }));
  const group_by = nearest(source.group_by, groups_of({ view: source.view, measure }, type));
  const fields = filters_of({ view: source.view, measure, group_by });
  const kept = fields.filter((field) => (source.filters[field] ?? '') !== '').map((field) => [field, source.filters[field]]);
  return {
    ...chart,
    type,
    max: type === 'gauge' ? chart.max : null,
    source: { ...source, measure, group_by, filters: Object.fromEntries(kept) as ChartSource['filters'] },
  };
}

/** Why a chart cannot show anything as it is. */
export function obstacle_of({ type, source }: Pick<Chart, 'type' | 'source'>): 'agent' | 'filters' | 'not_kept' | null {
  if (type === 'timeline' && !source.filters.agent_id) return 'agent';
  if (!types_of(source).includes(type) || !groups_of(source, type).includes(source.group_by)) return 'not_kept';
  const fields = filters_of(source);
  const set = Object.entries(source.filters).filter(([, value]) => value !== '');
  if (set.some(([field]) => !fields.includes(field as FilterField))) return 'filters';
  return source.view === 'usage' && is_duration(source.measure) && set.length > 1 ? 'filters' : null;
}
