// Purpose: moves a chart by dragging it by its grip: before the one it is dropped on, or behind it on its far side.
// Invariants: nothing moves until it is let go; Escape, or letting go elsewhere, leaves everything as it was.
import { useEffect, useState, type PointerEvent } from 'react';
import { direction } from '../i18n/locale.ts';
import type { Grip } from './tile_tools.tsx';

interface Drag {
  readonly id: string;
  readonly over: string | null;
  readonly side: 'before' | 'behind';
}

export interface TileDrag {
  readonly grip: (id: string) => Grip;
  readonly class_of: (id: string) => string;
}

export function use_tile_drag(drop: (id: string, before: string | null) => void): TileDrag {
  const [drag, set_drag] = useState<Drag | null>(null);
  useEffect(() => {
    if (!drag) return undefined;
    const leave = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') set_drag(null);
    };
    window.addEventListener('keydown', leave);
    return () => window.removeEventListener('keydown', leave);
  }, [drag]);

  const move = (hand: PointerEvent<HTMLElement>): void => {
    if (!drag) return;
    const tile = document.elementFromPoint(hand.clientX, hand.clientY)?.closest<HTMLElement>('[data-chart]');
    const over = tile?.dataset['chart'] ?? null;
    if (!tile || over === null || over === drag.id) return set_drag({ ...drag, over: null });
    const box = tile.getBoundingClientRect();
    const along = (hand.clientX - box.left) / box.width;
    const read = direction() === 'rtl' ? 1 - along : along;
    return set_drag({ ...drag, over, side: read > 0.5 ? 'behind' : 'before' });
  };
  const end = (): void => {
    if (drag?.over) drop(drag.id, drag.side === 'before' ? drag.over : after(drag.over, drag.id));
    set_drag(null);
  };
  return {
    grip: (id) => ({
      onPointerDown: (hand) => {
        if (hand.button !== 0) return;
        hand.preventDefault();
        hand.currentTarget.setPointerCapture(hand.pointerId);
        set_drag({ id, over: null, side: 'before' });
      },
      onPointerMove: move,
      onPointerUp: end,
      onPointerCancel: () => set_drag(null),
    }),
    class_of: (id) => {
      if (drag?.id === id) return 'tile_place tile_dragged';
      return drag?.over === id ? `tile_place tile_${drag.side}` : 'tile_place';
    },
  };
}

/** The next one on the page that is not the dragged one itself; null: there is none. */
function after(id: string, dragged: string): string | null {
  const ids = [...document.querySelectorAll<HTMLElement>('[data-chart]')].map((tile) => tile.dataset['chart'] ?? '');
  return ids.filter((each) => each !== dragged)[ids.filter((each) => each !== dragged).indexOf(id) + 1] ?? null;
}
