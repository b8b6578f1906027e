// Purpose: the sum behind an advice, in the chosen language: what is counted in words, then the figures.
// Invariants: pure. Nothing is said if a value is not there: then the node's own words must do. A formula reads from left
// to right in every language.
import type { Advice } from '../api/insight.ts';
import { count, decimal, duration, percent, usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';

const left_to_right = '\u2066';
const pop_isolate = '\u2069';
const formula = (text: string): string => left_to_right + text + pop_isolate;

class Missing extends Error {}

/** The fields of an advice and of its evidence; of a list, of its first entry. */
class Figures {
  private readonly fields: { readonly [name: string]: unknown };

  constructor(item: Advice) {
    const evidence: unknown = Array.isArray(item.evidence) ? item.evidence[0] : item.evidence;
    this.fields = { ...item, ...(typeof evidence === 'object' ? evidence : {}) };
  }
  number(name: string): number {
    const value = this.fields[name];
    if (typeof value !== 'number') throw new Missing(name);
    return value;
  }
  text(name: string): string {
    const value = this.fields[name];
    if (typeof value !== 'string') throw new Missing(name);
    return value;
  }
}

type Say = (f: Figures, item: Advice) => string;

const of_calls: { readonly [kind: string]: Say } = {
  cache_prompts: (f) => {
    const [input, cached] = [f.number('price_input_usd_per_1m'), f.number('price_cache_read_usd_per_1m')];
    const price = `(${usd(input)} − ${usd(cached)})`;
    const share = percent(f.number('reachable_share'));
    return t('arithmetic.cache_prompts', {
      formula: formula(
        `${count(f.number('uncached_input'))} / ${count(1_000_000)} × ${price} × ${share} = ${usd(f.number('saving_usd'))}`,
      ),
    });
  },
  smaller_model: (f, item) => {
    const [own, other] = [f.number('cost_usd'), f.number('other_cost_usd')];
    return t('arithmetic.smaller_model', {
      calls: f.number('calls'),
      input: f.number('input_per_call'),
      output: f.number('output_per_call'),
      model: item.subject?.['model'] ?? '',
      other_model: f.text('other_model'),
      formula: formula(`${usd(own)} − ${usd(other)} = ${usd(f.number('saving_usd'))}`),
    });
  },
  failing_calls: (f) => {
    const share = percent(f.number('error_rate'));
    return t('arithmetic.failing_calls', {
      errors: f.number('errors'),
      calls: f.number('calls'),
      formula: formula(`${usd(f.number('cost_usd'))} × ${share} = ${usd(f.number('saving_usd'))}`),
    });
  },
  concentrated_cost: (f) =>
    t('arithmetic.concentrated_cost', {
      agents: f.number('agents'),
      formula: formula(`${usd(f.number('cost_usd'))} / ${usd(f.number('total_usd'))} = ${percent(f.number('share'))}`),
    }),
};

const of_patterns: { readonly [kind: string]: Say } = {
  cache_items: (f) => {
    const means = `(${duration(f.number('slow_avg_ms'))} − ${duration(f.number('fast_avg_ms'))})`;
    return t('arithmetic.cache_items', {
      tier: f.text('tier'),
      formula: formula(`${count(f.number('slow'))} × ${means} = ${duration(f.number('saving_ms'))}`),
    });
  },
  precompute_query: (f, item) => {
    const again = f.number('with_result') - 1;
    if (item.saving_ms == null) return t('arithmetic.asked_again', { again });
    const mean = duration(f.number('avg_ms'));
    return t('arithmetic.precompute_query', {
      formula: formula(`${count(again)} × ${mean} = ${duration(item.saving_ms)}`),
    });
  },
  pair: (f) => {
    const fewer = Math.min(f.number('traces_a'), f.number('traces_b'));
    const share = percent(f.number('together_share'));
    return t('arithmetic.pair', { formula: formula(`${count(f.number('shared_traces'))} / ${count(fewer)} = ${share}`) });
  },
  fill_gap: (f) => {
    const [without, asked] = [f.number('without_result'), f.number('asked')];
    return t('arithmetic.fill_gap', { formula: formula(`${count(without)} / ${count(asked)} = ${percent(without / asked)}`) });
  },
};

const measures = ['busy_seconds', 'events', 'open_tasks'] as const;

const of_teams: { readonly [kind: string]: Say } = {
  overloaded_agent: (f) => {
    const measure = measures.find((name) => name === f.text('measure'));
    if (measure === undefined) throw new Missing('measure');
    const shown = (value: number): string => (measure === 'busy_seconds' ? duration(value * 1_000) : decimal(value));
    const mean = Math.max(f.number('others_avg'), 1);
    return t('arithmetic.overloaded_agent', {
      measure: t(`measure.${measure}`),
      others: f.number('others'),
      formula: formula(`${shown(f.number('own'))} / ${shown(mean)} = ${decimal(f.number('load'))}`),
    });
  },
  failing_agent: (f) => {
    const [errors, events] = [f.number('errors'), f.number('events')];
    return t('arithmetic.failing_agent', { formula: formula(`${count(errors)} / ${count(events)} = ${percent(errors / events)}`) });
  },
  idle_agent: (f) =>
    t('arithmetic.idle_agent', {
      share: percent(f.number('utilisation')),
      agent: f.text('busiest_agent_id'),
      load: decimal(f.number('busiest_load')),
    }),
  costly_team: (f) => {
    const [own, others] = [f.number('cost_per_execution_usd'), f.number('others_usd')];
    return t('arithmetic.costly_team', { formula: formula(`${usd(own)} / ${usd(others)} = ${decimal(own / others)}`) });
  },
};

const sentences: { readonly [kind: string]: Say } = { ...of_calls, ...of_patterns, ...of_teams };

/** null: the page does not know this kind, or the node did not say its values. */
export function arithmetic_of(item: Advice): string | null {
  if (!Object.hasOwn(sentences, item.kind)) return null;
  try {
    return sentences[item.kind]?.(new Figures(item), item) ?? null;
  } catch (error) {
    if (error instanceof Missing) return null;
    throw error;
  }
}
