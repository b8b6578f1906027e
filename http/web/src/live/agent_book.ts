// Purpose: the latest known state of every agent.
// Invariant: an agent pushed while a full list was being loaded is newer than that list and wins over it.
import type { Agent, AgentStatus } from '../api/types.ts';

export const active_window_ms = 5 * 60_000;
const offline_after_ms = 3_600_000;

export class AgentBook {
  private agents = new Map<string, Agent>();
  private pushed_since_load: Set<string> | null = null;

  begin_load(): void {
    this.pushed_since_load = new Set();
  }

  complete_load(list: readonly Agent[]): void {
    const newer = this.pushed_since_load ?? new Set<string>();
    const next = new Map(list.map((agent) => [agent.id, agent]));
    for (const id of newer) {
      const agent = this.agents.get(id);
      if (agent) next.set(id, agent);
    }
    this.agents = next;
    this.pushed_since_load = null;
  }

  push(list: readonly Agent[]): void {
    for (const agent of list) {
      this.agents.set(agent.id, agent);
      this.pushed_since_load?.add(agent.id);
    }
  }

  view(): readonly Agent[] {
    return [...this.agents.values()];
  }
}

/**
 * The status as of `now_ms`. The node tells the page when an agent does something; that an agent fell silent the
 * page sees itself, by the node's own rule: no longer active after five minutes, offline when its lease is over or,
 * without one, after an hour.
 */
export function status_at(agent: Agent, now_ms: number): AgentStatus {
  const last = Date.parse(agent.last_activity ?? '');
  if (agent.status === 'offline' || Number.isNaN(last)) return agent.status;
  const is_fresh = now_ms - last <= active_window_ms;
  if (is_fresh) return agent.status;
  if (!agent.lease_until) return now_ms - last > offline_after_ms ? 'offline' : 'idle';
  return Date.parse(agent.lease_until) > now_ms ? 'idle' : 'offline';
}
