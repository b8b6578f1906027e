// Purpose: which step a key leads to. Pure. The arrows follow the picture: where time runs from right to left, the
// left arrow goes forward.
import type { Direction } from '../i18n/locales.ts';

const page_steps = 10;

export function step_after_key(key: string, here: number, steps: number, direction: Direction): number | null {
  const forward = direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
  const back = direction === 'rtl' ? 'ArrowRight' : 'ArrowLeft';
  const within = (step: number): number => Math.max(0, Math.min(steps - 1, step));
  if (steps === 0) return null;
  switch (key) {
    case forward:
    case 'ArrowUp':
      return within(here + 1);
    case back:
    case 'ArrowDown':
      return within(here - 1);
    case 'PageUp':
      return within(here + page_steps);
    case 'PageDown':
      return within(here - page_steps);
    case 'Home':
      return 0;
    case 'End':
      return steps - 1;
    default:
      return null;
  }
}
