// Purpose: the zoom of charts that are real tables or text: they are drawn larger in a place that scrolls.
// Invariant: what was in the middle of the place stays there. Scrolling is the browser's own, by finger, wheel and key.
import { useLayoutEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import { zoom_by_key, type Zoom } from './zoom_tools.tsx';

const scales = [1, 1.5, 2, 3, 4, 6, 8] as const;

export interface Magnify {
  readonly scale: number;
  readonly zoom: Zoom;
  readonly keys: (event: KeyboardEvent) => void;
  /** the place that scrolls */
  readonly place: RefObject<HTMLDivElement | null>;
}

interface Middle {
  readonly x: number;
  readonly y: number;
}

/** As shares of what is in it, from where reading begins: there the browser counts from 0 down to the left. */
function middle_of(place: HTMLElement): Middle {
  return {
    x: (Math.abs(place.scrollLeft) + place.clientWidth / 2) / place.scrollWidth,
    y: (place.scrollTop + place.clientHeight / 2) / place.scrollHeight,
  };
}

function scroll_to(place: HTMLElement, middle: Middle): void {
  const x = middle.x * place.scrollWidth - place.clientWidth / 2;
  const sign = getComputedStyle(place).direction === 'rtl' ? -1 : 1;
  place.scrollTo({ left: sign * x, top: middle.y * place.scrollHeight - place.clientHeight / 2 });
}

export function use_magnify(): Magnify {
  const place = useRef<HTMLDivElement>(null);
  const middle = useRef<Middle | null>(null);
  const [level, set_level] = useState(0);
  useLayoutEffect(() => {
    if (place.current && middle.current) scroll_to(place.current, middle.current);
    middle.current = null;
  }, [level]);
  const to = (next: number): (() => void) | undefined => {
    if (next === level || next < 0 || next >= scales.length) return undefined;
    return () => {
      if (place.current) middle.current = middle_of(place.current);
      set_level(next);
    };
  };
  const zoom: Zoom = { zoom_in: to(level + 1), zoom_out: to(level - 1), whole: to(0) };
  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (zoom_by_key(event.key, zoom)) event.preventDefault();
  };
  return { scale: scales[level] ?? 1, zoom, keys, place };
}
