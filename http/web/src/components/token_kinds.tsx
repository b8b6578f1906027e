// Purpose: tokens by kind, as figures. Cached and written-to-cache are part of input, reasoning of output.
import { t, type MessageKey } from '../i18n/i18n.ts';
import type { Tokens } from '../api/types.ts';
import { count, total_tokens } from '../format/numbers.ts';

const rows: readonly (readonly [keyof Tokens, MessageKey, string])[] = [
  ['input', 'tokens.input', 'kind_whole'],
  ['cache_read', 'tokens.cache_read', 'kind_part'],
  ['cache_write', 'tokens.cache_write', 'kind_part'],
  ['output', 'tokens.output', 'kind_whole'],
  ['reasoning', 'tokens.reasoning', 'kind_part'],
];

export function TokenKinds({ tokens }: { readonly tokens: Tokens | undefined }) {
  const total = total_tokens(tokens);
  if (total === 0) return <p className="empty">{t('tokens.none_yet')}</p>;
  return (
    <table className="small_table">
      <caption className="hidden">{t('tokens.by_kind')}</caption>
      <tbody>
        {rows.map(([kind, title, className]) => (
          <tr key={kind} className={className}>
            <th scope="row">{t(title)}</th>
            <td>
              <meter min={0} max={total} value={tokens?.[kind] ?? 0} aria-hidden="true" />
            </td>
            <td className="number">{count(tokens?.[kind] ?? 0)}</td>
          </tr>
        ))}
        <tr className="kind_total">
          <th scope="row">{t('tokens.total')}</th>
          <td />
          <td className="number">{count(total)}</td>
        </tr>
      </tbody>
    </table>
  );
}
