// Purpose: what the chosen range went to, by model and by tool; each leads to its events.
import { count, short_count, sum_usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import type { KeyTotal } from '../live/keyed_totals.ts';
import { use_key_totals } from '../queries/usage.ts';
import { use_events_link } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_range } from '../routing/range.ts';

const rows_max = 8;

export function KeyTables() {
  const range = use_range();
  const models = use_key_totals('model', range);
  const tools = use_key_totals('tool', range);
  return (
    <>
      <KeyTable title={t('overview.models')} kind="model" rows={models} />
      <KeyTable title={t('overview.tools')} kind="tool" rows={tools} />
    </>
  );
}

interface KeyTableProps {
  readonly title: string;
  readonly kind: 'model' | 'tool';
  readonly rows: readonly KeyTotal[];
}

function KeyTable({ title, kind, rows }: KeyTableProps) {
  const events = use_events_link();
  if (rows.length === 0) return null;
  const priced = kind === 'model';
  return (
    <section className="panel" aria-label={title}>
      <header className="panel_head">
        <h2>{title}</h2>
      </header>
      <table className="small_table">
        <caption className="hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{t(`field.${kind}`)}</th>
            <th scope="col" className="number">
              {t('figure.calls')}
            </th>
            <th scope="col" className="number">
              {t('figure.errors')}
            </th>
            {priced && (
              <>
                <th scope="col" className="number">
                  {t('figure.tokens')}
                </th>
                <th scope="col" className="number">
                  {t('figure.cost')}
                </th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, rows_max).map((row) => (
            <tr key={row.key}>
              <th scope="row" className="col_name">
                <LinkTo to={events({ [kind]: row.key })}>
                  <bdi>{row.key}</bdi>
                </LinkTo>
              </th>
              <td className="number">{count(row.count)}</td>
              <td className={row.errors > 0 ? 'number bad' : 'number'}>{count(row.errors)}</td>
              {priced && (
                <>
                  <td className="number">{short_count(row.tokens)}</td>
                  <td className="number">{sum_usd(row.cost_usd)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
