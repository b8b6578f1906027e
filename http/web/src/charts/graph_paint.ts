// Purpose: paints a graph on a canvas.
// Invariant: reads the simulation and never changes it. Colours come from the design, resolved once for each shade.
import { resolved_colour } from '../design/theme.ts';
import type { Camera } from './graph_camera.ts';
import type { Body, GraphSim, Tie } from './graph_sim.ts';

export interface Paint {
  readonly ink: string;
  readonly surface: string;
  readonly edge: string;
  readonly bad: string;
  readonly focus: string;
  readonly groups: readonly string[];
  readonly face: string;
}

export const group_colours = ['--series_1', '--series_2', '--series_3', '--series_4', '--series_5', '--series_6'] as const;
const pulse_length_ms = 900;
const labels_max = 26;
const named_max = 80;

export function resolve_paint(): Paint {
  return {
    ink: resolved_colour('--ink'),
    surface: resolved_colour('--surface'),
    edge: resolved_colour('--line_strong'),
    bad: resolved_colour('--series_bad'),
    focus: resolved_colour('--focus'),
    groups: group_colours.map((token) => resolved_colour(token)),
    face: getComputedStyle(document.body).fontFamily,
  };
}

export interface Scene {
  readonly sim: GraphSim;
  readonly camera: Camera;
  readonly paint: Paint;
  readonly chosen: string | null;
  readonly hovered: string | null;
  readonly focused: boolean;
  readonly now_ms: number;
}

/** Whether something in the picture is still changing by itself. */
export function paint_graph(canvas: HTMLCanvasElement, scene: Scene): boolean {
  const brush = canvas.getContext('2d');
  if (!brush) return false;
  const ratio = window.devicePixelRatio || 1;
  const { sim, camera } = scene;
  brush.setTransform(1, 0, 0, 1, 0, 0);
  brush.clearRect(0, 0, canvas.width, canvas.height);
  const scale = camera.scale * ratio;
  brush.setTransform(scale, 0, 0, scale, canvas.width / 2 - camera.x * scale, canvas.height / 2 - camera.y * scale);
  const near = neighbours(sim, scene.chosen ?? scene.hovered);
  const pulsing = paint_ties(brush, scene, near);
  paint_bodies(brush, scene, near);
  paint_labels(brush, scene, near);
  return pulsing;
}

function neighbours(sim: GraphSim, id: string | null): ReadonlySet<string> | null {
  if (id === null) return null;
  const out = new Set([id]);
  for (const { data } of sim.ties) {
    if (data.from === id) out.add(data.to);
    if (data.to === id) out.add(data.from);
  }
  return out;
}

function paint_ties(brush: CanvasRenderingContext2D, scene: Scene, near: ReadonlySet<string> | null): boolean {
  const { sim, paint, now_ms } = scene;
  const middle = scene.chosen ?? scene.hovered;
  let pulsing = false;
  for (const tie of sim.ties) {
    const { data, source, target } = tie;
    const concerned = near === null || data.from === middle || data.to === middle;
    const age = now_ms - tie.pulse_ms;
    const fresh = age < pulse_length_ms ? 1 - age / pulse_length_ms : 0;
    pulsing ||= fresh > 0;
    const faint = data.line === 'faint' ? 0.5 : 1;
    brush.globalAlpha = concerned ? Math.min(1, 0.42 * faint + 0.5 * fresh) : 0.05;
    brush.strokeStyle = data.errors > 0 && data.errors * 4 >= data.weight ? paint.bad : paint.edge;
    brush.lineWidth = faint * Math.min(7, 0.8 + 0.6 * Math.sqrt(data.weight)) + 1.5 * fresh;
    brush.setLineDash(data.line === 'faint' ? [3, 4] : []);
    brush.beginPath();
    const bend = bend_of(tie);
    brush.moveTo(source.x, source.y);
    brush.quadraticCurveTo(bend.x, bend.y, target.x, target.y);
    brush.stroke();
    if (fresh > 0) paint_spark(brush, tie, bend, 1 - fresh, paint.focus);
  }
  brush.setLineDash([]);
  brush.globalAlpha = 1;
  return pulsing;
}

