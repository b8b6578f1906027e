// Purpose: the shapes of the node's REST and channel payloads, as documented in /openapi.json.
// Invariant: these are wire names (snake_case); nothing here is computed by the page.

export type Role = 'admin' | 'ingest' | 'read';

export interface WhoAmI {
  org: string;
  role: Role;
  key_id: string;
  name: string;
}

export interface Tokens {
  input?: number;
  output?: number;
  cache_read?: number;
  cache_write?: number;
  reasoning?: number;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface AgentEvent {
  id: string;
  type: string;
  time: string;
  agent_id: string;
  received_at?: string;
  org?: string;
  offset?: string;
  session_id?: string;
  user_id?: string;
  team?: string;
  trace_id?: string;
  span_id?: string;
  parent_span_id?: string;
  status?: 'ok' | 'error';
  error?: Json;
  duration_ms?: number;
  model?: string;
  provider?: string;
  tokens?: Tokens;
  cost_usd?: number;
  cost_source?: 'reported' | 'priced';
  price_version?: string;
  tool?: string;
  tier?: string;
  latency_by_tier_ms?: { [tier: string]: number };
  query?: string;
  items_retrieved?: number;
  knowledge_id?: string;
  peer_agent_id?: string;
  attributes?: { [key: string]: Json };
}

export type AgentStatus = 'active' | 'idle' | 'offline';

export interface Agent {
  id: string;
  name?: string | null;
  team?: string | null;
  tags?: string[] | { [key: string]: Json };
  capabilities?: string[];
  metadata?: { [key: string]: Json };
  status: AgentStatus;
  registered_at?: string | null;
  last_activity?: string | null;
  lease_until?: string | null;
  current_load?: number;
  pending_tasks?: number;
  tasks_completed?: number;
  tasks_failed?: number;
  version?: number | string;
  totals?: { events?: number; errors?: number; tokens?: Tokens; cost_usd?: number };
}

export type TaskStatus = 'pending' | 'claimed' | 'completed' | 'failed' | 'expired';

export interface Task {
  id: string;
  agent_id: string;
  name: string;
  status: TaskStatus;
  priority?: number;
  input?: Json;
  result?: Json;
  error?: Json;
  attempt?: number;
  worker?: string | null;
  lease_until?: string | null;
  created_at?: string;
  updated_at?: string;
}

export interface RollupItem {
  time: string;
  key?: string;
  count: number;
  errors: number;
  duration_ms?: { avg?: number; p50?: number; p95?: number; p99?: number; max?: number } | null;
  tokens?: Tokens;
  cost_usd?: number;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface SystemStats {
  node?: string;
  version?: string;
  events_per_second?: number;
  connections?: number;
}
