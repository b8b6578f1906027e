// Purpose: the collaboration graph as one looks at it and moves in it: by pointer, by keyboard, by screen reader.
// Invariants: frames are drawn only while something moves. To assistive technology it is a list of agents, of which
// one is active; arrows go to the nearest agent in their direction. With less motion asked for, it stands still.
import { useCallback, useEffect, useImperativeHandle, useRef, useState, type KeyboardEvent, type Ref } from 'react';
import type { GraphEdge, GraphNode } from '../api/insight.ts';
import { shade } from '../design/theme.ts';
import { t } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { picture_of_canvas } from './download.ts';
import { fit, paint_graph, resolve_paint, type Camera, type Paint } from './graph_paint.ts';
import { body_towards, GraphSim, type Body } from './graph_sim.ts';
import { less_motion } from './time_option.ts';
import { use_graph_pointer } from './graph_pointer.ts';

export interface GraphHandle {
  readonly picture: () => Promise<Blob | null>;
  readonly pulse: (edges: readonly { readonly from: string; readonly to: string }[]) => void;
  readonly zoom: (factor: number) => void;
  readonly fit: () => void;
}

export interface ForceGraphProps {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly teams: readonly string[];
  readonly chosen: string | null;
  readonly choose: (id: string | null) => void;
  readonly open: (id: string) => void;
  readonly describe: (node: GraphNode) => string;
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
  const { nodes, edges, teams, chosen, choose, open, describe, label, handle } = props;
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
    state.sim.set_data(nodes, edges, teams);
    if (less_motion()) state.sim.settle();
    draw();
  }, [nodes, edges, teams, state, draw]);
  useEffect(() => {
    state.paint = resolve_paint();
    state.chosen = chosen;
    draw();
  }, [shown_shade, chosen, state, draw]);

  const zoom = useCallback(
    (factor: number) => {
      state.follows = false;
      state.camera = { ...state.camera, scale: Math.max(0.15, Math.min(6, state.camera.scale * factor)) };
      draw();
    },
    [state, draw],
  );
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
    fit: fit_all,
  }));

  const pointer = use_graph_pointer(canvas, state, draw, zoom, choose);
  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { bodies } = state.sim;
    const here = bodies.find((body) => body.id === chosen);
    const largest = (): Body | undefined => bodies.toSorted((a, b) => b.radius - a.radius)[0];
    if (event.key.startsWith('Arrow')) choose((here ? body_towards(bodies, here, event.key) : null)?.id ?? here?.id ?? largest()?.id ?? null);
    else if (event.key === 'Home') choose(largest()?.id ?? null);
    else if (event.key === 'Enter' && here) open(here.id);
    else if (event.key === 'Escape') choose(null);
    else if (event.key === '+') zoom(1.25);
    else if (event.key === '-') zoom(0.8);
    else if (event.key === '0') fit_all();
    else return;
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
          {node.id === chosen ? describe(node) : node.id}
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
