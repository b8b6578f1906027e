// Purpose: says a message in the chosen language.
// Invariants: a language is shown only once its catalogue has arrived, so no page is ever half translated. Every
// catalogue but the English one is a file of its own, loaded when it is chosen.
import en from './catalogues/en.json';
import { locale, number_format } from './locale.ts';
import { best_locale, direction_of, is_locale, type LocaleTag } from './locales.ts';
import { isolated, say, type Message, type Values } from './message.ts';

export type MessageKey = keyof typeof en;
export type Catalogue = Readonly<Record<MessageKey, Message>>;

/** A text that is said when it is shown, so that it follows the language. */
export type Said = () => string;

const storage_name = 'troupe.language';

const loaders: { readonly [tag in Exclude<LocaleTag, 'en'>]: () => Promise<{ readonly default: Catalogue }> } = {
  de: () => import('./catalogues/de.json'),
  fr: () => import('./catalogues/fr.json'),
  es: () => import('./catalogues/es.json'),
  ar: () => import('./catalogues/ar.json'),
  he: () => import('./catalogues/he.json'),
  fa: () => import('./catalogues/fa.json'),
  ur: () => import('./catalogues/ur.json'),
};

let catalogue: Catalogue = en;
let asked: LocaleTag = 'en';

export function message_of_key(key: MessageKey): Message {
  return catalogue[key];
}

export function t(key: MessageKey, values: Values = {}): string {
  const tag = locale.get();
  return say(catalogue[key], values, {
    tag,
    isolate: direction_of(tag) === 'rtl',
    number: (value) => number_format({ maximumFractionDigits: 0 }).format(value),
  });
}

/** "a, b, c" as the language lists things, each kept apart from the direction around it. */
export function list_of(words: readonly string[]): string {
  const tag = locale.get();
  const isolate = direction_of(tag) === 'rtl';
  const list = new Intl.ListFormat(tag, { type: 'unit', style: 'short' });
  return list.format(words.map((word) => (isolate ? isolated(word) : word)));
}

/** For words the node may send: known ones are translated, others are shown as they are. */
export function t_or(prefix: string, word: string): string {
  const key = `${prefix}.${word}`;
  return key in catalogue ? t(key as MessageKey) : word;
}

async function load(tag: LocaleTag): Promise<void> {
  asked = tag;
  const next = tag === 'en' ? en : (await loaders[tag]()).default;
  if (asked !== tag) return;
  catalogue = next;
  document.documentElement.lang = tag;
  document.documentElement.dir = direction_of(tag);
  locale.set(tag);
}

export async function choose_language(tag: LocaleTag): Promise<void> {
  await load(tag);
  window.localStorage.setItem(storage_name, tag);
}

/** Before the first render. A catalogue that cannot be loaded leaves the page in English. */
export async function start_language(): Promise<void> {
  const stored = window.localStorage.getItem(storage_name);
  const tag = is_locale(stored) ? stored : best_locale(navigator.languages);
  await load(tag).catch(() => load('en'));
}
