// Purpose: what an agent did lately, each event in its place in time, in lanes by kind, below the traces it was part of.
// Invariants: to assistive technology it is a slider over its events, which says each one when one gets there; its
// table has them all. Time runs in the reading direction. What the cursor is on stays in sight.
import { useContext, useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import type { TraceSummary } from '../api/insight.ts';
import type { AgentEvent } from '../api/types.ts';
import { resolved_colour } from '../design/theme.ts';
import { summary_of } from '../format/event_text.ts';
import { duration } from '../format/numbers.ts';
import { clock_time, full_time } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import { direction } from '../i18n/locale.ts';
import { ChartPanel } from './chart_panel.tsx';
import { ChartPlaceContext } from './chart_place.ts';
import { picture_of_svg } from './download.ts';
import { use_magnify } from './magnify.ts';
import { step_after_key } from './step_keys.ts';
import type { TableModel } from './table_model.ts';
import { is_kind, kind_of, lay_out_timeline, mark_at, mark_px, type TimelineLayout } from './timeline_layout.ts';

export interface TimelineProps {
  readonly title: string;
  /** in the order of time */
  readonly events: readonly AgentEvent[];
  readonly traces: readonly TraceSummary[];
  readonly choose: (event: AgentEvent) => void;
  /** what leads on from an event, below the drawing */
  readonly links: (event: AgentEvent) => ReactNode;
  readonly state?: ReactNode;
}

const reach_px = 12;

export function Timeline({ title, events, traces, choose: chosen, links, state }: TimelineProps) {
  const { interactive } = useContext(ChartPlaceContext);
  const choose = (event: AgentEvent): void => {
    if (interactive) chosen(event);
  };
  const { scale, zoom, keys: zoom_keys, place } = use_magnify();
  const drawing = useRef<SVGSVGElement>(null);
  const [measure, shown_px] = use_width();
  const [scrolled_px, set_scrolled_px] = useState(0);
  const [asked, set_cursor] = useState<string | null>(null);
  const cursor = events.findIndex(({ id }) => id === asked);
  const layout = useMemo(
    () => lay_out_timeline(events, traces, t('nav.traces'), Math.max(1, shown_px) * scale),
    [events, traces, shown_px, scale],
  );
  const table = useMemo(() => table_of(events), [events]);
  use_in_sight(place, layout, cursor);
  const event = events[cursor];
  const go = (index: number): void => set_cursor(events[index]?.id ?? null);

  const keys = (pressed: KeyboardEvent): void => {
    if (interactive) zoom_keys(pressed);
    if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
    const next = step_after_key(pressed.key, cursor < 0 ? events.length - 1 : cursor, events.length, direction());
    if (next !== null) go(next);
    else if (pressed.key === 'Enter' && event) choose(event);
    else if (pressed.key === 'Escape') set_cursor(null);
    else return;
    pressed.preventDefault();
  };
  const under = (hand: PointerEvent<HTMLElement>): number | null => {
    const box = drawing.current?.getBoundingClientRect() ?? new DOMRect();
    const x = direction() === 'rtl' ? box.right - hand.clientX : hand.clientX - box.left;
    return mark_at(layout.marks, x, hand.clientY - box.top, reach_px);
  };
  const point = (hand: PointerEvent<HTMLElement>): void => {
    const index = under(hand);
    if (index !== null) go(index);
  };
  const press = (hand: PointerEvent<HTMLElement>): void => {
    const index = under(hand);
    const found = index === null ? undefined : events[index];
    if (!found) return;
    set_cursor(found.id);
    if (hand.pointerType !== 'touch') choose(found);
  };
  const summary = summary_of_all(events);
  return (
    <ChartPanel
      title={title}
      table={table}
      state={state}
      zoom={zoom}
      picture={() => (drawing.current ? picture_of_svg(drawing.current, resolved_colour('--surface')) : null)}
      picture_ending="svg"
    >
      <div
        className="timeline_scroll"
        ref={place}
        onScroll={(event) => set_scrolled_px(Math.abs(event.currentTarget.scrollLeft))}
      >
        <div
          ref={measure}
          className="timeline"
          role="slider"
          tabIndex={0}
          aria-label={`${title}. ${summary} ${t('agent.timeline_keys')}`}
          aria-roledescription={t('chart.role')}
          aria-valuemin={0}
          aria-valuemax={Math.max(0, events.length - 1)}
          aria-valuenow={cursor < 0 ? Math.max(0, events.length - 1) : cursor}
          aria-valuetext={event ? words_of(event) : summary}
          onKeyDown={keys}
          onPointerMove={point}
          onPointerUp={press}
        >
          <svg ref={drawing} width={layout.width} height={layout.height} aria-hidden="true">
            <Drawing layout={layout} events={events} cursor={cursor} scrolled_px={scrolled_px} />
          </svg>
        </div>
      </div>
      <div className="readout">
        <span>{event ? words_of(event) : summary}</span>
        {event && interactive && links(event)}
      </div>
    </ChartPanel>
  );
}

interface DrawingProps {
  readonly layout: TimelineLayout;
  readonly events: readonly AgentEvent[];
  readonly cursor: number;
  /** the names of the lanes stay in sight */
  readonly scrolled_px: number;
}

function Drawing({ layout, events, cursor, scrolled_px }: DrawingProps) {
  const mirrored = direction() === 'rtl';
  const turn = mirrored ? `translate(${layout.width} 0) scale(-1 1)` : undefined;
  const x = (at: number): number => (mirrored ? layout.width - at : at);
  const at_cursor = layout.marks[cursor];
  const last = layout.ticks.length - 1;
  return (
    <>
      <g transform={turn}>
        {layout.lanes.map(({ name, y }) => (
          <path key={name} className="timeline_line" d={`M0,${y + 0.5}H${layout.width}`} />
        ))}
        {layout.traces.map(({ trace, ...mark }) => (
          <rect key={trace.trace_id} className="timeline_trace" {...mark} height={mark_px} rx="2" />
        ))}
        {layout.marks.map((mark, index) => {
          const event = events[index];
          if (!event) return null;
          const tone = event.status === 'error' ? 'timeline_failed' : 'timeline_mark';
          return <rect key={event.id} className={`${tone} kind_${kind_of(event)}`} {...mark} height={mark_px} rx="1" />;
        })}
        {at_cursor && (
          <rect
            className="timeline_cursor"
            x={at_cursor.x - 3}
            y={at_cursor.y - 2}
            width={at_cursor.width + 6}
            height={mark_px + 4}
            rx="3"
          />
        )}
      </g>
      {layout.ticks.map((tick, index) => (
        <text key={index} x={x(tick.x)} y={12} textAnchor={index === 0 ? 'start' : index === last ? 'end' : 'middle'}>
          {clock_time(tick.time_ms)}
        </text>
      ))}
      {layout.lanes.map(({ name, y }) => (
        <text key={name} x={x(scrolled_px + 2)} y={y + 11}>
          {is_kind(name) ? t(`kind.${name}`) : name}
        </text>
      ))}
    </>
  );
}

/** How wide the place is, without what scrolls in it. */
function use_width(): readonly [(element: HTMLElement | null) => (() => void) | undefined, number] {
  const [width, set_width] = useState(0);
  const [measure] = useState(() => (element: HTMLElement | null) => {
    const outside = element?.parentElement;
    if (!outside) return undefined;
    const watch = new ResizeObserver(() => set_width(outside.clientWidth));
    watch.observe(outside);
    return () => watch.disconnect();
  });
  return [measure, width];
}

/** Scrolls as far as the mark at the cursor needs. */
function use_in_sight(place: { readonly current: HTMLElement | null }, layout: TimelineLayout, cursor: number): void {
  useEffect(() => {
    const mark = layout.marks[cursor];
    const box = place.current;
    if (!mark || !box || layout.width <= box.clientWidth) return;
    const [from, to] = [mark.x - 24, mark.x + mark.width + 24];
    const now = Math.abs(box.scrollLeft);
    const wanted = from < now ? from : to > now + box.clientWidth ? to - box.clientWidth : now;
    box.scrollLeft = direction() === 'rtl' ? -wanted : wanted;
  }, [place, layout, cursor]);
}

function words_of(event: AgentEvent): string {
  const took = event.duration_ms === undefined ? '' : duration(event.duration_ms);
  const failed = event.status === 'error' ? t('status.error') : '';
  return [full_time(event.time), event.type, failed, summary_of(event), took].filter((part) => part !== '').join(' · ');
}

function summary_of_all(events: readonly AgentEvent[]): string {
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) return t('chart.nothing');
  return t('agent.timeline_summary', { n: events.length, from: full_time(first.time), to: full_time(last.time) });
}

function table_of(events: readonly AgentEvent[]): TableModel {
  return {
    columns: [
      { name: t('field.time'), show: (cell) => full_time(String(cell)) },
      { name: t('field.type') },
      { name: t('field.text') },
      { name: t('figure.duration'), number: true, show: (cell) => duration(Number(cell)) },
      { name: t('field.status') },
      { name: t('field.trace_id') },
    ],
    rows: events
      .map((event) => [
        event.time,
        event.type,
        summary_of(event),
        event.duration_ms ?? null,
        event.status ?? null,
        event.trace_id ?? null,
      ])
      .reverse(),
  };
}
