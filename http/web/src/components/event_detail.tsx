// Purpose: everything an event carries: its fields as a list, its attributes as a tree.
import type { AgentEvent, Json } from '../api/types.ts';
import { count, duration, usd } from '../format/numbers.ts';
import { error_text } from '../format/event_text.ts';
import { full_time } from '../format/times.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address } from '../routing/router.ts';
import { CopyButton } from './copy_button.tsx';
import { JsonTree } from './json_tree.tsx';

const shown_otherwise = new Set(['attributes', 'tokens', 'latency_by_tier_ms', 'org', 'offset']);

function field_value(name: string, event: AgentEvent): React.ReactNode {
  const value = event[name as keyof AgentEvent];
  switch (name) {
    case 'agent_id':
    case 'peer_agent_id':
      return <LinkTo to={agent_address(String(value))}>{String(value)}</LinkTo>;
    case 'trace_id':
    case 'session_id':
      return <LinkTo to={`/events?${new URLSearchParams({ q: String(value) }).toString()}`}>{String(value)}</LinkTo>;
    case 'time':
    case 'received_at':
      return <time dateTime={String(value)}>{full_time(String(value))}</time>;
    case 'duration_ms':
      return duration(Number(value));
    case 'cost_usd':
      return usd(Number(value));
    case 'error':
      return error_text(event.error);
    default:
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
}

function labelled(name: string): string {
  return name.replace(/_ms$|_usd$/, '').replaceAll('_', ' ');
}

function numbers_of(values: { readonly [name: string]: number | undefined }, unit: (value: number) => string): string {
  return Object.entries(values)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] !== 0)
    .map(([name, value]) => `${labelled(name)} ${unit(value)}`)
    .join(', ');
}

export function EventDetail({ event }: { readonly event: AgentEvent }) {
  const names = Object.keys(event).filter(
    (name) => !shown_otherwise.has(name) && event[name as keyof AgentEvent] !== null,
  );
  const tokens = numbers_of({ ...event.tokens }, count);
  const tiers = numbers_of(event.latency_by_tier_ms ?? {}, duration);
  const attributes: { [key: string]: Json } = event.attributes ?? {};
  return (
    <div className="event_detail">
      <dl className="facts">
        {names.map((name) => (
          <div key={name}>
            <dt>{labelled(name)}</dt>
            <dd>{field_value(name, event)}</dd>
          </div>
        ))}
        {tokens !== '' && <Fact name="tokens" value={tokens} />}
        {tiers !== '' && <Fact name="latency by tier" value={tiers} />}
      </dl>
      {Object.keys(attributes).length > 0 && <JsonTree value={attributes} label="Attributes" />}
      <CopyButton text={JSON.stringify(event, null, 2)} what="event as JSON" />
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
