// Purpose: times in the reader's own zone, and how long ago something was.

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const hour_minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

function safe(format: Intl.DateTimeFormat, time: string | number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : format.format(date);
}

export const clock_time = (time: string | number): string => safe(clock, time);
export const minute_time = (time: string | number): string => safe(hour_minute, time);
export const full_time = (time: string | number): string => safe(full, time);

/** "now", "12 s", "5 min", "3 h", "2 d" */
export function ago(time: string | null | undefined, now_ms: number): string {
  if (!time) return 'never';
  const then = Date.parse(time);
  if (Number.isNaN(then)) return 'never';
  const seconds = Math.max(0, Math.floor((now_ms - then) / 1_000));
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
