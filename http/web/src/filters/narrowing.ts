// Purpose: which events the figures of a view are of: parsed from and written to the URL's query, in the node's own names.
// Invariants: pure. What was written to a query is read back equal; what else the query has is kept.

export const narrowing_names = [
  'agent_id',
  'team',
  'type',
  'status',
  'model',
  'provider',
  'tool',
  'tier',
  'session_id',
  'user_id',
] as const;
export type NarrowingName = (typeof narrowing_names)[number];

/** Only what is set. */
export type Narrowing = { readonly [name in NarrowingName]?: string };

export function narrowing_from_query(query: URLSearchParams): Narrowing {
  const set = narrowing_names.flatMap((name) => {
    const value = query.get(name) ?? '';
    return value === '' ? [] : [[name, value] as const];
  });
  return Object.fromEntries(set);
}

export function narrowing_to_query(narrowing: Narrowing, query = new URLSearchParams()): URLSearchParams {
  const out = new URLSearchParams(query);
  for (const name of narrowing_names) {
    const value = narrowing[name] ?? '';
    if (value === '') out.delete(name);
    else out.set(name, value);
  }
  return out;
}

export const is_narrowed = (narrowing: Narrowing): boolean => Object.keys(narrowing).length > 0;

export function traces_address(narrowing: Narrowing): string {
  return `/traces?${narrowing_to_query(narrowing).toString()}`;
}
