// Purpose: two figures of each key against each other: which are busy and dear, which slow though idle.
// Invariants: to assistive technology it is a slider over its points, which says each one when one gets there; its table
// has them all. The scale runs in the reading direction. A zoom keeps the point one is on in sight.
import { useContext, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { resolved_colour } from '../design/theme.ts';
import { t } from '../i18n/i18n.ts';
import { direction } from '../i18n/locale.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { navigate } from '../routing/router.ts';
import type { KeyChartProps } from './bar_list.tsx';
import { ChartPanel } from './chart_panel.tsx';
import { ChartPlaceContext } from './chart_place.ts';
import { picture_of_svg } from './download.ts';
import { known_rows, table_of_keys, type KeyData, type KeyRow } from './key_data.ts';
import { ScatterDrawing, scatter_layout, type Box, type ScatterPoint } from './scatter_drawing.tsx';
import { range_from_zero, zoomed_range } from './scale.ts';
import { step_after_key } from './step_keys.ts';
import { use_size } from './use_size.ts';
import { zoom_factor } from './zoom_span.ts';
import { zoom_by_key, type Zoom } from './zoom_tools.tsx';

const reach_px = 24;

export function ScatterChart({ title, data, state, note }: KeyChartProps) {
  const { interactive } = useContext(ChartPlaceContext);
  const points = useMemo(() => points_of(data), [data]);
  const table = useMemo(() => table_of_keys(data), [data]);
  const [place, size] = use_size();
  const drawing = useRef<SVGSVGElement>(null);
  const [asked, set_cursor] = useState<string | null>(null);
  const cursor = points.findIndex(({ row }) => row.key === asked);
  const here = points[cursor];
  const { shown, zoom } = use_zoom(points, here);
  const layout = scatter_layout(points, shown, size);

  const go = (index: number | null): void => set_cursor(index === null ? null : (points[index]?.row.key ?? null));
  const open = (row: KeyRow | undefined): void => {
    if (interactive && row?.to !== undefined) navigate(row.to);
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = step_after_key(event.key, cursor < 0 ? -1 : cursor, points.length, direction());
    if (next !== null) go(next);
    else if (event.key === 'Enter' && here) open(here.row);
    else if (event.key === 'Escape' && here) go(null);
    else if (!interactive || !zoom_by_key(event.key, zoom)) return;
    event.preventDefault();
  };
  const under = (hand: PointerEvent<HTMLElement>): number | null => {
    const box = hand.currentTarget.getBoundingClientRect();
    return nearest(layout.marks, hand.clientX - box.left, hand.clientY - box.top);
  };
  const press = (hand: PointerEvent<HTMLElement>): void => {
    const index = under(hand);
    go(index);
    if (index !== null && hand.pointerType !== 'touch') open(points[index]?.row);
  };
  const summary = t('chart.points', { n: points.length });
  return (
    <ChartPanel
      title={title}
      table={table}
      state={state}
      note={note}
      zoom={zoom}
      picture={() => (drawing.current ? picture_of_svg(drawing.current, resolved_colour('--surface')) : null)}
      picture_ending="svg"
    >
      <div
        ref={place}
        className="plot scatter"
        role="slider"
        tabIndex={0}
        aria-label={`${title}. ${summary} ${t('chart.point_keys')}`}
        aria-roledescription={t('chart.role')}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, points.length - 1)}
        aria-valuenow={Math.max(0, cursor)}
        aria-valuetext={here ? words_of(data, here.row) : summary}
        onKeyDown={keys}
        onPointerMove={(hand) => go(under(hand))}
        onPointerUp={press}
      >
        <svg ref={drawing} width={size.width} height={size.height} aria-hidden="true">
          <ScatterDrawing layout={layout} data={data} cursor={cursor} />
        </svg>
      </div>
      <div className="readout">
        <span>{here ? words_of(data, here.row) : summary}</span>
        {here?.row.to !== undefined && interactive && <LinkTo to={here.row.to}>{t('chart.show_events')}</LinkTo>}
      </div>
    </ChartPanel>
  );
}

/** In the order of the scale, so that the arrows go along it. */
function points_of(data: KeyData): ScatterPoint[] {
  return known_rows(data)
    .flatMap((row) => (row.beside === null || row.beside === undefined ? [] : [{ row, x: row.beside, y: row.value }]))
    .sort((a, b) => a.x - b.x || a.y - b.y);
}

function words_of({ measure, beside }: KeyData, row: KeyRow): string {
  const figure = (of: KeyData['measure'] | undefined, value: number | null | undefined): string =>
    of && value !== null && value !== undefined ? `${of.name} ${of.exact(value)}` : '';
  return `${row.name}: ${figure(beside, row.beside)} · ${figure(measure, row.value)}`;
}

function use_zoom(points: readonly ScatterPoint[], here: ScatterPoint | undefined): { readonly shown: Box; readonly zoom: Zoom } {
  const whole = useMemo<Box>(
    () => ({ x: range_from_zero(points.map(({ x }) => x)), y: range_from_zero(points.map(({ y }) => y)) }),
    [points],
  );
  const [asked, set_asked] = useState<Box | null>(null);
  const shown = asked ?? whole;
  const by = (factor: number) => (): void => {
    const at = here ?? { x: (shown.x.low + shown.x.high) / 2, y: (shown.y.low + shown.y.high) / 2 };
    const next = { x: zoomed_range(shown.x, whole.x, at.x, factor), y: zoomed_range(shown.y, whole.y, at.y, factor) };
    set_asked(next.x.high - next.x.low >= whole.x.high - whole.x.low ? null : next);
  };
  const zoomed = asked !== null;
  return {
    shown,
    zoom: {
      zoom_in: points.length > 1 ? by(zoom_factor) : undefined,
      zoom_out: zoomed ? by(1 / zoom_factor) : undefined,
      whole: zoomed ? () => set_asked(null) : undefined,
    },
  };
}

function nearest(marks: readonly { readonly x: number; readonly y: number }[], x: number, y: number): number | null {
  let [found, distance] = [-1, reach_px];
  marks.forEach((mark, index) => {
    const now = Math.hypot(mark.x - x, mark.y - y);
    if (now < distance) [found, distance] = [index, now];
  });
  return found < 0 ? null : found;
}
