// Purpose: the list of agents as a table that sorts by its headings.
// Invariant: a name is a link to the agent; the chosen one is marked with aria-current.
import { Scroll } from './scroll.tsx';
import { t, type MessageKey } from '../i18n/i18n.ts';
import type { Agent } from '../api/types.ts';
import type { AgentFilter, SortKey } from '../filters/agent_filter.ts';
import { count, short_count, total_tokens, sum_usd } from '../format/numbers.ts';
import { ago, full_time } from '../format/times.ts';
import { status_at } from '../live/agent_book.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { StatusMark } from './status_mark.tsx';

interface Column {
  readonly key: SortKey;
  readonly title: MessageKey;
  readonly className: string;
}

const columns: readonly Column[] = [
  { key: 'name', title: 'field.agent', className: 'col_name' },
  { key: 'status', title: 'field.status', className: 'col_status' },
  { key: 'team', title: 'field.team', className: 'col_team wide_only' },
  { key: 'load', title: 'agents.load', className: 'number wide_only' },
  { key: 'pending', title: 'agents.pending', className: 'number widest_only' },
  { key: 'errors', title: 'figure.errors', className: 'number widest_only' },
  { key: 'last_activity', title: 'agents.last_seen', className: 'number' },
  { key: 'tokens', title: 'figure.tokens', className: 'number' },
  { key: 'cost', title: 'figure.cost', className: 'number' },
];

/** Names and times are first wanted ascending or newest first; figures largest first. */
const first_descending: ReadonlySet<SortKey> = new Set([
  'status',
  'load',
  'pending',
  'errors',
  'last_activity',
  'tokens',
  'cost',
]);

export interface AgentTableProps {
  readonly agents: readonly Agent[];
  readonly now_ms: number;
  readonly selected?: string | undefined;
  readonly link: (id: string) => string;
  /** without it the headings do not sort */
  readonly filter?: AgentFilter;
  readonly change?: (filter: AgentFilter) => void;
}

export function AgentTable({ agents, now_ms, selected, link, filter, change }: AgentTableProps) {
  return (
    <Scroll label={t('nav.agents')}>
      <table className="agent_table">
        <caption className="hidden">{t('nav.agents')}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.key} column={column} filter={filter} change={change} />
            ))}
          </tr>
        </thead>
        <tbody>
          {agents.map((agent) => (
            <AgentRow
              key={agent.id}
              agent={agent}
              now_ms={now_ms}
              selected={agent.id === selected}
              to={link(agent.id)}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface HeadingProps {
  readonly column: Column;
  readonly filter: AgentFilter | undefined;
  readonly change: ((filter: AgentFilter) => void) | undefined;
}

function Heading({ column, filter, change }: HeadingProps) {
  if (!filter || !change) {
    return (
      <th scope="col" className={column.className}>
        {t(column.title)}
      </th>
    );
  }
  const sorted = filter.sort === column.key;
  const descending = sorted ? !filter.descending : first_descending.has(column.key);
  const order = filter.descending ? 'descending' : 'ascending';
  return (
    <th scope="col" className={column.className} aria-sort={sorted ? order : undefined}>
      <button type="button" onClick={() => change({ ...filter, sort: column.key, descending })}>
        {t(column.title)}
        {sorted && (
          <span aria-hidden="true" className="sort_sign">
            {filter.descending ? '↓' : '↑'}
          </span>
        )}
      </button>
    </th>
  );
}

interface AgentRowProps {
  readonly agent: Agent;
  readonly now_ms: number;
  readonly selected: boolean;
  readonly to: string;
}

function AgentRow({ agent, now_ms, selected, to }: AgentRowProps) {
  const tokens = total_tokens(agent.totals?.tokens);
  const errors = agent.totals?.errors ?? 0;
  return (
    <tr className={selected ? 'selected' : undefined}>
      <th scope="row" className="col_name">
        <LinkTo to={to} aria-current={selected ? 'true' : undefined}>
          <bdi>{agent.name || agent.id}</bdi>
        </LinkTo>
      </th>
      <td className="col_status">
        <StatusMark status={status_at(agent, now_ms)} />
      </td>
      <td className="col_team wide_only"><bdi>{agent.team ?? ''}</bdi></td>
      <td className="number wide_only">{count(agent.current_load ?? 0)}</td>
      <td className="number widest_only">{count(agent.pending_tasks ?? 0)}</td>
      <td className={errors > 0 ? 'number widest_only bad' : 'number widest_only'}>{count(errors)}</td>
      <td className="number" title={agent.last_activity ? full_time(agent.last_activity) : undefined}>
        {ago(agent.last_activity, now_ms)}
      </td>
      <td className="number">{short_count(tokens)}</td>
      <td className="number">{sum_usd(agent.totals?.cost_usd ?? 0)}</td>
    </tr>
  );
}
