// Purpose: a heat map as a grid of real cells: read by eye as colour, or as bars where a row is a histogram, by screen
// reader as a table.
// Invariants: one cell is in the tab order at a time and the arrows move it, in the direction they point. The figure
// of a cell is in its name; colour has as many levels as can be told apart, on a scale that is shown.
import { Fragment, memo, useCallback, useContext, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent, type ReactNode } from 'react';
import { t } from '../i18n/i18n.ts';
import { direction } from '../i18n/locale.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { navigate } from '../routing/router.ts';
import { ChartPanel } from './chart_panel.tsx';
import { ChartPlaceContext } from './chart_place.ts';
import { bar_height, heat_level, heat_levels, move_in_grid, type HeatData } from './heat_data.ts';
import { heat_picture } from './heat_picture.ts';
import { use_magnify } from './magnify.ts';
import type { TableModel } from './table_model.ts';

export interface HeatMapProps {
  readonly title: string;
  readonly data: HeatData;
  /** what a figure counts, as a sentence part: "12 accesses" */
  readonly figure: (value: number) => string;
  readonly row_title: string;
  readonly address: (row: number, column: number) => string | undefined;
  readonly state?: ReactNode;
  readonly controls?: ReactNode;
  readonly note?: ReactNode;
  readonly summary?: string;
}

interface Place {
  readonly row: number;
  readonly column: number;
}

const nowhere = (): undefined => undefined;

export function HeatMap(props: HeatMapProps) {
  const { title, data, figure, row_title, state, controls, note, summary } = props;
  const { interactive } = useContext(ChartPlaceContext);
  const address = interactive ? props.address : nowhere;
  const [asked, set_place] = useState<Place>({ row: 0, column: 0 });
  const place = {
    row: Math.min(asked.row, Math.max(0, data.rows.length - 1)),
    column: Math.min(asked.column, Math.max(0, data.columns.length - 1)),
  };
  const [touched, set_touched] = useState(false);
  const { scale, zoom, keys: zoom_keys, place: scroller } = use_magnify();
  const grid = useRef<HTMLTableElement>(null);
  const table = useMemo<TableModel>(
    () => ({
      columns: [{ name: row_title }, ...data.columns.map((name) => ({ name, number: true }))],
      rows: data.rows.map((name, row) => [name, ...(data.values[row] ?? []).map((value) => value ?? 0)]),
    }),
    [data, row_title],
  );
  const open = useCallback(
    (row: number, column: number) => {
      const to = address(row, column);
      if (to !== undefined) navigate(to);
    },
    [address],
  );
  const move = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter') open(place.row, place.column);
    if (interactive) zoom_keys(event);
    const next = move_in_grid(event.key, place, data, direction());
    if (!next) return;
    event.preventDefault();
    set_touched(true);
    set_place(next);
    grid.current?.querySelector<HTMLElement>(`[data-at="${next.row}.${next.column}"]`)?.focus();
  };
  const choose = useCallback((row: number, column: number) => {
    set_touched(true);
    set_place({ row, column });
  }, []);
  const label_every = Math.ceil(data.label_every / scale);
  const value = data.values[place.row]?.[place.column] ?? 0;
  const to = address(place.row, place.column);
  return (
    <ChartPanel
      title={title}
      table={table}
      state={state}
      zoom={zoom}
      controls={controls}
      note={note}
      picture={() => heat_picture(data)}
      picture_ending="svg"
      className="heat_panel"
    >
      <div className="heat_scroll" ref={scroller}>
        <table
          role="grid"
          className={data.drawn === 'bars' ? 'heat heat_bars' : 'heat'}
          ref={grid}
          onKeyDown={move}
          aria-label={`${title}. ${t('chart.grid_keys')}`}
          style={{ '--scale': scale } as CSSProperties}
        >
          <thead>
            <tr>
              <th scope="col">
                <span className="hidden">{row_title}</span>
              </th>
              {data.columns.map((name, column) => (
                <th key={column} scope="col" title={name} data-shown={column % label_every === 0}>
                  <bdi>{name}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.rows.map((name, row) => (
              <HeatRow
                key={name}
                name={name}
                row={row}
                data={data}
                figure={figure}
                tab_column={row === place.row ? place.column : -1}
                choose={choose}
                open={open}
              />
            ))}
          </tbody>
        </table>
      </div>
      <div className="readout">
        {touched ? (
          <span>
            <bdi>{data.rows[place.row]}</bdi> · <bdi>{data.columns[place.column]}</bdi>: {figure(value)}
          </span>
        ) : (
          <span>{summary ?? t('chart.grid_hint')}</span>
        )}
        {touched && to !== undefined && <LinkTo to={to}>{t('chart.show_events')}</LinkTo>}
        {data.drawn !== 'bars' && <HeatScale max={data.max} figure={figure} />}
      </div>
    </ChartPanel>
  );
}

interface HeatRowProps {
  readonly name: string;
  readonly row: number;
  readonly data: HeatData;
  readonly figure: (value: number) => string;
  readonly tab_column: number;
  readonly choose: (row: number, column: number) => void;
  readonly open: (row: number, column: number) => void;
}

/** A name on a narrow screen goes on below after a slash rather than within a word. */
function breakable(name: string): ReactNode {
  const parts = name.split(/(?<=\/)/);
  return parts.map((part, at) => (
    <Fragment key={at}>
      {at > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

const HeatRow = memo(function HeatRow({ name, row, data, figure, tab_column, choose, open }: HeatRowProps) {
  const max = data.row_max?.[row] ?? data.max;
  const look = (value: number | null) =>
    data.drawn === 'bars'
      ? { className: 'heat_bar', style: { '--height': bar_height(value, max) } as CSSProperties }
      : { className: `heat_${heat_level(value, max)}` };
  return (
    <tr>
      <th scope="row" title={name}>
        <bdi>{breakable(name)}</bdi>
      </th>
      {(data.values[row] ?? []).map((value, column) => (
        <td
          key={column}
          data-at={`${row}.${column}`}
          tabIndex={column === tab_column ? 0 : -1}
          {...look(value)}
          aria-label={figure(value ?? 0)}
          onFocus={() => choose(row, column)}
          onPointerEnter={() => choose(row, column)}
          onPointerUp={(event) => event.pointerType === 'mouse' && open(row, column)}
        />
      ))}
    </tr>
  );
});

function HeatScale({ max, figure }: { readonly max: number; readonly figure: (value: number) => string }) {
  return (
    <span className="heat_scale" aria-hidden="true">
      0
      {Array.from({ length: heat_levels + 1 }, (_, level) => (
        <i key={level} className={`heat_${level}`} />
      ))}
      {figure(max)}
    </span>
  );
}
