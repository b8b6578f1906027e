// Purpose: where answers come from: the flow of queries through the memory tiers, hit rates and latencies over time.
import { useMemo } from 'react';
import type { TierStats } from '../api/insight.ts';
import { histogram_of } from '../charts/heat_data.ts';
import { HeatMap } from '../charts/heat_map.tsx';
import { TierFlow } from '../charts/tier_flow.tsx';
import { TimeChart } from '../charts/time_chart.tsx';
import { on_steps, type Line, type TimeData } from '../charts/time_data.ts';
import { Figures } from '../components/figures.tsx';
import { Answer, Empty, Exactness } from '../components/states.tsx';
import { steps_of } from '../filters/time_range.ts';
import { count, duration, duration_range, percent, short_count, usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_live_topic } from '../queries/live_topic.ts';
import { use_read } from '../queries/use_read.ts';
import { between, use_events_link } from '../routing/events_link.ts';
import { use_narrowing } from '../routing/narrowed.ts';
import { use_range } from '../routing/range.ts';

const colours = ['--series_1', '--series_3', '--series_2', '--series_5', '--series_4', '--series_6'] as const;
const colour = (index: number): string => colours[index % colours.length] ?? '--series_1';

export function Memory() {
  const stats = use_read<TierStats>('/memory/tier-stats', { params: use_narrowing(), range: use_range() });
  use_live_topic('memory', ['/memory/']);
  return (
    <Answer read={stats}>
      {(data) => (
        <>
          <Exactness data={data} />
          <MemoryFigures stats={data} />
          <TierFlow stats={data} state={data.queries === 0 ? <Empty>{t('memory.none')}</Empty> : undefined} />
          <Charts stats={data} />
          <Latencies stats={data} />
        </>
      )}
    </Answer>
  );
}

function MemoryFigures({ stats }: { readonly stats: TierStats }) {
  const first = stats.tiers[0];
  const events = use_events_link();
  const slowest = stats.tiers.toSorted((a, b) => (b.latency_ms.p95 ?? 0) - (a.latency_ms.p95 ?? 0))[0];
  const answered = stats.miss_rate === null ? null : 1 - stats.miss_rate;
  return (
    <Figures
      label={t('memory.figures')}
      figures={[
        { name: t('memory.queries'), value: count(stats.queries), spark: stats.series.map((step) => step.queries), to: events({ type: 'memory.access' }) },
        {
          name: t('memory.answered'),
          value: answered === null ? null : percent(answered),
          more: t('memory.without_answer', { n: stats.misses }),
        },
        {
          name: t('memory.first_tier'),
          value: first?.hit_rate == null ? null : percent(first.hit_rate),
          more: first ? <bdi>{first.tier}</bdi> : '',
          ...(first ? { to: events({ tier: first.tier }) } : {}),
        },
        {
          name: t('memory.slowest'),
          value: slowest?.latency_ms.p95 == null ? null : duration(slowest.latency_ms.p95),
          more: slowest ? <bdi>{slowest.tier}</bdi> : '',
          ...(slowest ? { to: events({ tier: slowest.tier }) } : {}),
        },
        { name: t('figure.cost'), value: usd(stats.cost_usd) },
      ]}
    />
  );
}

const window_span = (stats: TierStats) => ({
  since_ms: Date.parse(stats.window.from),
  until_ms: Date.parse(stats.window.to),
  resolution: stats.window.bucket,
});

function Charts({ stats }: { readonly stats: TierStats }) {
  const made = useMemo(() => {
    const times = steps_of(window_span(stats));
    const per_tier = (value: (row: TierStats['tiers'][number]['series'][number]) => number | null): TimeData => ({
      times,
      resolution: stats.window.bucket,
      meaning: 'level',
      lines: stats.tiers.map(
        (tier, index): Line => ({
          name: tier.tier,
          colour: colour(index),
          draw: 'line',
          values: on_steps(times, tier.series, value, null),
        }),
      ),
    });
    const hits: TimeData = {
      times,
      resolution: stats.window.bucket,
      meaning: 'per_step',
      lines: [
        ...stats.tiers.map(
          (tier, index): Line => ({
            name: tier.tier,
            colour: colour(index),
            stack: 'hits',
            values: on_steps(times, tier.series, (row) => row.hits, 0),
          }),
        ),
        {
          name: t('memory.misses'),
          colour: '--series_bad',
          stack: 'hits',
          values: on_steps(times, stats.series, (row) => row.misses, 0),
        },
      ],
    };
    return { hits, latency: per_tier((row) => row.p95_ms) };
  }, [stats]);
  const link = use_events_link();
  const events = (since_ms: number, until_ms: number): string =>
    link({ type: 'memory.access' }, between(since_ms, until_ms));
  return (
    <div className="halves">
      <TimeChart title={t('memory.answers')} data={made.hits} exact={count} short={short_count} events={events} />
      <TimeChart title={t('memory.latency')} data={made.latency} exact={duration} short={duration} events={events} />
    </div>
  );
}

const nowhere = (): undefined => undefined;

/** Events cannot be asked for by how long they took: no cell leads to any. */
function Latencies({ stats }: { readonly stats: TierStats }) {
  const histogram = useMemo(
    () => histogram_of(stats.tiers.map((tier) => [tier.tier, tier.latency_histogram]), duration_range),
    [stats],
  );
  if (histogram.columns.length === 0) return null;
  return (
    <HeatMap
      title={t('memory.histogram')}
      data={histogram}
      row_title={t('field.tier')}
      figure={(value) => t('memory.asked', { n: value })}
      address={nowhere}
    />
  );
}
