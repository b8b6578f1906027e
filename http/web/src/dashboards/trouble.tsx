// Purpose: why a change to a dashboard was not stored, in words of the page, and what to do about it.
// Invariant: what was typed is still there, and the words say so.
import { ApiError, message_of } from '../api/problem.ts';
import { t } from '../i18n/i18n.ts';

export function words_of_trouble(error: unknown): string {
  if (!(error instanceof ApiError)) return message_of(error);
  if (error.unreachable) return t('trouble.unreachable');
  switch (error.status) {
    case 403:
      return t('dashboard.only_admin');
    case 404:
      return t('trouble.gone');
    case 409:
      return t('trouble.taken');
    case 412:
      return t('trouble.changed');
    default:
      return t('trouble.refused', { reason: message_of(error) });
  }
}

/** Announced when it appears. */
export function Trouble({ error }: { readonly error: unknown }) {
  return <div role="alert">{error !== null && error !== undefined && <p className="note note_bad">{words_of_trouble(error)}</p>}</div>;
}
