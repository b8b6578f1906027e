import { afterEach, describe, expect, test } from 'vitest';
import type { Advice } from '../../src/api/insight.ts';
import { arithmetic_of } from '../../src/components/advice_arithmetic.ts';
import { locale } from '../../src/i18n/locale.ts';

const caching: Advice = {
  kind: 'cache_prompts',
  subject: { agent_id: 'wordy', model: 'gpt-4o' },
  saving_usd: 0.1875,
  evidence: { uncached_input: 300_000, price_input_usd_per_1m: 2.5, price_cache_read_usd_per_1m: 1.25, reachable_share: 0.5 },
};
const said = (item: Advice): string | undefined => arithmetic_of(item)?.replaceAll(/[\u2066\u2069]/g, '');

afterEach(() => locale.set('en'));

describe('the arithmetic of an advice', () => {
  test.each<[Advice, string]>([
    [caching, '300,000 / 1,000,000 × ($2.50 − $1.25) × 50% = $0.1875'],
    [
      {
        kind: 'smaller_model',
        subject: { agent_id: 'terse', model: 'large' },
        saving_usd: 1.5,
        evidence: { calls: 25, input_per_call: 500, output_per_call: 50.4, other_model: 'small', cost_usd: 2, other_cost_usd: 0.5 },
      },
      'Calls: 25, on average 500 tokens in and 50 out. Their cost with large − with small: $2.00 − $0.5000 = $1.50',
    ],
    [
      { kind: 'failing_calls', saving_usd: 1, evidence: { calls: 20, errors: 5, error_rate: 0.25, cost_usd: 4 } },
      'Failed: 5 of 20. If they cost as much as the others: $4.00 × 25% = $1.00',
    ],
    [
      { kind: 'concentrated_cost', evidence: { cost_usd: 3, total_usd: 4, share: 0.75, agents: 5 } },
      'Share of the cost of all agents (5): $3.00 / $4.00 = 75%',
    ],
    [
      { kind: 'cache_items', tier: 'redis', slow: 4, slow_avg_ms: 150, fast_avg_ms: 5, saving_ms: 580, evidence: [] },
      '4 × (150ms − 5ms) = 580ms',
    ],
    [
      { kind: 'precompute_query', query: 'q', saving_ms: 120, evidence: [{ asked: 5, with_result: 4, avg_ms: 40 }] },
      '3 × 40ms = 120ms',
    ],
    [{ kind: 'precompute_query', query: 'q', saving_ms: null, evidence: [{ with_result: 4, avg_ms: null }] }, 'asked again: 3'],
    [
      { kind: 'pair', items: ['a', 'b'], evidence: [{ shared_traces: 3, traces_a: 4, traces_b: 9, together_share: 0.75 }] },
      '3 / 4 = 75%',
    ],
    [{ kind: 'fill_gap', query: 'q', evidence: [{ asked: 4, without_result: 3 }] }, '3 / 4 = 75%'],
    [
      { kind: 'overloaded_agent', evidence: { measure: 'busy_seconds', own: 800, others_avg: 200, others: 3, load: 4 } },
      'Time at work / mean of the other members (3): 13m 20s / 3m 20s = 4',
    ],
    [
      { kind: 'overloaded_agent', evidence: { measure: 'open_tasks', own: 3, others_avg: 0, others: 2, load: 3 } },
      'Open tasks / mean of the other members (2): 3 / 1 = 3',
    ],
    [{ kind: 'failing_agent', evidence: { events: 20, errors: 5 } }, '5 / 20 = 25%'],
    [
      { kind: 'idle_agent', evidence: { utilisation: 0.02, busiest_agent_id: 'busy', busiest_load: 2.5 } },
      'At work 2% of the time, without an open task. Load of busy, relative to the mean of the others: 2.5',
    ],
    [{ kind: 'costly_team', evidence: { cost_per_execution_usd: 2, others_usd: 0.5 } }, '$2.00 / $0.5000 = 4'],
  ])('%j', (item, end) => expect(said(item)).toMatch(new RegExp(`${end.replaceAll(/[$()/.×−*+?]/g, '\\$&')}$`)));

  test('has its numbers as the language writes them', () => {
    locale.set('de');
    expect(said(caching)).toMatch(/300\.000 \/ 1\.000\.000 × \(2,50.\$ − 1,25.\$\) × 50.% = 0,1875.\$$/);
  });

  test('is left to the node when the page does not know the kind or a value is missing', () => {
    expect(arithmetic_of({ ...caching, kind: 'not_known_yet' })).toBeNull();
    expect(arithmetic_of({ ...caching, kind: 'toString' })).toBeNull();
    expect(arithmetic_of({ kind: 'cache_prompts', saving_usd: 1 })).toBeNull();
    expect(arithmetic_of({ kind: 'pair', evidence: [] })).toBeNull();
  });
});
