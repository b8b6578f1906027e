// Purpose: the frame of every chart: title, legend, what can be done with it, the plot or its figures as a table, and
// a sentence that says what it shows.
// Invariants: every chart has a table, and can be taken away as CSV and as a picture. A state (loading, empty, failed)
// stands in the place of the plot, which keeps its height. Where a dashboard's cell is narrow, what can be done with a
// chart is behind one button.
import { useContext, useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Icon } from '../components/icons.tsx';
import { t } from '../i18n/i18n.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { ChartPlaceContext } from './chart_place.ts';
import { download } from './download.ts';
import { csv_of, file_name, shown_cell, type Cell, type Column, type TableModel } from './table_model.ts';
import { no_zoom, ZoomTools, type Zoom } from './zoom_tools.tsx';

export interface LegendItem {
  readonly name: string;
  /** a colour token of the design */
  readonly colour: string;
  readonly shape?: 'area' | 'line' | 'dash';
}

export interface ChartPanelProps {
  readonly title: string;
  readonly table: TableModel;
  readonly summary?: string;
  readonly legend?: readonly LegendItem[];
  readonly state?: ReactNode;
  readonly picture?: () => Promise<Blob | null> | Blob | null;
  readonly picture_ending?: 'png' | 'svg';
  readonly zoom?: Zoom;
  readonly controls?: ReactNode;
  readonly note?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

export function ChartPanel(props: ChartPanelProps) {
  const { title, table, summary, legend = [], state, controls, note, className = '', children } = props;
  const [as_table, set_as_table] = useState(false);
  const { fills } = useContext(ChartPlaceContext);
  const id = useId();
  return (
    <section className={`panel chart ${fills ? 'chart_fills' : ''} ${className}`} aria-labelledby={id}>
      <header className="panel_head">
        {/* Where it may be cut, it is whole to who points at it. */}
        <h2 id={id} title={fills ? title : undefined}>
          {title}
        </h2>
        {controls}
        <Actions {...props} as_table={as_table} set_as_table={set_as_table} />
      </header>
      {legend.length > 0 && state === undefined && <Legend items={legend} />}
      {note}
      <div className="chart_body">{as_table ? <FigureTable title={title} table={table} /> : (state ?? children)}</div>
      {summary !== undefined && <p className="chart_summary">{summary}</p>}
    </section>
  );
}

function Legend({ items }: { readonly items: readonly LegendItem[] }) {
  return (
    <ul className="legend" aria-label={t('chart.legend')}>
      {items.map((item) => (
        <li key={item.name}>
          <span
            aria-hidden="true"
            className={`legend_mark legend_${item.shape ?? 'area'}`}
            style={{ '--legend': `var(${item.colour})` } as React.CSSProperties}
          />
          <bdi>{item.name}</bdi>
        </li>
      ))}
    </ul>
  );
}

interface ActionsProps extends ChartPanelProps {
  readonly as_table: boolean;
  readonly set_as_table: (as_table: boolean) => void;
}

function Actions(props: ActionsProps) {
  const { title } = props;
  const { fills } = useContext(ChartPlaceContext);
  const [open, set_open] = useState(false);
  const id = useId();
  const close = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.key !== 'Escape' || !open) return;
    event.stopPropagation();
    set_open(false);
    event.currentTarget.querySelector<HTMLElement>('.chart_more')?.focus();
  };
  return (
    <div className="chart_tools" onKeyDown={close}>
      {fills && (
        <button
          type="button"
          className="button button_icon chart_more"
          aria-expanded={open}
          aria-controls={id}
          aria-label={t('chart.action', { action: t('chart.more'), title })}
          title={t('chart.more')}
          onClick={() => set_open(!open)}
        >
          <Icon name="more" />
        </button>
      )}
      <div id={id} className={open ? 'chart_actions chart_actions_open' : 'chart_actions'}>
        <ActionButtons {...props} />
      </div>
    </div>
  );
}

function ActionButtons(props: ActionsProps) {
  const { title, table, picture, picture_ending = 'png', zoom, as_table, set_as_table, state } = props;
  const { interactive } = useContext(ChartPlaceContext);
  const named = (action: string): string => t('chart.action', { action, title });
  const keep_picture = async (): Promise<void> => {
    const file = await picture?.();
    if (file) download(file_name(title, picture_ending), file);
  };
  return (
    <>
      {zoom && interactive && <ZoomTools title={title} zoom={as_table || state !== undefined ? no_zoom : zoom} />}
      <button
        type="button"
        className="button button_icon"
        aria-pressed={as_table}
        aria-label={named(t('chart.table'))}
        title={t('chart.table')}
        onClick={() => set_as_table(!as_table)}
      >
        <Icon name="table" />
      </button>
      <button
        type="button"
        className="button button_icon"
        aria-label={named(t('chart.csv'))}
        title={t('chart.csv')}
        disabled={table.rows.length === 0}
        onClick={() => download(file_name(title, 'csv'), new Blob([csv_of(table)], { type: 'text/csv;charset=utf-8' }))}
      >
        <Icon name="download" />
      </button>
      {picture && (
        <button
          type="button"
          className="button button_icon"
          aria-label={named(t('chart.picture'))}
          title={t('chart.picture')}
          disabled={as_table || state !== undefined}
          onClick={() => void keep_picture()}
        >
          <Icon name="picture" />
        </button>
      )}
    </>
  );
}

const rows_max = 500;

export function FigureTable({ title, table }: { readonly title: string; readonly table: TableModel }) {
  return (
    <div className="chart_table" role="region" aria-label={t('chart.figures', { title })} tabIndex={0}>
      <table className="small_table">
        <caption className="hidden">{title}</caption>
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column.name} scope="col" className={column.number ? 'number' : undefined}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.slice(0, rows_max).map((row, index) => (
            <tr key={index}>
              {row.map((cell, at) => (
                <FigureCell key={at} column={table.columns[at]} cell={cell} row={row} index={index} heads={at === 0} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.rows.length > rows_max && <p className="muted">{t('chart.rows_left', { n: table.rows.length - rows_max })}</p>}
    </div>
  );
}

interface FigureCellProps {
  readonly column: Column | undefined;
  readonly cell: Cell;
  readonly row: readonly Cell[];
  readonly index: number;
  /** whether it is the heading of its row */
  readonly heads: boolean;
}

function FigureCell({ column, cell, row, index, heads }: FigureCellProps) {
  const { interactive } = useContext(ChartPlaceContext);
  const to = interactive ? column?.link?.(row, index) : undefined;
  const words = shown_cell(column, cell);
  const text = <bdi>{to === undefined ? words : <LinkTo to={to}>{words}</LinkTo>}</bdi>;
  if (heads) return <th scope="row">{text}</th>;
  return <td className={column?.number ? 'number' : undefined}>{text}</td>;
}
