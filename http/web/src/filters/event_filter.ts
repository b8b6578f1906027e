// Purpose: what the event stream shows: parsed from and written to the URL's query, applied to pushed events and
// handed to REST for older ones. The names are those of the node's own query, so an address can be read and typed.
// Invariant: a filter that was written to a query is read back equal; unknown parameters of the query are kept.
import type { AgentEvent } from '../api/types.ts';

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
  /** RFC 3339; `until` excludes its instant */
  readonly since: string;
  readonly until: string;
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
  since: '',
  until: '',
};

export type FilterName = keyof EventFilter;
export const filter_names = Object.keys(no_filter) as readonly FilterName[];
/** Those that must equal a field of the event of the same name. */
const equal_fields = ['type', 'agent_id', 'status', 'team', 'model', 'tool', 'trace_id', 'session_id'] as const;

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

export function filter_from_query(query: URLSearchParams): EventFilter {
  const texts = Object.fromEntries(filter_names.map((name) => [name, query.get(name) ?? '']));
  const filter = { ...no_filter, ...texts } as EventFilter;
  return {
    ...filter,
    status: filter.status === 'ok' || filter.status === 'error' ? filter.status : '',
    since: is_time(filter.since) ? filter.since : '',
    until: is_time(filter.until) ? filter.until : '',
  };
}

export function filter_to_query(filter: EventFilter, query = new URLSearchParams()): URLSearchParams {
  const out = new URLSearchParams(query);
  for (const name of filter_names) {
    if (filter[name] === '') out.delete(name);
    else out.set(name, filter[name]);
  }
  return out;
}

export function is_empty(filter: EventFilter): boolean {
  return filter_names.every((name) => filter[name].trim() === '');
}

export function matches(event: AgentEvent, filter: EventFilter): boolean {
  if (equal_fields.some((name) => filter[name] !== '' && event[name] !== filter[name])) return false;
  if (filter.since !== '' || filter.until !== '') {
    const time_ms = Date.parse(event.time);
    if (filter.since !== '' && time_ms < Date.parse(filter.since)) return false;
    if (filter.until !== '' && time_ms >= Date.parse(filter.until)) return false;
  }
  const text = filter.q.trim().toLowerCase();
  return text === '' || text_of(event).includes(text);
}

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
    text = [...words, JSON.stringify(event.error ?? ''), JSON.stringify(event.attributes ?? {})]
      .join('\n')
      .toLowerCase();
    texts.set(event, text);
  }
  return text;
}
