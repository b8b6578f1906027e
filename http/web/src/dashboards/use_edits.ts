// Purpose: hands the changes a reader makes to the queue, and shows the dashboard as it will be with them.
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Dashboard } from '../api/dashboards.ts';
import { use_store } from '../live/store.ts';
import { key_of_read } from '../queries/use_read.ts';
import { use_session } from '../session/room_context.ts';
import { EditQueue, type QueueView } from './edit_queue.ts';
import { applied_all } from './ops.ts';
import { store_op } from './store_op.ts';
import { dashboard_path, take_dashboard } from './use_dashboard.ts';

export interface Edits {
  readonly queue: EditQueue;
  readonly view: QueueView;
  readonly shown: Dashboard;
}

export function use_edits(stored: Dashboard): Edits {
  const { room } = use_session();
  const queries = useQueryClient();
  const { dashboard_id } = stored;
  const queue = useMemo(() => {
    const latest = (): Dashboard | undefined => queries.getQueryData<Dashboard>(key_of_read(dashboard_path(dashboard_id)));
    return new EditQueue(
      (op) => store_op(room.api, dashboard_id, latest(), op),
      (dashboard) => take_dashboard(queries, dashboard),
    );
  }, [room, queries, dashboard_id]);
  const view = use_store(queue.view);
  const shown = useMemo(() => applied_all(stored, view.ops), [stored, view.ops]);
  return { queue, view, shown };
}
