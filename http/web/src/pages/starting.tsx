// Purpose: what is shown while the kept key is being checked.
import { t, type Said } from '../i18n/i18n.ts';
import { Mark } from '../components/brand.tsx';
import { sign_out } from '../session/session.ts';

export function Starting({ trouble }: { readonly trouble: Said | null }) {
  return (
    <main className="gate">
      <div className="gate_card">
        <h1 className="gate_title">
          <Mark /> Troupe
        </h1>
        <p role="status">{trouble === null ? t('sign_in.starting') : t('sign_in.trying', { reason: trouble() })}</p>
        {trouble !== null && (
          <button type="button" className="button" onClick={() => sign_out()}>
            {t('sign_in.forget')}
          </button>
        )}
      </div>
    </main>
  );
}
