// Purpose: one agent: its facts, tokens by kind, tasks and recent events, live through its own topic.
import { useEffect, useMemo, useRef } from 'react';
import type { Agent } from '../api/types.ts';
import { no_filter } from '../filters/event_filter.ts';
import { count, usd } from '../format/numbers.ts';
import { ago, full_time } from '../format/times.ts';
import { status_at } from '../live/agent_book.ts';
import { use_agent_feed } from '../live/agent_feed.ts';
import { use_store } from '../live/store.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_session } from '../session/room_context.ts';
import { EventStream } from './event_stream.tsx';
import { JsonTree } from './json_tree.tsx';
import { use_now } from './now.ts';
import { StatusMark } from './status_mark.tsx';
import { TaskTable } from './task_table.tsx';
import { TokenKinds } from './token_kinds.tsx';

export function AgentDetail({ id, back }: { readonly id: string; readonly back: string }) {
  const { room } = use_session();
  const listed = use_store(room.agents).agents.find((agent) => agent.id === id);
  const feed = use_agent_feed(room, id);
  const pushed = use_store(feed.agent);
  const agent = newest(listed, pushed);
  const missing = use_store(feed.missing);
  const filter = useMemo(() => ({ ...no_filter, agent_id: id }), [id]);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);

  return (
    <section className="panel agent_detail" aria-label={`Agent ${id}`}>
      <header className="panel_head">
        <h2 ref={heading} tabIndex={-1}>
          {agent?.name || id}
        </h2>
        <LinkTo className="button button_small" to={back}>
          Close<span className="hidden"> agent detail</span>
        </LinkTo>
      </header>
      {agent ? (
        <Facts agent={agent} />
      ) : (
        <p className="muted">{missing ? 'The node knows no agent with this id.' : 'Loading…'}</p>
      )}
      {agent && (
        <>
          <h3>Tokens</h3>
          <TokenKinds tokens={agent.totals?.tokens} />
          <h3>Tasks</h3>
          <TaskTable agent={agent} />
        </>
      )}
      <h3>Recent events</h3>
      <EventStream filter={filter} source={feed.log} step={20} without_agent label="Events of this agent" />
    </section>
  );
}

/** The list and the agent's own topic both bring it; the one with the later activity is newer. */
function newest(a: Agent | undefined, b: Agent | null): Agent | undefined {
  if (!a || !b) return b ?? a;
  return (b.last_activity ?? '') > (a.last_activity ?? '') ? b : a;
}

function Facts({ agent }: { readonly agent: Agent }) {
  const now_ms = use_now(1_000);
  const tags = Array.isArray(agent.tags)
    ? agent.tags
    : Object.entries(agent.tags ?? {}).map(([k, v]) => `${k}=${String(v)}`);
  const metadata = agent.metadata ?? {};
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    ['status', <StatusMark key="s" status={status_at(agent, now_ms)} />],
    ['id', agent.id],
    ['team', agent.team || '–'],
    ['last seen', ago(agent.last_activity, now_ms)],
    ['current load', count(agent.current_load ?? 0)],
    ['pending tasks', count(agent.pending_tasks ?? 0)],
    ['completed', count(agent.tasks_completed ?? 0)],
    ['failed', count(agent.tasks_failed ?? 0)],
    ['events', count(agent.totals?.events ?? 0)],
    ['errors', count(agent.totals?.errors ?? 0)],
    ['cost', usd(agent.totals?.cost_usd ?? 0)],
    ['registered', agent.registered_at ? full_time(agent.registered_at) : '–'],
  ];
  return (
    <>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Words title="capabilities" words={agent.capabilities ?? []} />
      <Words title="tags" words={tags} />
      {Object.keys(metadata).length > 0 && <JsonTree value={metadata} label="Metadata" />}
    </>
  );
}

function Words({ title, words }: { readonly title: string; readonly words: readonly string[] }) {
  if (words.length === 0) return null;
  return (
    <div className="words">
      <p>{title}</p>
      <ul aria-label={title}>
        {words.map((word) => (
          <li key={word}>{word}</li>
        ))}
      </ul>
    </div>
  );
}
