// Purpose: chooses light, dark or the system's shade.
import { choose_theme, theme, type Theme } from '../design/theme.ts';
import { use_store } from '../live/store.ts';

export function ThemeChoice() {
  const choice = use_store(theme);
  return (
    <label className="theme_choice">
      <span className="hidden">Theme</span>
      <select value={choice} onChange={(event) => choose_theme(event.target.value as Theme)}>
        <option value="system">System theme</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
