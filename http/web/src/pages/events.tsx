// Purpose: the event explorer: the stream with its filter, which lives in the address.
import { useMemo } from 'react';
import { EventFilterBar } from '../components/event_filter_bar.tsx';
import { EventStream } from '../components/event_stream.tsx';
import { FirstEvent } from '../components/first_event.tsx';
import { filter_from_query, filter_to_query, type EventFilter } from '../filters/event_filter.ts';
import { t } from '../i18n/i18n.ts';
import { replace_query, use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';

export function Events() {
  const { room } = use_session();
  const { query } = use_route();
  const text = query.toString();
  const filter = useMemo(() => filter_from_query(new URLSearchParams(text)), [text]);
  const change = (next: EventFilter): void => replace_query(filter_to_query(next, query));
  return (
    <>
      <FirstEvent />
      <section className="panel" aria-labelledby="stream_title">
        <h2 id="stream_title" className="hidden">
          {t('events.stream')}
        </h2>
        <EventFilterBar filter={filter} change={change} />
        <EventStream filter={filter} source={room.log} step={100} />
      </section>
    </>
  );
}
