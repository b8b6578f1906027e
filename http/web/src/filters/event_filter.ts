// Purpose: what the event stream shows: parsed from and written to the URL's query, applied to pushed events and
// handed to REST for older ones. The names are those of the node's own query, so an address can be read and typed.
// Invariants: a filter that was written to a query is read back equal; unknown parameters of the query are kept. Moments
// go before a range up to now, and an hour of the day is only asked for within a span that has a beginning.
import type { AgentEvent } from '../api/types.ts';
import { is_within } from './event_spans.ts';
import { presets, type Preset } from './time_range.ts';

export interface EventFilter {
  readonly type: string;
  readonly agent_id: string;
  readonly status: '' | 'ok' | 'error';
  readonly q: string;
  readonly team: string;
  readonly model: string;
  readonly tool: string;
  readonly trace_id: string;
  readonly session_id: string;
  /** asked or serving */
  readonly tier: string;
  readonly knowledge_id: string;
  readonly peer_agent_id: string;
  readonly user_id: string;
  readonly provider: string;
  /** RFC 3339; `until` excludes its instant */
  readonly since: string;
  readonly until: string;
  /** up to now, as the page has it */
  readonly range: '' | Preset;
  /** of the day, 0 to 23, at this distance from UTC */
  readonly hour: string;
  readonly utc_offset_minutes: string;
}

export const no_filter: EventFilter = {
  type: '',
  agent_id: '',
  status: '',
  q: '',
  team: '',
  model: '',
  tool: '',
  trace_id: '',
  session_id: '',
  tier: '',
  knowledge_id: '',
  peer_agent_id: '',
  user_id: '',
  provider: '',
  since: '',
  until: '',
  range: '',
  hour: '',
  utc_offset_minutes: '',
};

export type FilterName = keyof EventFilter;
export const filter_names = Object.keys(no_filter) as readonly FilterName[];
/** Those that must equal a field of the event of the same name. */
const equal_fields = [
  'type',
  'agent_id',
  'status',
  'team',
  'model',
  'tool',
  'trace_id',
  'session_id',
  'knowledge_id',
  'peer_agent_id',
  'user_id',
  'provider',
] as const;
const time_fields = ['since', 'until', 'range', 'hour'] as const;

export const event_types = [
  'execution.started',
  'execution.completed',
  'execution.failed',
  'llm.call',
  'tool.call',
  'memory.access',
  'knowledge.access',
  'hypothesis.formed',
  'hypothesis.validated',
  'hypothesis.rejected',
  'collaboration',
] as const;

const is_time = (text: string): boolean => !Number.isNaN(Date.parse(text));
const is_hour = (text: string): boolean => /^\d{1,2}$/.test(text) && Number(text) < 24;
const is_offset = (text: string): boolean => /^[+-]?\d{1,3}$/.test(text);

/** Without what says nothing beside the rest of the filter. */
function consistent(filter: EventFilter): EventFilter {
  const { since, until } = filter;
  const range = since === '' && until === '' ? filter.range : '';
  const hour = range !== '' || since !== '' ? filter.hour : '';
  const utc_offset_minutes = hour === '' ? '' : filter.utc_offset_minutes;
  return { ...filter, range, hour, utc_offset_minutes };
}

export function filter_from_query(query: URLSearchParams): EventFilter {
  const texts = Object.fromEntries(filter_names.map((name) => [name, query.get(name) ?? '']));
  const filter = { ...no_filter, ...texts } as EventFilter;
  return consistent({
    ...filter,
    status: filter.status === 'ok' || filter.status === 'error' ? filter.status : '',
    since: is_time(filter.since) ? filter.since : '',
    until: is_time(filter.until) ? filter.until : '',
    range: presets.find((known) => known === filter.range) ?? '',
    hour: is_hour(filter.hour) ? String(Number(filter.hour)) : '',
    utc_offset_minutes: is_offset(filter.utc_offset_minutes) ? String(Number(filter.utc_offset_minutes)) : '',
  });
}

export function filter_to_query(filter: EventFilter, query = new URLSearchParams()): URLSearchParams {
  const out = new URLSearchParams(query);
  const written = consistent(filter);
  for (const name of filter_names) {
    if (written[name] === '') out.delete(name);
    else out.set(name, written[name]);
  }
  return out;
}

/** The part of the filter that the node answers; when, is asked in spans. */
export function asked_of_node(filter: EventFilter): { readonly [name: string]: string } {
  const { since: _since, until: _until, range: _range, hour: _hour, utc_offset_minutes: _offset, ...fields } = filter;
  return { ...fields, q: filter.q.trim() };
}

export function is_empty(filter: EventFilter): boolean {
  return filter_names.every((name) => filter[name].trim() === '');
}

export function matches(event: AgentEvent, filter: EventFilter, now_ms = Date.now()): boolean {
  if (equal_fields.some((name) => filter[name] !== '' && event[name] !== filter[name])) return false;
  if (filter.tier !== '' && !concerns_tier(event, filter.tier)) return false;
  if (time_fields.some((name) => filter[name] !== '') && !is_within(Date.parse(event.time), filter, now_ms)) return false;
  const text = collapsed(filter.q).trim().toLowerCase();
  return text === '' || text_of(event).includes(text);
}

const concerns_tier = (event: AgentEvent, tier: string): boolean =>
  event.tier === tier || Object.hasOwn(event.latency_by_tier_ms ?? {}, tier);

/** Those that the node takes for blanks. */
const collapsed = (text: string): string => text.replace(/[ \t-\r]+/g, ' ');

/** The texts of an event, as the node searches them: names of fields, times and positions are not among them. */
const searched = [
  'id',
  'type',
  'agent_id',
  'session_id',
  'user_id',
  'team',
  'trace_id',
  'span_id',
  'parent_span_id',
  'model',
  'provider',
  'tool',
  'tier',
  'query',
  'knowledge_id',
  'peer_agent_id',
] as const;

const texts = new WeakMap<AgentEvent, string>();

function text_of(event: AgentEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    const words = searched.map((name) => event[name]).filter((value) => typeof value === 'string');
    const error = typeof event.error === 'string' ? event.error : JSON.stringify(event.error ?? '');
    text = [...words, error, JSON.stringify(event.attributes ?? {})]
      .map(collapsed)
      .join('\n')
      .toLowerCase();
    texts.set(event, text);
  }
  return text;
}
