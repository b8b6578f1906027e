// Purpose: tokens per minute and cost per minute over the last hour.
import { useMemo } from 'react';
import { count, short_count, short_usd, usd } from '../format/numbers.ts';
import type { Minute } from '../live/rollup_series.ts';
import { use_store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';
import { ChartPanel, type Series } from './chart_panel.tsx';

function use_minutes(): readonly Minute[] {
  return use_store(use_session().room.minutes);
}

export function TokenChart() {
  const minutes = use_minutes();
  const series = useMemo<readonly Series[]>(
    () => [
      { name: 'Input', colour: '--series_1', values: minutes.map((minute) => minute.input) },
      { name: 'Output', colour: '--series_2', values: minutes.map((minute) => minute.output) },
    ],
    [minutes],
  );
  return (
    <ChartPanel
      title="Tokens per minute"
      times={minutes.map((minute) => minute.time_ms)}
      series={series}
      exact={count}
      short={short_count}
    />
  );
}

export function CostChart() {
  const minutes = use_minutes();
  const series = useMemo<readonly Series[]>(
    () => [{ name: 'Cost', colour: '--series_3', values: minutes.map((minute) => minute.cost_usd) }],
    [minutes],
  );
  return (
    <ChartPanel
      title="Cost per minute"
      times={minutes.map((minute) => minute.time_ms)}
      series={series}
      exact={usd}
      short={short_usd}
    />
  );
}
