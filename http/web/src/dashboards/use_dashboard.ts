// Purpose: one dashboard as it is now: read once, then kept by what its topic pushes; and who else looks at it.
// Invariants: an older version never replaces a newer one. After a gap in the pushes it is read again. Leaving the page
// leaves the topic.
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import type { Dashboard } from '../api/dashboards.ts';
import { people_after, type People, type PresenceDiff } from '../live/presence.ts';
import { key_of_read, use_read, type Read } from '../queries/use_read.ts';
import { use_session } from '../session/room_context.ts';

const every_ms = 60_000;
const topic_events = ['dashboard', 'dashboard_deleted', 'presence_state', 'presence_diff'] as const;

export const list_path = '/dashboards';
export const dashboard_path = (id: string): string => `${list_path}/${encodeURIComponent(id)}`;

/** One that was deleted and made again is another one, whatever its version. */
export function newer(known: Dashboard | undefined, next: Dashboard): Dashboard {
  if (!known || known.created_at !== next.created_at) return next;
  return known.version > next.version ? known : next;
}

export function take_dashboard(queries: QueryClient, next: Dashboard): void {
  const key = key_of_read(dashboard_path(next.dashboard_id));
  queries.setQueryData<Dashboard>(key, (known) => newer(known, next));
}

export interface LiveDashboard {
  readonly read: Read<Dashboard>;
  readonly people: People;
  readonly deleted: boolean;
}

export function use_dashboard(id: string): LiveDashboard {
  const { room } = use_session();
  const queries = useQueryClient();
  const path = dashboard_path(id);
  const read = use_read<Dashboard>(path, { every_ms });
  const [people, set_people] = useState<People>({});
  const [deleted, set_deleted] = useState(false);
  const pushed = useCallback(
    (event: string, payload: unknown): void => {
      if (event === 'dashboard') {
        const { dashboard } = payload as { dashboard?: Dashboard };
        if (dashboard) take_dashboard(queries, dashboard);
      } else if (event === 'dashboard_deleted') {
        set_deleted(true);
      } else if (event === 'presence_state') {
        set_people(payload as People);
      } else {
        set_people((now) => people_after(now, payload as PresenceDiff));
      }
    },
    [queries],
  );
  useEffect(() => {
    const topic = room.link.join(`dashboard:${id}`, 'optional', topic_events, {
      on_joined: (outcome, reply) => {
        const { dashboard } = (reply as { snapshot?: { dashboard?: Dashboard } } | null)?.snapshot ?? {};
        if (dashboard) take_dashboard(queries, dashboard);
        else if (outcome !== 'resumed') void queries.invalidateQueries({ queryKey: key_of_read(path) });
      },
      on_push: pushed,
      on_refused: () => {
        room.link.leave(topic);
        // It may be gone; reading it says so.
        void queries.invalidateQueries({ queryKey: key_of_read(path) });
      },
    });
    return () => room.link.leave(topic);
  }, [room, queries, id, path, pushed]);
  return { read, people, deleted };
}
