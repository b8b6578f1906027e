// Purpose: the memory tiers of one agent in figures.
import type { Tier, TierStats } from '../api/insight.ts';
import { count, duration, percent, sum_usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { use_events_link } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_range } from '../routing/range.ts';
import { Answer } from './states.tsx';
import { RowTable, type TableColumn } from './table.tsx';

const ms = (value: number | null): string => (value === null ? '–' : duration(value));
const share = (value: number | null): string => (value === null ? '–' : percent(value));

export function TierTable({ agent_id }: { readonly agent_id: string }) {
  const stats = use_read<TierStats>('/memory/tier-stats', { params: { agent_id }, range: use_range() });
  const events = use_events_link();
  const columns: readonly TableColumn<Tier>[] = [
    { key: 'tier', title: t('field.tier'), cell: (tier) => tier.tier },
    { key: 'asked', title: t('memory.asked_column'), number: true, cell: (tier) => <LinkTo to={events({ agent_id, tier: tier.tier })}>{count(tier.asked)}</LinkTo> },
    { key: 'rate', title: t('memory.hit_rate'), number: true, cell: (tier) => share(tier.hit_rate) },
    { key: 'p50', title: 'p50', number: true, wide: true, cell: (tier) => ms(tier.latency_ms.p50) },
    { key: 'p95', title: 'p95', number: true, cell: (tier) => ms(tier.latency_ms.p95) },
    { key: 'cost', title: t('figure.cost'), number: true, wide: true, cell: (tier) => sum_usd(tier.cost_usd) },
  ];
  return (
    <Answer read={stats} empty={({ tiers }) => tiers.length === 0} empty_text={t('memory.none')}>
      {({ tiers }) => (
        <RowTable caption={t('nav.memory')} columns={columns} rows={tiers} row_key={(tier) => tier.tier} />
      )}
    </Answer>
  );
}
