// Purpose: a chart over time: bars, lines, areas, a band of what is expected; each step leads to its events.
// Invariants: the drawing code arrives separately, and the panel has its final height before it does. What the
// cursor is on is told in words below the plot, where there is always room for it.
import { lazy, Suspense, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from 'react';
import { list_of, t } from '../i18n/i18n.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { navigate } from '../routing/router.ts';
import { ChartPanel } from './chart_panel.tsx';
import { ChartPlaceContext } from './chart_place.ts';
import { summary_of_series } from './summary.ts';
import { moment_of, step_end, table_of_times, type TimeData } from './time_data.ts';
import { use_time_zoom } from './time_zoom.ts';
import { no_zoom } from './zoom_tools.tsx';

const TimePlot = lazy(() => import('./time_plot.tsx'));

const nothing = (): void => undefined;

export interface TimeChartProps {
  readonly title: string;
  readonly data: TimeData;
  readonly exact: (value: number) => string;
  readonly short: (value: number) => string;
  /** the address of what happened between two moments */
  readonly events?: (since_ms: number, until_ms: number) => string;
  readonly state?: ReactNode;
  readonly controls?: ReactNode;
  readonly note?: ReactNode;
  /** own_part: the time shown is not that of the shared range, and a zoom stays within the chart */
  readonly zooms?: 'shared_range' | 'own_part';
  readonly summary?: string;
}

export function TimeChart(props: TimeChartProps) {
  const { title, data: whole_data, exact, short, state, controls, note, zooms = 'shared_range' } = props;
  const { data, zoom, zoom_by, zoom_to } = use_time_zoom(whole_data, zooms);
  const { interactive } = useContext(ChartPlaceContext);
  const events = interactive ? props.events : undefined;
  const [asked_cursor, set_cursor] = useState<number | null>(null);
  const cursor = asked_cursor !== null && asked_cursor < data.times.length ? asked_cursor : null;
  const moment = useMemo(() => moment_of(data), [data]);
  const table = useMemo(() => table_of_times(whole_data, exact), [whole_data, exact]);
  const summary =
    props.summary ??
    (data.meaning === 'per_step' ? summary_of_series(data.times, data.lines, exact, moment) : latest_of(data, exact));
  const draw_picture = useRef<(() => Promise<Blob | null>) | null>(null);
  const give_picture = useCallback((picture: () => Promise<Blob | null>) => {
    draw_picture.current = picture;
  }, []);

  const describe = (index: number): string => {
    const time = data.times[index];
    if (time === undefined) return t('chart.nothing');
    return `${moment(time)}: ${list_of(figures_at(data, index, exact))}`;
  };
  const address = (index: number): string | undefined => events?.(data.times[index] ?? 0, step_end(data, index));
  const pick = (index: number): void => {
    const to = address(index);
    if (to !== undefined) navigate(to);
  };
  const middle = (data.times.length - 1) / 2;
  const tools = interactive ? zoom(cursor ?? middle) : no_zoom;

  return (
    <ChartPanel
      title={title}
      table={table}
      legend={legend_of(data)}
      state={state}
      zoom={tools}
      controls={controls}
      note={note}
      picture={() => draw_picture.current?.() ?? null}
    >
      <div className="plot_area">
        <Suspense fallback={<div className="plot" />}>
          <TimePlot
            label={`${title}. ${summary} ${t('chart.keys')}`}
            data={data}
            short={short}
            cursor={cursor}
            set_cursor={set_cursor}
            describe={describe}
            pick={pick}
            zoom={tools}
            zoom_by={interactive ? zoom_by : nothing}
            zoom_to={interactive ? zoom_to : nothing}
            give_picture={give_picture}
          />
        </Suspense>
      </div>
      <div className="readout">
        {cursor === null ? (
          <span>{summary}</span>
        ) : (
          <>
            <span>{describe(cursor)}</span>
            {events && <LinkTo to={address(cursor) ?? ''}>{t('chart.show_events')}</LinkTo>}
          </>
        )}
      </div>
    </ChartPanel>
  );
}

function figures_at(data: TimeData, index: number, exact: (value: number) => string): string[] {
  const shown = (value: number | null | undefined): string =>
    value === null || value === undefined ? t('state.unknown') : exact(value);
  const lines = data.lines.map((line) => `${line.name} ${shown(line.values[index])}`);
  const { band } = data;
  if (!band || (band.low[index] ?? null) === null) return lines;
  return [...lines, `${band.name} ${shown(band.low[index])} – ${shown(band.high[index])}`];
}

function latest_of(data: TimeData, exact: (value: number) => string): string {
  const words = data.lines.flatMap((line) => {
    const value = line.values.findLast((each) => each !== null);
    return value === undefined || value === null ? [] : [`${line.name} ${exact(value)}`];
  });
  return words.length === 0 ? t('chart.nothing') : t('chart.latest', { figures: list_of(words) });
}

function legend_of(data: TimeData) {
  const lines = data.lines.map((line) => ({
    name: line.name,
    colour: line.colour,
    shape: line.dashed ? ('dash' as const) : line.draw === 'line' ? ('line' as const) : ('area' as const),
  }));
  return data.band ? [...lines, { name: data.band.name, colour: data.band.colour, shape: 'area' as const }] : lines;
}
