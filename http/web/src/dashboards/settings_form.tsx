// Purpose: what is stored with a dashboard besides its charts: name, grid, where span and pace begin, its indicators.
// Invariants: only what was changed is sent, with the version it was made from; what others changed meanwhile stays theirs.
// What could not be stored stays in the form.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { grid_columns_max, type Dashboard, type DashboardSettings } from '../api/dashboards.ts';
import { ApiError } from '../api/problem.ts';
import { Panel } from '../components/panel.tsx';
import { preset_name } from '../components/range_control.tsx';
import { presets } from '../filters/time_range.ts';
import { t } from '../i18n/i18n.ts';
import { key_of_read } from '../queries/use_read.ts';
import { use_session } from '../session/room_context.ts';
import { Amount, Check, Select } from './chart_fields.tsx';
import { IntervalChoice } from './pace_control.tsx';
import { Trouble } from './trouble.tsx';
import { dashboard_path, list_path, take_dashboard } from './use_dashboard.ts';

const names = ['title', 'description', 'grid_columns', 'time_range', 'update_interval', 'real_time', 'show_metrics'] as const;

export function changed_settings(before: DashboardSettings, draft: DashboardSettings): Partial<DashboardSettings> {
  return Object.fromEntries(names.filter((name) => draft[name] !== before[name]).map((name) => [name, draft[name]]));
}

export function SettingsForm({ dashboard, done }: { readonly dashboard: Dashboard; readonly done: () => void }) {
  const { room } = use_session();
  const queries = useQueryClient();
  const [before] = useState<DashboardSettings>(dashboard);
  const [draft, set_draft] = useState<DashboardSettings>(before);
  const field = useRef<HTMLInputElement>(null);
  const path = dashboard_path(dashboard.dashboard_id);
  useEffect(() => field.current?.focus(), []);
  const store = useMutation({
    networkMode: 'always',
    mutationFn: () => room.api.patch<Dashboard>(`/api/v2${path}`, changed_settings(before, draft), dashboard.version),
    onSuccess: (next) => {
      take_dashboard(queries, next);
      done();
    },
    onError: (error) => {
      // What the next try is made from.
      if (error instanceof ApiError && error.status === 412) void queries.invalidateQueries({ queryKey: key_of_read(path) });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: [list_path] }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (store.isPending) return;
    if (Object.keys(changed_settings(before, draft)).length === 0) done();
    else store.mutate();
  };
  const change = (part: Partial<DashboardSettings>): void => set_draft({ ...draft, ...part });
  return (
    <Panel title={t('dashboard.settings')}>
      <form onSubmit={submit} aria-label={t('dashboard.settings')}>
        <div className="fields">
          <label className="field_wide">
            {t('field.title')}
            <input ref={field} required maxLength={200} value={draft.title} onChange={(event) => change({ title: event.target.value })} />
          </label>
          <label className="field_wide">
            {t('form.description')}
            <textarea rows={2} maxLength={2_000} value={draft.description} onChange={(event) => change({ description: event.target.value })} />
          </label>
          <Amount
            label={t('form.grid_columns')}
            value={draft.grid_columns}
            least={1}
            most={grid_columns_max}
            change={(grid_columns) => change({ grid_columns })}
          />
          <Select
            label={t('range.title')}
            value={draft.time_range}
            options={presets.map((preset) => [preset, preset_name(preset)])}
            change={(time_range) => change({ time_range })}
          />
          <IntervalChoice value={draft.update_interval} change={(update_interval) => change({ update_interval })} />
          <Check label={t('dashboard.real_time')} value={draft.real_time} change={(real_time) => change({ real_time })} />
          <Check label={t('form.show_metrics')} value={draft.show_metrics} change={(show_metrics) => change({ show_metrics })} />
        </div>
        <Trouble error={store.error} />
        <div className="form_end">
          <button type="submit" className="button button_main" aria-disabled={store.isPending}>
            {t(store.isPending ? 'dashboard.saving' : store.isError ? 'dashboard.send_again' : 'dashboard.save')}
          </button>
          <button type="button" className="button" onClick={done}>
            {t('dashboard.cancel')}
          </button>
        </div>
      </form>
    </Panel>
  );
}
