// Purpose: where the events of a timeline are drawn: lanes by kind, below one of traces, on one axis of time. Pure.
// Invariants: events are in the order of time, the way one steps through them. What took no time is still seen, and
// nothing is drawn beyond the axis. The layout runs from left to right; mirroring is the drawing's.
import type { TraceSummary } from '../api/insight.ts';
import type { AgentEvent } from '../api/types.ts';

export interface TimelineMark {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface TimelineLane {
  readonly name: string;
  readonly y: number;
}

export interface TimelineLayout {
  readonly width: number;
  readonly height: number;
  readonly ticks: readonly { readonly x: number; readonly time_ms: number }[];
  /** the first one is that of traces, if there are any */
  readonly lanes: readonly TimelineLane[];
  readonly traces: readonly (TimelineMark & { readonly trace: TraceSummary })[];
  /** one for each event, in its order */
  readonly marks: readonly TimelineMark[];
}

export const mark_px = 12;
const [axis_px, lane_px, label_px, thinnest_px, tick_px] = [20, 32, 14, 3, 130] as const;
const shortest_ms = 1_000;
export const kinds = ['execution', 'llm', 'tool', 'memory', 'knowledge', 'collaboration', 'hypothesis', 'custom'] as const;
export type Kind = (typeof kinds)[number];
export const is_kind = (name: string): name is Kind => (kinds as readonly string[]).includes(name);

export const kind_of = (event: AgentEvent): string => event.type.split('.')[0] ?? event.type;

export function in_order(events: readonly AgentEvent[]): AgentEvent[] {
  return events.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time) || (a.id < b.id ? -1 : 1));
}

/** Known kinds first, others by name. */
function lane_names(events: readonly AgentEvent[]): string[] {
  const place = (kind: string): number => (is_kind(kind) ? kinds.indexOf(kind) : kinds.length);
  return [...new Set(events.map(kind_of))].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

export function lay_out_timeline(
  events: readonly AgentEvent[],
  traces: readonly TraceSummary[],
  trace_lane: string,
  width: number,
): TimelineLayout {
  const spans = events.map((event) => ({ from: Date.parse(event.time), length: event.duration_ms ?? 0 }));
  const first = spans.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY);
  const last = spans.reduce((most, { from, length }) => Math.max(most, from + length), first + shortest_ms);
  const place = (from_ms: number, length_ms: number): { readonly x: number; readonly width: number } => {
    const at = (time_ms: number): number => (Math.max(first, Math.min(last, time_ms)) - first) / (last - first);
    const size = Math.max(thinnest_px, (at(from_ms + length_ms) - at(from_ms)) * width);
    return { x: Math.min(width - size, at(from_ms) * width), width: size };
  };
  const shown = traces.filter(
    ({ started_at, duration_ms }) => Date.parse(started_at) <= last && Date.parse(started_at) + duration_ms >= first,
  );
  const names = [...(shown.length > 0 ? [trace_lane] : []), ...lane_names(events)];
  const lanes = names.map((name, index) => ({ name, y: axis_px + index * lane_px }));
  const bar_y = new Map(lanes.map(({ name, y }) => [name, y + label_px]));
  const steps = Math.max(1, Math.floor(width / tick_px));
  return {
    width,
    height: axis_px + lanes.length * lane_px,
    ticks: Array.from({ length: steps + 1 }, (_, step) => ({
      x: (width * step) / steps,
      time_ms: first + ((last - first) * step) / steps,
    })),
    lanes,
    traces: shown.map((trace) => ({
      trace,
      y: bar_y.get(trace_lane) ?? 0,
      ...place(Date.parse(trace.started_at), trace.duration_ms),
    })),
    marks: events.map((event, index) => ({
      y: bar_y.get(kind_of(event)) ?? 0,
      ...place(spans[index]?.from ?? first, spans[index]?.length ?? 0),
    })),
  };
}

/** The mark under a place, or the nearest one within reach of a finger. */
export function mark_at(marks: readonly TimelineMark[], x: number, y: number, reach_px: number): number | null {
  let best: number | null = null;
  let best_px = reach_px;
  for (const [index, mark] of marks.entries()) {
    const aside = Math.max(0, mark.x - x, x - mark.x - mark.width);
    const above = Math.max(0, mark.y - y, y - mark.y - mark_px);
    const away = Math.hypot(aside, above);
    if (away <= best_px) [best, best_px] = [index, away];
  }
  return best;
}
