// Purpose: figures as people read them, in the chosen language. Input tokens include cached ones and output tokens
// include reasoning, so a total is input plus output and nothing more.
import type { Tokens } from '../api/types.ts';
import { number_format } from '../i18n/locale.ts';

export function total_tokens(tokens: Tokens | undefined): number {
  return (tokens?.input ?? 0) + (tokens?.output ?? 0);
}

export function count(value: number): string {
  return number_format({ maximumFractionDigits: 0 }).format(value);
}

export function short_count(value: number): string {
  if (Math.abs(value) < 10_000) return count(value);
  return number_format({ notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

/** At most two digits after the point: rates, scores. */
export function decimal(value: number): string {
  return number_format({ maximumFractionDigits: 2 }).format(value);
}

/** So many a second: three digits tell how fast. */
export function rate(value: number): string {
  return number_format({ maximumSignificantDigits: 3 }).format(value);
}

/** A share of 0 to 1. One digit after the point where it matters. */
export function percent(share: number): string {
  const digits = share > 0 && share < 0.1 ? 1 : 0;
  return number_format({ style: 'percent', maximumFractionDigits: digits }).format(share);
}

/** With the bare sign in every language: the page knows no other dollar, and columns are narrow. */
function in_dollars(value: number, options: Intl.NumberFormatOptions): string {
  return number_format({ style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol', ...options })
    .formatToParts(value)
    .map((part) => (part.type === 'currency' ? '$' : part.value))
    .join('');
}

function dollars(value: number, digits: number): string {
  return in_dollars(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** US dollars: cents for what is worth cents, four digits below, never rounded to zero. */
export function usd(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return dollars(0, 2);
  if (size >= 1_000) return dollars(value, 0);
  if (size >= 1) return dollars(value, 2);
  if (size >= 0.0001) return dollars(value, 4);
  return `<${dollars(0.0001, 4)}`;
}

/** For columns of sums: cents from ten cents up. */
export function sum_usd(value: number): string {
  return value >= 0.1 && value < 1 ? dollars(value, 2) : usd(value);
}

/** For axes: two figures are enough. */
export function short_usd(value: number): string {
  const rounded = Number(value.toPrecision(2));
  return in_dollars(rounded, {
    notation: Math.abs(rounded) >= 10_000 ? 'compact' : 'standard',
    minimumFractionDigits: 0,
    maximumFractionDigits: Math.abs(rounded) >= 10 ? 0 : 4,
  });
}

function unit(value: number, name: string, digits = 0): string {
  return number_format({ style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: digits }).format(value);
}

export function duration(ms: number): string {
  if (ms < 10) return unit(ms, 'millisecond', 1);
  if (ms < 1_000) return unit(ms, 'millisecond');
  if (ms < 60_000) return unit(ms / 1_000, 'second', 1);
  const minutes = Math.floor(ms / 60_000);
  if (minutes >= 60) return `${unit(Math.floor(minutes / 60), 'hour')} ${unit(minutes % 60, 'minute')}`;
  return `${unit(minutes, 'minute')} ${unit(Math.floor((ms % 60_000) / 1_000), 'second')}`;
}

/** Both ends in one unit: 5–10ms, 1–2s. */
export function duration_range(from_ms: number, to_ms: number): string {
  const [name, scale] = from_ms >= 1_000 ? (['second', 1_000] as const) : (['millisecond', 1] as const);
  const words = { style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: 3 } as const;
  return number_format(words).formatRange(from_ms / scale, to_ms / scale);
}

export function seconds(value: number): string {
  return unit(value, 'second');
}

export function span_of(value: number, name: 'second' | 'minute' | 'hour' | 'day'): string {
  return unit(value, name);
}

const sizes = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function bytes(value: number): string {
  let at = 0;
  let size = value;
  while (size >= 1_000 && at < sizes.length - 1) {
    size /= 1_000;
    at += 1;
  }
  return unit(size, sizes[at] ?? 'byte', size < 100 && at > 0 ? 1 : 0);
}
