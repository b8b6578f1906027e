// Purpose: an observable value for React's useSyncExternalStore, which tells its readers at most every
// `interval_ms`, so that a flood of pushes costs a bounded number of renders.
// Invariant: `get` returns the same reference until the value really changed.
import { useSyncExternalStore } from 'react';

export class Store<T> {
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private told_at = -Infinity;

  constructor(
    private value: T,
    private readonly interval_ms = 0,
  ) {}

  readonly get = (): T => this.value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    this.notify();
  }

  private notify(): void {
    for (const listener of [...this.listeners]) listener();
  }

  /** Takes the value from `read`: at once after a pause, else once for all calls within the interval. */
  set_soon(read: () => T): void {
    if (this.timer !== undefined) return;
    const since = performance.now() - this.told_at;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.told_at = performance.now();
      this.set(read());
    }, Math.max(0, this.interval_ms - since));
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.listeners.clear();
  }
}

export function use_store<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
