// Purpose: the typed REST client. One instance per signed-in key.
// Invariants: the key travels only in the Authorization header; every call has a deadline; a 401 on any call
// is reported once through `on_unauthorized`, because it means that the key was revoked.
import { t } from '../i18n/i18n.ts';
import { ApiError, problem_of } from './problem.ts';
import type { Agent, AgentEvent, Page, RollupItem, Task, WhoAmI } from './types.ts';

const deadline_ms = 15_000;
const agents_per_page = 200;
const agent_pages_max = 25;
const rollup_pages_max = 20;

export type Query = { readonly [name: string]: string | number | undefined };

type Headers = { readonly [name: string]: string };

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

  /** Every row of the span, up to a bound of pages. */
  async rollups(query: RollupQuery, signal?: AbortSignal): Promise<RollupItem[]> {
    const out: RollupItem[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < rollup_pages_max; page += 1) {
      const answer: { items: RollupItem[]; next_cursor?: string | null } = await this.get(
        `/api/v2/rollups${query_string({ ...query, cursor })}`,
        signal,
      );
      out.push(...answer.items);
      if (!answer.next_cursor) break;
      cursor = answer.next_cursor;
    }
    return out;
  }

  /** Any other reading route, with its query. */
  read<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return this.get(`${path}${query_string(query)}`, signal);
  }

  /** A file the node writes, with the name it gives it. */
  async file(path: string, query: Query): Promise<{ readonly name: string; readonly content: Blob }> {
    const response = await this.answer('GET', `${path}${query_string(query)}`);
    const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
    return { name: name ?? 'troupe-analytics', content: await response.blob() };
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.ask<T>('PUT', path, undefined, body);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.ask<T>('POST', path, undefined, body);
  }

  /** Refused with 412 unless the version of what is changed is still the one that was read. */
  patch<T>(path: string, body: unknown, version: number): Promise<T> {
    return this.ask<T>('PATCH', path, undefined, body, { 'If-Match': `"${version}"` });
  }

  remove<T = null>(path: string): Promise<T> {
    return this.ask<T>('DELETE', path);
  }

  private get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.ask<T>('GET', path, signal);
  }

  private async ask<T>(
    method: string,
    path: string,
    signal?: AbortSignal,
    body?: unknown,
    headers: Headers = {},
  ): Promise<T> {
    const response = await this.answer(method, path, signal, body, headers);
    return (response.status === 204 ? null : await response.json()) as T;
  }

  private async answer(
    method: string,
    path: string,
    signal?: AbortSignal,
    body?: unknown,
    headers: Headers = {},
  ): Promise<Response> {
    const deadline = AbortSignal.timeout(deadline_ms);
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        headers: {
          Authorization: `Bearer ${this.key}`,
          Accept: 'application/json, text/csv;q=0.9, */*;q=0.1',
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        cache: 'no-store',
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(0, 'No answer', t('state.no_answer'));
    }
    if (!response.ok) {
      const problem = await problem_of(response);
      if (problem.unauthorized) this.on_unauthorized();
      throw problem;
    }
    return response;
  }
}
