// Purpose: what the last hour went to, by model and by tool.
import type { KeyTotal } from '../live/keyed_totals.ts';
import { use_store } from '../live/store.ts';
import { count, short_count, sum_usd } from '../format/numbers.ts';
import { use_session } from '../session/room_context.ts';

const rows_max = 8;

export function KeyTables() {
  const { room } = use_session();
  const { models, tools } = use_store(room.keyed);
  return (
    <>
      <KeyTable title="Models, last hour" column="Model" rows={models} priced />
      <KeyTable title="Tools, last hour" column="Tool" rows={tools} />
    </>
  );
}

interface KeyTableProps {
  readonly title: string;
  readonly column: string;
  readonly rows: readonly KeyTotal[];
  readonly priced?: boolean;
}

function KeyTable({ title, column, rows, priced = false }: KeyTableProps) {
  if (rows.length === 0) return null;
  return (
    <section className="panel" aria-label={title}>
      <header className="panel_head">
        <h2>{title}</h2>
      </header>
      <table className="small_table">
        <caption className="hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{column}</th>
            <th scope="col" className="number">
              Calls
            </th>
            <th scope="col" className="number">
              Errors
            </th>
            {priced && (
              <>
                <th scope="col" className="number">
                  Tokens
                </th>
                <th scope="col" className="number">
                  Cost
                </th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, rows_max).map((row) => (
            <tr key={row.key}>
              <th scope="row" className="col_name">
                {row.key}
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
