// Purpose: what every chart can be zoomed with: three buttons in its head, and three keys on its plot.
// Invariant: a button that has nothing to do stays where it is and keeps the focus.
import { Icon, type IconName } from '../components/icons.tsx';
import { t, type MessageKey } from '../i18n/i18n.ts';

export interface Zoom {
  /** undefined: there is nothing more to do that way */
  readonly zoom_in: (() => void) | undefined;
  readonly zoom_out: (() => void) | undefined;
  readonly whole: (() => void) | undefined;
}

const tools: readonly (readonly [keyof Zoom, MessageKey, IconName])[] = [
  ['zoom_in', 'chart.zoom_in', 'zoom_in'],
  ['zoom_out', 'chart.zoom_out', 'zoom_out'],
  ['whole', 'chart.whole', 'whole'],
];

export function ZoomTools({ title, zoom }: { readonly title: string; readonly zoom: Zoom }) {
  return tools.map(([name, key, icon]) => (
    <button
      key={name}
      type="button"
      className="button button_icon"
      aria-label={t('chart.action', { action: t(key), title })}
      aria-disabled={zoom[name] === undefined}
      title={t(key)}
      onClick={() => zoom[name]?.()}
    >
      <Icon name={icon} />
    </button>
  ));
}

export const no_zoom: Zoom = { zoom_in: undefined, zoom_out: undefined, whole: undefined };

/** Whether the key was one of the three: plus, minus, zero. */
export function zoom_by_key(key: string, zoom: Zoom): boolean {
  const name = { '+': 'zoom_in', '=': 'zoom_in', '-': 'zoom_out', '0': 'whole' }[key] as keyof Zoom | undefined;
  if (name === undefined) return false;
  zoom[name]?.();
  return true;
}
