// Purpose: the shapes of dashboards and their charts, as in /openapi.json.
// Invariant: these are wire names (snake_case); a chart says what it shows, and no figure is in it.
import type { Preset } from '../filters/time_range.ts';

export const chart_types = [
  'line',
  'area',
  'bar',
  'pie',
  'scatter',
  'heatmap',
  'gauge',
  'table',
  'graph',
  'timeline',
] as const;
export type ChartType = (typeof chart_types)[number];

export const source_views = ['usage', 'memory', 'knowledge', 'collaboration', 'teams', 'agents'] as const;
export type SourceView = (typeof source_views)[number];

export type SourceMeasure =
  | 'events'
  | 'errors'
  | 'error_rate'
  | 'tokens'
  | 'cost_usd'
  | 'duration_p50'
  | 'duration_p95'
  | 'accesses'
  | 'hit_rate'
  | 'latency_p50'
  | 'latency_p95'
  | 'misses'
  | 'interactions'
  | 'utilisation';

export type SourceGroup = 'none' | 'agent' | 'team' | 'model' | 'tool' | 'tier' | 'item';

export const filter_fields = ['agent_id', 'team', 'model', 'tool'] as const;
export type FilterField = (typeof filter_fields)[number];
export type SourceFilters = { readonly [field in FilterField]?: string };

export interface ChartSource {
  readonly view: SourceView;
  readonly measure: SourceMeasure;
  readonly group_by: SourceGroup;
  readonly top: number;
  readonly filters: SourceFilters;
}

export interface Chart {
  readonly id: string;
  readonly type: ChartType;
  readonly title: string;
  /** in units of the grid */
  readonly cols: number;
  readonly rows: number;
  readonly real_time: boolean;
  readonly interactive: boolean;
  readonly source: ChartSource;
  /** full scale of a gauge; null: 1 for rates, else the largest so far */
  readonly max: number | null;
}

export interface DashboardSettings {
  readonly title: string;
  readonly description: string;
  readonly grid_columns: number;
  readonly time_range: Preset;
  /** milliseconds */
  readonly update_interval: number;
  readonly real_time: boolean;
  readonly show_metrics: boolean;
}

export interface DashboardStamp {
  readonly dashboard_id: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly updated_by: string;
}

export interface Dashboard extends DashboardSettings, DashboardStamp {
  readonly charts: readonly Chart[];
}

export interface DashboardItem extends DashboardSettings, DashboardStamp {
  readonly chart_count: number;
}

/** As one may post it. */
export type NewDashboard = Partial<DashboardSettings> & { readonly title: string; readonly charts: readonly Chart[] };

export interface DashboardTemplate {
  readonly template_id: string;
  readonly dashboard: NewDashboard;
}

export const charts_max = 48;
export const rows_max = 12;
export const grid_columns_max = 24;
