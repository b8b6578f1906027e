// Purpose: every dashboard of the organisation: find one, make one, give it another name, delete it.
// Invariant: who may not change dashboards sees why. What is deleted is asked about first, in words that say what goes.
import { useState } from 'react';
import type { DashboardItem } from '../api/dashboards.ts';
import type { Page } from '../api/types.ts';
import { use_now } from '../components/now.ts';
import { Panel } from '../components/panel.tsx';
import { Answer, Empty } from '../components/states.tsx';
import { RowTable, type TableColumn } from '../components/table.tsx';
import { DeleteDashboard, RenameDashboard } from '../dashboards/dashboard_actions.tsx';
import { NewDashboardForm } from '../dashboards/new_dashboard.tsx';
import { list_path } from '../dashboards/use_dashboard.ts';
import { count } from '../format/numbers.ts';
import { ago, full_time } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import { use_answer } from '../queries/use_read.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { dashboard_address, replace_query, use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';

const per_page = 100;
const pages_max = 10;

/** All of them: the node keeps few enough. */
function use_dashboards() {
  const { room } = use_session();
  return use_answer<readonly DashboardItem[]>([list_path], {}, async (signal) => {
    const out: DashboardItem[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < pages_max; page += 1) {
      const answer: Page<DashboardItem> = await room.api.read(`/api/v2${list_path}`, { limit: per_page, cursor }, signal);
      out.push(...answer.items);
      if (!answer.next_cursor) break;
      cursor = answer.next_cursor;
    }
    return out;
  });
}

export function Dashboards() {
  const { who } = use_session();
  const read = use_dashboards();
  const { query } = use_route();
  const asked = query.get('q') ?? '';
  const search = (text: string): void => {
    const next = new URLSearchParams(query);
    if (text === '') next.delete('q');
    else next.set('q', text);
    replace_query(next);
  };
  const may_change = who.role === 'admin';
  return (
    <>
      {may_change ? <NewDashboardForm /> : <p className="note">{t('dashboard.only_admin')}</p>}
      <Panel title={t('dashboard.all')}>
        <form className="filter_bar" role="search" aria-label={t('dashboard.find')} onSubmit={(event) => event.preventDefault()}>
          <label className="filter_text">
            {t('field.text')}
            <input type="search" value={asked} placeholder={t('dashboard.find_hint')} onChange={(event) => search(event.target.value)} />
          </label>
        </form>
        <Answer read={read} empty={(items) => items.length === 0} empty_text={t('dashboard.none')}>
          {(items) => <DashboardTable items={items.filter((item) => fits(item, asked))} all={items.length} may_change={may_change} />}
        </Answer>
      </Panel>
    </>
  );
}

function fits({ title, description, dashboard_id }: DashboardItem, asked: string): boolean {
  const text = [title, description, dashboard_id].join('\n').toLocaleLowerCase();
  return text.includes(asked.trim().toLocaleLowerCase());
}

interface TableProps {
  readonly items: readonly DashboardItem[];
  readonly all: number;
  readonly may_change: boolean;
}

type Asked = { readonly id: string; readonly what: 'rename' | 'delete' } | null;

function DashboardTable({ items, all, may_change }: TableProps) {
  const now_ms = use_now(10_000);
  const [asked, set_asked] = useState<Asked>(null);
  const newest_first = items.toSorted((a, b) => (a.updated_at < b.updated_at ? 1 : -1));
  const columns: readonly TableColumn<DashboardItem>[] = [
    {
      key: 'title',
      title: t('field.title'),
      cell: (item) =>
        asked?.id === item.dashboard_id && asked.what === 'rename' ? (
          <RenameDashboard item={item} done={() => set_asked(null)} />
        ) : (
          <>
            <LinkTo to={dashboard_address(item.dashboard_id)}>{item.title}</LinkTo>
            {item.description !== '' && <span className="dash_about">{item.description}</span>}
          </>
        ),
    },
    { key: 'charts', title: t('dashboard.charts'), number: true, cell: (item) => count(item.chart_count) },
    {
      key: 'changed',
      title: t('dashboard.changed'),
      number: true,
      cell: (item) => <time dateTime={item.updated_at} title={full_time(item.updated_at)}>{ago(item.updated_at, now_ms)}</time>,
    },
    ...(may_change ? [actions_column(asked, set_asked)] : []),
  ];
  return (
    <>
      <p className="muted list_count" role="status">
        {t('dashboard.shown', { shown: count(items.length), n: all })}
      </p>
      {items.length === 0 ? (
        <Empty>{t('dashboard.none_match')}</Empty>
      ) : (
        <RowTable caption={t('nav.dashboards')} columns={columns} rows={newest_first} row_key={(item) => item.dashboard_id} />
      )}
    </>
  );
}

function actions_column(asked: Asked, set_asked: (asked: Asked) => void): TableColumn<DashboardItem> {
  return {
    key: 'actions',
    title: t('dashboard.actions'),
    number: true,
    cell: (item) => {
      const id = item.dashboard_id;
      if (asked?.id === id && asked.what === 'delete') {
        return <DeleteDashboard dashboard={item} charts={item.chart_count} done={() => set_asked(null)} />;
      }
      return (
        <span className="dash_actions">
          <button
            type="button"
            className="button button_small"
            aria-label={t('chart.action', { action: t('dashboard.rename'), title: item.title })}
            onClick={() => set_asked({ id, what: 'rename' })}
          >
            {t('dashboard.rename')}
          </button>
          <button
            type="button"
            className="button button_small"
            aria-label={t('chart.action', { action: t('dashboard.delete'), title: item.title })}
            onClick={() => set_asked({ id, what: 'delete' })}
          >
            {t('dashboard.delete')}
          </button>
        </span>
      );
    },
  };
}
