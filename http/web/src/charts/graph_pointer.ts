// Purpose: the graph under pointer and fingers: choose, drag a node, move the picture, zoom with Ctrl and the wheel or
// with two fingers.
// Invariant: the plain wheel and a swipe up or down belong to the page, so that nobody gets stuck on the graph; a
// swipe that begins sideways moves the picture.
import { useEffect, useRef, useState, type PointerEvent } from 'react';
import type { GraphState } from './force_graph.tsx';
import { panned, scaled, type Camera } from './graph_camera.ts';
import type { Body } from './graph_sim.ts';
import { Pinch } from './pinch.ts';

const reach_px = 8;
const drag_px_min = { mouse: 4, touch: 10 } as const;

interface Drag {
  readonly body: Body | null;
  readonly start_x: number;
  readonly start_y: number;
  x: number;
  y: number;
  moved: boolean;
}

export interface GraphPointerParts {
  readonly canvas: { readonly current: HTMLCanvasElement | null };
  readonly state: GraphState;
  readonly draw: () => void;
  readonly look: (move: (camera: Camera) => Camera) => void;
  readonly choose: (id: string | null) => void;
}

type Hand = PointerEvent<HTMLElement>;
interface Place {
  readonly x: number;
  readonly y: number;
}

export function use_graph_pointer({ canvas, state, draw, look, choose }: GraphPointerParts) {
  const drag = useRef<Drag | null>(null);
  const [pinch] = useState(() => new Pinch());

  useEffect(() => {
    const place = canvas.current;
    if (!place) return undefined;
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      look((camera) => scaled(camera, Math.exp(-event.deltaY / 400)));
    };
    place.addEventListener('wheel', wheel, { passive: false });
    return () => place.removeEventListener('wheel', wheel);
  }, [canvas, look]);

  /** In pixels from the middle of the canvas. */
  const place_of = (x: number, y: number): Place => {
    const box = canvas.current?.getBoundingClientRect() ?? new DOMRect();
    return { x: x - box.left - box.width / 2, y: y - box.top - box.height / 2 };
  };
  const world = (event: Hand): Place => {
    const { x, y } = place_of(event.clientX, event.clientY);
    const { camera } = state;
    return { x: camera.x + x / camera.scale, y: camera.y + y / camera.scale };
  };
  const body_at = (event: Hand): Body | null => {
    const at = world(event);
    const reach = reach_px / state.camera.scale;
    return state.sim.bodies.findLast((body) => Math.hypot(body.x - at.x, body.y - at.y) <= body.radius + reach) ?? null;
  };
  const let_go = (): Drag | null => {
    const now = drag.current;
    drag.current = null;
    if (now?.body) state.sim.hold(now.body, null);
    return now;
  };
  const drag_to = (now: Drag, event: Hand): void => {
    const least = event.pointerType === 'touch' ? drag_px_min.touch : drag_px_min.mouse;
    now.moved ||= Math.hypot(event.clientX - now.start_x, event.clientY - now.start_y) >= least;
    if (!now.moved) return;
    const [dx, dy] = [event.clientX - now.x, event.clientY - now.y];
    [now.x, now.y] = [event.clientX, event.clientY];
    if (now.body) state.sim.hold(now.body, world(event));
    look((camera) => (now.body ? camera : panned(camera, dx, dy)));
  };

  return {
    onPointerDown: (event: Hand): void => {
      if (event.button !== 0) return;
      if (event.pointerType === 'touch') pinch.down(event.pointerId, event.clientX, event.clientY);
      else event.currentTarget.setPointerCapture(event.pointerId);
      let_go();
      if (pinch.active) return;
      const [x, y] = [event.clientX, event.clientY];
      drag.current = { body: body_at(event), start_x: x, start_y: y, x, y, moved: false };
    },
    onPointerMove: (event: Hand): void => {
      const two = pinch.move(event.pointerId, event.clientX, event.clientY);
      if (two) {
        const { x, y } = place_of(two.x, two.y);
        look((camera) => scaled(panned(camera, two.dx, two.dy), two.factor, x, y));
      } else if (drag.current) {
        drag_to(drag.current, event);
      } else if (event.pointerType !== 'touch') {
        const over = body_at(event)?.id ?? null;
        if (over === state.hovered) return;
        state.hovered = over;
        draw();
      }
    },
    onPointerUp: (event: Hand): void => {
      pinch.up(event.pointerId);
      const now = let_go();
      if (now && !now.moved) choose(body_at(event)?.id ?? null);
      draw();
    },
    onPointerCancel: (event: Hand): void => {
      pinch.up(event.pointerId);
      let_go();
    },
    onPointerLeave: (): void => {
      state.hovered = null;
      draw();
    },
  };
}
