// Purpose: one agent beside the list: its facts, tokens by kind, tasks and recent events, live through its own topic.
import { useEffect, useMemo, useRef } from 'react';
import { no_filter } from '../filters/event_filter.ts';
import { t } from '../i18n/i18n.ts';
import { use_agent_feed, use_agent_of } from '../live/agent_feed.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';
import { AgentFacts } from './agent_facts.tsx';
import { EventStream } from './event_stream.tsx';
import { Empty, Loading } from './states.tsx';
import { TaskTable } from './task_table.tsx';
import { TokenKinds } from './token_kinds.tsx';

export function AgentDetail({ id, back }: { readonly id: string; readonly back: string }) {
  const { room } = use_session();
  const feed = use_agent_feed(room, id);
  const { agent, missing } = use_agent_of(room, feed, id);
  const filter = useMemo(() => ({ ...no_filter, agent_id: id }), [id]);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);

  return (
    <section className="panel agent_detail" aria-label={t('agent.region', { id })}>
      <header className="panel_head">
        <h2 ref={heading} tabIndex={-1}>
          <bdi>{agent?.name || id}</bdi>
        </h2>
        <LinkTo className="button button_small" to={agent_address(id)}>
          {t('agent.whole')}
        </LinkTo>
        <LinkTo className="button button_small" to={back}>
          {t('agent.close')}
        </LinkTo>
      </header>
      {agent ? <AgentFacts agent={agent} /> : missing ? <Empty>{t('agent.unknown')}</Empty> : <Loading />}
      {agent && (
        <>
          <h3>{t('figure.tokens')}</h3>
          <TokenKinds tokens={agent.totals?.tokens} />
          <h3>{t('tasks.title')}</h3>
          <TaskTable agent={agent} />
        </>
      )}
      <h3>{t('agent.recent')}</h3>
      <EventStream filter={filter} source={feed.log} step={20} without_agent label={t('agent.events')} />
    </section>
  );
}
