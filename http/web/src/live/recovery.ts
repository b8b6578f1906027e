// Purpose: remembers, for one topic, how far this page has got, and says what to ask for when it joins again.
// Invariants:
// - The position moves only by pushes that were really handed on, and by a join reply that starts afresh.
// - A reply that says `recovered: true` does NOT move it: the missed pushes are still on their way, and if the
//   connection breaks among them, the next join must ask from the last one received.
// - The offset is opaque: it is never compared, parsed or computed.

export interface Position {
  readonly epoch: string | number;
  readonly offset: string | number;
}

export interface JoinPayload {
  token?: string;
  recover?: Position;
}

/** fresh: first join, load by REST. resumed: nothing was missed. lost: reload by REST and say so. */
export type JoinOutcome = 'fresh' | 'resumed' | 'lost';

export function position_of(payload: unknown): Position | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const { epoch, offset } = payload as { epoch?: unknown; offset?: unknown };
  const ok = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';
  return ok(epoch) && ok(offset) ? { epoch, offset } : null;
}

export class RecoveryPoint {
  private position: Position | null = null;
  private asked = false;

  get current(): Position | null {
    return this.position;
  }

  /** Evaluated by the phoenix client each time it sends a join. */
  join_payload(token?: string): JoinPayload {
    this.asked = this.position !== null;
    const out: JoinPayload = {};
    if (token !== undefined) out.token = token;
    if (this.position) out.recover = this.position;
    return out;
  }

  joined(reply: unknown): JoinOutcome {
    const asked = this.asked;
    this.asked = false;
    if (asked && (reply as { recovered?: unknown } | null)?.recovered === true) return 'resumed';
    this.position = position_of(reply);
    return asked ? 'lost' : 'fresh';
  }

  pushed(payload: unknown): void {
    const next = position_of(payload);
    if (next) this.position = next;
  }
}
