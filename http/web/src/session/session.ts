// Purpose: the one state of being signed in or not, and the only code that changes it.
// Invariants: there is a live room exactly while signed in. Signing out forgets the key, ends the room and drops
// every answer that was kept, so that nothing of one organisation is shown to another.
import type { QueryClient } from '@tanstack/react-query';
import { ApiClient } from '../api/client.ts';
import type { WhoAmI } from '../api/types.ts';
import { t, type Said } from '../i18n/i18n.ts';
import { LiveRoom } from '../live/room.ts';
import { Store } from '../live/store.ts';
import { make_query_client } from '../queries/query_client.ts';
import { forget_key, keep_key, stored_key, type Keep } from './key_store.ts';
import { check_key } from './sign_in.ts';

export type SessionState =
  | { readonly state: 'starting'; readonly trouble: Said | null }
  | { readonly state: 'signed_out'; readonly notice: Said | null }
  | { readonly state: 'signed_in'; readonly who: WhoAmI; readonly room: LiveRoom; readonly queries: QueryClient };

const retry_ms = 3_000;

export const session = new Store<SessionState>({ state: 'starting', trouble: null });

/** Uses the kept key, if any. While the node cannot be reached it keeps trying. */
export async function resume_session(): Promise<void> {
  const key = stored_key();
  if (key === null) {
    session.set({ state: 'signed_out', notice: null });
    return;
  }
  const check = await check_key(key);
  if (session.get().state !== 'starting') return;
  if (check.result === 'accepted') {
    enter(key, check.who);
  } else if (check.result === 'refused') {
    sign_out(check.reason);
  } else {
    session.set({ state: 'starting', trouble: check.reason });
    setTimeout(() => {
      if (session.get().state === 'starting') void resume_session();
    }, retry_ms);
  }
}

/** The reason why not, or null when signed in. */
export async function sign_in(key: string, keep: Keep): Promise<Said | null> {
  const check = await check_key(key);
  if (check.result !== 'accepted') return check.reason;
  keep_key(key, keep);
  enter(key, check.who);
  return null;
}

export function sign_out(notice: Said | null = null): void {
  const before = session.get();
  forget_key();
  session.set({ state: 'signed_out', notice });
  if (before.state === 'signed_in') {
    before.room.close();
    before.queries.clear();
  }
}

function enter(key: string, who: WhoAmI): void {
  const client = new ApiClient(key, () => sign_out(() => t('sign_in.revoked')));
  session.set({ state: 'signed_in', who, room: new LiveRoom(client), queries: make_query_client() });
}
