// Purpose: a row of figures: name, value, what goes with it, how it went lately, and the way to what it counts.
// Invariant: a figure is shown as "–" until it is known; it never starts at a false zero.
import type { ReactNode } from 'react';
import { LinkTo, type LinkToProps } from '../routing/link_to.tsx';
import { Spark } from './spark.tsx';

export interface Figure {
  readonly name: string;
  /** null: not known */
  readonly value: string | null;
  readonly more?: ReactNode;
  readonly tone?: 'bad' | 'warn' | undefined;
  readonly spark?: readonly number[];
  /** the address of what is counted */
  readonly to?: string;
  readonly time?: LinkToProps['time'];
  /** the view that says more; the whole figure leads there */
  readonly view?: string;
}

function Value({ figure: { name, value, to, time = 'of_the_page' } }: { readonly figure: Figure }) {
  if (value === null) return '–';
  if (to === undefined) return value;
  return (
    <LinkTo to={to} time={time} aria-label={`${name}: ${value}`}>
      {value}
    </LinkTo>
  );
}

export function Figures({ label, figures }: { readonly label: string; readonly figures: readonly Figure[] }) {
  return (
    <section aria-label={label}>
      <dl className="figures">
        {figures.map((figure) => (
          <div key={figure.name} className={figure.tone ? `figure figure_${figure.tone}` : 'figure'}>
            <dt>
              {figure.view === undefined ? (
                figure.name
              ) : (
                <LinkTo className="figure_link" to={figure.view}>
                  {figure.name}
                </LinkTo>
              )}
            </dt>
            <dd>
              <bdi className="figure_value">
                <Value figure={figure} />
              </bdi>
              {figure.more !== undefined && <span className="figure_more">{figure.more}</span>}
              {figure.spark && figure.value !== null && <Spark values={figure.spark} />}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