/** An edge bends to its left, so that the two directions between two agents, and the two kinds, lie apart. */
function bend_of({ source, target, data }: Tie): { readonly x: number; readonly y: number } {
  const much = data.line === 'faint' ? 0.22 : 0.1;
  const [dx, dy] = [target.x - source.x, target.y - source.y];
  return { x: (source.x + target.x) / 2 + dy * much, y: (source.y + target.y) / 2 - dx * much };
}

/** A dot that runs along the edge, from the one who asked to the one who was asked. */
function paint_spark(
  brush: CanvasRenderingContext2D,
  { source, target }: Tie,
  bend: { readonly x: number; readonly y: number },
  way: number,
  colour: string,
): void {
  brush.globalAlpha = 0.9;
  brush.fillStyle = colour;
  brush.beginPath();
  const [start, middle, end] = [(1 - way) ** 2, 2 * way * (1 - way), way ** 2];
  const x = start * source.x + middle * bend.x + end * target.x;
  const y = start * source.y + middle * bend.y + end * target.y;
  brush.arc(x, y, 2.6, 0, 2 * Math.PI);
  brush.fill();
}

function paint_bodies(brush: CanvasRenderingContext2D, scene: Scene, near: ReadonlySet<string> | null): void {
  const { sim, paint } = scene;
  for (const body of sim.bodies) {
    brush.globalAlpha = near === null || near.has(body.id) ? 1 : 0.18;
    brush.fillStyle = paint.groups[body.group_index % paint.groups.length] ?? paint.ink;
    brush.strokeStyle = paint.surface;
    brush.lineWidth = 1.5;
    brush.beginPath();
    brush.arc(body.x, body.y, body.radius, 0, 2 * Math.PI);
    brush.fill();
    brush.stroke();
    if (body.id !== scene.chosen) continue;
    brush.strokeStyle = scene.focused ? paint.focus : paint.ink;
    brush.lineWidth = 2.5 / scene.camera.scale;
    brush.beginPath();
    brush.arc(body.x, body.y, body.radius + 4 / scene.camera.scale, 0, 2 * Math.PI);
    brush.stroke();
  }
  brush.globalAlpha = 1;
}

/**
 * The largest nodes are named, and whoever is looked at with all around; a name that would lie on one of a larger node is
 * left out. Names keep their size on the screen.
 */
function paint_labels(brush: CanvasRenderingContext2D, scene: Scene, near: ReadonlySet<string> | null): void {
  const { sim, paint, camera } = scene;
  const wanted = near
    ? sim.bodies.filter((body) => near.has(body.id))
    : named_first(sim.bodies, null).slice(0, Math.round(labels_max * Math.max(1, camera.scale)));
  const size = 11.5 / camera.scale;
  brush.font = `${size}px ${paint.face}`;
  brush.textAlign = 'center';
  brush.lineJoin = 'round';
  brush.strokeStyle = paint.surface;
  brush.lineWidth = 3 / camera.scale;
  brush.fillStyle = paint.ink;
  const taken: Box[] = [];
  for (const body of named_first(wanted, scene.chosen).slice(0, named_max)) {
    const y = body.y + body.radius + size * 1.15;
    const half = brush.measureText(body.data.label).width / 2;
    const box = { left: body.x - half, right: body.x + half, top: y - size, bottom: y + size * 0.25 };
    if (taken.some((other) => overlap(box, other))) continue;
    taken.push(box);
    brush.strokeText(body.data.label, body.x, y);
    brush.fillText(body.data.label, body.x, y);
  }
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function named_first(bodies: readonly Body[], chosen: string | null): readonly Body[] {
  return bodies.toSorted((a, b) => Number(b.id === chosen) - Number(a.id === chosen) || b.radius - a.radius);
}
