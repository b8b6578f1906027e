// Purpose: what is known about an agent: its facts, capabilities, tags and metadata.
import type { Agent } from '../api/types.ts';
import { count, usd } from '../format/numbers.ts';
import { ago, full_time } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import { status_at } from '../live/agent_book.ts';
import { events_address } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { JsonTree } from './json_tree.tsx';
import { use_now } from './now.ts';
import { StatusMark } from './status_mark.tsx';

export function AgentFacts({ agent }: { readonly agent: Agent }) {
  const now_ms = use_now(1_000);
  const tags = Array.isArray(agent.tags)
    ? agent.tags
    : Object.entries(agent.tags ?? {}).map(([k, v]) => `${k}=${String(v)}`);
  const metadata = agent.metadata ?? {};
  const errors = agent.totals?.errors ?? 0;
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    [t('field.status'), <StatusMark key="s" status={status_at(agent, now_ms)} />],
    [t('field.id'), agent.id],
    [t('field.team'), agent.team || '–'],
    [t('agents.last_seen'), ago(agent.last_activity, now_ms)],
    [t('agents.load'), count(agent.current_load ?? 0)],
    [t('agents.pending'), count(agent.pending_tasks ?? 0)],
    [t('agents.completed'), count(agent.tasks_completed ?? 0)],
    [t('agents.failed'), count(agent.tasks_failed ?? 0)],
    [t('figure.events'), count(agent.totals?.events ?? 0)],
    [
      t('figure.errors'),
      errors > 0 ? (
        <LinkTo key="e" time="all" to={events_address({ agent_id: agent.id, status: 'error' }, null)}>
          {count(errors)}
        </LinkTo>
      ) : (
        count(0)
      ),
    ],
    [t('figure.cost'), usd(agent.totals?.cost_usd ?? 0)],
    [t('agents.registered'), agent.registered_at ? full_time(agent.registered_at) : '–'],
  ];
  return (
    <>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      <Words title={t('agents.capabilities')} words={agent.capabilities ?? []} />
      <Words title={t('agents.tags')} words={tags} />
      {Object.keys(metadata).length > 0 && <JsonTree value={metadata} label={t('agents.metadata')} />}
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
          <li key={word}>
            <bdi>{word}</bdi>
          </li>
        ))}
      </ul>
    </div>
  );
}
