// Purpose: the languages of the page: their tag, their own name, their direction.
// Invariant: each has a complete catalogue in `catalogues/`; a test compares them key by key.

export const locales = [
  { tag: 'en', name: 'English', dir: 'ltr' },
  { tag: 'de', name: 'Deutsch', dir: 'ltr' },
  { tag: 'fr', name: 'Français', dir: 'ltr' },
  { tag: 'es', name: 'Español', dir: 'ltr' },
  { tag: 'ar', name: 'العربية', dir: 'rtl' },
  { tag: 'he', name: 'עברית', dir: 'rtl' },
  { tag: 'fa', name: 'فارسی', dir: 'rtl' },
  { tag: 'ur', name: 'اردو', dir: 'rtl' },
] as const;

export type LocaleTag = (typeof locales)[number]['tag'];
export type Direction = 'ltr' | 'rtl';

export function is_locale(tag: string | null | undefined): tag is LocaleTag {
  return locales.some((locale) => locale.tag === tag);
}

export function direction_of(tag: LocaleTag): Direction {
  return locales.find((locale) => locale.tag === tag)?.dir ?? 'ltr';
}

/** The first of the reader's languages that the page speaks; `iw` is what older systems call Hebrew. */
export function best_locale(wanted: readonly string[]): LocaleTag {
  for (const tag of wanted) {
    const language = (tag.split('-')[0] ?? '').toLowerCase().replace(/^iw$/, 'he');
    if (is_locale(language)) return language;
  }
  return 'en';
}
