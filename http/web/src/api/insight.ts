// Purpose: the shapes of the answers behind the insight views and the cluster view, as in /openapi.json.
// Invariant: these are wire names (snake_case). null means that there is nothing to say; it is never shown as 0.
import type { Json, Tokens } from './types.ts';

export interface Window {
  from: string;
  to: string;
  bucket: 'minute' | 'hour' | 'day';
}

export interface Answered {
  window: Window;
  complete?: boolean;
  sampled?: { rate: number };
  /** of hours of the day: false where an hour of UTC that two of them share counts in the one in which it begins */
  exact_hours?: boolean;
}

export interface Latency {
  avg: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  max: number | null;
}

export interface Usage {
  events: number;
  errors: number;
  calls: number;
  tokens: Tokens;
  cost_usd: number;
  duration_ms?: number;
}

export interface TierStep {
  time: string;
  asked: number;
  hits: number;
  hit_share: number | null;
  avg_ms: number | null;
  p95_ms: number | null;
  cost_usd: number;
}

export interface Tier {
  tier: string;
  asked: number;
  hits: number;
  hit_share: number | null;
  hit_rate: number | null;
  errors: number;
  cost_usd: number;
  latency_ms: Latency;
  /** steps of 1-2-5 without gaps; `to_ms` excludes its own */
  latency_histogram: { from_ms: number; to_ms: number; count: number }[];
  series: TierStep[];
}

export interface TierStats extends Answered {
  queries: number;
  misses: number;
  miss_rate: number | null;
  cost_usd: number;
  tiers: Tier[];
  flow: { from: string; to: string; count: number; avg_ms: number | null }[];
  series: { time: string; queries: number; misses: number }[];
}

export interface UsageStep extends Usage {
  time: string;
}

export interface TokenSummary extends Answered {
  total: Usage;
  previous: Usage | null;
  cache: { read_share: number | null; saved_usd: number | null };
  cost_per_call_usd: number | null;
  cost_per_query: {
    queries: number;
    avg_usd: number | null;
    p50_usd: number | null;
    p95_usd: number | null;
    max_usd: number | null;
  };
  series: UsageStep[];
}

export const token_dimensions = ['agent', 'team', 'model', 'tool', 'session', 'user', 'query', 'hour'] as const;
export type TokenDimension = (typeof token_dimensions)[number];

export interface TokenRow extends Usage {
  key: string;
  cost_share: number | null;
  series?: UsageStep[];
}

export interface TokensBy extends Answered {
  dimension: TokenDimension;
  items: TokenRow[];
  other: (Usage & { keys: number }) | null;
  total: Usage;
}

export interface ProjectedSpan {
  from: string;
  to: string;
  spent_usd: number;
  expected_usd: number | null;
  low_usd: number | null;
  high_usd: number | null;
  spent_tokens: number;
  expected_tokens: number | null;
  low_tokens: number | null;
  high_tokens: number | null;
}

export interface Projection {
  as_of: string;
  method: 'seasonal_mean' | 'run_rate' | 'none';
  interval: number;
  history_days: number;
  next_hour: ProjectedSpan;
  day: ProjectedSpan;
  month: ProjectedSpan;
  hours: { time: string; expected_usd: number; low_usd: number; high_usd: number }[];
  formula?: string;
}

export interface Limit {
  id: string;
  scope: 'org' | 'team' | 'agent';
  key: string | null;
  period: 'hour' | 'day' | 'month';
  cost_usd: number | null;
  tokens: number | null;
  warn_at: number;
  used: number;
  used_share: number;
  projected: number | null;
  projected_share: number | null;
  state: 'ok' | 'projected' | 'warning' | 'reached';
  reaches_at: string | null;
}

export interface Advice {
  kind: string;
  subject?: { [name: string]: string | null };
  items?: string[];
  query?: string;
  tier?: string;
  team?: string;
  agent_id?: string;
  to_agent_id?: string;
  /** these two in English; what they are made of is in the other fields */
  title?: string;
  arithmetic?: string;
  slow?: number;
  slow_avg_ms?: number;
  fast_avg_ms?: number;
  saving_usd?: number | null;
  saving_ms?: number | null;
  evidence?: Json;
}

export interface KnowledgeItem {
  id: string;
  accesses: number;
  agents: { agent_id: string; accesses: number }[];
  tiers: { tier: string; accesses: number }[];
  avg_ms: number | null;
  first_at: string;
  last_at: string;
  related: { id: string; together: number }[];
}

export interface KnowledgeItems extends Answered {
  items: KnowledgeItem[];
  other: { accesses: number; items: number } | null;
  total: { accesses: number; items: number };
}

export type HeatBy = 'agent' | 'hour' | 'time';

export interface KnowledgeHeat extends Answered {
  by: HeatBy;
  rows: string[];
  columns: string[];
  cells: [number, number, number][];
  max: number;
  total: { accesses: number; items: number };
}

