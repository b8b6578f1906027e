// Purpose: events, tokens and cost over time, of everything or of one agent.
import { useMemo } from 'react';
import type { Resolution } from '../filters/time_range.ts';
import { count, short_count, short_usd, usd } from '../format/numbers.ts';
import { Failed, Loading } from '../components/states.tsx';
import { t } from '../i18n/i18n.ts';
import type { Minute } from '../live/rollup_series.ts';
import type { UsageView } from '../queries/usage.ts';
import { between, events_address } from '../routing/events_link.ts';
import { TimeChart } from './time_chart.tsx';
import type { Line, TimeData } from './time_data.ts';

export interface UsageChartProps {
  readonly usage: UsageView;
  /** narrows the events a step leads to */
  readonly agent_id?: string;
}

type Made = (steps: readonly Minute[]) => readonly Line[];

function use_data({ steps, resolution }: UsageView, make: Made): TimeData {
  return useMemo(
    () => ({ times: steps.map((step) => step.time_ms), resolution, lines: make(steps), meaning: 'per_step' }),
    [steps, resolution, make],
  );
}

function state_of(usage: UsageView) {
  if (usage.loaded) return undefined;
  return usage.error ? <Failed error={usage.error} again={usage.again} /> : <Loading />;
}

const address =
  (agent_id: string | undefined, type?: string) =>
  (since_ms: number, until_ms: number): string =>
    events_address({ agent_id, type }, between(since_ms, until_ms));

const event_lines: Made = (steps) => [
  {
    name: t('figure.without_error'),
    colour: '--series_4',
    stack: 'events',
    values: steps.map((step) => step.count - step.errors),
  },
  { name: t('figure.errors'), colour: '--series_bad', stack: 'events', values: steps.map((step) => step.errors) },
];

const token_lines: Made = (steps) => [
  { name: t('tokens.input'), colour: '--series_1', stack: 'tokens', values: steps.map((step) => step.input) },
  { name: t('tokens.output'), colour: '--series_2', stack: 'tokens', values: steps.map((step) => step.output) },
];

const cost_lines: Made = (steps) => [
  { name: t('figure.cost'), colour: '--series_3', values: steps.map((step) => step.cost_usd) },
];

const title = (what: 'events' | 'tokens' | 'cost', resolution: Resolution): string =>
  t(`chart.${what}_per_${resolution}`);

export function EventChart({ usage, agent_id }: UsageChartProps) {
  const data = use_data(usage, event_lines);
  return (
    <TimeChart
      title={title('events', usage.resolution)}
      data={data}
      exact={count}
      short={short_count}
      events={address(agent_id)}
      state={state_of(usage)}
    />
  );
}

export function TokenChart({ usage, agent_id }: UsageChartProps) {
  const data = use_data(usage, token_lines);
  return (
    <TimeChart
      title={title('tokens', usage.resolution)}
      data={data}
      exact={count}
      short={short_count}
      events={address(agent_id, 'llm.call')}
      state={state_of(usage)}
    />
  );
}

export function CostChart({ usage, agent_id }: UsageChartProps) {
  const data = use_data(usage, cost_lines);
  return (
    <TimeChart
      title={title('cost', usage.resolution)}
      data={data}
      exact={usd}
      short={short_usd}
      events={address(agent_id, 'llm.call')}
      state={state_of(usage)}
    />
  );
}
