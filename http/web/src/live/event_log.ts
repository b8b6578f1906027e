// Purpose: the events that were pushed to this page, in order of arrival, bounded.
// Invariants: no de-duplication: what the node pushes twice is shown twice. Each entry has a number of its own,
// which is its identity on the page. When the bound is reached the oldest go and `cuts` grows.
import type { AgentEvent } from '../api/types.ts';

export interface LogEntry {
  readonly n: number;
  readonly event: AgentEvent;
}

export interface LogView {
  /** newest first */
  readonly entries: readonly LogEntry[];
  readonly received: number;
  /** how often the oldest were let go */
  readonly cuts: number;
  /** 0 before the first join; changes whenever lists must be loaded (again) by REST */
  readonly generation: number;
}

export const empty_log: LogView = { entries: [], received: 0, cuts: 0, generation: 0 };

export class EventLog {
  private entries: LogEntry[] = [];
  private received = 0;
  private cuts = 0;
  private generation = 0;

  constructor(private readonly capacity = 2_000) {}

  add(events: readonly AgentEvent[]): void {
    for (const event of events) {
      this.received += 1;
      this.entries.push({ n: this.received, event });
    }
    // cut in large steps, so that a flood does not move the array for every batch
    if (this.entries.length > this.capacity * 2) this.cut();
  }

  restart(): void {
    this.entries = [];
    this.cuts = 0;
    this.generation += 1;
  }

  view(): LogView {
    if (this.entries.length > this.capacity) this.cut();
    return {
      entries: this.entries.toReversed(),
      received: this.received,
      cuts: this.cuts,
      generation: this.generation,
    };
  }

  private cut(): void {
    this.entries = this.entries.slice(-this.capacity);
    this.cuts += 1;
  }
}
