// Purpose: what moves the picture of a graph without dragging: zoom, and four buttons that pan.
import type { RefObject } from 'react';
import { Icon, type IconName } from '../components/icons.tsx';
import { t, type MessageKey } from '../i18n/i18n.ts';
import type { GraphHandle } from './force_graph.tsx';
import type { Zoom } from './zoom_tools.tsx';

const zoom_step = 1.25;
const pan_px = 80;

/** How far an arrow moves the picture: towards what lies that way. */
export const pan_steps: { readonly [key: string]: readonly [number, number] } = {
  ArrowLeft: [pan_px, 0],
  ArrowUp: [0, pan_px],
  ArrowDown: [0, -pan_px],
  ArrowRight: [-pan_px, 0],
};

export const graph_zoom = (zoom: (factor: number) => void, whole: () => void): Zoom => ({
  zoom_in: () => zoom(zoom_step),
  zoom_out: () => zoom(1 / zoom_step),
  whole,
});

type Handle = RefObject<GraphHandle | null>;

export const graph_tool_zoom = (handle: Handle): Zoom =>
  graph_zoom(
    (factor) => handle.current?.zoom(factor),
    () => handle.current?.fit(),
  );

const ways: readonly (readonly [string, MessageKey, IconName])[] = [
  ['ArrowLeft', 'graph.left', 'left'],
  ['ArrowUp', 'graph.up', 'up'],
  ['ArrowDown', 'graph.down', 'down'],
  ['ArrowRight', 'graph.right', 'right'],
];

/** The arrows keep their places in every reading direction: the picture is not mirrored either. */
export function GraphPan({ handle }: { readonly handle: Handle }) {
  return (
    <div className="graph_tools" role="group" aria-label={t('graph.move')} dir="ltr">
      {ways.map(([key, name, icon]) => (
        <button
          key={key}
          type="button"
          className="button button_icon"
          aria-label={t(name)}
          title={t(name)}
          onClick={() => handle.current?.pan(...(pan_steps[key] ?? [0, 0]))}
        >
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}
