// Purpose: what one can do while changing a dashboard, and what became of the changes.
// Invariant: what could not be stored is said in words, stays shown, and is sent again or dropped as the reader says. A
// chart that was removed can be brought back, with its place.
import { charts_max, type Chart } from '../api/dashboards.ts';
import { t } from '../i18n/i18n.ts';
import { new_chart, type FormSubject } from './chart_form.tsx';
import type { EditQueue, QueueView } from './edit_queue.ts';
import { restored } from './ops.ts';
import { words_of_trouble } from './trouble.tsx';
import { title_of } from './words.ts';

export interface Removed {
  readonly chart: Chart;
  /** as they were before */
  readonly charts: readonly Chart[];
}

export interface EditBarProps {
  readonly view: QueueView;
  readonly queue: EditQueue;
  readonly removed: Removed | null;
  readonly set_removed: (removed: Removed | null) => void;
  readonly open: (what: FormSubject | 'settings' | 'delete') => void;
  /** how many charts there are */
  readonly full: number;
}

const focus_first = (button: HTMLButtonElement | null): void => button?.focus({ preventScroll: true });

export function EditBar({ view, queue, removed, set_removed, open, full }: EditBarProps) {
  const bring_back = (gone: Removed): void => {
    queue.add(...restored(gone.charts, gone.chart.id));
    set_removed(null);
  };
  return (
    <div className="dash_editing" role="group" aria-label={t('dashboard.edit')}>
      <button type="button" className="button button_small button_main" disabled={full >= charts_max} onClick={() => open(new_chart())}>
        {t('dashboard.add_chart')}
      </button>
      <button type="button" className="button button_small" onClick={() => open('settings')}>
        {t('dashboard.settings')}
      </button>
      <button type="button" className="button button_small" onClick={() => open('delete')}>
        {t('dashboard.delete')}
      </button>
      <span className="muted" role="status">
        {view.sending ? t('dashboard.saving') : ''}
      </span>
      {removed && (
        <p key={removed.chart.id} className="note" role="status">
          {t('dashboard.removed', { title: title_of(removed.chart) })}{' '}
          {/* The button that removed the chart is gone with it. */}
          <button ref={focus_first} type="button" className="button button_small" onClick={() => bring_back(removed)}>
            {t('dashboard.bring_back')}
          </button>
        </p>
      )}
      <div role="alert">
        {view.trouble !== null && (
          <p className="note note_bad">
            {t('dashboard.not_stored', { n: view.ops.length })} {words_of_trouble(view.trouble)}{' '}
            <button type="button" className="button button_small" onClick={() => queue.again()}>
              {t('dashboard.send_again')}
            </button>{' '}
            <button type="button" className="button button_small" onClick={() => queue.drop()}>
              {t('dashboard.drop')}
            </button>
          </p>
        )}
      </div>
    </div>
  );
}
