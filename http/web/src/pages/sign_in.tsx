// Purpose: signing in with an API key.
// Invariant: the form is never submitted by the browser, so the key cannot reach a URL.
import { LanguageChoice } from '../components/language_choice.tsx';
import { t, type Said } from '../i18n/i18n.ts';
import { locale } from '../i18n/locale.ts';
import { rich } from '../i18n/rich.tsx';
import { use_store } from '../live/store.ts';
import { useEffect, useRef, useState, type FormEvent, type RefObject } from 'react';
import { Mark } from '../components/brand.tsx';
import { ThemeChoice } from '../components/theme_choice.tsx';
import { sign_in } from '../session/session.ts';

export function SignIn({ notice }: { readonly notice: Said | null }) {
  const language = use_store(locale);
  const [key, set_key] = useState('');
  const [keep, set_keep] = useState(false);
  const [error, set_error] = useState<Said | null>(null);
  const [busy, set_busy] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    field.current?.focus();
  }, []);
  useEffect(() => {
    document.title = `${t('sign_in.title')} · Troupe`;
  }, [language]);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    set_busy(true);
    set_error(null);
    const reason = await sign_in(key.trim(), keep ? 'browser' : 'tab');
    if (reason === null) return;
    set_busy(false);
    set_error(() => reason);
    field.current?.focus();
  };

  return (
    <main className="gate">
      <form className="gate_card" onSubmit={(event) => void submit(event)} noValidate>
        <h1 className="gate_title">
          <Mark /> Troupe
        </h1>
        <p className="muted">{t('sign_in.text')}</p>
        {notice !== null && error === null && (
          <p className="note note_warn" role="status">
            {notice()}
          </p>
        )}
        <KeyField field={field} value={key} change={set_key} error={error} />
        <label className="check">
          <input type="checkbox" checked={keep} onChange={(event) => set_keep(event.target.checked)} />
          {t('sign_in.keep')}
        </label>
        <button type="submit" className="button button_main" aria-disabled={busy}>
          {t(busy ? 'sign_in.checking' : 'sign_in.title')}
        </button>
      </form>
      <div className="gate_choices">
        <LanguageChoice />
        <ThemeChoice />
      </div>
    </main>
  );
}

interface KeyFieldProps {
  readonly field: RefObject<HTMLInputElement | null>;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly error: Said | null;
}

function KeyField({ field, value, change, error }: KeyFieldProps) {
  return (
    <div className="field">
      <label htmlFor="api_key">{t('sign_in.key')}</label>
      <input
        id="api_key"
        ref={field}
        type="password"
        autoComplete="current-password"
        spellCheck={false}
        value={value}
        onChange={(event) => change(event.target.value)}
        aria-invalid={error !== null}
        aria-describedby={error === null ? 'api_key_hint' : 'api_key_error api_key_hint'}
      />
      <p id="api_key_hint" className="hint">
        {rich('sign_in.hint', { command: <code dir="ltr">troupectl keys create</code> })}
      </p>
      <div role="alert">
        {error !== null && (
          <p id="api_key_error" className="note note_bad">
            {error()}
          </p>
        )}
      </div>
    </div>
  );
}
