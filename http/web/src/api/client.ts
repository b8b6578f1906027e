// Purpose: the typed REST client. One instance per signed-in key.
// Invariants: the key travels only in the Authorization header; every call has a deadline; a 401 on any call
// is reported once through `on_unauthorized`, because it means that the key was revoked.
import { ApiError, problem_of } from './problem.ts';
import type { Agent, AgentEvent, Page, RollupItem, Task, WhoAmI } from './types.ts';

const deadline_ms = 15_000;
const agents_per_page = 200;
const agent_pages_max = 25;

export type Query = { readonly [name: string]: string | number | undefined };

export interface RollupQuery {
  readonly resolution: 'minute' | 'hour' | 'day';
  readonly by?: 'all' | 'agent' | 'model' | 'tool' | 'tier';
  readonly key?: string;
  readonly since?: string;
  readonly until?: string;
}

export function query_string(query: Query): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') out.set(name, String(value));
  }
  const text = out.toString();
  return text === '' ? '' : `?${text}`;
}

export class ApiClient {
  constructor(
    readonly key: string,
    private readonly on_unauthorized: () => void = () => undefined,
  ) {}

  whoami(): Promise<WhoAmI> {
    return this.get<WhoAmI>('/api/v2/whoami');
  }

  events(query: Query, signal?: AbortSignal): Promise<Page<AgentEvent>> {
    return this.get(`/api/v2/events${query_string(query)}`, signal);
  }

  agent(id: string, signal?: AbortSignal): Promise<Agent> {
    return this.get(`/api/v2/agents/${encodeURIComponent(id)}`, signal);
  }

  /** Every agent of the organisation, up to a bound of 5,000. */
  async all_agents(signal?: AbortSignal): Promise<Agent[]> {
    const out: Agent[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < agent_pages_max; page += 1) {
      const answer: Page<Agent> = await this.get(
        `/api/v2/agents${query_string({ limit: agents_per_page, cursor })}`,
        signal,
      );
      out.push(...answer.items);
      if (!answer.next_cursor) break;
      cursor = answer.next_cursor;
    }
    return out;
  }

  tasks(agent_id: string, signal?: AbortSignal): Promise<Page<Task>> {
    return this.get(`/api/v2/agents/${encodeURIComponent(agent_id)}/tasks${query_string({ limit: 50 })}`, signal);
  }

  async rollups(query: RollupQuery, signal?: AbortSignal): Promise<RollupItem[]> {
    const answer = await this.get<{ items: RollupItem[] }>(`/api/v2/rollups${query_string({ ...query })}`, signal);
    return answer.items;
  }

  private async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const deadline = AbortSignal.timeout(deadline_ms);
    let response: Response;
    try {
      response = await fetch(path, {
        headers: { Authorization: `Bearer ${this.key}`, Accept: 'application/json' },
        cache: 'no-store',
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, 'No answer', 'The node did not answer.');
    }
    if (!response.ok) {
      const problem = await problem_of(response);
      if (problem.unauthorized) this.on_unauthorized();
      throw problem;
    }
    return (await response.json()) as T;
  }
}
