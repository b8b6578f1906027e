// Purpose: another name for a dashboard, and its end.
// Invariants: deleting is asked about where it was asked for, and the answer that keeps it has the focus. A name that could
// not be stored stays in its field.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import type { Dashboard, DashboardItem } from '../api/dashboards.ts';
import { t } from '../i18n/i18n.ts';
import { use_session } from '../session/room_context.ts';
import { Trouble } from './trouble.tsx';
import { dashboard_path, list_path, take_dashboard } from './use_dashboard.ts';

interface RenameProps {
  readonly item: DashboardItem;
  readonly done: () => void;
}

export function RenameDashboard({ item, done }: RenameProps) {
  const { room } = use_session();
  const queries = useQueryClient();
  const [title, set_title] = useState(item.title);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  const rename = useMutation({
    mutationFn: () => room.api.patch<Dashboard>(`/api/v2${dashboard_path(item.dashboard_id)}`, { title: title.trim() }, item.version),
    onSuccess: (dashboard) => {
      take_dashboard(queries, dashboard);
      done();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: [list_path] }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <form className="dash_rename" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && done()}>
      <input ref={field} aria-label={t('field.title')} required maxLength={200} value={title} onChange={(event) => set_title(event.target.value)} />
      <button type="submit" className="button button_small" aria-disabled={rename.isPending}>
        {t('dashboard.save')}
      </button>
      <button type="button" className="button button_small" onClick={done}>
        {t('dashboard.cancel')}
      </button>
      <Trouble error={rename.error} />
    </form>
  );
}

interface DeleteProps {
  readonly dashboard: Pick<Dashboard, 'dashboard_id' | 'title'>;
  readonly charts: number;
  readonly done: (deleted: 'deleted' | 'kept') => void;
}

export function DeleteDashboard({ dashboard, charts, done }: DeleteProps) {
  const { room } = use_session();
  const queries = useQueryClient();
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  const remove = useMutation({
    mutationFn: () => room.api.remove(`/api/v2${dashboard_path(dashboard.dashboard_id)}`),
    onSuccess: () => done('deleted'),
    onSettled: () => queries.invalidateQueries({ queryKey: [list_path] }),
  });
  return (
    <div className="dash_confirm" role="group" aria-label={t('dashboard.delete')} onKeyDown={(event) => event.key === 'Escape' && done('kept')}>
      <p>{t('dashboard.delete_means', { title: dashboard.title, n: charts })}</p>
      <button type="button" className="button button_small button_bad" aria-disabled={remove.isPending} onClick={() => remove.mutate()}>
        {t('dashboard.delete_now')}
      </button>
      <button ref={keep} type="button" className="button button_small" onClick={() => done('kept')}>
        {t('dashboard.keep')}
      </button>
      <Trouble error={remove.error} />
    </div>
  );
}
