// Purpose: what to look into next, below the headlines: what the day will cost, which limits are near, how often the
// first tier answers, what nothing was known about. Each leads to its page.
// Invariants: nothing is asked for before the rest of the overview is on the screen, and what arrives moves nothing:
// every figure has its two lines from the beginning.
import { useEffect, useState } from 'react';
import type { KnowledgeGaps, Limit, Projection, TierStats } from '../api/insight.ts';
import { count, percent, usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_read, type ReadOptions } from '../queries/use_read.ts';
import { use_range } from '../routing/range.ts';
import { Figures, type Figure } from './figures.tsx';

const every_ms = 60_000;

export function Outlook({ shown }: { readonly shown: boolean }) {
  const range = use_range();
  const own: ReadOptions = { every_ms, enabled: use_painted(shown) };
  const projection = use_read<Projection>('/tokens/projection', own);
  const limits = use_read<{ items: Limit[] }>('/tokens/limits', own);
  const tiers = use_read<TierStats>('/memory/tier-stats', { ...own, range });
  const gaps = use_read<KnowledgeGaps>('/knowledge/gaps', { ...own, range, params: { limit: 15 } });
  return (
    <div className="outlook">
      <Figures
        label={t('overview.outlook')}
        figures={[day_of(projection.data), near_limits(limits.data), first_tier(tiers.data), gaps_of(gaps.data)]}
      />
    </div>
  );
}

/** True from the frame after the one that shows what comes first. */
function use_painted(shown: boolean): boolean {
  const [painted, set_painted] = useState(false);
  useEffect(() => {
    if (!shown) return undefined;
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => set_painted(true));
    });
    return () => cancelAnimationFrame(frame);
  }, [shown]);
  return painted;
}

function day_of(projection: Projection | undefined): Figure {
  const { expected_usd = null, low_usd = null, high_usd = null } = projection?.day ?? {};
  const known = low_usd !== null && high_usd !== null;
  return {
    name: t('overview.day'),
    view: '/tokens',
    value: expected_usd === null ? null : usd(expected_usd),
    more: known ? t('projection.between', { low: usd(low_usd), high: usd(high_usd) }) : '',
  };
}

function near_limits(limits: { readonly items: readonly Limit[] } | undefined): Figure {
  const near = limits?.items.filter(({ state }) => state !== 'ok') ?? [];
  const reached = near.some(({ state }) => state === 'reached');
  return {
    name: t('overview.limits'),
    view: '/tokens',
    value: limits ? count(near.length) : null,
    more: limits ? t('overview.of_limits', { n: limits.items.length }) : '',
    tone: reached ? 'bad' : near.length > 0 ? 'warn' : undefined,
  };
}

function first_tier(stats: TierStats | undefined): Figure {
  const first = stats?.tiers[0];
  return {
    name: t('memory.first_tier'),
    view: '/memory',
    value: first?.hit_rate == null ? null : percent(first.hit_rate),
    more: first ? <bdi>{first.tier}</bdi> : '',
  };
}

function gaps_of(gaps: KnowledgeGaps | undefined): Figure {
  const total = gaps?.total;
  return {
    name: t('knowledge.gaps'),
    view: '/knowledge',
    value: total ? count(total.distinct) : null,
    more: total ? t('overview.of_queries', { share: percent(total.gap_rate ?? 0) }) : '',
    tone: total && total.distinct > 0 ? 'warn' : undefined,
  };
}
