// Purpose: what can be done to the charts of a dashboard, each thing as a change that can be shown before it is stored and
// sent again after it could not be.
// Invariants: pure. A change names only what it changes, so it can be applied to what others have made of the rest.
import { grid_columns_max, rows_max, type Chart, type Dashboard } from '../api/dashboards.ts';

export type ChartOp =
  | { readonly kind: 'put'; readonly chart: Chart }
  | { readonly kind: 'resize'; readonly id: string; readonly cols: number; readonly rows: number }
  /** to stand before another; null: at the end */
  | { readonly kind: 'move'; readonly id: string; readonly before: string | null }
  | { readonly kind: 'remove'; readonly id: string };

type Charts = readonly Chart[];

export function applied(charts: Charts, op: ChartOp): Charts {
  switch (op.kind) {
    case 'put': {
      const known = charts.some(({ id }) => id === op.chart.id);
      return known ? charts.map((chart) => (chart.id === op.chart.id ? op.chart : chart)) : [...charts, op.chart];
    }
    case 'resize':
      return charts.map((chart) => (chart.id === op.id ? { ...chart, cols: op.cols, rows: op.rows } : chart));
    case 'move':
      return moved(charts, op.id, op.before);
    case 'remove':
      return charts.filter(({ id }) => id !== op.id);
  }
}

export function applied_all(dashboard: Dashboard, ops: readonly ChartOp[]): Dashboard {
  return ops.reduce((now, op) => ({ ...now, charts: applied(now.charts, op) }), dashboard);
}

const within = (value: number, most: number): number => Math.max(1, Math.min(most, value));

/** So many columns wider and rows taller than it is seen now; undefined: it is so already. */
export function resized(chart: Chart, by: { readonly cols: number; readonly rows: number }, columns: number): ChartOp | undefined {
  const seen = within(chart.cols, columns);
  const cols = within(seen + by.cols, Math.min(columns, grid_columns_max));
  const rows = within(chart.rows + by.rows, rows_max);
  return cols === seen && rows === chart.rows ? undefined : { kind: 'resize', id: chart.id, cols, rows };
}

/** One that is gone, or was to stand before itself, moves nothing; before one that is gone is at the end. */
export function moved(charts: Charts, id: string, before: string | null): Charts {
  const chart = charts.find((each) => each.id === id);
  if (!chart || before === id) return charts;
  const others = charts.filter((each) => each.id !== id);
  const at = before === null ? -1 : others.findIndex((each) => each.id === before);
  return at < 0 ? [...others, chart] : [...others.slice(0, at), chart, ...others.slice(at)];
}

/** Before which one a chart stands after a step earlier or later; undefined: there is no such step. */
export function step_target(charts: Charts, id: string, step: -1 | 1): string | null | undefined {
  const at = charts.findIndex((each) => each.id === id);
  const to = at + step;
  if (at < 0 || to < 0 || to >= charts.length) return undefined;
  return step < 0 ? (charts[to]?.id ?? null) : (charts[to + 1]?.id ?? null);
}

/** What takes a removal back: the chart as it was, where it stood. */
export function restored(charts: Charts, id: string): ChartOp[] {
  const at = charts.findIndex((each) => each.id === id);
  const chart = charts[at];
  if (!chart) return [];
  const next = charts[at + 1];
  const put: ChartOp = { kind: 'put', chart };
  return next ? [put, { kind: 'move', id, before: next.id }] : [put];
}
