// Purpose: a chart with its text alternative: a sentence for those who do not see it, a table for those who want
// the figures.
// Invariant: the chart's code arrives separately; the panel has its final height before it does.
import { lazy, Suspense, useId, useState } from 'react';
import { minute_time } from '../format/times.ts';
import { summary_of_series } from './summary.ts';

const ChartCanvas = lazy(() => import('./chart_canvas.tsx'));

export interface Series {
  readonly name: string;
  /** a colour token of the design */
  readonly colour: string;
  readonly values: readonly number[];
}

export interface ChartPanelProps {
  readonly title: string;
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly exact: (value: number) => string;
  readonly short: (value: number) => string;
}

export function ChartPanel(props: ChartPanelProps) {
  const { title, times, series, exact } = props;
  const [as_table, set_as_table] = useState(false);
  const id = useId();
  const summary = summary_of_series(times, series, exact);
  return (
    <section className="panel chart" aria-labelledby={id}>
      <header className="panel_head">
        <h2 id={id}>{title}</h2>
        <ul className="legend" aria-label="Legend">
          {series.map((line, index) => (
            <li key={line.name} className={`legend_${line.colour.slice(2)}`}>
              <span aria-hidden="true" className={index % 2 === 0 ? 'legend_solid' : 'legend_hatched'} /> {line.name}
            </li>
          ))}
        </ul>
        <button
          type="button"
          className="button button_small"
          aria-pressed={as_table}
          onClick={() => set_as_table(!as_table)}
        >
          Table<span className="hidden"> of {title.toLowerCase()}</span>
        </button>
      </header>
      {as_table ? (
        <MinuteTable {...props} />
      ) : (
        <div className="chart_area" role="img" aria-label={`${title}, last hour. ${summary}`}>
          <Suspense fallback={<div className="chart_canvas" />}>
            <ChartCanvas {...props} />
          </Suspense>
        </div>
      )}
      <p className="chart_summary">{summary}</p>
    </section>
  );
}

function MinuteTable({ title, times, series, exact }: ChartPanelProps) {
  return (
    <div className="chart_area chart_table" role="region" aria-label={`${title}, figures`} tabIndex={0}>
      <table className="small_table">
        <caption className="hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">Minute</th>
            {series.map((line) => (
              <th key={line.name} scope="col" className="number">
                {line.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times
            .map((time, index) => ({ time, index }))
            .toReversed()
            .map(({ time, index }) => (
              <tr key={time}>
                <th scope="row">{minute_time(time)}</th>
                {series.map((line) => (
                  <td key={line.name} className="number">
                    {exact(line.values[index] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
