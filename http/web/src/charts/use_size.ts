// Purpose: how large a place is, as it changes.
import { useState } from 'react';

export interface Size {
  readonly width: number;
  readonly height: number;
}

type Measure = (element: HTMLElement | null) => (() => void) | undefined;

export function use_size(): readonly [Measure, Size] {
  const [size, set_size] = useState<Size>({ width: 0, height: 0 });
  const [measure] = useState<Measure>(() => (element: HTMLElement | null) => {
    if (!element) return undefined;
    const watch = new ResizeObserver(() => set_size({ width: element.clientWidth, height: element.clientHeight }));
    watch.observe(element);
    return () => watch.disconnect();
  });
  return [measure, size];
}
