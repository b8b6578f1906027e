// Purpose: a chart over time under keys, pointer and fingers: read a step, open it, zoom.
// Invariants: dragging with a mouse, or drawing two fingers apart, shows what will be seen before it is; nothing is
// asked for until they let go. One finger's vertical swipe belongs to the page.
import type { EChartsType } from 'echarts/core';
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { direction } from '../i18n/locale.ts';
import { Pinch, type PinchMove } from './pinch.ts';
import { step_after_key } from './step_keys.ts';
import type { TimePlotProps } from './time_plot.tsx';
import { zoom_by_key } from './zoom_tools.tsx';

const drag_px_min = 6;
const pinch_factor_min = 1.15;

/** In pixels from the left edge of the plot. */
interface Selection {
  readonly left: number;
  readonly width: number;
}

type Chart = { readonly current: EChartsType | null };
type Hand = PointerEvent<HTMLElement>;

const x_of = (event: Hand): number => event.clientX - event.currentTarget.getBoundingClientRect().left;

/** The step under a place on the plot. */
function step_under(chart: Chart, x: number, steps: number): number | null {
  const index = Number(chart.current?.convertFromPixel({ xAxisIndex: 0 }, x));
  return Number.isFinite(index) ? Math.max(0, Math.min(steps - 1, Math.round(index))) : null;
}

export function use_plot_hands(props: TimePlotProps, chart: Chart) {
  const { data, cursor, set_cursor, pick, zoom, zoom_to } = props;
  const [drag, set_drag] = useState<{ from: number; to: number } | null>(null);
  const fingers = use_fingers(props, chart);
  const steps = data.times.length;

  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = cursor ?? steps - 1;
    const next = step_after_key(event.key, here, steps, direction());
    if (next !== null) set_cursor(next);
    else if (event.key === 'Enter' && cursor !== null) pick(here);
    else if (event.key === 'Escape') set_cursor(null);
    else if (!zoom_by_key(event.key, zoom)) return;
    event.preventDefault();
  };

  const pointer = {
    onPointerDown: (event: Hand): void => {
      if (event.pointerType === 'touch') return fingers.down(event);
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      set_drag({ from: x_of(event), to: x_of(event) });
    },
    onPointerMove: (event: Hand): void => {
      if (fingers.move(event)) return;
      if (drag) set_drag({ from: drag.from, to: x_of(event) });
      const step = step_under(chart, x_of(event), steps);
      if (step !== cursor) set_cursor(step);
    },
    onPointerUp: (event: Hand): void => {
      if (fingers.up(event)) return;
      const step = step_under(chart, x_of(event), steps);
      set_drag(null);
      if (step === null) return;
      if (drag && Math.abs(drag.to - drag.from) >= drag_px_min) {
        const from = step_under(chart, drag.from, steps);
        if (from !== null) zoom_to(from, step);
      } else if (event.pointerType === 'touch') {
        set_cursor(step);
      } else {
        pick(step);
      }
    },
    onPointerCancel: fingers.cancel,
    onPointerLeave: (event: Hand): void => {
      if (event.pointerType !== 'touch' && document.activeElement !== event.currentTarget) set_cursor(null);
    },
  };
  const dragged: Selection | null =
    drag && Math.abs(drag.to - drag.from) >= drag_px_min
      ? { left: Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from) }
      : null;
  return { keys, pointer, selection: dragged ?? fingers.selection };
}

/** Two fingers: apart to see less, together to see more, around the point between them. */
function use_fingers({ data, zoom_by }: TimePlotProps, chart: Chart) {
  const [pinch] = useState(() => new Pinch());
  // not a state: the fingers may be lifted before the page is drawn again
  const latest = useRef<PinchMove | null>(null);
  const [selection, set_selection] = useState<Selection | null>(null);
  const end = (): void => {
    latest.current = null;
    set_selection(null);
  };
  return {
    selection,
    down: (event: Hand): void => pinch.down(event.pointerId, x_of(event), event.clientY),
    /** Whether this was one of two fingers. */
    move: (event: Hand): boolean => {
      const now = pinch.move(event.pointerId, x_of(event), event.clientY);
      if (!now) return false;
      const width = event.currentTarget.clientWidth;
      latest.current = now;
      set_selection(now.total > 1 ? { left: now.x - now.x / now.total, width: width / now.total } : null);
      return true;
    },
    up: (event: Hand): boolean => {
      const was_active = pinch.active;
      pinch.up(event.pointerId);
      if (!was_active) return false;
      const last = latest.current;
      const meant = last && Math.max(last.total, 1 / last.total) >= pinch_factor_min;
      const at = last && meant ? step_under(chart, last.x, data.times.length) : null;
      if (last && at !== null) zoom_by(last.total, at);
      end();
      return true;
    },
    cancel: (event: Hand): void => {
      pinch.up(event.pointerId);
      end();
    },
  };
}
