// Purpose: changes to charts on their way to the node: shown at once, sent one after the other, kept when they could not be.
// Invariants: what was not stored stays in the queue, is still shown, and is sent again when the reader asks for it. Each is
// applied to what the node has by then, so what others changed meanwhile stays theirs.
import type { Dashboard } from '../api/dashboards.ts';
import { Store } from '../live/store.ts';
import type { ChartOp } from './ops.ts';

export interface QueueView {
  /** not stored yet, oldest first */
  readonly ops: readonly ChartOp[];
  readonly sending: boolean;
  /** why the first of them could not be stored; null: nothing went wrong */
  readonly trouble: unknown;
}

export const empty_queue: QueueView = { ops: [], sending: false, trouble: null };

export class EditQueue {
  readonly view = new Store<QueueView>(empty_queue);

  constructor(
    /** stores one change and gives what the dashboard is then */
    private readonly send: (op: ChartOp) => Promise<Dashboard>,
    private readonly took: (dashboard: Dashboard) => void,
  ) {}

  add(...ops: readonly ChartOp[]): void {
    const { ops: before, sending, trouble } = this.view.get();
    this.view.set({ ops: [...before, ...ops], sending, trouble });
    if (!sending && trouble === null) void this.run();
  }

  again(): void {
    if (this.view.get().sending) return;
    this.view.set({ ...this.view.get(), trouble: null });
    void this.run();
  }

  /** Forgets what could not be stored. */
  drop(): void {
    if (!this.view.get().sending) this.view.set(empty_queue);
  }

  private async run(): Promise<void> {
    for (let op = this.view.get().ops[0]; op; op = this.view.get().ops[0]) {
      this.view.set({ ...this.view.get(), sending: true });
      try {
        const dashboard = await this.send(op);
        this.took(dashboard);
        this.view.set({ ...this.view.get(), ops: this.view.get().ops.slice(1) });
      } catch (error) {
        this.view.set({ ...this.view.get(), sending: false, trouble: error });
        return;
      }
    }
    this.view.set({ ...this.view.get(), sending: false });
  }
}