export interface KnowledgeGaps extends Answered {
  items: {
    query: string;
    asked: number;
    without_result: number;
    open: boolean;
    first_at: string;
    last_at: string;
    agents: { agent_id: string; asked: number }[];
  }[];
  total: { queries: number; without_result: number; gap_rate: number | null; distinct: number };
}

export interface KnowledgeNode {
  /** its kind, a colon, its name */
  id: string;
  kind: 'item' | 'agent';
  label: string;
  weight: number;
}

export interface KnowledgeEdge {
  from: string;
  to: string;
  /** access: an agent used an item; together: two items in one context */
  kind: 'access' | 'together';
  weight: number;
}

export interface KnowledgeGraph extends Answered {
  nodes: KnowledgeNode[];
  edges: KnowledgeEdge[];
  truncated: boolean;
}

export interface Hypotheses extends Answered {
  formed: number;
  validated: number;
  rejected: number;
  open: number;
  validation_rate: number | null;
  learning_velocity_per_day: number | null;
  time_to_decision_ms: Latency;
  series: { time: string; formed: number; validated: number; rejected: number }[];
  items: {
    id: string;
    label: string | null;
    state: 'open' | 'validated' | 'rejected';
    agent_id: string;
    decided_by: string | null;
    formed_at: string | null;
    decided_at: string | null;
    time_to_decision_ms: number | null;
  }[];
}

export interface GraphNode {
  id: string;
  team: string | null;
  events: number;
  errors: number;
  collaborations: number;
}

export interface GraphEdge {
  from: string;
  to: string;
  kind: 'explicit' | 'trace';
  count: number;
  errors: number;
  success_rate: number | null;
  avg_ms: number | null;
  last_at?: string;
}

export interface CollaborationGraph extends Answered {
  nodes: GraphNode[];
  edges: GraphEdge[];
  truncated: boolean;
}

export interface Pairs extends Answered {
  items: {
    a: string;
    b: string;
    explicit: number;
    shared_traces: number;
    together_share: number | null;
    errors: number;
    success_rate: number | null;
    avg_ms: number | null;
    cost_per_trace_usd: number | null;
    score: number | null;
  }[];
}

export interface TeamMember {
  agent_id: string;
  events: number;
  errors: number;
  cost_usd: number;
  utilisation: number | null;
  busy_ms: number;
  open_tasks: number;
  claimed_tasks: number;
  share: number | null;
  load: number | null;
}

export interface Team extends Usage {
  team: string | null;
  agents: number;
  active_agents: number;
  error_rate: number | null;
  executions: { completed: number; failed: number; success_rate: number | null; avg_ms: number | null };
  cost_per_execution_usd: number | null;
  utilisation: number | null;
  open_tasks: number;
  claimed_tasks: number;
  events_share: number | null;
  imbalance: number | null;
  series: { time: string; events: number; cost_usd: number; utilisation: number | null }[];
  members: TeamMember[];
}

export interface TeamsAnswer extends Answered {
  teams: Team[];
  recommendations: (Advice & { score?: number })[];
}

export interface PatternHour {
  hour: number;
  events: number;
  calls: number;
  cost_usd: number;
  knowledge: number;
  memory: number;
  collaborations: number;
}

export interface PatternsAnswer extends Answered {
  hours: PatternHour[];
  peak: { hour: number; factor: number } | null;
  items_by_hour: { hour: number; items: { id: string; accesses: number }[] }[];
  advice: Advice[];
}

export interface TraceSummary {
  trace_id: string;
  started_at: string;
  ended_at: string;
  duration_ms: number;
  agents: string[];
  events: number;
  errors: number;
  calls: number;
  tokens: Tokens;
  cost_usd: number;
}

export interface Traces extends Answered {
  items: TraceSummary[];
  total: { traces: number };
  next_cursor?: string | null;
}

export interface Span {
  event_id: string;
  span_id: string | null;
  parent: number | null;
  depth: number;
  name: string;
  type: string;
  agent_id: string;
  status: 'ok' | 'error' | null;
  error: Json;
  started_at: string;
  start_ms: number;
  duration_ms: number | null;
  self_ms: number | null;
  model: string | null;
  tool: string | null;
  tier: string | null;
  tokens: Tokens | null;
  cost_usd: number | null;
  across_agents: boolean;
}

export interface Trace extends TraceSummary {
  truncated: boolean;
  spans: Span[];
}

export interface ClusterNode {
  id: string;
  name: string;
  state: string;
  zone: string | null;
  address: string | null;
  version: string;
  level: number;
  is_self: boolean;
  connected: boolean;
  last_seen: string | null;
  leaders: number;
  replicas: number;
  resident_bytes: number | null;
  disk_free_bytes: number | null;
}

export interface ClusterShard {
  id: number;
  generation: number;
  leader: string | null;
  term: number;
  commit_index: number;
  /** null: this replica is not heard of now, or is of an older generation */
  replicas: { node: string; role: string; applied_index: number | null; lag: number | null }[];
  state: string;
}

export interface ClusterState {
  cluster_id: string;
  nodes: ClusterNode[];
  shards: ClusterShard[];
  problems: string[];
}
