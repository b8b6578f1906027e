// Purpose: what the node advises, with the arithmetic behind it.
// Invariants: a kind this page knows is said in the chosen language, its arithmetic too; one it does not know is shown in
// the node's own words, in English, and marked as that.
import type { Advice } from '../api/insight.ts';
import { duration, usd } from '../format/numbers.ts';
import { t, t_or } from '../i18n/i18n.ts';
import { use_events_link, type EventCondition } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address } from '../routing/router.ts';
import { arithmetic_of } from './advice_arithmetic.ts';

export function AdviceList({ items }: { readonly items: readonly Advice[] }) {
  if (items.length === 0) return <p className="state">{t('advice.none')}</p>;
  return (
    <ul className="advice" aria-label={t('advice.title')}>
      {items.map((item, index) => (
        <li key={index}>
          <p className="advice_title">
            {title_of(item)}
            {saving_of(item) !== '' && <span className="advice_saving">{saving_of(item)}</span>}
          </p>
          <p className="advice_subject">
            <Subject item={item} />
          </p>
          <Arithmetic item={item} />
        </li>
      ))}
    </ul>
  );
}

function Arithmetic({ item }: { readonly item: Advice }) {
  const said = arithmetic_of(item);
  if (said !== null) return <p className="advice_arithmetic">{said}</p>;
  if (!item.arithmetic) return null;
  return (
    <p className="advice_arithmetic" lang="en" dir="ltr">
      {item.arithmetic}
    </p>
  );
}

function title_of(item: Advice): string {
  const said = t_or('advice', item.kind);
  return said === item.kind ? (item.title ?? item.kind) : said;
}

function saving_of(item: Advice): string {
  if (item.saving_usd) return t('advice.saves', { amount: usd(item.saving_usd) });
  return item.saving_ms ? t('advice.saves', { amount: duration(item.saving_ms) }) : '';
}

interface Word {
  readonly text: string;
  /** null: no events have it in common */
  readonly condition: EventCondition | null;
}

const linked = ['model', 'provider', 'tool', 'team', 'tier', 'session_id', 'user_id'] as const;

/** What else the subject names. */
function others_of({ subject = {} }: Advice): Word[] {
  return Object.entries(subject).flatMap(([name, value]) => {
    if (name === 'agent_id' || typeof value !== 'string' || value === '') return [];
    const field = linked.find((known) => known === name);
    return [{ text: value, condition: field ? { [field]: value } : null }];
  });
}

function Subject({ item }: { readonly item: Advice }) {
  const agents = [item.agent_id, item.to_agent_id, item.subject?.['agent_id']].filter((id) => typeof id === 'string');
  const events = use_events_link();
  const words = [
    ...(item.items ?? []).map((id): Word => ({ text: id, condition: { knowledge_id: id } })),
    ...(item.query ? [{ text: item.query, condition: { q: item.query } }] : []),
    ...(item.team ? [{ text: item.team, condition: { team: item.team } }] : []),
    ...others_of(item),
  ];
  return (
    <>
      {agents.map((id) => (
        <LinkTo key={id} to={agent_address(id)}>
          <bdi>{id}</bdi>
        </LinkTo>
      ))}
      {words.map(({ text, condition }) => (
        <bdi key={text}>{condition ? <LinkTo to={events(condition)}>{text}</LinkTo> : text}</bdi>
      ))}
    </>
  );
}
