// Purpose: what a zoom shows: a part of a row of steps, or a span of time. Pure.
// Invariants: what is zoomed at keeps its place as far as there is room; a part has two steps at least and never more
// than there are; a span of time does not end after now.

export const zoom_factor = 2;
const fewest_steps = 2;

export interface Part {
  readonly first: number;
  readonly last: number;
}

/** `factor` above 1 shows less, below 1 more, of `steps` steps. */
export function zoomed_part(part: Part, steps: number, at: number, factor: number): Part {
  const length = part.last - part.first + 1;
  const wanted = Math.round(length / factor);
  const shown = Math.max(Math.min(fewest_steps, steps), Math.min(steps, wanted));
  const share = (at + 0.5 - part.first) / Math.max(1, length);
  const first = Math.round(at + 0.5 - share * shown);
  const within = Math.max(0, Math.min(steps - shown, first));
  return { first: within, last: within + shown - 1 };
}

/** The part that is still there after the steps changed; null: all of them. */
export function part_within(part: Part | null, steps: number): Part | null {
  if (part === null || steps === 0) return null;
  const shown = Math.min(steps, part.last - part.first + 1);
  const first = Math.max(0, Math.min(steps - shown, part.first));
  return shown === steps ? null : { first, last: first + shown - 1 };
}

export interface Moments {
  readonly since_ms: number;
  readonly until_ms: number;
}

export function zoomed_span(span: Moments, at_ms: number, factor: number, now_ms: number): Moments {
  const length = span.until_ms - span.since_ms;
  const shown = length / factor;
  const share = (at_ms - span.since_ms) / Math.max(1, length);
  const until_ms = Math.min(Math.max(now_ms, span.until_ms), at_ms + (1 - share) * shown);
  return { since_ms: until_ms - shown, until_ms };
}
