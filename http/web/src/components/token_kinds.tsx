// Purpose: tokens by kind, as figures. Cached and written-to-cache are part of input, reasoning of output.
import type { Tokens } from '../api/types.ts';
import { count, total_tokens } from '../format/numbers.ts';

const rows: readonly (readonly [keyof Tokens, string, string])[] = [
  ['input', 'Input', 'kind_whole'],
  ['cache_read', 'read from cache', 'kind_part'],
  ['cache_write', 'written to cache', 'kind_part'],
  ['output', 'Output', 'kind_whole'],
  ['reasoning', 'reasoning', 'kind_part'],
];

export function TokenKinds({ tokens }: { readonly tokens: Tokens | undefined }) {
  const total = total_tokens(tokens);
  if (total === 0) return <p className="empty">No tokens yet.</p>;
  return (
    <table className="small_table">
      <caption className="hidden">Tokens by kind</caption>
      <tbody>
        {rows.map(([kind, title, className]) => (
          <tr key={kind} className={className}>
            <th scope="row">{title}</th>
            <td>
              <meter min={0} max={total} value={tokens?.[kind] ?? 0} aria-hidden="true" />
            </td>
            <td className="number">{count(tokens?.[kind] ?? 0)}</td>
          </tr>
        ))}
        <tr className="kind_total">
          <th scope="row">Total</th>
          <td />
          <td className="number">{count(total)}</td>
        </tr>
      </tbody>
    </table>
  );
}
