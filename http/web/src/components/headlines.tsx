// Purpose: the figures one looks at first.
// Invariant: a figure is shown as "–" until it is known; it never starts at a false zero.
import { count, short_count, usd } from '../format/numbers.ts';
import { status_at } from '../live/agent_book.ts';
import { headline_of } from '../live/rollup_series.ts';
import { use_store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';
import { use_now } from './now.ts';

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  readonly tone?: 'bad';
}

export function Headlines() {
  const figures = use_figures();
  return (
    <section aria-label="Headline figures">
      <dl className="headlines">
        {figures.map((figure) => (
          <div key={figure.name} className={figure.tone === 'bad' ? 'headline headline_bad' : 'headline'}>
            <dt>{figure.name}</dt>
            <dd>
              <span className="headline_value">{figure.value}</span>
              <span className="headline_more">{figure.more}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function use_figures(): readonly Figure[] {
  const { room } = use_session();
  const now_ms = use_now(1_000);
  const { loaded, agents } = use_store(room.agents);
  const minutes = use_store(room.minutes);
  const counted = use_store(room.minutes_loaded);
  const sums = headline_of(minutes, now_ms);
  const active = agents.filter((agent) => status_at(agent, now_ms) === 'active').length;
  const known = (value: string): string => (counted ? value : '–');
  const share = sums.events === 0 ? 0 : (100 * sums.errors) / sums.events;
  return [
    { name: 'Active agents', value: loaded ? count(active) : '–', more: loaded ? `of ${count(agents.length)}` : '' },
    { name: 'Events per minute', value: known(count(sums.events_per_minute)), more: `${count(sums.events)} this hour` },
    {
      name: 'Errors, last hour',
      value: known(count(sums.errors)),
      more: `${share.toFixed(share > 0 && share < 10 ? 1 : 0)} % of events`,
      ...(sums.errors > 0 ? { tone: 'bad' as const } : {}),
    },
    {
      name: 'Tokens, last hour',
      value: known(short_count(sums.input + sums.output)),
      more: `${short_count(sums.input)} in, ${short_count(sums.output)} out`,
    },
    { name: 'Cost, last hour', value: known(usd(sums.cost_usd)), more: 'priced by the node' },
  ];
}
