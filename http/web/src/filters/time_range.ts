// Purpose: the span of time the page looks at: chosen once, shared by every view, kept in the address.
// Invariants: pure. A range written to a query is read back equal; unknown parameters of the query are kept. A view
// that was given none uses its own (`fallback`), and writes none until the reader chooses.

export const presets = ['1h', '6h', '24h', '7d', '30d'] as const;
export type Preset = (typeof presets)[number];
export type Resolution = 'minute' | 'hour' | 'day';

export type RangeChoice =
  | { readonly kind: 'last'; readonly preset: Preset }
  | { readonly kind: 'between'; readonly since_ms: number; readonly until_ms: number };

export interface Span {
  readonly since_ms: number;
  readonly until_ms: number;
  readonly resolution: Resolution;
}

const hour_ms = 3_600_000;
export const preset_ms: { readonly [preset in Preset]: number } = {
  '1h': hour_ms,
  '6h': 6 * hour_ms,
  '24h': 24 * hour_ms,
  '7d': 168 * hour_ms,
  '30d': 720 * hour_ms,
};
export const resolution_ms: { readonly [resolution in Resolution]: number } = {
  minute: 60_000,
  hour: hour_ms,
  day: 24 * hour_ms,
};
const shortest_ms = 60_000;

const names = ['range', 'since', 'until'] as const;

export function range_from_query(query: URLSearchParams, fallback: Preset): RangeChoice {
  const since_ms = Date.parse(query.get('since') ?? '');
  const until_ms = Date.parse(query.get('until') ?? '');
  if (since_ms < until_ms) return { kind: 'between', since_ms, until_ms };
  const preset = presets.find((known) => known === query.get('range'));
  return { kind: 'last', preset: preset ?? fallback };
}

export function range_to_query(choice: RangeChoice, query = new URLSearchParams()): URLSearchParams {
  const out = without_range(query);
  if (choice.kind === 'last') {
    out.set('range', choice.preset);
  } else {
    out.set('since', new Date(choice.since_ms).toISOString());
    out.set('until', new Date(choice.until_ms).toISOString());
  }
  return out;
}

export function without_range(query: URLSearchParams): URLSearchParams {
  const out = new URLSearchParams(query);
  for (const name of names) out.delete(name);
  return out;
}

/** The address of another view, with the range the reader has chosen. */
export function carry_range(to: string, query: URLSearchParams): string {
  const [path = '', own = ''] = to.split('?');
  const out = new URLSearchParams(own);
  const has_own = names.some((name) => out.has(name));
  for (const name of names) {
    const value = query.get(name);
    if (value !== null && !has_own) out.set(name, value);
  }
  const text = out.toString();
  return text === '' ? path : `${path}?${text}`;
}

export function resolution_for(length_ms: number): Resolution {
  if (length_ms <= preset_ms['6h']) return 'minute';
  return length_ms <= preset_ms['7d'] ? 'hour' : 'day';
}

export function span_at(choice: RangeChoice, now_ms: number): Span {
  const until_ms = choice.kind === 'last' ? now_ms : choice.until_ms;
  const since_ms = choice.kind === 'last' ? now_ms - preset_ms[choice.preset] : choice.since_ms;
  return { since_ms, until_ms, resolution: resolution_for(until_ms - since_ms) };
}

/** What zooming to these moments means: never shorter than a minute. */
export function zoomed(from_ms: number, to_ms: number): RangeChoice {
  const since_ms = Math.min(from_ms, to_ms);
  return { kind: 'between', since_ms, until_ms: Math.max(from_ms, to_ms, since_ms + shortest_ms) };
}

export function widened(choice: RangeChoice, now_ms: number): RangeChoice {
  const { since_ms, until_ms } = span_at(choice, now_ms);
  const half = (until_ms - since_ms) / 2;
  const until = Math.min(now_ms, until_ms + half);
  return { kind: 'between', since_ms: until - 4 * half, until_ms: until };
}

/** The starts of every step of the span, oldest first, aligned as the node aligns its rollups (UTC). */
export function steps_of(span: Span): number[] {
  const step = resolution_ms[span.resolution];
  const out: number[] = [];
  for (let at = Math.floor(span.since_ms / step) * step; at < span.until_ms; at += step) out.push(at);
  return out;
}
