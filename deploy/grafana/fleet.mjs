// Fleet overview, token economics, memory and knowledge: what the agents do. From the counters troupe_fleet_*, which
// each node keeps for the shards it leads, so that the sum over the nodes is the whole.
import { dashboard, figure, heat, lines } from './dashboard.mjs';

const rate = (metric, more = '') => `rate(troupe_fleet_${metric}{NODES${more}}[$__rate_interval])`;
const sum = (metric, more) => `sum(${rate(metric, more)})`;
const by = (label, metric, more) => ({ legend: `{{${label}}}`, expr: `sum by (${label}) (${rate(metric, more)})` });
/** A share that is 0, not nothing, while there is nothing to share. */
const share = (part, whole) => `(${part}) / (${whole} > 0) or vector(0)`;
const quantiles = (metric, label) =>
  [0.5, 0.95].map((q) => ({
    legend: `p${q * 100} {{${label}}}`,
    expr: `histogram_quantile(${q}, sum by (le, ${label}) (${rate(`${metric}_bucket`)}))`,
  }));
const status = (name) => `,status="${name}"`;
const type = (name) => `,type="${name}"`;

export const fleet = dashboard({
  uid: 'troupe-fleet',
  title: 'Troupe / Fleet overview',
  about: 'Who is at work, how much, and what fails.',
  sections: [
    ['Now', [
      figure('Active agents', { about: 'Agents with an event in the last five minutes.', queries: 'sum(troupe_fleet_agents_active{NODES})' }),
      figure('Events', { unit: 'eps', about: 'Events stored per second.', queries: sum('events_total') }),
      figure('Failed', {
        unit: 'percentunit', max: 1, steps: [[0.02, 'orange'], [0.1, 'red']],
        about: 'Share of events with status error.',
        queries: share(sum('events_total', status('error')), sum('events_total')),
      }),
      figure('Cost per hour', { unit: 'currencyUSD', about: 'Of model calls whose price is known, at the present pace.', queries: `${sum('cost_usd_total')} * 3600` }),
    ]],
    ['Activity', [
      lines('Events by type', { unit: 'eps', width: 12, stacked: true, about: 'Events stored per second.', queries: by('type', 'events_total') }),
      lines('Active agents', { width: 12, about: 'On each node: the agents whose shards it leads.', queries: { legend: '{{instance}}', expr: 'troupe_fleet_agents_active{NODES}' } }),
      lines('Executions', {
        unit: 'eps', about: 'Runs of agents that ended, well or not.',
        queries: [
          { legend: 'completed', expr: sum('events_total', type('execution.completed')) },
          { legend: 'failed', expr: sum('events_total', type('execution.failed')) },
        ],
      }),
      lines('Collaboration', { unit: 'eps', about: 'One agent working with another, by outcome.', queries: by('status', 'events_total', type('collaboration')) }),
      lines('Hypotheses', {
        unit: 'eps', about: 'Formed, validated and rejected.',
        queries: by('type', 'events_total', ',type=~"hypothesis.*"'),
      }),
    ]],
    ['What fails', [
      lines('Failed events by type', { unit: 'eps', stacked: true, about: 'Events with status error.', queries: by('type', 'events_total', status('error')) }),
      lines('Tools', { unit: 'eps', about: 'Calls of the ten busiest tools.', queries: { legend: '{{tool}}', expr: `topk(10, sum by (tool) (${rate('tool_calls_total')}))` } }),
      lines('Failed share of tools', {
        unit: 'percentunit', max: 1, about: 'By tool.',
        queries: { legend: '{{tool}}', expr: `sum by (tool) (${rate('tool_calls_total', status('error'))}) / (sum by (tool) (${rate('tool_calls_total')}) > 0)` },
      }),
    ]],
  ],
});

const input_kinds = ',kind=~"input|cache_read|cache_write"';
const output_kinds = ',kind=~"output|reasoning"';

