// Purpose: turns facts about the socket into the one word that the page shows about its connection.
// Invariant: pure. `live` means that the socket is open AND every topic the page needs is joined.

export type LinkState = 'connecting' | 'live' | 'recovering' | 'offline';

export interface LinkFacts {
  readonly socket_open: boolean;
  readonly topics: number;
  readonly topics_joined: number;
  /** null while live */
  readonly down_since_ms: number | null;
  readonly was_live: boolean;
  readonly browser_online: boolean;
}

/** How long a broken connection counts as recovering before it is called offline. The page keeps trying. */
export const offline_after_ms = 10_000;

export function all_joined(facts: LinkFacts): boolean {
  return facts.socket_open && facts.topics > 0 && facts.topics_joined === facts.topics;
}

export function link_state(facts: LinkFacts, now_ms: number): LinkState {
  if (all_joined(facts)) return 'live';
  if (!facts.browser_online) return 'offline';
  const down_ms = facts.down_since_ms === null ? 0 : now_ms - facts.down_since_ms;
  if (!facts.socket_open && down_ms >= offline_after_ms) return 'offline';
  return facts.was_live ? 'recovering' : 'connecting';
}
