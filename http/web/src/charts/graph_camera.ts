// Purpose: what the camera over a graph looks at, and where it goes. Pure.
import type { Body } from './graph_sim.ts';

export interface Camera {
  /** what is in the middle of the canvas, and pixels for each unit */
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** The camera that shows every node. */
export function fit(bodies: readonly Body[], width: number, height: number): Camera {
  if (bodies.length === 0) return { x: 0, y: 0, scale: 1 };
  const xs = bodies.map((body) => body.x);
  const ys = bodies.map((body) => body.y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const scale = Math.min(2.4, (width - 90) / Math.max(60, right - left), (height - 110) / Math.max(60, bottom - top));
  // names stand below their nodes
  return { x: (left + right) / 2, y: (top + bottom) / 2 + 10 / scale, scale };
}

const margin_px = 48;

/** The camera moved as little as brings a node into sight. */
export function showing(camera: Camera, body: Body, width: number, height: number): Camera {
  const reach = (size: number): number => Math.max(0, size / 2 - margin_px - body.radius * camera.scale) / camera.scale;
  const near = (at: number, wanted: number, most: number): number => Math.min(wanted + most, Math.max(wanted - most, at));
  return { ...camera, x: near(camera.x, body.x, reach(width)), y: near(camera.y, body.y, reach(height)) };
}

const scale_min = 0.15;
const scale_max = 6;

/** Larger or smaller; what is at this place, in pixels from the middle of the canvas, stays there. */
export function scaled(camera: Camera, factor: number, x = 0, y = 0): Camera {
  const scale = Math.max(scale_min, Math.min(scale_max, camera.scale * factor));
  const moved = 1 / camera.scale - 1 / scale;
  return { x: camera.x + x * moved, y: camera.y + y * moved, scale };
}

export function panned(camera: Camera, dx_px: number, dy_px: number): Camera {
  return { ...camera, x: camera.x - dx_px / camera.scale, y: camera.y - dy_px / camera.scale };
}
