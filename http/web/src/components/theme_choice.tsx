// Purpose: chooses light, dark or the system's shade.
import { choose_theme, theme, type Theme } from '../design/theme.ts';
import { t } from '../i18n/i18n.ts';
import { locale } from '../i18n/locale.ts';
import { use_store } from '../live/store.ts';

export function ThemeChoice() {
  const choice = use_store(theme);
  use_store(locale);
  return (
    <label className="choice">
      <span className="hidden">{t('frame.theme')}</span>
      <select value={choice} onChange={(event) => choose_theme(event.target.value as Theme)}>
        <option value="system">{t('frame.theme_system')}</option>
        <option value="light">{t('frame.theme_light')}</option>
        <option value="dark">{t('frame.theme_dark')}</option>
      </select>
    </label>
  );
}
