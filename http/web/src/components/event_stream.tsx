// Purpose: the live stream: what is pushed, what is stored below it, pause and older ones.
// Invariant: pausing freezes what is shown and loses nothing: what came meanwhile is there on resuming.
import { t } from '../i18n/i18n.ts';
import { useEffect, useMemo, useState } from 'react';
import { is_empty, matches, type EventFilter } from '../filters/event_filter.ts';
import { below, use_event_history } from '../live/event_history.ts';
import type { LogView } from '../live/event_log.ts';
import { use_store, type Store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';
import { Loading } from './states.tsx';
import { EventList, type EventRow } from './event_list.tsx';

export interface EventStreamProps {
  readonly filter: EventFilter;
  readonly source: Store<LogView>;
  /** rows shown at first; each click on "Show older" adds as many */
  readonly step: number;
  readonly without_agent?: boolean;
  readonly label?: string;
  /** the stored events are there, or could not be had */
  readonly on_listed?: () => void;
}

export function EventStream({ filter, source, step, without_agent = false, label, on_listed }: EventStreamProps) {
  const { room } = use_session();
  const now = use_store(source);
  const [frozen, set_frozen] = useState<LogView | null>(null);
  const [shown, set_shown] = useState(step);
  const log = frozen ?? now;
  const history = use_event_history(room.api, filter, log);

  const listed = history.next !== undefined || history.error !== null;
  useEffect(() => {
    if (listed) on_listed?.();
  }, [listed, on_listed]);

  const rows = useMemo<EventRow[]>(() => {
    const pushed = log.entries.filter(({ event }) => matches(event, filter));
    const stored = below(log.entries, history.events);
    return [
      ...pushed.map(({ n, event }) => ({ key: `${log.generation}.${n}`, event })),
      ...stored.map((event) => ({ key: event.id, event })),
    ];
  }, [log, filter, history.events]);

  const more = rows.length > shown || history.next !== null;
  const older = (): void => {
    if (rows.length < shown + step && history.next !== null) history.load_older();
    set_shown(shown + step);
  };
  const missed = now.received - log.received;

  return (
    <div className="stream">
      <div className="stream_bar">
        <button
          type="button"
          className="button button_small"
          aria-pressed={frozen !== null}
          onClick={() => set_frozen(frozen === null ? now : null)}
        >
          {t(frozen === null ? 'events.pause' : 'events.resume')}
        </button>
        <span className="muted">
          {frozen === null ? t('events.received', { n: now.received }) : t('events.paused', { n: missed })}
        </span>
      </div>
      {rows.length > 0 && <EventList rows={rows.slice(0, shown)} label={label ?? t('nav.events')} without_agent={without_agent} />}
      {rows.length === 0 && !history.loading && history.next === null && (
        <p className="empty">{t(is_empty(filter) ? 'events.none_yet' : 'events.none_match')}</p>
      )}
      {history.error !== null && <p className="note note_warn">{t('events.stored_failed', { reason: history.error })}</p>}
      {history.loading && rows.length === 0 && <Loading />}
      {more && (rows.length > 0 || history.next) && (
        <button type="button" className="button" onClick={older}>
          {t(history.loading ? 'state.loading' : 'events.older')}
        </button>
      )}
      {history.error !== null && (
        <button type="button" className="button" onClick={history.load_older}>
          {t('state.again')}
        </button>
      )}
    </div>
  );
}
