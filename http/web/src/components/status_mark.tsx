// Purpose: an agent's status as shape and word: full, half and empty, so that colour is never the only sign.
import { t } from '../i18n/i18n.ts';
import type { AgentStatus } from '../api/types.ts';

export function StatusMark({ status }: { readonly status: AgentStatus }) {
  return (
    <span className={`status status_${status}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        <circle className="status_ring" cx="6" cy="6" r="4.5" />
        {status === 'active' && <circle className="status_fill" cx="6" cy="6" r="4.5" />}
        {status === 'idle' && <path className="status_fill" d="M6 1.5a4.5 4.5 0 0 1 0 9z" />}
      </svg>
      <span className="status_word">{t(`status.${status}`)}</span>
    </span>
  );
}
