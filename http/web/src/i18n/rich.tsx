// Purpose: a message whose placeholders are elements: a link, a code word, an isolated id.
import { Fragment, type ReactNode } from 'react';
import { message_of_key, type MessageKey } from './i18n.ts';
import { locale } from './locale.ts';
import { parts_of, pattern_of } from './message.ts';

export function rich(key: MessageKey, values: { readonly [name: string]: ReactNode }): ReactNode {
  const n = values['n'];
  const pattern = pattern_of(message_of_key(key), locale.get(), typeof n === 'number' ? n : undefined);
  return parts_of(pattern).map((part, index) => (
    <Fragment key={index}>{part.kind === 'text' ? part.text : values[part.text]}</Fragment>
  ));
}
