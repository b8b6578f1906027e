// Purpose: checks a key with the node and says in plain words why it will not do.
// Invariant: a key that comes back as accepted may read: the page needs nothing else.
import { ApiClient } from '../api/client.ts';
import { ApiError } from '../api/problem.ts';
import { t, type Said } from '../i18n/i18n.ts';
import type { WhoAmI } from '../api/types.ts';

export type KeyCheck =
  | { readonly result: 'accepted'; readonly who: WhoAmI }
  | { readonly result: 'refused'; readonly reason: Said }
  | { readonly result: 'unreachable'; readonly reason: Said };

export async function check_key(
  key: string,
  client: Pick<ApiClient, 'whoami'> = new ApiClient(key),
): Promise<KeyCheck> {
  if (key === '') return { result: 'refused', reason: () => t('sign_in.enter_key') };
  if (!/^[\x21-\x7e]+$/.test(key)) {
    return { result: 'refused', reason: () => t('sign_in.plain_characters') };
  }
  try {
    const who = await client.whoami();
    if (who.role === 'ingest') {
      return {
        result: 'refused',
        reason: () => t('sign_in.only_sends'),
      };
    }
    return { result: 'accepted', who };
  } catch (error) {
    return explain(error);
  }
}

function explain(error: unknown): KeyCheck {
  if (!(error instanceof ApiError)) return { result: 'unreachable', reason: () => String(error) };
  switch (error.status) {
    case 401:
      return { result: 'refused', reason: () => t('sign_in.unknown_key') };
    case 403:
      return { result: 'refused', reason: () => t('sign_in.forbidden') };
    case 429:
      return { result: 'unreachable', reason: () => t('sign_in.too_many') };
    case 0:
    case 502:
    case 503:
    case 504:
      return { result: 'unreachable', reason: () => t('sign_in.unreachable') };
    default:
      return { result: 'refused', reason: () => error.detail || error.title };
  }
}
