// Purpose: figures as people read them. Input tokens include cached ones and output tokens include reasoning,
// so a total is input plus output and nothing more.
import type { Tokens } from '../api/types.ts';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export function total_tokens(tokens: Tokens | undefined): number {
  return (tokens?.input ?? 0) + (tokens?.output ?? 0);
}

export function count(value: number): string {
  return whole.format(value);
}

export function short_count(value: number): string {
  return Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value);
}

/** US dollars: cents for what is worth cents, four digits below, never rounded to zero. */
export function usd(value: number): string {
  if (value === 0) return '$0.00';
  if (value >= 1_000) return `$${whole.format(value)}`;
  if (value >= 1) return `$${value.toFixed(2)}`;
  if (value >= 0.0001) return `$${value.toFixed(4)}`;
  return '<$0.0001';
}

/** For columns of sums: cents from ten cents up. */
export function sum_usd(value: number): string {
  return value >= 0.1 && value < 1 ? `$${value.toFixed(2)}` : usd(value);
}

/** For axes: two figures are enough. */
export function short_usd(value: number): string {
  return value >= 1 ? `$${short_count(Number(value.toPrecision(2)))}` : `$${Number(value.toPrecision(2))}`;
}

export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} m ${Math.round((ms % 60_000) / 1_000)} s`;
}
