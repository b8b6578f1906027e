// Purpose: times in the reader's own zone and language, and how long ago something was. The clock has 24 hours in every
// language: columns and axes are narrow, and half days are easily misread.
import { t } from '../i18n/i18n.ts';
import { date_format } from '../i18n/locale.ts';
import { span_of } from './numbers.ts';

const clock: Intl.DateTimeFormatOptions = { hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit' };
const hour_minute: Intl.DateTimeFormatOptions = { hourCycle: 'h23', hour: '2-digit', minute: '2-digit' };
const full: Intl.DateTimeFormatOptions = { hourCycle: 'h23', dateStyle: 'medium', timeStyle: 'medium' };
const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
const day_hour: Intl.DateTimeFormatOptions = { ...day, ...hour_minute };

function safe(options: Intl.DateTimeFormatOptions, time: string | number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date_format(options).format(date);
}

export const clock_time = (time: string | number): string => safe(clock, time);
export const minute_time = (time: string | number): string => safe(hour_minute, time);
export const full_time = (time: string | number): string => safe(full, time);
export const day_time = (time: string | number): string => safe(day, time);
export const day_hour_time = (time: string | number): string => safe(day_hour, time);

/** "14:00 UTC+02:00": an hour of every day, with the offset it is told in. */
export function hour_of_day(hour: number, utc_offset_minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const distance = Math.abs(utc_offset_minutes);
  const offset = distance === 0 ? '' : `${utc_offset_minutes < 0 ? '−' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`;
  return `${two(hour)}:00 UTC${offset}`;
}

/** "now", "12s", "5m", "3h", "2d" in the chosen language */
export function ago(time: string | null | undefined, now_ms: number): string {
  const then = time ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(then)) return t('time.never');
  const seconds = Math.max(0, Math.floor((now_ms - then) / 1_000));
  if (seconds < 2) return t('time.now');
  if (seconds < 60) return span_of(seconds, 'second');
  if (seconds < 3_600) return span_of(Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return span_of(Math.floor(seconds / 3_600), 'hour');
  return span_of(Math.floor(seconds / 86_400), 'day');
}
