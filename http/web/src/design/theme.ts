// Purpose: light, dark or as the system says; kept per browser.
// Invariant: the choice is an attribute of <html>; the colours themselves live in tokens.css and nowhere else.
import { Store } from '../live/store.ts';

export type Theme = 'system' | 'light' | 'dark';

const name = 'troupe.theme';
const query = window.matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  const value = window.localStorage.getItem(name);
  return value === 'light' || value === 'dark' ? value : 'system';
}

export const theme = new Store<Theme>(stored());
/** what is really shown */
export const shade = new Store<'light' | 'dark'>('light');

function show(): void {
  const choice = theme.get();
  document.documentElement.dataset.theme = choice;
  shade.set(choice === 'system' ? (query.matches ? 'dark' : 'light') : choice);
}

export function choose_theme(choice: Theme): void {
  if (choice === 'system') window.localStorage.removeItem(name);
  else window.localStorage.setItem(name, choice);
  theme.set(choice);
  show();
}

export function start_theme(): void {
  query.addEventListener('change', show);
  show();
}

/** A token's colour as the canvas needs it: resolved for the shade that is shown. */
export function resolved_colour(token: string): string {
  const probe = document.createElement('span');
  probe.className = 'colour_probe';
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
