// Purpose: the figures one looks at first, of the chosen range.
import { count, percent, short_count, usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { status_at } from '../live/agent_book.ts';
import { headline_of } from '../live/rollup_series.ts';
import { use_store } from '../live/store.ts';
import type { UsageView } from '../queries/usage.ts';
import { use_events_link } from '../routing/events_link.ts';
import { use_session } from '../session/room_context.ts';
import { Figures, type Figure } from './figures.tsx';
import { use_now } from './now.ts';

export function Headlines({ usage }: { readonly usage: UsageView }) {
  return <Figures label={t('overview.headlines')} figures={use_figures(usage)} />;
}

function use_figures({ loaded, steps }: UsageView): readonly Figure[] {
  const { room } = use_session();
  const events = use_events_link();
  const now_ms = use_now(1_000);
  const agents_view = use_store(room.agents);
  const minutes = use_store(room.minutes);
  const minutes_loaded = use_store(room.minutes_loaded);
  const rate = headline_of(minutes, now_ms).events_per_minute;
  const sums = headline_of(steps, now_ms);
  const active = agents_view.agents.filter((agent) => status_at(agent, now_ms) === 'active').length;
  const known = (value: string): string | null => (loaded ? value : null);
  return [
    {
      name: t('overview.active_agents'),
      value: agents_view.loaded ? count(active) : null,
      more: agents_view.loaded ? t('overview.of_agents', { n: agents_view.agents.length }) : '',
      to: '/agents?status=active',
    },
    {
      name: t('overview.events_per_minute'),
      value: minutes_loaded ? count(rate) : null,
      more: loaded ? t('overview.in_range', { n: sums.events }) : '',
      spark: steps.map((step) => step.count),
      to: events({}),
    },
    {
      name: t('figure.errors'),
      value: known(count(sums.errors)),
      more: t('overview.of_events', { share: percent(sums.events === 0 ? 0 : sums.errors / sums.events) }),
      spark: steps.map((step) => step.errors),
      tone: loaded && sums.errors > 0 ? 'bad' : undefined,
      to: events({ status: 'error' }),
    },
    {
      name: t('figure.tokens'),
      value: known(short_count(sums.input + sums.output)),
      more: t('overview.in_out', { input: short_count(sums.input), output: short_count(sums.output) }),
      spark: steps.map((step) => step.input + step.output),
      to: events({ type: 'llm.call' }),
    },
    {
      name: t('figure.cost'),
      value: known(usd(sums.cost_usd)),
      more: t('overview.priced'),
      spark: steps.map((step) => step.cost_usd),
      to: events({ type: 'llm.call' }),
    },
  ];
}
