// Purpose: events as a dense list, newest first; each opens to show everything it carries.
// Invariant: a row keeps its identity while new ones arrive above it, so focus and open details stay.
import { t } from '../i18n/i18n.ts';
import { memo, useCallback, useState } from 'react';
import type { AgentEvent } from '../api/types.ts';
import { summary_of } from '../format/event_text.ts';
import { duration, short_count, total_tokens, usd } from '../format/numbers.ts';
import { clock_time, full_time } from '../format/times.ts';
import { EventType } from './event_type.tsx';
import { EventDetail } from './event_detail.tsx';

export interface EventRow {
  readonly key: string;
  readonly event: AgentEvent;
}

export interface EventListProps {
  readonly rows: readonly EventRow[];
  readonly label: string;
  readonly without_agent?: boolean;
}

export function EventList({ rows, label, without_agent = false }: EventListProps) {
  const [open, set_open] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((id: string) => {
    set_open((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  return (
    <ul className={without_agent ? 'events events_of_one' : 'events'} aria-label={label}>
      {rows.map(({ key, event }) => (
        <Row key={key} event={event} open={open.has(event.id)} toggle={toggle} without_agent={without_agent} />
      ))}
    </ul>
  );
}

interface RowProps {
  readonly event: AgentEvent;
  readonly open: boolean;
  readonly toggle: (id: string) => void;
  readonly without_agent: boolean;
}

const Row = memo(function Row({ event, open, toggle, without_agent }: RowProps) {
  const failed = event.status === 'error';
  const tokens = total_tokens(event.tokens);
  return (
    <li className={failed ? 'event event_failed' : 'event'}>
      <button type="button" className="event_row" aria-expanded={open} onClick={() => toggle(event.id)}>
        <time className="event_time" dateTime={event.time} title={full_time(event.time)}>
          {clock_time(event.time)}
        </time>
        <EventType type={event.type} />
        <span className="event_what">
          {!without_agent && <span className="event_agent" dir="auto">{event.agent_id}</span>}
          <span className="event_summary" dir="auto">
            {failed && <bdi className="event_error">{t('status.error')}</bdi>} {summary_of(event)}
          </span>
        </span>
        <span className="event_figure event_tokens">{tokens > 0 && t('event.tokens', { amount: short_count(tokens) })}</span>
        <span className="event_figure event_cost">{event.cost_usd ? usd(event.cost_usd) : ''}</span>
        <span className="event_figure event_duration">
          {typeof event.duration_ms === 'number' && duration(event.duration_ms)}
        </span>
      </button>
      {open && <EventDetail event={event} />}
    </li>
  );
});
