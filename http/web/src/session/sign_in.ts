// Purpose: checks a key with the node and says in plain words why it will not do.
// Invariant: a key that comes back as accepted may read: the page needs nothing else.
import { ApiClient } from '../api/client.ts';
import { ApiError } from '../api/problem.ts';
import type { WhoAmI } from '../api/types.ts';

export type KeyCheck =
  | { readonly result: 'accepted'; readonly who: WhoAmI }
  | { readonly result: 'refused'; readonly reason: string }
  | { readonly result: 'unreachable'; readonly reason: string };

export async function check_key(
  key: string,
  client: Pick<ApiClient, 'whoami'> = new ApiClient(key),
): Promise<KeyCheck> {
  if (key === '') return { result: 'refused', reason: 'Enter an API key.' };
  if (!/^[\x21-\x7e]+$/.test(key)) {
    return { result: 'refused', reason: 'An API key has no spaces and only plain ASCII characters.' };
  }
  try {
    const who = await client.whoami();
    if (who.role === 'ingest') {
      return {
        result: 'refused',
        reason: 'This key may only send data. Sign in with a key that has the role read or admin.',
      };
    }
    return { result: 'accepted', who };
  } catch (error) {
    return explain(error);
  }
}

function explain(error: unknown): KeyCheck {
  if (!(error instanceof ApiError)) return { result: 'unreachable', reason: String(error) };
  switch (error.status) {
    case 401:
      return { result: 'refused', reason: 'The node does not know this key. Check it for missing characters.' };
    case 403:
      return { result: 'refused', reason: 'This key may not sign in here.' };
    case 429:
      return { result: 'unreachable', reason: 'Too many attempts. Wait a moment and try again.' };
    case 0:
    case 502:
    case 503:
    case 504:
      return { result: 'unreachable', reason: 'The node cannot be reached right now. Is it running?' };
    default:
      return { result: 'refused', reason: error.detail || error.title };
  }
}
