// Purpose: what ECharts is told for a chart over time.
// Invariants: time runs in the reading direction: from right to left in Arabic, Hebrew, Persian and Urdu, and the
// scale stands where reading begins. No animation where the reader asked for less motion.
import { resolved_colour } from '../design/theme.ts';
import { direction } from '../i18n/locale.ts';
import { moment_of, type Line, type TimeData } from './time_data.ts';

export const less_motion = (): boolean => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

export function time_option(data: TimeData, short: (value: number) => string) {
  const ink = resolved_colour('--ink_soft');
  const line = resolved_colour('--line');
  const mirrored = direction() === 'rtl';
  const moment = moment_of(data);
  const label = { color: ink, fontSize: 11, lineHeight: 15 };
  return {
    animation: !less_motion(),
    animationDuration: 200,
    animationDurationUpdate: 250,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 2, right: 2, top: 8, bottom: 4, containLabel: true },
    xAxis: {
      type: 'category',
      inverse: mirrored,
      boundaryGap: true,
      data: data.times.map((time) => moment(time)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: line } },
      axisLabel: { ...label, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      position: mirrored ? 'right' : 'left',
      splitNumber: 3,
      axisLabel: { ...label, formatter: (value: number) => short(value) },
      splitLine: { lineStyle: { color: line } },
    },
    series: [...band_series(data), ...data.lines.map((each) => line_series(each))],
  };
}

function line_series(line: Line) {
  const colour = resolved_colour(line.colour);
  const shared = { id: line.name, name: line.name, stack: line.stack, silent: true, data: [...line.values] };
  if ((line.draw ?? 'bar') === 'bar') {
    return { ...shared, type: 'bar', barCategoryGap: '25%', barMaxWidth: 28, itemStyle: { color: colour } };
  }
  return {
    ...shared,
    type: 'line',
    showSymbol: line.values.length < 2,
    symbolSize: 5,
    connectNulls: false,
    lineStyle: { color: colour, width: 1.75, type: line.dashed ? 'dashed' : 'solid' },
    itemStyle: { color: colour },
    ...(line.draw === 'area' ? { areaStyle: { color: colour, opacity: 0.22 } } : {}),
  };
}

/** A band is an invisible line at its low edge with the rest stacked on it. */
function band_series({ band }: TimeData) {
  if (!band) return [];
  const shared = { type: 'line', stack: 'band', silent: true, showSymbol: false, lineStyle: { opacity: 0 } };
  const height = band.high.map((high, index) => (high === null ? null : high - (band.low[index] ?? 0)));
  return [
    { ...shared, id: 'band_low', data: [...band.low] },
    { ...shared, id: 'band_high', data: height, areaStyle: { color: resolved_colour(band.colour), opacity: 0.18 } },
  ];
}
