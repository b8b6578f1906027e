// Purpose: one line that says what an event was about, from whichever fields its type uses.
import { t } from '../i18n/i18n.ts';
import type { AgentEvent, Json } from '../api/types.ts';

export function error_text(error: Json | undefined): string {
  if (error === undefined || error === null) return '';
  if (typeof error === 'string') return error;
  if (typeof error === 'object' && !Array.isArray(error)) {
    const message = error['message'] ?? error['detail'] ?? error['type'];
    if (typeof message === 'string') return message;
  }
  return JSON.stringify(error);
}

const subjects: { readonly [type: string]: (event: AgentEvent) => (string | undefined)[] } = {
  'llm.call': (e) => [e.model, e.provider],
  'tool.call': (e) => [e.tool],
  'memory.access': (e) => [e.tier, quoted(e.query), items(e)],
  'knowledge.access': (e) => [e.knowledge_id, quoted(e.query), e.tier, items(e)],
  collaboration: (e) => [e.peer_agent_id === undefined ? undefined : t('event.with', { agent: e.peer_agent_id })],
};

function quoted(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : `“${text}”`;
}

function items(event: AgentEvent): string | undefined {
  if (event.items_retrieved === undefined) return undefined;
  return t('event.items', { n: event.items_retrieved });
}

function first_attributes(event: AgentEvent): string[] {
  return Object.entries(event.attributes ?? {})
    .filter(([, value]) => value === null || typeof value !== 'object')
    .slice(0, 2)
    .map(([name, value]) => `${name}: ${String(value)}`);
}

export function summary_of(event: AgentEvent): string {
  const subject = subjects[event.type]?.(event) ?? [event.tool, event.model, quoted(event.query)];
  const parts = [error_text(event.error), ...subject].filter((part): part is string => !!part);
  return (parts.length > 0 ? parts : first_attributes(event)).join(' · ');
}