export const tokens = dashboard({
  uid: 'troupe-tokens',
  title: 'Troupe / Token economics',
  about: 'What model calls use and cost. Tokens are counted once; the kinds add up.',
  sections: [
    ['Now', [
      figure('Cost, last 24 hours', { unit: 'currencyUSD', about: 'Of calls whose price is known.', queries: 'sum(increase(troupe_fleet_cost_usd_total{NODES}[24h]))' }),
      figure('Cost of a month', { unit: 'currencyUSD', about: 'Thirty days at the pace of the last hour.', queries: 'sum(rate(troupe_fleet_cost_usd_total{NODES}[1h])) * 3600 * 24 * 30' }),
      figure('Tokens, last 24 hours', { about: 'Input and output, cached ones too.', queries: 'sum(increase(troupe_fleet_tokens_total{NODES}[24h]))' }),
      figure('From the cache', {
        unit: 'percentunit', max: 1, about: 'Share of input tokens that were read from the cache of the provider.',
        queries: share(sum('tokens_total', ',kind="cache_read"'), sum('tokens_total', input_kinds)),
      }),
    ]],
    ['Limits', [
      lines('Used of each limit', {
        unit: 'percentunit', width: 12, about: 'In its hour, day or month. The node that leads the system shard tells it.',
        queries: { legend: '{{org}} {{limit}}', expr: 'max by (org, limit) (troupe_token_limit_used_ratio{NODES})' },
      }),
      lines('Expected of each limit', {
        unit: 'percentunit', width: 12, about: 'What will be used when the period ends, from the hours of the last week. Above 100 %: it will be passed.',
        queries: { legend: '{{org}} {{limit}}', expr: 'max by (org, limit) (troupe_token_limit_projected_ratio{NODES})' },
      }),
    ]],
    ['Cost', [
      lines('Cost per hour by model', { unit: 'currencyUSD', width: 12, stacked: true, about: 'At the present pace.', queries: { legend: '{{model}}', expr: `sum by (model) (${rate('cost_usd_total')}) * 3600` } }),
      lines('Cost of 1,000 tokens', {
        unit: 'currencyUSD', width: 6, decimals: 4, about: 'By model, input and output together.',
        queries: { legend: '{{model}}', expr: `sum by (model) (${rate('cost_usd_total')}) / (sum by (model) (${rate('tokens_total')}) > 0) * 1000` },
      }),
      lines('Cost per hour by team', { unit: 'currencyUSD', width: 12, stacked: true, about: 'Of models, tools and memory, at the present pace.', queries: { legend: '{{team}}', expr: `sum by (team) (${rate('team_cost_usd_total')}) * 3600` } }),
      lines('Cost per hour by tier', { unit: 'currencyUSD', width: 6, stacked: true, about: 'Of memory, by the tier that served.', queries: { legend: '{{tier}}', expr: `sum by (tier) (${rate('memory_cost_usd_total')}) * 3600` } }),
      lines('Calls without a price', { unit: 'cps', width: 6, about: 'The price table does not know these models: their cost is missing above.', queries: by('model', 'unpriced_calls_total') }),
    ]],
    ['Tokens', [
      lines('Tokens by kind', { width: 12, stacked: true, about: 'Per second. Input is what no cache was used for; output is without reasoning.', queries: by('kind', 'tokens_total') }),
      lines('Tokens by model', { width: 12, stacked: true, about: 'Per second.', queries: by('model', 'tokens_total') }),
      lines('Output per input', {
        unit: 'percentunit', about: 'Output tokens for each input token, by model.',
        queries: { legend: '{{model}}', expr: `sum by (model) (${rate('tokens_total', output_kinds)}) / (sum by (model) (${rate('tokens_total', input_kinds)}) > 0)` },
      }),
      lines('Reasoning', {
        unit: 'percentunit', max: 1, about: 'Share of output tokens that were spent on reasoning, by model.',
        queries: { legend: '{{model}}', expr: `sum by (model) (${rate('tokens_total', ',kind="reasoning"')}) / (sum by (model) (${rate('tokens_total', output_kinds)}) > 0)` },
      }),
      lines('From the cache', {
        unit: 'percentunit', max: 1, about: 'Share of input tokens read from the cache, by model.',
        queries: { legend: '{{model}}', expr: `sum by (model) (${rate('tokens_total', ',kind="cache_read"')}) / (sum by (model) (${rate('tokens_total', input_kinds)}) > 0)` },
      }),
    ]],
    ['Calls', [
      lines('Model calls', { unit: 'cps', width: 12, about: 'Per second.', queries: by('model', 'model_call_duration_seconds_count') }),
      lines('Duration of model calls', { unit: 's', width: 12, about: 'Median and 95th percentile.', queries: quantiles('model_call_duration_seconds', 'model') }),
    ]],
  ],
});

export const memory = dashboard({
  uid: 'troupe-memory',
  title: 'Troupe / Memory and knowledge',
  about: 'Where answers come from, how fast, and what is not known.',
  sections: [
    ['Now', [
      figure('Served by a tier', {
        unit: 'percentunit', max: 1, about: 'Share of the questions to memory tiers that the tier itself could answer.',
        queries: share(sum('memory_hits_total'), sum('memory_requests_total')),
      }),
      figure('Memory questions', { unit: 'reqps', about: 'To all tiers, per second.', queries: sum('memory_requests_total') }),
      figure('Knowledge gaps', {
        unit: 'percentunit', max: 1, steps: [[0.2, 'orange'], [0.4, 'red']],
        about: 'Share of accesses to knowledge that found nothing.',
        queries: share(sum('knowledge_accesses_total', ',outcome="nothing"'), sum('knowledge_accesses_total')),
      }),
      figure('Validated hypotheses', {
        unit: 'percentunit', max: 1, about: 'Share of the hypotheses decided on in the last 24 hours.',
        queries: share(
          'sum(increase(troupe_fleet_events_total{NODES,type="hypothesis.validated"}[24h]))',
          'sum(increase(troupe_fleet_events_total{NODES,type=~"hypothesis.(validated|rejected)"}[24h]))',
        ),
      }),
    ]],
    ['Tiers', [
      lines('Hit rate by tier', {
        unit: 'percentunit', max: 1, about: 'Of the questions that came to the tier, those it answered.',
        queries: { legend: '{{tier}}', expr: `sum by (tier) (${rate('memory_hits_total')}) / (sum by (tier) (${rate('memory_requests_total')}) > 0)` },
      }),
      lines('Answers by tier', { unit: 'reqps', stacked: true, about: 'Which tier served.', queries: by('tier', 'memory_hits_total') }),
      lines('Questions by tier', { unit: 'reqps', stacked: true, about: 'Each tier that was asked counts.', queries: by('tier', 'memory_requests_total') }),
      lines('Latency by tier', { unit: 's', width: 12, about: 'Median and 95th percentile.', queries: quantiles('memory_latency_seconds', 'tier') }),
      heat('Latency of all tiers', { unit: 's', width: 12, about: 'Questions by how long they took.', queries: { legend: '{{le}}', expr: `sum by (le) (increase(troupe_fleet_memory_latency_seconds_bucket{NODES}[$__rate_interval]))` } }),
    ]],
    ['Knowledge', [
      lines('Accesses', { unit: 'reqps', width: 12, stacked: true, about: 'By whether anything was found.', queries: by('outcome', 'knowledge_accesses_total') }),
      lines('Hypotheses', { unit: 'eps', width: 12, about: 'Learning, as it goes.', queries: by('type', 'events_total', ',type=~"hypothesis.*"') }),
    ]],
  ],
});
