// Purpose: everything live that a signed-in page holds: agents, events, rollups, the link to the node.
// Invariants:
// - A topic is joined first and its list loaded by REST afterwards, so nothing can fall between the two.
// - A join that could not be recovered reloads every list that the topic feeds, and says so.
// - One instance per sign-in; `close` ends every timer, request and subscription.
import type { ApiClient } from '../api/client.ts';
import { message_of } from '../api/problem.ts';
import type { Agent, AgentEvent, SystemStats } from '../api/types.ts';
import { AgentBook } from './agent_book.ts';
import { KeyedTotals, type KeyTotal } from './keyed_totals.ts';
import { EventLog, empty_log, type LogView } from './event_log.ts';
import { Link } from './link.ts';
import type { JoinOutcome } from './recovery.ts';
import { RollupSeries, minute_ms, type Minute } from './rollup_series.ts';
import { Store } from './store.ts';

const render_ms = 60;
const reseed_after_join_ms = 4_000;
const retry_ms = 2_000;
const agents_reloaded_max = 1_000;
export const window_minutes = 60;

export interface AgentsView {
  readonly loaded: boolean;
  readonly agents: readonly Agent[];
}

export interface KeyedView {
  readonly models: readonly KeyTotal[];
  readonly tools: readonly KeyTotal[];
}

export class LiveRoom {
  readonly link: Link;
  readonly log = new Store<LogView>(empty_log, render_ms);
  readonly agents = new Store<AgentsView>({ loaded: false, agents: [] }, render_ms);
  readonly minutes = new Store<readonly Minute[]>([], render_ms);
  readonly minutes_loaded = new Store(false);
  readonly keyed = new Store<KeyedView>({ models: [], tools: [] }, render_ms);
  readonly stats = new Store<SystemStats | null>(null);
  /** the last thing that went wrong in the background, or null */
  readonly trouble = new Store<string | null>(null);
  /** how often events were lost for this page and lists had to be loaded again */
  readonly losses = new Store(0);
  private readonly event_log = new EventLog();
  private readonly book = new AgentBook();
  private readonly series = new RollupSeries();
  private readonly by_model = new KeyedTotals('model');
  private readonly by_tool = new KeyedTotals('tool');
  private readonly ended = new AbortController();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private probing = false;
  private seeding = 0;

  constructor(readonly api: ApiClient) {
    this.link = new Link(api.key, () => void this.probe_key());
    this.link.join('events', 'required', ['events'], {
      on_joined: (outcome) => this.events_joined(outcome),
      on_push: (_event, payload) => this.events_pushed((payload as { events?: AgentEvent[] }).events ?? []),
    });
    this.link.join('agents', 'required', ['agents'], {
      on_joined: (outcome, reply) => this.agents_joined(outcome, reply),
      on_push: (_event, payload) => this.agents_pushed((payload as { agents?: Agent[] }).agents ?? []),
    });
    this.link.join('system', 'optional', ['stats'], {
      on_joined: () => undefined,
      on_push: (_event, payload) => this.stats.set(payload as SystemStats),
    });
    this.every_minute();
  }

  close(): void {
    this.ended.abort();
    for (const timer of this.timers) clearTimeout(timer);
    this.link.close();
    for (const store of [this.log, this.agents, this.minutes, this.keyed]) store.dispose();
  }

  private events_joined(outcome: JoinOutcome): void {
    if (outcome === 'resumed') return;
    if (outcome === 'lost') this.losses.set(this.losses.get() + 1);
    this.event_log.restart();
    this.log.set(this.event_log.view());
    void this.seed_rollups();
    this.later(reseed_after_join_ms, () => void this.seed_rollups());
  }

  private events_pushed(events: readonly AgentEvent[]): void {
    this.event_log.add(events);
    this.series.add(events);
    this.by_model.add(events);
    this.by_tool.add(events);
    this.keyed.set_soon(() => this.keyed_view());
    this.log.set_soon(() => this.event_log.view());
    this.minutes.set_soon(() => this.series.window(Date.now(), window_minutes));
  }

  private agents_joined(outcome: JoinOutcome, reply: unknown): void {
    if (outcome === 'resumed') return;
    const snapshot = (reply as { snapshot?: unknown } | null)?.snapshot;
    if (Array.isArray(snapshot)) {
      this.book.complete_load(snapshot as Agent[]);
      this.agents.set({ loaded: true, agents: this.book.view() });
      return;
    }
    void this.load_agents();
  }

  private async load_agents(): Promise<void> {
    this.book.begin_load();
    const done = await this.attempt(async () => {
      this.book.complete_load(await this.api.all_agents(this.ended.signal));
      this.agents.set({ loaded: true, agents: this.book.view() });
    });
    if (!done) this.later(retry_ms, () => void this.load_agents());
  }

  private agents_pushed(agents: readonly Agent[]): void {
    this.book.push(agents);
    this.agents.set_soon(() => ({ loaded: this.agents.get().loaded, agents: this.book.view() }));
  }

  private async seed_rollups(): Promise<void> {
    this.seeding += 1;
    const done = await this.attempt(async () => {
      const since = new Date(Date.now() - window_minutes * minute_ms).toISOString();
      const ask = (by: 'all' | 'model' | 'tool') =>
        this.api.rollups({ resolution: 'minute', by, since }, this.ended.signal);
      const all = ask('all');
      const by_key = Promise.all([ask('model'), ask('tool')]);
      by_key.catch(() => undefined); // it is waited for below, if it comes to that
      this.series.seed(await all);
      this.minutes.set(this.series.window(Date.now(), window_minutes));
      this.minutes_loaded.set(true);
      const [models, tools] = await by_key;
      this.by_model.seed(models);
      this.by_tool.seed(tools);
      this.keyed.set(this.keyed_view());
    });
    this.seeding -= 1;
    // The last of several attempts tries again, so that there is one that does.
    if (!done && this.seeding === 0) this.later(retry_ms, () => void this.seed_rollups());
  }

  private keyed_view(): KeyedView {
    return { models: this.by_model.view(), tools: this.by_tool.view() };
  }

  /**
   * Shortly after each full minute the node's own figures replace what was counted here, and the list of agents is
   * read again, because an agent that falls silent is pushed by nobody.
   */
  private every_minute(): void {
    this.later(minute_ms - (Date.now() % minute_ms) + 500, () => {
      if (this.link.view.get().state === 'live') {
        void this.seed_rollups();
        if (this.agents.get().agents.length <= agents_reloaded_max) void this.load_agents();
      }
      this.minutes.set(this.series.window(Date.now(), window_minutes));
      this.every_minute();
    });
  }

  /** A socket that does not open says no reason; asking who we are does. A 401 ends the session in the client. */
  private async probe_key(): Promise<void> {
    if (this.probing || this.ended.signal.aborted) return;
    this.probing = true;
    try {
      await this.api.whoami();
    } catch {
      // unreachable: the link shows it
    } finally {
      this.probing = false;
    }
  }

  /** True when it worked or no longer matters. */
  private async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.trouble.set(null);
      return true;
    } catch (error) {
      if (this.ended.signal.aborted) return true;
      this.trouble.set(message_of(error));
      return false;
    }
  }

  private later(after_ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, after_ms);
    this.timers.add(timer);
  }
}
