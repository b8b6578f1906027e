// Purpose: what zooming a chart over time means: another range for every view, or, where the chart shows a time of its
// own, a part of it.
// Invariant: a zoom in ends at whole steps. One step is the least that is shown of the shared range.
import { useMemo, useState } from 'react';
import { without_range, zoomed, type RangeChoice } from '../filters/time_range.ts';
import { choose_range, use_range } from '../routing/range.ts';
import { push_query, use_route } from '../routing/router.ts';
import { part_of, step_end, type TimeData } from './time_data.ts';
import { part_within, zoom_factor, zoomed_part, zoomed_span, type Part } from './zoom_span.ts';
import type { Zoom } from './zoom_tools.tsx';

export interface TimeZoom {
  /** what is shown */
  readonly data: TimeData;
  /** around a step of what is shown */
  readonly zoom: (at: number) => Zoom;
  readonly zoom_by: (factor: number, at: number) => void;
  /** from one step to another, in any order */
  readonly zoom_to: (from: number, to: number) => void;
}

export function use_time_zoom(data: TimeData, zooms: 'shared_range' | 'own_part'): TimeZoom {
  const shared = use_shared_zoom(data);
  const own = use_own_zoom(data);
  return zooms === 'shared_range' ? shared : own;
}

const ordered = (from: number, to: number, steps: number): Part => ({
  first: Math.max(0, Math.min(from, to)),
  last: Math.min(steps - 1, Math.max(from, to)),
});

function use_shared_zoom(data: TimeData): TimeZoom {
  const range: RangeChoice = use_range();
  const { query } = use_route();
  const steps = data.times.length;
  const zoom_to = (from: number, to: number): void => {
    const { first, last } = ordered(from, to, steps);
    choose_range(zoomed(data.times[first] ?? 0, step_end(data, last)));
  };
  const zoom_by = (factor: number, at: number): void => {
    if (factor >= 1) {
      const part = zoomed_part({ first: 0, last: steps - 1 }, steps, at, factor);
      zoom_to(part.first, part.last);
      return;
    }
    const span = { since_ms: data.times[0] ?? 0, until_ms: step_end(data, steps - 1) };
    const at_ms = data.times[Math.round(at)] ?? span.since_ms;
    const { since_ms, until_ms } = zoomed_span(span, at_ms, factor, Date.now());
    choose_range(zoomed(since_ms, until_ms));
  };
  const zoom = (at: number): Zoom => ({
    zoom_in: steps > 2 ? () => zoom_by(zoom_factor, at) : undefined,
    zoom_out: steps > 0 ? () => zoom_by(1 / zoom_factor, at) : undefined,
    whole: range.kind === 'between' ? () => push_query(without_range(query)) : undefined,
  });
  return { data, zoom, zoom_by, zoom_to };
}

function use_own_zoom(whole: TimeData): TimeZoom {
  const [asked, set_asked] = useState<Part | null>(null);
  const steps = whole.times.length;
  const part = part_within(asked, steps);
  const shown = part ?? { first: 0, last: steps - 1 };
  const zoom_by = (factor: number, at: number): void => set_asked(zoomed_part(shown, steps, shown.first + at, factor));
  const zoom_to = (from: number, to: number): void => {
    const { first, last } = ordered(shown.first + from, shown.first + to, steps);
    set_asked({ first, last });
  };
  const zoom = (at: number): Zoom => ({
    zoom_in: shown.last - shown.first >= 2 ? () => zoom_by(zoom_factor, at) : undefined,
    zoom_out: part === null ? undefined : () => zoom_by(1 / zoom_factor, at),
    whole: part === null ? undefined : () => set_asked(null),
  });
  const [first, last] = [part?.first, part?.last];
  const data = useMemo(
    () => part_of(whole, first === undefined || last === undefined ? null : { first, last }),
    [whole, first, last],
  );
  return { data, zoom, zoom_by, zoom_to };
}
