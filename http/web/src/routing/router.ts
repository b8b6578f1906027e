// Purpose: the page's address: a path for the view, a query for its filters.
// Invariant: the address is the only owner of what it holds; components read it and navigate, and keep no copy.
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

function notify(): void {
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

const address = (): string => window.location.pathname + window.location.search;

export interface Route {
  readonly path: string;
  readonly query: URLSearchParams;
}

export function use_route(): Route {
  const now = useSyncExternalStore(subscribe, address);
  const url = new URL(now, window.location.origin);
  return { path: url.pathname, query: url.searchParams };
}

export function navigate(to: string): void {
  window.history.pushState(null, '', to);
  notify();
}

/** For filters: the address follows the typing without a history entry for each letter. */
export function replace_query(query: URLSearchParams): void {
  const text = query.toString();
  window.history.replaceState(null, '', window.location.pathname + (text === '' ? '' : `?${text}`));
  notify();
}

export function agent_address(id: string): string {
  return `/agents?${new URLSearchParams({ agent: id }).toString()}`;
}
