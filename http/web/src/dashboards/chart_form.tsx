// Purpose: adds a chart or changes one, with what it will look like beside it.
// Invariants: only what is allowed together can be chosen. What was chosen stays until it is stored or given up, also when
// the node could not be reached, or somebody else changed or removed the chart meanwhile, which is said.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import type { Chart, Dashboard } from '../api/dashboards.ts';
import { ChartPlaceContext } from '../charts/chart_place.ts';
import { Panel } from '../components/panel.tsx';
import { t } from '../i18n/i18n.ts';
import { use_session } from '../session/room_context.ts';
import { ChartFields } from './chart_fields.tsx';
import { place_of } from './chart_grid.tsx';
import type { Pace } from './charts/chart_read.ts';
import { ChartView } from './chart_view.tsx';
import { repaired } from './sources.ts';
import { store_op } from './store_op.ts';
import { Trouble } from './trouble.tsx';
import { take_dashboard } from './use_dashboard.ts';
import { use_settled } from './use_settled.ts';
import { title_of } from './words.ts';

const settle_ms = 350;

export interface FormSubject {
  /** of this opening of the form */
  readonly key: string;
  readonly chart: Chart;
  readonly is_new: boolean;
}

export function new_chart(): FormSubject {
  const id = `chart-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
  return {
    key: id,
    is_new: true,
    chart: {
      id,
      type: 'line',
      title: '',
      cols: 6,
      rows: 4,
      real_time: true,
      interactive: true,
      source: { view: 'usage', measure: 'cost_usd', group_by: 'none', top: 10, filters: {} },
      max: null,
    },
  };
}

export interface ChartFormProps {
  readonly subject: FormSubject;
  readonly dashboard: Dashboard;
  readonly pace: Pace;
  readonly done: () => void;
}

export function ChartForm({ subject, dashboard, pace, done }: ChartFormProps) {
  const { room } = use_session();
  const queries = useQueryClient();
  const start = useRef<HTMLDivElement>(null);
  const [draft, set_draft] = useState(() => ({ ...subject.chart, cols: Math.min(subject.chart.cols, dashboard.grid_columns) }));
  const shown = use_settled(repaired(draft), settle_ms);
  const store = useMutation({
    // A question that is not sent while offline would be sent later, unasked.
    networkMode: 'always',
    mutationFn: (chart: Chart) => store_op(room.api, dashboard.dashboard_id, undefined, { kind: 'put', chart }),
    onSuccess: (next) => {
      take_dashboard(queries, next);
      done();
    },
  });
  useEffect(() => {
    start.current?.scrollIntoView({ block: 'start' });
    start.current?.querySelector<HTMLElement>('select')?.focus({ preventScroll: true });
  }, []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!store.isPending) store.mutate(repaired(draft));
  };
  const title = subject.is_new ? t('form.new') : t('form.change', { title: title_of(subject.chart) });
  return (
    <div ref={start} className="chart_form_place">
      <Panel title={title} className="chart_form">
        <div className="chart_form_split">
          <form onSubmit={submit} aria-label={title}>
            <ChartFields draft={draft} columns={dashboard.grid_columns} change={(next) => set_draft(repaired(next))} />
            {!subject.is_new && <Meanwhile before={subject.chart} now={dashboard.charts.find(({ id }) => id === draft.id)} take={set_draft} />}
            <Trouble error={store.error} />
            <div className="form_end">
              <button type="submit" className="button button_main" aria-disabled={store.isPending}>
                {t(store.isPending ? 'dashboard.saving' : store.isError ? 'dashboard.send_again' : subject.is_new ? 'form.add' : 'dashboard.save')}
              </button>
              <button type="button" className="button" onClick={done}>
                {t('dashboard.cancel')}
              </button>
            </div>
          </form>
          <div className="chart_preview" aria-label={t('form.preview')} role="group">
            <ChartPlaceContext value={place_of(shown)}>
              <ChartView chart={shown} pace={{ ...pace, real_time: false }} />
            </ChartPlaceContext>
          </div>
        </div>
      </Panel>
    </div>
  );
}

interface MeanwhileProps {
  /** as the form was opened with */
  readonly before: Chart;
  readonly now: Chart | undefined;
  readonly take: (chart: Chart) => void;
}

/** What somebody else did to the chart while the form is open. */
function Meanwhile({ before, now, take }: MeanwhileProps) {
  const changed = now !== undefined && JSON.stringify(now) !== JSON.stringify(before);
  return (
    <div role="status">
      {now === undefined && <p className="note note_warn">{t('form.removed_meanwhile')}</p>}
      {changed && (
        <p className="note note_warn">
          {t('form.changed_meanwhile')}{' '}
          <button type="button" className="button button_small" onClick={() => take(now)}>
            {t('form.take_theirs')}
          </button>
        </p>
      )}
    </div>
  );
}
