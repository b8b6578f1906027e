// Purpose: one subscription: a phoenix channel plus its recovery point, kept through any number of reconnects.
// Invariants:
// - `on_joined` runs before any push of that join is handed on.
// - A push that arrives while a join is in flight belongs to an abandoned join: it is neither shown nor counted, so
//   the join in flight, which asks from the last push shown, brings it again.
// - The node may close a channel (phx_close); the topic then opens a new one by itself.
import type { Channel, Socket } from 'phoenix';
import { RecoveryPoint, type JoinOutcome } from './recovery.ts';

const reopen_after_ms = 1_000;
const first_join_ms = 2_000;

export interface TopicHandlers {
  readonly on_joined: (outcome: JoinOutcome, reply: unknown) => void;
  readonly on_push: (event: string, payload: unknown) => void;
  readonly on_refused?: (reason: string) => void;
  readonly on_change?: () => void;
}

export class Topic {
  private readonly point = new RecoveryPoint();
  private channel: Channel | null = null;
  private reopen: ReturnType<typeof setTimeout> | undefined;
  private closed_by_us = false;
  private ever_joined = false;
  private readonly opened_ms = Date.now();

  constructor(
    private readonly socket: Socket,
    readonly name: string,
    /** whether the page counts as live only while this topic is joined */
    readonly need: 'required' | 'optional',
    private readonly events: readonly string[],
    private readonly token: string | undefined,
    private readonly handlers: TopicHandlers,
  ) {
    this.open();
  }

  get joined(): boolean {
    return this.channel?.state === 'joined';
  }

  /** A first join is given a moment before the page counts as not live because of it. */
  overdue(now_ms: number): boolean {
    return !this.joined && (this.ever_joined || now_ms - this.opened_ms > first_join_ms);
  }

  leave(): void {
    this.closed_by_us = true;
    clearTimeout(this.reopen);
    this.channel?.leave();
    this.channel = null;
  }

  private open(): void {
    const channel = this.socket.channel(this.name, () => this.point.join_payload(this.token));
    this.channel = channel;
    for (const event of this.events) {
      channel.on(event, (payload: unknown) => {
        if (channel !== this.channel || channel.state !== 'joined') return;
        this.handlers.on_push(event, payload);
        this.point.pushed(payload);
      });
    }
    channel.onError(() => this.handlers.on_change?.());
    channel.onClose(() => this.closed(channel));
    channel
      .join()
      .receive('ok', (reply: unknown) => {
        if (channel !== this.channel) return;
        this.ever_joined = true;
        this.handlers.on_joined(this.point.joined(reply), reply);
        this.handlers.on_change?.();
      })
      .receive('error', (reply: unknown) => {
        const reason = (reply as { reason?: unknown } | null)?.reason;
        this.handlers.on_refused?.(typeof reason === 'string' ? reason : 'refused');
        this.handlers.on_change?.();
      });
  }

  private closed(channel: Channel): void {
    if (this.closed_by_us || channel !== this.channel) return;
    this.channel = null;
    this.handlers.on_change?.();
    this.reopen = setTimeout(() => this.open(), reopen_after_ms);
  }
}
