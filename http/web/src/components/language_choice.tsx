// Purpose: chooses the language. Each is named in itself, and marked as such for screen readers.
import { choose_language, t } from '../i18n/i18n.ts';
import { locale } from '../i18n/locale.ts';
import { is_locale, locales } from '../i18n/locales.ts';
import { use_store } from '../live/store.ts';

export function LanguageChoice() {
  const tag = use_store(locale);
  return (
    <label className="choice">
      <span className="hidden">{t('frame.language')}</span>
      <select
        value={tag}
        onChange={(event) => {
          if (is_locale(event.target.value)) void choose_language(event.target.value);
        }}
      >
        {locales.map((language) => (
          <option key={language.tag} value={language.tag} lang={language.tag}>
            {language.name}
          </option>
        ))}
      </select>
    </label>
  );
}
