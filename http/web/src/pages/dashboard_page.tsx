// Purpose: one dashboard: its charts in their grid, one span of time and one pace for all of them, who else looks at it,
// and, for who may, changing it.
// Invariants: pace and span are the reader's while they look; what is stored with the dashboard is where they begin. Forms
// stay open, and keep what is in them, whatever others change meanwhile.
import { useRef, useState } from 'react';
import type { Dashboard } from '../api/dashboards.ts';
import { ApiError } from '../api/problem.ts';
import { RangeControl } from '../components/range_control.tsx';
import { Empty, state_of } from '../components/states.tsx';
import { ChartForm, type FormSubject } from '../dashboards/chart_form.tsx';
import { ChartGrid } from '../dashboards/chart_grid.tsx';
import type { Pace } from '../dashboards/charts/chart_read.ts';
import { DeleteDashboard } from '../dashboards/dashboard_actions.tsx';
import { EditBar, type Removed } from '../dashboards/edit_bar.tsx';
import { LiveViews } from '../dashboards/live_views.tsx';
import { PaceControl } from '../dashboards/pace_control.tsx';
import { PresenceList } from '../dashboards/presence_list.tsx';
import { SettingsForm } from '../dashboards/settings_form.tsx';
import { StatusStrip } from '../dashboards/status_strip.tsx';
import { use_dashboard } from '../dashboards/use_dashboard.ts';
import { use_edits } from '../dashboards/use_edits.ts';
import type { People } from '../live/presence.ts';
import { t } from '../i18n/i18n.ts';
import { use_own_title } from '../routing/own_title.ts';
import { RangeFallback } from '../routing/range.ts';
import { navigate, use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';

const prefix = '/dashboards/';

export function DashboardPage() {
  const { path } = use_route();
  const id = decoded(path.slice(prefix.length));
  return id === '' ? <Empty>{t('dashboard.unknown')}</Empty> : <OneDashboard key={id} id={id} />;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function OneDashboard({ id }: { readonly id: string }) {
  const { read, people, deleted } = use_dashboard(id);
  use_own_title(read.data?.title ?? null);
  const missing = read.error instanceof ApiError && read.error.status === 404;
  if (deleted || (missing && read.data)) return <Empty>{t('dashboard.deleted')}</Empty>;
  if (missing) return <Empty>{t('dashboard.unknown')}</Empty>;
  if (!read.data) return state_of(read);
  return (
    <RangeFallback value={read.data.time_range}>
      <Board stored={read.data} people={people} />
    </RangeFallback>
  );
}

type Open = FormSubject | 'settings' | 'delete' | null;

function Board({ stored, people }: { readonly stored: Dashboard; readonly people: People }) {
  const { who } = use_session();
  const { queue, view, shown } = use_edits(stored);
  const [pace, set_pace] = use_pace(stored);
  const [editing, set_editing] = useState(stored.charts.length === 0 && who.role === 'admin');
  const [open, set_open] = useState<Open>(null);
  const opener = useRef<Element | null>(null);
  const [removed, set_removed] = useState<Removed | null>(null);
  const show = (what: Open): void => {
    opener.current = document.activeElement;
    set_open(what);
  };
  const close = (): void => {
    set_open(null);
    if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true });
  };
  return (
    <>
      <LiveViews charts={shown.charts} pace={pace} />
      <div className="dash_bar">
        <RangeControl />
        <PaceControl pace={pace} change={set_pace} />
        <PresenceList people={people} />
        {who.role === 'admin' ? (
          <button
            type="button"
            className="button button_small dash_edit"
            aria-pressed={editing}
            onClick={() => {
              set_editing(!editing);
              set_open(null);
            }}
          >
            {t('dashboard.edit')}
          </button>
        ) : (
          <span className="muted dash_edit">{t('dashboard.only_admin')}</span>
        )}
      </div>
      {shown.description !== '' && <p className="dash_description">{shown.description}</p>}
      {shown.show_metrics && <StatusStrip />}
      {editing && <EditBar view={view} queue={queue} removed={removed} set_removed={set_removed} open={show} full={shown.charts.length} />}
      {open === 'settings' && <SettingsForm dashboard={stored} done={close} />}
      {open === 'delete' && (
        <DeleteDashboard
          dashboard={stored}
          charts={stored.charts.length}
          done={(what) => {
            if (what === 'deleted') navigate('/dashboards');
            else close();
          }}
        />
      )}
      {open !== null && typeof open === 'object' && (
        <ChartForm key={open.key} subject={open} dashboard={shown} pace={pace} done={close} />
      )}
      {shown.charts.length === 0 && <Empty>{t(editing ? 'dashboard.no_charts_yet' : 'dashboard.no_charts')}</Empty>}
      <ChartGrid
        dashboard={shown}
        pace={pace}
        editing={editing}
        edit={(chart) => show({ key: `${chart.id} ${Date.now()}`, chart, is_new: false })}
        change={(op) => {
          if (op.kind === 'remove') set_removed(removed_chart(shown.charts, op.id));
          queue.add(op);
        }}
      />
    </>
  );
}

/** As the reader set it; anew as it is stored, when that changes. */
function use_pace({ update_interval, real_time }: Dashboard): readonly [Pace, (pace: Pace) => void] {
  const stamp = `${update_interval} ${real_time}`;
  const [own, set_own] = useState<{ readonly stamp: string; readonly pace: Pace } | null>(null);
  const pace = own?.stamp === stamp ? own.pace : { every_ms: update_interval, real_time };
  return [pace, (next) => set_own({ stamp, pace: next })];
}

function removed_chart(charts: Dashboard['charts'], id: string): Removed | null {
  const chart = charts.find((each) => each.id === id);
  return chart ? { chart, charts } : null;
}
