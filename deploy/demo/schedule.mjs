// When runs begin: a day's rhythm, with chance within each minute. The same seed and minute give the same runs, whoever asks and
// how often: a demo that is started again goes on where it was, and tells nothing twice.
import { agents } from './fleet.mjs';
import { Random } from './random.mjs';
import { play_run } from './run.mjs';

const minute_ms = 60_000;
const day_ms = 86_400_000;
/** Spans and events of a run, on average; measured over a day. */
export const items_per_run = 10;

/** How busy the fleet is at that time; 1 on average over a working day. */
export function intensity(time_ms, offset_minutes) {
  const local = time_ms - offset_minutes * minute_ms;
  const hour = (((local % day_ms) + day_ms) % day_ms) / 3_600_000;
  const bump = (middle, width) => Math.exp(-(((hour - middle) / width) ** 2));
  const weekend = [0, 6].includes(new Date(local).getUTCDay());
  return (0.45 + 1.15 * bump(10.5, 2.6) + 1.05 * bump(15.5, 2.8)) * (weekend ? 0.5 : 1);
}

/** One hour of each day, by chance, in which a tool is down. */
export function is_outage(seed, time_ms) {
  const day = Math.floor(time_ms / day_ms);
  return Math.floor((time_ms % day_ms) / 3_600_000) === new Random(seed, 'outage', day).whole(7, 18);
}

/** The runs that begin in the minute: each {spans, events}. `rate`: spans and events per second, on average over a day. */
export function runs_of_minute(minute, { seed, rate, offset_minutes }) {
  const start_ms = minute * minute_ms;
  const random = new Random(seed, 'minute', minute);
  const mean = ((rate * 60) / items_per_run) * intensity(start_ms, offset_minutes);
  const runs = [];
  for (let left = random.count(mean); left > 0; left -= 1) {
    const at = start_ms + random.between(0, minute_ms);
    runs.push(play_run(new Random(seed, 'run', minute, left), agents, at, { outage: is_outage(seed, at) }));
  }
  return runs;
}
