// Purpose: figures by key as bars, one below the other.
// Invariant: a real table: each bar stands beside its name, which leads to what is counted, and its figure.
import { useContext, useMemo, type ReactNode } from 'react';
import { Scroll } from '../components/scroll.tsx';
import { t } from '../i18n/i18n.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { ChartPanel } from './chart_panel.tsx';
import { ChartPlaceContext } from './chart_place.ts';
import { key_picture } from './key_picture.ts';
import { summary_of_keys, table_of_keys, type KeyData, type KeyRow } from './key_data.ts';

export interface KeyChartProps {
  readonly title: string;
  readonly data: KeyData;
  readonly state?: ReactNode;
  readonly note?: ReactNode;
}

export function BarList({ title, data, state, note }: KeyChartProps) {
  const table = useMemo(() => table_of_keys(data), [data]);
  const largest = Math.max(0, ...data.rows.map(({ value }) => value ?? 0));
  return (
    <ChartPanel title={title} table={table} state={state} note={note} picture={() => key_picture(data)} picture_ending="svg">
      <Scroll label={title} className="key_scroll">
        <table className="bars">
          <caption className="hidden">{summary_of_keys(data)}</caption>
          <thead className="hidden">
            <tr>
              <th scope="col">{data.keys}</th>
              <th scope="col">{data.measure.name}</th>
            </tr>
          </thead>
          <tbody>
            {data.rows.map((row) => (
              <tr key={row.key}>
                <th scope="row" title={row.name}>
                  <KeyName row={row} />
                </th>
                <td>
                  <span className="bar">
                    <span style={{ inlineSize: `${largest > 0 ? (100 * Math.max(0, row.value ?? 0)) / largest : 0}%` }} />
                    <b>{row.value === null ? '–' : data.measure.exact(row.value)}</b>
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {data.rest && (
          <p className="muted">
            {t('chart.others', { n: data.rest.keys })}: <bdi>{data.measure.exact(data.rest.value)}</bdi>
          </p>
        )}
      </Scroll>
    </ChartPanel>
  );
}

/** The name of a key, which leads to what is counted where one may follow it. */
export function KeyName({ row }: { readonly row: Pick<KeyRow, 'name' | 'to'> }) {
  const { interactive } = useContext(ChartPlaceContext);
  return <bdi>{row.to === undefined || !interactive ? row.name : <LinkTo to={row.to}>{row.name}</LinkTo>}</bdi>;
}
