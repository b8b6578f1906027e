// Purpose: the live feed of one agent: its own topic, for as long as it is looked at.
// Invariant: leaving the view leaves the topic.
import { useEffect, useState } from 'react';
import { ApiError } from '../api/problem.ts';
import type { Agent, AgentEvent } from '../api/types.ts';
import { EventLog, empty_log, type LogView } from './event_log.ts';
import type { LiveRoom } from './room.ts';
import { Store, use_store } from './store.ts';

const render_ms = 60;

export interface AgentFeed {
  readonly log: Store<LogView>;
  readonly agent: Store<Agent | null>;
  readonly missing: Store<boolean>;
}

export function use_agent_feed(room: LiveRoom, id: string): AgentFeed {
  const [feed] = useState<AgentFeed>(() => ({
    log: new Store(empty_log, render_ms),
    agent: new Store<Agent | null>(null, render_ms),
    missing: new Store(false),
  }));

  useEffect(() => {
    const log = new EventLog(500);
    const abort = new AbortController();
    const reload = (): void => {
      room.api
        .agent(id, abort.signal)
        .then((agent) => feed.agent.set(agent))
        .catch((error: unknown) => feed.missing.set(error instanceof ApiError && error.status === 404));
    };
    const topic = room.link.join(`agent:${id}`, 'required', ['events', 'agent'], {
      on_joined: (outcome) => {
        if (outcome === 'resumed') return;
        log.restart();
        feed.log.set(log.view());
        reload();
      },
      on_push: (event, payload) => {
        if (event === 'agent') {
          const { agent } = payload as { agent?: Agent };
          if (agent) feed.agent.set(agent);
        } else {
          log.add((payload as { events?: AgentEvent[] }).events ?? []);
          feed.log.set_soon(() => log.view());
        }
      },
    });
    return () => {
      abort.abort();
      room.link.leave(topic);
    };
  }, [room, id, feed]);

  return feed;
}

/** The list and the agent's own topic both bring it; the one with the later activity is newer. */
export function use_agent_of(
  room: LiveRoom,
  feed: AgentFeed,
  id: string,
): { readonly agent: Agent | undefined; readonly missing: boolean } {
  const listed = use_store(room.agents).agents.find((agent) => agent.id === id);
  const pushed = use_store(feed.agent);
  const missing = use_store(feed.missing);
  if (!listed || !pushed) return { agent: pushed ?? listed, missing };
  const newer = (pushed.last_activity ?? '') > (listed.last_activity ?? '') ? pushed : listed;
  return { agent: newer, missing };
}
