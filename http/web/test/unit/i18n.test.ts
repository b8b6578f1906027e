import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { best_locale, locales } from '../../src/i18n/locales.ts';
import { parts_of, placeholders_of, say, type Message } from '../../src/i18n/message.ts';

type Catalogue = { readonly [key: string]: Message };

const folder = new URL('../../src/i18n/catalogues/', import.meta.url);
const read = (tag: string): Catalogue => JSON.parse(readFileSync(new URL(`${tag}.json`, folder), 'utf8')) as Catalogue;
const english = read('en');
const others = locales.map(({ tag }) => tag).filter((tag) => tag !== 'en');
const patterns = (message: Message): string[] =>
  typeof message === 'string' ? [message] : Object.values(message).filter((pattern) => pattern !== undefined);

/** Every file of the page but the catalogues. */
function sources(at = new URL('../../src/', import.meta.url)): string[] {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return sources(new URL(`${entry.name}/`, at));
    return /\.tsx?$/.test(entry.name) ? [readFileSync(new URL(entry.name, at), 'utf8')] : [];
  });
}

describe('catalogues', () => {
  test('there is one for each language, and no other', () => {
    expect(readdirSync(folder).sort()).toEqual(locales.map(({ tag }) => `${tag}.json`).sort());
  });

  test.each(others)('%s has every message and no other, in the same order', (tag) => {
    expect(Object.keys(read(tag))).toEqual(Object.keys(english));
  });

  test.each(others)('%s puts the same values into its messages', (tag) => {
    const catalogue = read(tag);
    for (const [key, message] of Object.entries(english)) {
      const wanted = placeholders_of(message);
      const own = catalogue[key] ?? '';
      // "one" and "two" may be words in themselves, so only the general form must say the number
      expect(placeholders_of(typeof own === 'string' ? own : own.other), key).toEqual(wanted);
      expect(wanted, key).toEqual(expect.arrayContaining(placeholders_of(own)));
    }
  });

  test.each(locales.map(({ tag }) => tag))('%s has the plural forms of its language', (tag) => {
    const wanted = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    for (const [key, message] of Object.entries(read(tag))) {
      expect(typeof message, key).toBe(typeof english[key]);
      if (typeof message !== 'string') expect(Object.keys(message), key).toEqual(expect.arrayContaining(wanted));
    }
  });

  test.each(others)('%s is translated', (tag) => {
    const catalogue = read(tag);
    const script = { ar: /\p{Script=Arabic}/u, fa: /\p{Script=Arabic}/u, ur: /\p{Script=Arabic}/u, he: /\p{Script=Hebrew}/u }[
      tag as string
    ];
    const words = Object.entries(catalogue).filter(([key]) => parts_of(patterns(english[key] ?? '')[0] ?? '').some(
      (part) => part.kind === 'text' && /\p{L}{2}/u.test(part.text.replaceAll(/\b(p\d\d|CSV|JSON|SDK|OpenTelemetry|Gini|curl|Span|ID)\b/g, '')),
    ));
    const kept = words.filter(([key, message]) =>
      script ? !script.test(patterns(message).join('')) : JSON.stringify(message) === JSON.stringify(english[key]),
    );
    // words that are the same in both languages, such as "Agent" in German
    expect(kept.length, kept.map(([key]) => key).join(' ')).toBeLessThan(script ? 1 : words.length * 0.12);
  });

  test('no message is unused, and none that is used is missing', () => {
    const all = sources().join('\n');
    const named = new Set([...all.matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map((found) => found[1] ?? ''));
    const prefixes = [
      ...[...all.matchAll(/t\(\s*`([a-z_]+\.[a-z_]*)\$\{/g)].map((found) => found[1] ?? ''),
      ...[...all.matchAll(/t_or\('([a-z_]+)'/g)].map((found) => `${found[1]}.`),
      'chart.events_per_',
      'chart.tokens_per_',
      'chart.cost_per_',
    ];
    const unused = Object.keys(english).filter((key) => !named.has(key) && !prefixes.some((start) => key.startsWith(start)));
    expect(unused).toEqual([]);
  });
});

describe('messages', () => {
  const speech = { tag: 'en', isolate: false, number: String };

  test('values go where their names are, numbers as the language writes them', () => {
    expect(say('{a} of {b}', { a: 'x', b: 2 }, { ...speech, number: (n) => `<${n}>` })).toBe('x of <2>');
    expect(say('{a} {missing}', { a: 'x' }, speech)).toBe('x {missing}');
  });

  test('a plural follows the rules of its language', () => {
    const arabic = { zero: 'z', one: 'o', two: 't', few: 'f', many: 'm', other: 'x' };
    const said = [0, 1, 2, 3, 11, 100].map((n) => say(arabic, { n }, { ...speech, tag: 'ar' }));
    expect(said).toEqual(['z', 'o', 't', 'f', 'm', 'x']);
    expect(say({ one: '{n} item', other: '{n} items' }, { n: 1 }, speech)).toBe('1 item');
  });

  test('a text put into a right-to-left message is isolated from it', () => {
    expect(say('א {id} ב', { id: 'agent-1' }, { ...speech, tag: 'he', isolate: true })).toBe('א \u2068agent-1\u2069 ב');
  });

  test('the first language of the reader that is spoken here is taken', () => {
    expect(best_locale(['pt-BR', 'de-AT', 'en'])).toBe('de');
    expect(best_locale(['pt'])).toBe('en');
  });
});
