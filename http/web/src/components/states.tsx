// Purpose: what stands where figures will be: they are on their way, there are none, or they could not be had.
// Invariant: an error says what happened and offers to try again; an empty place says what would fill it.
import type { Answered } from '../api/insight.ts';
import type { ReactNode } from 'react';
import { ApiError, message_of } from '../api/problem.ts';
import { t } from '../i18n/i18n.ts';
import type { Read } from '../queries/use_read.ts';

export function Loading() {
  return (
    <p className="state state_loading" role="status">
      {t('state.loading')}
    </p>
  );
}

export function Empty({ children }: { readonly children: ReactNode }) {
  return <p className="state">{children}</p>;
}

interface FailedProps {
  readonly error: unknown;
  readonly again: () => void;
  /** what it means that the node has no such thing; without it: that it does not offer these figures */
  readonly missing_text?: string | undefined;
}

export function Failed({ error, again, missing_text }: FailedProps) {
  const unknown_here = error instanceof ApiError && error.status === 404;
  return (
    <div className="state state_failed" role="status">
      <p>{unknown_here ? (missing_text ?? t('state.not_offered')) : t('state.failed', { reason: message_of(error) })}</p>
      <button type="button" className="button button_small" onClick={again}>
        {t('state.again')}
      </button>
    </div>
  );
}

interface AnswerProps<T> {
  readonly read: Read<T>;
  readonly empty?: (data: T) => boolean;
  readonly empty_text?: string;
  readonly missing_text?: string | undefined;
  readonly children: (data: T) => ReactNode;
}

/** Shows an answer, or the state it is in. An answer that is there stays while a new one cannot be had. */
export function Answer<T>({ read, empty, empty_text, missing_text, children }: AnswerProps<T>) {
  const state = state_of(read, empty, empty_text, missing_text);
  return state === undefined && read.data !== undefined ? children(read.data) : state;
}

/**
 * What stands in the place of a plot until its figures are there; undefined: they are. As with Answer, what is there stays
 * while something newer cannot be had.
 */
export function state_of<T>(read: Read<T>, empty?: (data: T) => boolean, empty_text?: string, missing_text?: string): ReactNode {
  if (read.data === undefined) {
    return read.isError ? <Failed error={read.error} again={() => void read.refetch()} missing_text={missing_text} /> : <Loading />;
  }
  return empty?.(read.data) ? <Empty>{empty_text ?? t('state.empty_range')}</Empty> : undefined;
}

/** Says so when figures are lower bounds, or scaled up from a sample. */
export function Exactness({ data }: { readonly data: Partial<Answered> | undefined }) {
  if (!data) return null;
  const rate = data.sampled?.rate ?? 1;
  return (
    <>
      {data.complete === false && <p className="note note_warn">{t('state.incomplete')}</p>}
      {data.exact_hours === false && <p className="note">{t('state.whole_hours')}</p>}
      {rate < 1 && <p className="note">{t('state.sampled', { n: Math.max(1, Math.round(1 / rate)) })}</p>}
    </>
  );
}
