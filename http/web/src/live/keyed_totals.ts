// Purpose: calls, errors, tokens and cost of the last hour by model or by tool: the node's rollups plus what was
// pushed since. Invariant: as for the minutes, the node's answer replaces what was counted here.
import type { AgentEvent, RollupItem, Tokens } from '../api/types.ts';
import { total_tokens } from '../format/numbers.ts';

export interface KeyTotal {
  readonly key: string;
  readonly count: number;
  readonly errors: number;
  readonly tokens: number;
  readonly cost_usd: number;
}

export class KeyedTotals {
  private totals = new Map<string, KeyTotal>();

  constructor(private readonly field: 'model' | 'tool') {}

  seed(items: readonly RollupItem[]): void {
    this.totals = new Map();
    for (const item of items) this.count(item.key, item.count, item.errors, item.tokens, item.cost_usd);
  }

  add(events: readonly AgentEvent[]): void {
    for (const event of events) {
      this.count(event[this.field], 1, event.status === 'error' ? 1 : 0, event.tokens, event.cost_usd);
    }
  }

  /** Dearest first, then busiest. */
  view(): readonly KeyTotal[] {
    return [...this.totals.values()].sort(
      (a, b) => b.cost_usd - a.cost_usd || b.count - a.count || (a.key < b.key ? -1 : 1),
    );
  }

  private count(key: string | undefined, count: number, errors: number, tokens?: Tokens, cost_usd = 0): void {
    if (!key) return;
    const before = this.totals.get(key) ?? { key, count: 0, errors: 0, tokens: 0, cost_usd: 0 };
    this.totals.set(key, {
      key,
      count: before.count + count,
      errors: before.errors + errors,
      tokens: before.tokens + total_tokens(tokens),
      cost_usd: before.cost_usd + cost_usd,
    });
  }
}
