// Purpose: an observable value for React's useSyncExternalStore, which tells its readers at most every
// `interval_ms`, so that a flood of pushes costs a bounded number of renders.
// Invariant: `get` returns the same reference until the value really changed.
import { useSyncExternalStore } from 'react';

export class Store<T> {
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;

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

  /** Takes the value from `read` later, once for all calls within the interval. */
  set_soon(read: () => T): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.set(read());
    }, this.interval_ms);
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
