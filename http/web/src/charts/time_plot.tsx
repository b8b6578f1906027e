// Purpose: draws a chart over time with ECharts, and lets it be read and zoomed (see plot_hands.ts).
// Loaded only when a chart is shown.
// Invariants: canvas only, so the page's content security policy needs no exception. To assistive technology the plot
// is a slider over its steps: it says each step's figures when it gets there, and nothing when data arrives.
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { init, use, type EChartsType } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef, useState } from 'react';
import { resolved_colour, shade } from '../design/theme.ts';
import { t } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { picture_of_canvas } from './download.ts';
import { use_plot_hands } from './plot_hands.ts';
import type { TimeData } from './time_data.ts';
import { time_option } from './time_option.ts';
import type { Zoom } from './zoom_tools.tsx';

use([BarChart, LineChart, GridComponent, CanvasRenderer]);

export interface TimePlotProps {
  readonly label: string;
  readonly data: TimeData;
  readonly short: (value: number) => string;
  readonly cursor: number | null;
  readonly set_cursor: (cursor: number | null) => void;
  readonly describe: (index: number) => string;
  readonly pick: (index: number) => void;
  /** what the keys do, at the cursor */
  readonly zoom: Zoom;
  readonly zoom_by: (factor: number, at: number) => void;
  /** two steps, in any order */
  readonly zoom_to: (from: number, to: number) => void;
  readonly give_picture: (picture: () => Promise<Blob | null>) => void;
}

export default function TimePlot(props: TimePlotProps) {
  const { label, data, short, cursor, describe, give_picture } = props;
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const [drawn, set_drawn] = useState(0);
  const shown_shade = use_store(shade);

  useEffect(() => {
    if (!place.current) return undefined;
    const instance = init(place.current, null, { renderer: 'canvas' });
    chart.current = instance;
    const watch = new ResizeObserver(() => {
      instance.resize();
      set_drawn((n) => n + 1);
    });
    watch.observe(place.current);
    return () => {
      watch.disconnect();
      instance.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(time_option(data, short), { replaceMerge: ['series'] });
    set_drawn((n) => n + 1);
  }, [data, short, shown_shade]);

  useEffect(() => {
    give_picture(async () => {
      const canvas = place.current?.querySelector('canvas');
      return canvas ? picture_of_canvas(canvas, resolved_colour('--surface')) : null;
    });
  }, [give_picture]);

  const at = cursor === null ? null : column_of(chart.current, cursor);
  const { keys, pointer, selection } = use_plot_hands(props, chart);
  return (
    <div
      className="plot"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, data.times.length - 1)}
      aria-valuenow={cursor ?? Math.max(0, data.times.length - 1)}
      aria-valuetext={describe(cursor ?? data.times.length - 1)}
      aria-roledescription={t('chart.role')}
      onKeyDown={keys}
      data-drawn={drawn}
      {...pointer}
    >
      <div ref={place} className="plot_canvas" />
      {at && <span className="plot_cursor" style={{ left: at.left, width: at.width }} aria-hidden="true" />}
      {selection && <span className="plot_selection" style={selection} aria-hidden="true" />}
    </div>
  );
}

/** Where a step is on the plot, in pixels. */
function column_of(chart: EChartsType | null, index: number): { left: number; width: number } | null {
  if (!chart?.getOption()) return null;
  const here = Number(chart.convertToPixel({ xAxisIndex: 0 }, index));
  const next = Number(chart.convertToPixel({ xAxisIndex: 0 }, index + 1));
  const width = Math.max(2, Math.abs(next - here));
  return Number.isFinite(here) && Number.isFinite(width) ? { left: here - width / 2, width } : null;
}
