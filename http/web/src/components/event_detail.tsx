// Purpose: everything an event carries: its fields as a list, its attributes as a tree.
import type { AgentEvent, Json } from '../api/types.ts';
import { count, duration, usd } from '../format/numbers.ts';
import { error_text } from '../format/event_text.ts';
import { full_time } from '../format/times.ts';
import { t, t_or } from '../i18n/i18n.ts';
import { events_address } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address, trace_address } from '../routing/router.ts';
import { CopyButton } from './copy_button.tsx';
import { JsonTree } from './json_tree.tsx';

const shown_otherwise = new Set(['attributes', 'tokens', 'latency_by_tier_ms', 'org', 'offset']);

function field_value(name: string, event: AgentEvent): React.ReactNode {
  const value = event[name as keyof AgentEvent];
  const text = String(value);
  switch (name) {
    case 'agent_id':
    case 'peer_agent_id':
      return <LinkTo to={agent_address(text)}>{text}</LinkTo>;
    case 'trace_id':
      return <LinkTo to={trace_address(text)}>{text}</LinkTo>;
    case 'session_id':
    case 'team':
    case 'model':
    case 'tool':
    case 'provider':
    case 'tier':
    case 'knowledge_id':
    case 'user_id':
      return <LinkTo to={events_address({ [name]: text }, null)}>{text}</LinkTo>;
    case 'time':
    case 'received_at':
      return <time dateTime={text}>{full_time(text)}</time>;
    case 'duration_ms':
      return duration(Number(value));
    case 'cost_usd':
      return usd(Number(value));
    case 'error':
      return error_text(event.error);
    case 'status':
      return t_or('status', text);
    default:
      return typeof value === 'object' ? JSON.stringify(value) : text;
  }
}

function numbers_of(
  values: { readonly [name: string]: number | undefined },
  word: (name: string) => string,
  unit: (value: number) => string,
): string {
  return Object.entries(values)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] !== 0)
    .map(([name, value]) => `${word(name)} ${unit(value)}`)
    .join(', ');
}

export function EventDetail({ event }: { readonly event: AgentEvent }) {
  const names = Object.keys(event).filter(
    (name) => !shown_otherwise.has(name) && event[name as keyof AgentEvent] !== null,
  );
  const tokens = numbers_of({ ...event.tokens }, (name) => t_or('tokens', name), count);
  const tiers = numbers_of(event.latency_by_tier_ms ?? {}, (name) => name, duration);
  const attributes: { [key: string]: Json } = event.attributes ?? {};
  return (
    <div className="event_detail">
      <dl className="facts">
        {names.map((name) => (
          <Fact key={name} name={t_or('field', name)} value={field_value(name, event)} />
        ))}
        {tokens !== '' && <Fact name={t('field.tokens')} value={tokens} />}
        {tiers !== '' && <Fact name={t('field.latency_by_tier')} value={tiers} />}
      </dl>
      {Object.keys(attributes).length > 0 && <JsonTree value={attributes} label={t('event.attributes')} />}
      <CopyButton text={JSON.stringify(event, null, 2)} label={t('event.copy')} />
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}
