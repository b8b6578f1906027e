// Purpose: the page's address: a path for the view, a query for its filters and its range of time.
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

function with_query(query: URLSearchParams): string {
  const text = query.toString();
  return window.location.pathname + (text === '' ? '' : `?${text}`);
}

/** For filters: the address follows the typing without a history entry for each letter. */
export function replace_query(query: URLSearchParams): void {
  window.history.replaceState(null, '', with_query(query));
  notify();
}

/** For what one may want to go back from, such as a zoom. */
export function push_query(query: URLSearchParams): void {
  navigate(with_query(query));
}

export function agent_address(id: string): string {
  return `/agent?${new URLSearchParams({ id }).toString()}`;
}

export function trace_address(id: string): string {
  return `/trace?${new URLSearchParams({ id }).toString()}`;
}

export function dashboard_address(id: string): string {
  return `/dashboards/${encodeURIComponent(id)}`;
}
