// Purpose: a graph as one looks at it and moves in it: by pointer, by finger, by keyboard, by screen reader.
// Invariants: frames are drawn only while something moves. To assistive technology it is a list of nodes, of which
// one is active; arrows go to the nearest node in their direction, and with Shift move the picture. Whatever is chosen
// is brought into sight. With less motion asked for, it stands still.
import { useCallback, useEffect, useImperativeHandle, useRef, useState, type KeyboardEvent, type Ref } from 'react';
import { shade } from '../design/theme.ts';
import { t } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { picture_of_canvas } from './download.ts';
import { fit, panned, scaled, showing, type Camera } from './graph_camera.ts';
import { paint_graph, resolve_paint, type Paint } from './graph_paint.ts';
import { body_towards, GraphSim, type Body, type EdgeData, type NodeData } from './graph_sim.ts';
import { less_motion } from './time_option.ts';
import { use_graph_pointer } from './graph_pointer.ts';
import { graph_zoom, pan_steps } from './graph_tools.tsx';
import { zoom_by_key } from './zoom_tools.tsx';

export interface GraphHandle {
  readonly picture: () => Promise<Blob | null>;
  readonly pulse: (edges: readonly { readonly from: string; readonly to: string }[]) => void;
  readonly zoom: (factor: number) => void;
  readonly pan: (dx_px: number, dy_px: number) => void;
  readonly fit: () => void;
}

export interface ForceGraphProps {
  readonly nodes: readonly NodeData[];
  readonly edges: readonly EdgeData[];
  /** in the order of their colours */
  readonly groups: readonly string[];
  readonly chosen: string | null;
  readonly choose: (id: string | null) => void;
  readonly open: (id: string) => void;
  readonly describe: (node: NodeData) => string;
  readonly label: string;
  readonly handle: Ref<GraphHandle>;
}

export interface GraphState {
  readonly sim: GraphSim;
  camera: Camera;
  /** until the reader moves it, the camera keeps everything in sight */
  follows: boolean;
  paint: Paint | null;
  chosen: string | null;
  hovered: string | null;
  focused: boolean;
  frame: number;
}

export default function ForceGraph(props: ForceGraphProps) {
  const { nodes, edges, groups, chosen, choose, open, describe, label, handle } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [state] = useState<GraphState>(() => ({
    sim: new GraphSim(),
    camera: { x: 0, y: 0, scale: 1 },
    follows: true,
    paint: null,
    chosen: null,
    hovered: null,
    focused: false,
    frame: 0,
  }));
  const shown_shade = use_store(shade);
  const draw = use_drawing(canvas, state);

  useEffect(() => {
    state.sim.set_data(nodes, edges, groups);
    if (less_motion()) state.sim.settle();
    draw();
  }, [nodes, edges, groups, state, draw]);
  useEffect(() => {
    state.paint = resolve_paint();
    state.chosen = chosen;
    const body = state.sim.bodies.find(({ id }) => id === chosen);
    const place = canvas.current;
    if (body && place && !state.follows) {
      state.camera = showing(state.camera, body, place.clientWidth, place.clientHeight);
    }
    draw();
  }, [shown_shade, chosen, state, draw]);

  const look = useCallback(
    (move: (camera: Camera) => Camera) => {
      state.follows = false;
      state.camera = move(state.camera);
      draw();
    },
    [state, draw],
  );
  const zoom = useCallback((factor: number) => look((camera) => scaled(camera, factor)), [look]);
  const pan = useCallback((dx: number, dy: number) => look((camera) => panned(camera, dx, dy)), [look]);
  const fit_all = useCallback(() => {
    state.follows = true;
    draw();
  }, [state, draw]);
  useImperativeHandle(handle, () => ({
    picture: async () => (canvas.current ? picture_of_canvas(canvas.current, state.paint?.surface ?? '') : null),
    pulse: (happened) => {
      if (less_motion()) return;
      for (const edge of happened) state.sim.pulse(edge.from, edge.to, performance.now());
      draw();
    },
    zoom,
    pan,
    fit: fit_all,
  }));

  const pointer = use_graph_pointer({ canvas, state, draw, look, choose });
  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { bodies } = state.sim;
    const here = bodies.find((body) => body.id === chosen);
    const largest = (): Body | undefined => bodies.toSorted((a, b) => b.radius - a.radius)[0];
    const step = event.shiftKey ? pan_steps[event.key] : undefined;
    if (step) pan(...step);
    else if (event.key.startsWith('Arrow')) choose((here ? body_towards(bodies, here, event.key) : null)?.id ?? here?.id ?? largest()?.id ?? null);
    else if (event.key === 'Home') choose(largest()?.id ?? null);
    else if (event.key === 'Enter' && here) open(here.id);
    else if (event.key === 'Escape') choose(null);
    else if (!zoom_by_key(event.key, graph_zoom(zoom, fit_all))) return;
    event.preventDefault();
  };
  const focus = (focused: boolean) => () => {
    state.focused = focused;
    draw();
  };
  const active = nodes.find((node) => node.id === chosen);
  return (
    <div
      className="graph"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={active ? 'graph_active' : undefined}
      onKeyDown={keys}
      onFocus={focus(true)}
      onBlur={focus(false)}
      {...pointer}
    >
      <canvas ref={canvas} aria-hidden="true" data-nodes={nodes.length} data-edges={edges.length} />
      {nodes.map((node) => (
        <div
          key={node.id}
          id={node.id === chosen ? 'graph_active' : undefined}
          role="option"
          aria-selected={node.id === chosen}
          className="hidden"
        >
          {node.id === chosen ? describe(node) : node.label}
        </div>
      ))}
      {nodes.length === 0 && (
        <div role="option" aria-selected="false" className="hidden">
          {t('state.empty_range')}
        </div>
      )}
    </div>
  );
}

/** Draws at the next frame, and goes on while something moves. */
function use_drawing(canvas: { readonly current: HTMLCanvasElement | null }, state: GraphState): () => void {
  const draw = useCallback(() => {
    if (state.frame !== 0) return;
    const next = (now_ms: number): void => {
      state.frame = 0;
      const place = canvas.current;
      if (!place || !state.paint) return;
      if (state.sim.moving) state.sim.tick();
      if (state.follows) state.camera = fit(state.sim.bodies, place.clientWidth, place.clientHeight);
      const { sim, camera, paint, chosen, hovered, focused } = state;
      const pulsing = paint_graph(place, { sim, camera, paint, chosen, hovered, focused, now_ms });
      if (sim.moving || pulsing) state.frame = requestAnimationFrame(next);
    };
    state.frame = requestAnimationFrame(next);
  }, [canvas, state]);

  useEffect(() => {
    const place = canvas.current;
    if (!place) return undefined;
    const resize = (): void => {
      const ratio = window.devicePixelRatio || 1;
      place.width = Math.round(place.clientWidth * ratio);
      place.height = Math.round(place.clientHeight * ratio);
      draw();
    };
    const watch = new ResizeObserver(resize);
    watch.observe(place);
    resize();
    return () => {
      watch.disconnect();
      cancelAnimationFrame(state.frame);
      state.frame = 0;
    };
  }, [canvas, state, draw]);
  return draw;
}
