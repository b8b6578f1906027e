// Purpose: the memory tiers: how often they are asked, how often they answer, how fast, at what cost.
import { useMemo } from 'react';
import type { ChartSource, SourceMeasure } from '../../api/dashboards.ts';
import type { Tier, TierStats, TierStep } from '../../api/insight.ts';
import type { KeyData } from '../../charts/key_data.ts';
import { TimeChart } from '../../charts/time_chart.tsx';
import { on_steps, type TimeData } from '../../charts/time_data.ts';
import { Exactness, state_of } from '../../components/states.tsx';
import { t } from '../../i18n/i18n.ts';
import { between, events_address, use_events_link } from '../../routing/events_link.ts';
import { is_sum } from '../sources.ts';
import { group_name, measure_of } from '../words.ts';
import { use_chart_read, type ChartProps } from './chart_read.ts';
import { KeyChart } from './key_chart.tsx';
import { line_of, lines_max } from './lines.ts';
import { times_of } from './usage_chart.tsx';

export function MemoryChart({ chart, title, pace }: ChartProps) {
  const { source, type } = chart;
  const read = use_chart_read<TierStats>('/memory/tier-stats', { ...source.filters }, pace);
  const measure = measure_of(source.measure);
  const events = use_events_link();
  const over = type === 'line' || type === 'area';
  const data = useMemo(() => (over && read.data ? over_time(read.data, source, type) : none), [over, read.data, source, type]);
  const state = state_of(read, ({ tiers }) => tiers.length === 0, t('memory.none'));
  const note = <Exactness data={read.data} />;
  if (over) {
    return (
      <TimeChart
        title={title}
        data={data}
        exact={measure.exact}
        short={measure.short}
        events={(since_ms, until_ms) => events_address({ ...source.filters, type: 'memory.access' }, between(since_ms, until_ms))}
        state={state}
        note={note}
      />
    );
  }
  const beside: SourceMeasure = source.measure === 'accesses' ? 'latency_p95' : 'accesses';
  const tiers: KeyData = {
    keys: group_name('tier'),
    measure,
    beside: measure_of(beside),
    rest: null,
    rows: (read.data?.tiers ?? []).slice(0, source.top).map((tier) => ({
      key: tier.tier,
      name: tier.tier,
      value: value_of(source.measure, tier),
      beside: value_of(beside, tier),
      to: events({ ...source.filters, tier: tier.tier }),
    })),
  };
  return <KeyChart chart={chart} title={title} data={tiers} state={state} note={note} />;
}

function value_of(measure: SourceMeasure, tier: Tier): number | null {
  switch (measure) {
    case 'hit_rate':
      return tier.hit_rate;
    case 'latency_p50':
      return tier.latency_ms.p50;
    case 'latency_p95':
      return tier.latency_ms.p95;
    case 'cost_usd':
      return tier.cost_usd;
    default:
      return tier.asked;
  }
}

function value_of_step(measure: SourceMeasure, step: TierStep): number | null {
  switch (measure) {
    case 'hit_rate':
      return step.asked === 0 ? null : step.hits / step.asked;
    case 'latency_p95':
      return step.p95_ms;
    case 'cost_usd':
      return step.cost_usd;
    default:
      return step.asked;
  }
}

const none: TimeData = { times: [], resolution: 'hour', lines: [], meaning: 'per_step' };

function over_time({ window, tiers }: TierStats, { measure, top }: ChartSource, type: string): TimeData {
  const times = times_of(window);
  const sums = is_sum(measure);
  const lines = tiers.slice(0, Math.min(top, lines_max)).map(({ tier, series }, index) => {
    const values = on_steps(times, series, (step) => value_of_step(measure, step), sums ? 0 : null);
    return line_of(tier, index, values, type === 'area' && sums ? 'area' : 'line');
  });
  return { times, resolution: window.bucket, lines, meaning: sums ? 'per_step' : 'level' };
}
