// Purpose: the graph under a pointer: choose, drag a node, move the picture, zoom with Ctrl and the wheel.
// Invariant: the plain wheel and a finger's swipe belong to the page, so that nobody gets stuck on the graph.
import { useEffect, useRef, type PointerEvent } from 'react';
import type { Body } from './graph_sim.ts';
import type { GraphState } from './force_graph.tsx';

const reach_px = 8;
const drag_px_min = 4;

interface Drag {
  readonly body: Body | null;
  readonly start_x: number;
  readonly start_y: number;
  x: number;
  y: number;
  moved: boolean;
}

export function use_graph_pointer(
  canvas: { readonly current: HTMLCanvasElement | null },
  state: GraphState,
  draw: () => void,
  zoom: (factor: number) => void,
  choose: (id: string | null) => void,
) {
  const drag = useRef<Drag | null>(null);

  useEffect(() => {
    const place = canvas.current;
    if (!place) return undefined;
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 400));
    };
    place.addEventListener('wheel', wheel, { passive: false });
    return () => place.removeEventListener('wheel', wheel);
  }, [canvas, zoom]);

  const world = (event: PointerEvent): { x: number; y: number } => {
    const box = canvas.current?.getBoundingClientRect() ?? new DOMRect();
    const { camera } = state;
    return {
      x: camera.x + (event.clientX - box.left - box.width / 2) / camera.scale,
      y: camera.y + (event.clientY - box.top - box.height / 2) / camera.scale,
    };
  };
  const body_at = (event: PointerEvent): Body | null => {
    const at = world(event);
    const reach = reach_px / state.camera.scale;
    return state.sim.bodies.findLast((body) => Math.hypot(body.x - at.x, body.y - at.y) <= body.radius + reach) ?? null;
  };

  return {
    onPointerDown: (event: PointerEvent<HTMLElement>): void => {
      if (event.button !== 0) return;
      const body = body_at(event);
      drag.current = { body, start_x: event.clientX, start_y: event.clientY, x: event.clientX, y: event.clientY, moved: false };
      if (event.pointerType !== 'touch') event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent<HTMLElement>): void => {
      const now = drag.current;
      if (!now) {
        const over = body_at(event)?.id ?? null;
        if (over === state.hovered) return;
        state.hovered = over;
        draw();
        return;
      }
      if (event.pointerType === 'touch') return;
      now.moved ||= Math.hypot(event.clientX - now.start_x, event.clientY - now.start_y) >= drag_px_min;
      if (!now.moved) return;
      state.follows = false;
      if (now.body) {
        state.sim.hold(now.body, world(event));
      } else {
        const { camera } = state;
        state.camera = {
          ...camera,
          x: camera.x - (event.clientX - now.x) / camera.scale,
          y: camera.y - (event.clientY - now.y) / camera.scale,
        };
      }
      now.x = event.clientX;
      now.y = event.clientY;
      draw();
    },
    onPointerUp: (event: PointerEvent<HTMLElement>): void => {
      const now = drag.current;
      drag.current = null;
      if (!now) return;
      if (now.body) state.sim.hold(now.body, null);
      if (!now.moved) choose(body_at(event)?.id ?? null);
      draw();
    },
    onPointerCancel: (): void => {
      if (drag.current?.body) state.sim.hold(drag.current.body, null);
      drag.current = null;
    },
    onPointerLeave: (): void => {
      state.hovered = null;
      draw();
    },
  };
}
