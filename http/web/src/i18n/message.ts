// Purpose: a message and the values that go into it. A message is a text with `{name}` in it, or one such text for
// each plural category of its language, chosen by the value `n`.
// Invariants: pure. In a right-to-left language every text that is put in is isolated, so that an id or a path
// cannot turn the words around it.

export type Plural = { readonly [category in Intl.LDMLPluralRule]?: string | undefined } & { readonly other: string };
export type Message = string | Plural;
export type Values = { readonly [name: string]: string | number };

export interface Part {
  readonly kind: 'text' | 'value';
  readonly text: string;
}

export interface Speech {
  readonly tag: string;
  readonly isolate: boolean;
  readonly number: (value: number) => string;
}

const first_strong_isolate = '\u2068';
const pop_isolate = '\u2069';
export const isolated = (text: string): string => first_strong_isolate + text + pop_isolate;
const rules = new Map<string, Intl.PluralRules>();

export function plural_category(tag: string, n: number): Intl.LDMLPluralRule {
  let rule = rules.get(tag);
  if (!rule) {
    rule = new Intl.PluralRules(tag);
    rules.set(tag, rule);
  }
  return rule.select(n);
}

export function pattern_of(message: Message, tag: string, n: number | undefined): string {
  if (typeof message === 'string') return message;
  return message[plural_category(tag, n ?? 0)] ?? message.other;
}

/** The pattern cut at its placeholders. */
export function parts_of(pattern: string): Part[] {
  return pattern
    .split(/(\{[a-z_0-9]+\})/)
    .filter((text) => text !== '')
    .map((text) =>
      text.startsWith('{') ? { kind: 'value', text: text.slice(1, -1) } : { kind: 'text', text },
    );
}

export function placeholders_of(message: Message): string[] {
  const patterns = typeof message === 'string' ? [message] : Object.values(message).filter((pattern) => pattern !== undefined);
  const names = patterns.flatMap((pattern) => parts_of(pattern).filter((part) => part.kind === 'value'));
  return [...new Set(names.map((part) => part.text))].sort();
}

export function say(message: Message, values: Values, speech: Speech): string {
  const n = values['n'];
  const pattern = pattern_of(message, speech.tag, typeof n === 'number' ? n : undefined);
  return parts_of(pattern)
    .map((part) => {
      if (part.kind === 'text') return part.text;
      const value = values[part.text];
      if (value === undefined) return `{${part.text}}`;
      if (typeof value === 'number') return speech.number(value);
      return speech.isolate ? isolated(value) : value;
    })
    .join('');
}
