// Purpose: what is shown while the kept key is being checked.
import { Mark } from '../components/brand.tsx';
import { sign_out } from '../session/session.ts';

export function Starting({ trouble }: { readonly trouble: string | null }) {
  return (
    <main className="gate">
      <div className="gate_card">
        <h1 className="gate_title">
          <Mark /> Troupe
        </h1>
        <p role="status">{trouble === null ? 'Signing in…' : `${trouble} Trying again every few seconds.`}</p>
        {trouble !== null && (
          <button type="button" className="button" onClick={() => sign_out()}>
            Forget the key
          </button>
        )}
      </div>
    </main>
  );
}
