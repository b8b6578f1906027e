// Purpose: when answers are asked for again after the node said that something changed.
// Invariants: the first news after a quiet time are acted on at once. From then on at most one question begins in each
// interval, and none while one is under way. What was heard after a question had begun leads to another one.

export class RefreshPace {
  private began_ms = Number.NEGATIVE_INFINITY;
  private asking = false;
  private owed = false;
  private stopped = false;
  /** when the next question begins; none is planned: infinity */
  private due_ms = Number.POSITIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ask: () => Promise<unknown>,
    private readonly interval_ms: number,
  ) {}

  /** Something changed. */
  news(): void {
    this.at(this.began_ms + this.interval_ms);
  }

  /** Something may have changed: there is time, and news that come meanwhile are not held up. */
  doubt(): void {
    this.at(performance.now() + this.interval_ms);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.stopped = true;
  }

  private at(due_ms: number): void {
    this.owed = true;
    if (this.asking || this.stopped || due_ms >= this.due_ms) return;
    clearTimeout(this.timer);
    this.due_ms = due_ms;
    const wait_ms = due_ms - performance.now();
    if (wait_ms <= 0) void this.begin();
    else this.timer = setTimeout(() => void this.begin(), wait_ms);
  }

  private async begin(): Promise<void> {
    this.began_ms = performance.now();
    this.asking = true;
    this.owed = false;
    this.due_ms = Number.POSITIVE_INFINITY;
    await this.ask();
    this.asking = false;
    if (this.owed) this.news();
  }
}
