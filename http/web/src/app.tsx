// Purpose: chooses between signing in and the control room.
import { QueryClientProvider } from '@tanstack/react-query';
import { useMemo } from 'react';
import { use_store } from './live/store.ts';
import { ControlRoom } from './pages/control_room.tsx';
import { SignIn } from './pages/sign_in.tsx';
import { Starting } from './pages/starting.tsx';
import { SessionContext, type Session } from './session/room_context.ts';
import { session, sign_out } from './session/session.ts';

export function App() {
  const now = use_store(session);
  const context = useMemo<Session | null>(
    () => (now.state === 'signed_in' ? { room: now.room, who: now.who, sign_out: () => sign_out() } : null),
    [now],
  );
  if (now.state === 'starting') return <Starting trouble={now.trouble} />;
  if (!context || now.state !== 'signed_in') return <SignIn notice={now.state === 'signed_out' ? now.notice : null} />;
  return (
    <QueryClientProvider client={now.queries}>
      <SessionContext value={context}>
        <ControlRoom />
      </SessionContext>
    </QueryClientProvider>
  );
}
