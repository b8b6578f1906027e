// Plays the fleet along a clock: whoever moves the clock gets what agents tell up to that moment, each thing once, when it
// has ended. A backfill moves it over a day at once, a live demo every second.
import { runs_of_minute } from './schedule.mjs';

const minute_ms = 60_000;

export class Player {
  /** From the minute of `from_ms` on. `what`: seed, rate and offset_minutes, as the schedule wants them. */
  constructor(from_ms, what) {
    this.next_minute = Math.floor(from_ms / minute_ms);
    this.what = what;
    this.waiting = [];
  }

  /** {spans, events} that end up to then, in the order of their ends. */
  advance_to(time_ms) {
    for (; this.next_minute * minute_ms <= time_ms; this.next_minute += 1) {
      for (const run of runs_of_minute(this.next_minute, this.what)) {
        for (const span of run.spans) this.waiting.push({ at: span.end, span });
        for (const event of run.events) this.waiting.push({ at: event.time, event });
      }
    }
    const due = this.waiting.filter((item) => item.at <= time_ms).sort((a, b) => a.at - b.at);
    this.waiting = this.waiting.filter((item) => item.at > time_ms);
    return { spans: due.flatMap((item) => item.span ?? []), events: due.flatMap((item) => item.event ?? []) };
  }
}
