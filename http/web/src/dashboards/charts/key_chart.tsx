// Purpose: figures by key, drawn as the chart asks for: bars, slices, points, dials or a table.
import { useMemo, type ReactNode } from 'react';
import type { Chart } from '../../api/dashboards.ts';
import { BarList } from '../../charts/bar_list.tsx';
import { ChartPanel, FigureTable } from '../../charts/chart_panel.tsx';
import { GaugeChart } from '../../charts/gauge_chart.tsx';
import { known_rows, table_of_keys, type KeyData } from '../../charts/key_data.ts';
import { PieChart } from '../../charts/pie_chart.tsx';
import { ScatterChart } from '../../charts/scatter_chart.tsx';
import type { TableModel } from '../../charts/table_model.ts';
import { is_share } from '../sources.ts';

export interface KeyChartProps {
  readonly chart: Chart;
  readonly title: string;
  readonly data: KeyData;
  readonly state: ReactNode;
  readonly note?: ReactNode;
  /** where more than one figure of a key is worth a column */
  readonly table?: TableModel;
  /** the largest there was before, where it may be larger than what is shown */
  readonly largest?: number;
}

export function KeyChart({ chart, title, data, state, note, table, largest = 0 }: KeyChartProps) {
  const shared = { title, data, state, note };
  switch (chart.type) {
    case 'pie':
      return <PieChart {...shared} />;
    case 'scatter':
      return <ScatterChart {...shared} />;
    case 'gauge':
      return <GaugeChart {...shared} {...scale_of(chart, data, largest)} />;
    case 'table':
      return <TableChart title={title} table={table ?? table_of_keys(data)} state={state} note={note} />;
    default:
      return <BarList {...shared} />;
  }
}

function scale_of(chart: Chart, data: KeyData, largest: number) {
  // A share of all there can be is no limit that one comes near to.
  const share = is_share(chart.source.measure);
  if (share && (chart.max === null || chart.max === 1)) return { full: 1, scale: 'whole' as const };
  if (chart.max !== null) return { full: chart.max, scale: 'chosen' as const };
  return { full: Math.max(largest, ...known_rows(data).map(({ value }) => value)), scale: 'largest' as const };
}

export interface TableChartProps {
  readonly title: string;
  readonly table: TableModel;
  readonly state: ReactNode;
  readonly note?: ReactNode;
}

export function TableChart({ title, table, state, note }: TableChartProps) {
  const shown = useMemo(() => <FigureTable title={title} table={table} />, [title, table]);
  return (
    <ChartPanel title={title} table={table} state={state} note={note}>
      {shown}
    </ChartPanel>
  );
}
