// Purpose: hands the live room of the signed-in session to the pages.
import { createContext, useContext } from 'react';
import type { WhoAmI } from '../api/types.ts';
import type { LiveRoom } from '../live/room.ts';

export interface Session {
  readonly room: LiveRoom;
  readonly who: WhoAmI;
  readonly sign_out: () => void;
}

export const SessionContext = createContext<Session | null>(null);

export function use_session(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('no session above this component');
  return session;
}
