// Purpose: two fingers on a chart: how far apart they are drawn, and where they go. Pure; whoever uses it hands it the
// pointer events of touch.
// Invariant: a third finger changes nothing, and when one of the two is lifted the pinch is over.

interface Finger {
  x: number;
  y: number;
}

export interface PinchMove {
  /** since the last move, and since the two fingers came down: above 1 apart, below 1 together */
  readonly factor: number;
  readonly total: number;
  /** the point between the fingers, and how far it went since the last move */
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}

const nearest_px = 16;

export class Pinch {
  private readonly fingers = new Map<number, Finger>();
  private start_px = 0;
  private last: { readonly apart: number; readonly x: number; readonly y: number } | null = null;

  get active(): boolean {
    return this.last !== null;
  }

  down(id: number, x: number, y: number): void {
    if (this.fingers.size >= 2) return;
    this.fingers.set(id, { x, y });
    if (this.fingers.size < 2) return;
    this.last = this.now();
    this.start_px = this.last.apart;
  }

  move(id: number, x: number, y: number): PinchMove | null {
    const finger = this.fingers.get(id);
    if (!finger || !this.last) return null;
    [finger.x, finger.y] = [x, y];
    const before = this.last;
    const now = this.now();
    this.last = now;
    return {
      factor: now.apart / before.apart,
      total: now.apart / this.start_px,
      x: now.x,
      y: now.y,
      dx: now.x - before.x,
      dy: now.y - before.y,
    };
  }

  /** Also for a pointer that the browser took over. */
  up(id: number): void {
    this.fingers.delete(id);
    if (this.fingers.size < 2) this.last = null;
  }

  private now(): { readonly apart: number; readonly x: number; readonly y: number } {
    const [a = { x: 0, y: 0 }, b = a] = [...this.fingers.values()];
    const apart = Math.max(nearest_px, Math.hypot(a.x - b.x, a.y - b.y));
    return { apart, x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  }
}
