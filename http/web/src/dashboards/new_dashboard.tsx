// Purpose: a new dashboard, empty or after a template.
// Invariant: what was chosen and typed stays when it could not be stored.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import type { Dashboard, DashboardTemplate, NewDashboard } from '../api/dashboards.ts';
import { Panel } from '../components/panel.tsx';
import { t, t_or } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { dashboard_address, navigate } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';
import { Trouble } from './trouble.tsx';
import { list_path, take_dashboard } from './use_dashboard.ts';
import { template_in_words } from './words.ts';

const every_ms = 600_000;
const empty: NewDashboard = { title: '', charts: [] };

export function NewDashboardForm() {
  const { room } = use_session();
  const queries = useQueryClient();
  const templates = use_read<{ readonly items: readonly DashboardTemplate[] }>(`${list_path}/templates`, { every_ms });
  const [chosen, set_chosen] = useState('');
  const [title, set_title] = useState('');
  const template = templates.data?.items.find(({ template_id }) => template_id === chosen);
  const blueprint = template ? template_in_words(template) : empty;
  const create = useMutation({
    mutationFn: () =>
      room.api.post<Dashboard>(`/api/v2${list_path}`, { ...blueprint, title: title.trim() === '' ? blueprint.title : title.trim() }),
    onSuccess: (dashboard) => {
      take_dashboard(queries, dashboard);
      navigate(dashboard_address(dashboard.dashboard_id));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: [list_path] }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!create.isPending) create.mutate();
  };
  const choices = [
    { id: '', name: t('template.empty'), charts: 0 },
    ...(templates.data?.items ?? []).map(({ template_id, dashboard }) => ({
      id: template_id,
      name: t_or('template', template_id),
      charts: dashboard.charts.length,
    })),
  ];
  return (
    <Panel title={t('dashboard.new')} className="dash_new">
      <form onSubmit={submit} aria-label={t('dashboard.new')}>
        <fieldset className="dash_templates">
          <legend>{t('dashboard.template')}</legend>
          {choices.map(({ id, name, charts }) => (
            <label key={id}>
              <input type="radio" name="template" value={id} checked={chosen === id} onChange={() => set_chosen(id)} />
              <span>
                <b>{name}</b>
                <span className="muted">{t('dashboard.n_charts', { n: charts })}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div className="dash_new_name">
          <label>
            {t('field.title')}
            <input
              value={title}
              maxLength={200}
              required={blueprint.title === ''}
              placeholder={blueprint.title}
              onChange={(event) => set_title(event.target.value)}
            />
          </label>
          <button type="submit" className="button button_main" aria-disabled={create.isPending}>
            {t('dashboard.create')}
          </button>
        </div>
        <Trouble error={create.error} />
      </form>
    </Panel>
  );
}
