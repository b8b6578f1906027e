// Purpose: what the event stream shows: parsed from and written to the URL's query, applied to pushed events and
// handed to REST for older ones.
// Invariant: a filter that was written to a query is read back equal; unknown parameters of the query are kept.
import type { AgentEvent } from '../api/types.ts';

export interface EventFilter {
  readonly type: string;
  readonly agent_id: string;
  readonly status: '' | 'ok' | 'error';
  readonly q: string;
}

export const no_filter: EventFilter = { type: '', agent_id: '', status: '', q: '' };

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

export function filter_from_query(query: URLSearchParams): EventFilter {
  const status = query.get('status') ?? '';
  return {
    type: query.get('type') ?? '',
    agent_id: query.get('agent_id') ?? '',
    status: status === 'ok' || status === 'error' ? status : '',
    q: query.get('q') ?? '',
  };
}

export function filter_to_query(filter: EventFilter, query = new URLSearchParams()): URLSearchParams {
  const out = new URLSearchParams(query);
  for (const name of ['type', 'agent_id', 'status', 'q'] as const) {
    if (filter[name] === '') out.delete(name);
    else out.set(name, filter[name]);
  }
  return out;
}

export function is_empty(filter: EventFilter): boolean {
  return filter.type === '' && filter.agent_id === '' && filter.status === '' && filter.q.trim() === '';
}

export function matches(event: AgentEvent, filter: EventFilter): boolean {
  if (filter.type !== '' && event.type !== filter.type) return false;
  if (filter.agent_id !== '' && event.agent_id !== filter.agent_id) return false;
  if (filter.status !== '' && event.status !== filter.status) return false;
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
