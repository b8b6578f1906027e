// Purpose: draws a chart over time with ECharts, and lets it be read and zoomed: by pointer, by keyboard.
// Loaded only when a chart is shown.
// Invariants: canvas only, so the page's content security policy needs no exception. To assistive technology the plot
// is a slider over its steps: it says each step's figures when it gets there, and nothing when data arrives.
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { init, use, type EChartsType } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { resolved_colour, shade } from '../design/theme.ts';
import { t } from '../i18n/i18n.ts';
import { direction } from '../i18n/locale.ts';
import { use_store } from '../live/store.ts';
import { picture_of_canvas } from './download.ts';
import { step_after_key } from './step_keys.ts';
import type { TimeData } from './time_data.ts';
import { time_option } from './time_option.ts';

use([BarChart, LineChart, GridComponent, CanvasRenderer]);

export interface TimePlotProps {
  readonly label: string;
  readonly data: TimeData;
  readonly short: (value: number) => string;
  readonly cursor: number | null;
  readonly set_cursor: (cursor: number | null) => void;
  readonly describe: (index: number) => string;
  readonly pick: (index: number) => void;
  /** two steps, in any order; without it the plot does not zoom */
  readonly zoom?: ((from: number, to: number) => void) | undefined;
  readonly give_picture: (picture: () => Promise<Blob | null>) => void;
}

const drag_px_min = 6;

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
  const { keys, pointer, selection } = use_hands(props, chart);
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

function use_hands(props: TimePlotProps, chart: { readonly current: EChartsType | null }) {
  const { data, cursor, set_cursor, pick, zoom } = props;
  const [drag, set_drag] = useState<{ from: number; to: number } | null>(null);
  const steps = data.times.length;

  const step_at = (event: PointerEvent<HTMLElement>): number | null => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const index = Number(chart.current?.convertFromPixel({ xAxisIndex: 0 }, x));
    return Number.isFinite(index) ? Math.max(0, Math.min(steps - 1, Math.round(index))) : null;
  };
  const x_of = (event: PointerEvent<HTMLElement>): number =>
    event.clientX - event.currentTarget.getBoundingClientRect().left;

  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = cursor ?? steps - 1;
    const next = step_after_key(event.key, here, steps, direction());
    if (next !== null) set_cursor(next);
    else if (event.key === 'Enter' && cursor !== null) pick(here);
    else if (event.key === 'Escape') set_cursor(null);
    else if (event.key === '+' && zoom) zoom(here - Math.ceil(steps / 8), here + Math.ceil(steps / 8));
    else return;
    event.preventDefault();
  };

  const pointer = {
    onPointerDown: (event: PointerEvent<HTMLElement>): void => {
      if (event.button !== 0 || event.pointerType === 'touch' || !zoom) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      set_drag({ from: x_of(event), to: x_of(event) });
    },
    onPointerMove: (event: PointerEvent<HTMLElement>): void => {
      if (drag) set_drag({ from: drag.from, to: x_of(event) });
      const step = step_at(event);
      if (step !== cursor) set_cursor(step);
    },
    onPointerUp: (event: PointerEvent<HTMLElement>): void => {
      const step = step_at(event);
      set_drag(null);
      if (step === null) return;
      if (drag && Math.abs(drag.to - drag.from) >= drag_px_min) {
        const from = Math.round(Number(chart.current?.convertFromPixel({ xAxisIndex: 0 }, drag.from)));
        if (Number.isFinite(from)) zoom?.(from, step);
      } else if (event.pointerType === 'touch') {
        set_cursor(step);
      } else {
        pick(step);
      }
    },
    onPointerLeave: (event: PointerEvent<HTMLElement>): void => {
      if (event.pointerType !== 'touch' && document.activeElement !== event.currentTarget) set_cursor(null);
    },
  };
  const selection =
    drag && Math.abs(drag.to - drag.from) >= drag_px_min
      ? { left: Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from) }
      : null;
  return { keys, pointer, selection };
}
