// Purpose: owns the socket and its topics, and publishes the connection state.
// Invariants: while the state is not `live`, the page learns within a second that it became offline. An attempt to connect
// that a silent network holds up is given up in time, so that the page is back soon after the network is.
import type { Socket } from 'phoenix';
import { all_joined, link_state, type LinkFacts, type LinkState } from './link_state.ts';
import { make_socket } from './socket.ts';
import { Store } from './store.ts';
import { Topic, type TopicHandlers } from './topic.ts';

export interface LinkView {
  readonly state: LinkState;
  /** when the connection was last seen live, or null if never */
  readonly down_since_ms: number | null;
}

const down_check_ms = 1_000;
const connecting_ms_max = 6_000;

export class Link {
  readonly view = new Store<LinkView>({ state: 'connecting', down_since_ms: null });
  private readonly socket: Socket;
  private readonly token: string | undefined;
  private readonly topics = new Set<Topic>();
  private was_live = false;
  private down_since_ms: number | null = Date.now();
  private connecting_since_ms: number | null = null;
  private closed = false;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(
    key: string,
    private readonly on_trouble: () => void,
  ) {
    const { socket, join_token } = make_socket(key);
    this.socket = socket;
    this.token = join_token;
    socket.onOpen(() => this.refresh());
    socket.onClose(() => {
      this.refresh();
      this.on_trouble();
    });
    this.timer = setInterval(() => {
      this.give_up_late_attempt(Date.now());
      this.refresh();
    }, down_check_ms);
    window.addEventListener('online', this.refresh);
    window.addEventListener('offline', this.refresh);
    socket.connect();
  }

  join(name: string, need: Topic['need'], events: readonly string[], handlers: TopicHandlers): Topic {
    const topic = new Topic(this.socket, name, need, events, this.token, {
      ...handlers,
      on_refused: (reason) => {
        handlers.on_refused?.(reason);
        if (need === 'required') this.on_trouble();
      },
      on_change: this.refresh,
    });
    this.topics.add(topic);
    this.refresh();
    return topic;
  }

  leave(topic: Topic): void {
    this.topics.delete(topic);
    topic.leave();
    this.refresh();
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    window.removeEventListener('online', this.refresh);
    window.removeEventListener('offline', this.refresh);
    for (const topic of this.topics) topic.leave();
    this.topics.clear();
    this.socket.disconnect();
    this.view.dispose();
  }

  private give_up_late_attempt(now_ms: number): void {
    if (this.socket.connectionState() !== 'connecting') {
      this.connecting_since_ms = null;
      return;
    }
    this.connecting_since_ms ??= now_ms;
    if (now_ms - this.connecting_since_ms < connecting_ms_max) return;
    this.connecting_since_ms = null;
    this.socket.disconnect(() => {
      if (!this.closed) this.socket.connect();
    });
  }

  private readonly refresh = (): void => {
    const now_ms = Date.now();
    const wanted = (topic: Topic): boolean => topic.joined || !this.was_live || topic.overdue(now_ms);
    const required = [...this.topics].filter((topic) => topic.need === 'required' && wanted(topic));
    const facts: LinkFacts = {
      socket_open: this.socket.isConnected(),
      topics: required.length,
      topics_joined: required.filter((topic) => topic.joined).length,
      down_since_ms: this.down_since_ms,
      was_live: this.was_live,
      browser_online: navigator.onLine,
    };
    if (all_joined(facts)) {
      this.was_live = true;
      this.down_since_ms = null;
    } else {
      this.down_since_ms ??= now_ms;
    }
    const state = link_state({ ...facts, was_live: this.was_live, down_since_ms: this.down_since_ms }, now_ms);
    const before = this.view.get();
    if (before.state !== state || before.down_since_ms !== this.down_since_ms) {
      this.view.set({ state, down_since_ms: this.down_since_ms });
    }
  };
}
