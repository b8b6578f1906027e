// Purpose: which language is shown, and the number and date formats of it.
// Invariant: the tag changes only after its catalogue is there (see i18n.ts).
import { Store } from '../live/store.ts';
import { direction_of, type Direction, type LocaleTag } from './locales.ts';

export const locale = new Store<LocaleTag>('en');

export const direction = (): Direction => direction_of(locale.get());

/** English is written as in Britain where times are concerned: 24 hours, day before month. */
const date_tag = (): string => (locale.get() === 'en' ? 'en-GB' : locale.get());

const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

export function number_format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale.get() + JSON.stringify(options);
  let format = numbers.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale.get(), options);
    numbers.set(key, format);
  }
  return format;
}

export function date_format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale.get() + JSON.stringify(options);
  let format = dates.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(date_tag(), options);
    dates.set(key, format);
  }
  return format;
}
