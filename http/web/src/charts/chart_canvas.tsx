// Purpose: draws a panel's series with ECharts. Loaded only when a chart is shown.
// Invariants: canvas only, and the tooltip is drawn on it too, so the page's content security policy needs no
// exception. No animation where the reader asked for less motion.
import { BarChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsType } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { resolved_colour, shade } from '../design/theme.ts';
import { minute_time } from '../format/times.ts';
import { use_store } from '../live/store.ts';
import type { ChartPanelProps } from './chart_panel.tsx';

use([BarChart, GridComponent, TooltipComponent, CanvasRenderer]);

export default function ChartCanvas(props: ChartPanelProps) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const shown_shade = use_store(shade);

  useEffect(() => {
    const place = element.current;
    if (!place) return undefined;
    const instance = init(place, null, { renderer: 'canvas' });
    chart.current = instance;
    const watch = new ResizeObserver(() => instance.resize());
    watch.observe(place);
    return () => {
      watch.disconnect();
      instance.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(option_of(props));
  }, [props, shown_shade]);

  return <div ref={element} className="chart_canvas" />;
}

function option_of({ times, series, exact, short }: ChartPanelProps) {
  const ink = resolved_colour('--ink_soft');
  const line = resolved_colour('--line');
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  return {
    animation: !still,
    animationDurationUpdate: 300,
    grid: { left: 4, right: 4, top: 10, bottom: 4, containLabel: true },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      confine: true,
      axisPointer: { type: 'shadow', shadowStyle: { color: line, opacity: 0.5 } },
      backgroundColor: resolved_colour('--surface_raised'),
      borderColor: line,
      textStyle: { color: resolved_colour('--ink'), fontSize: 12 },
      valueFormatter: (value: unknown) => exact(typeof value === 'number' ? value : 0),
    },
    xAxis: {
      type: 'category',
      data: times.map((time) => minute_time(time)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: line } },
      axisLabel: { color: ink, fontSize: 11, interval: 9 },
    },
    yAxis: {
      type: 'value',
      splitNumber: 3,
      axisLabel: { color: ink, fontSize: 11, formatter: (value: number) => short(value) },
      splitLine: { lineStyle: { color: line } },
    },
    series: series.map((values) => ({
      type: 'bar',
      name: values.name,
      stack: 'all',
      barCategoryGap: '25%',
      itemStyle: { color: resolved_colour(values.colour) },
      data: [...values.values],
    })),
  };
}
