// Purpose: what repeats: work by hour of the day, what is asked for when, and what follows from it.
import { useMemo } from 'react';
import type { PatternHour, PatternsAnswer } from '../api/insight.ts';
import type { HeatData } from '../charts/heat_data.ts';
import { HeatMap } from '../charts/heat_map.tsx';
import { AdviceList } from '../components/advice_list.tsx';
import { Panel } from '../components/panel.tsx';
import { Answer, Exactness } from '../components/states.tsx';
import { count, decimal } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_live_topic } from '../queries/live_topic.ts';
import { use_read } from '../queries/use_read.ts';
import { at_hour, use_events_link } from '../routing/events_link.ts';
import { use_narrowing } from '../routing/narrowed.ts';
import { use_range } from '../routing/range.ts';

const every_ms = 60_000;
const items_max = 20;
const hours = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));

type Measure = Exclude<keyof PatternHour, 'hour' | 'cost_usd'>;
const measures: readonly (readonly [Measure, string])[] = [
  ['events', ''],
  ['calls', 'llm.call'],
  ['knowledge', 'knowledge.access'],
  ['memory', 'memory.access'],
  ['collaborations', 'collaboration'],
];

/** The hours are the reader's. */
const own_offset_minutes = (): number => -new Date().getTimezoneOffset();

export function Patterns() {
  const utc_offset_minutes = own_offset_minutes();
  const answer = use_read<PatternsAnswer>('/patterns', { params: { ...use_narrowing(), utc_offset_minutes }, range: use_range(), every_ms });
  use_live_topic('patterns', ['/patterns']);
  return (
    <Answer read={answer} empty={(data) => data.hours.every((hour) => hour.events === 0)}>
      {(data) => (
        <>
          <Exactness data={data} />
          <Hours data={data} />
          <Items data={data} />
          <Panel title={t('advice.title')}>
            <AdviceList items={data.advice} />
          </Panel>
        </>
      )}
    </Answer>
  );
}

function Hours({ data }: { readonly data: PatternsAnswer }) {
  const events = use_events_link();
  const heat = useMemo<HeatData>(() => {
    const values = measures.map(([name]) => hours.map((_, hour) => data.hours[hour]?.[name] ?? 0));
    const row_max = values.map((row) => Math.max(...row));
    return {
      rows: measures.map(([name]) => t(`pattern.${name}`)),
      columns: hours,
      values,
      max: Math.max(...row_max),
      row_max,
      label_every: 1,
    };
  }, [data]);
  return (
    <HeatMap
      title={t('patterns.hours')}
      data={heat}
      row_title={t('patterns.measure')}
      figure={count}
      address={(row, hour) => events({ type: measures[row]?.[1], ...at_hour(hour, own_offset_minutes()) })}
      {...(data.peak
        ? { summary: t('patterns.peak', { hour: hours[data.peak.hour] ?? '', factor: decimal(data.peak.factor) }) }
        : {})}
    />
  );
}

function Items({ data }: { readonly data: PatternsAnswer }) {
  const events = use_events_link();
  const heat = useMemo<HeatData>(() => {
    const totals = new Map<string, number>();
    for (const { items } of data.items_by_hour) {
      for (const item of items) totals.set(item.id, (totals.get(item.id) ?? 0) + item.accesses);
    }
    const rows = [...totals].sort((a, b) => b[1] - a[1]).slice(0, items_max).map(([id]) => id);
    const values = rows.map((id) =>
      hours.map((_, hour) => {
        const at = data.items_by_hour.find((each) => each.hour === hour);
        return at?.items.find((item) => item.id === id)?.accesses ?? 0;
      }),
    );
    return { rows, columns: hours, values, max: Math.max(0, ...values.flat()), label_every: 1 };
  }, [data]);
  if (heat.rows.length === 0) return null;
  return (
    <HeatMap
      title={t('patterns.items')}
      data={heat}
      row_title={t('knowledge.item')}
      figure={(value) => t('knowledge.n_accesses', { n: value })}
      address={(row, hour) => events({ knowledge_id: heat.rows[row], ...at_hour(hour, own_offset_minutes()) })}
    />
  );
}
