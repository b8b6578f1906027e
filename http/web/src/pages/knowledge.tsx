// Purpose: which knowledge is used, by whom and when; which is missing; what was learned.
import type { HeatBy, Hypotheses, KnowledgeGaps, KnowledgeHeat, KnowledgeItem, KnowledgeItems } from '../api/insight.ts';
import { Choice, use_choice } from '../components/choice.tsx';
import { Figures } from '../components/figures.tsx';
import { HypothesisPanels } from '../components/hypotheses.tsx';
import { heat_params, KnowledgeHeatMap } from '../components/knowledge_heat.tsx';
import { KnowledgeGraphPanel } from '../components/knowledge_graph.tsx';
import { Panel } from '../components/panel.tsx';
import { Answer, Exactness } from '../components/states.tsx';
import { RowTable, type TableColumn } from '../components/table.tsx';
import type { RangeChoice } from '../filters/time_range.ts';
import { count, decimal, duration, percent } from '../format/numbers.ts';
import { ago } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import { use_live_topic } from '../queries/live_topic.ts';
import { use_read, type Read } from '../queries/use_read.ts';
import { use_events_link } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_narrowing } from '../routing/narrowed.ts';
import { use_range } from '../routing/range.ts';
import { agent_address } from '../routing/router.ts';

const heat_ways: readonly HeatBy[] = ['hour', 'time', 'agent'];
const heat_rows = 30;

export function Knowledge() {
  const range = use_range();
  const narrowing = use_narrowing();
  const items = use_read<KnowledgeItems>('/knowledge/items', { params: { ...narrowing, limit: 15 }, range });
  const gaps = use_read<KnowledgeGaps>('/knowledge/gaps', { params: { ...narrowing, limit: 15 }, range });
  const hypotheses = use_read<Hypotheses>('/knowledge/hypotheses', { params: { ...narrowing, limit: 50 }, range });
  use_live_topic('knowledge', ['/knowledge/']);
  return (
    <>
      <KnowledgeFigures items={items.data} gaps={gaps.data} hypotheses={hypotheses.data} />
      <Heat range={range} />
      <KnowledgeGraphPanel />
      <div className="halves">
        <Gaps gaps={gaps} />
        <Items items={items} />
      </div>
      <HypothesisPanels hypotheses={hypotheses} />
    </>
  );
}

interface FiguresProps {
  readonly items: KnowledgeItems | undefined;
  readonly gaps: KnowledgeGaps | undefined;
  readonly hypotheses: Hypotheses | undefined;
}

function KnowledgeFigures({ items, gaps, hypotheses }: FiguresProps) {
  const rate = gaps?.total.gap_rate;
  const events = use_events_link();
  const velocity = hypotheses?.learning_velocity_per_day;
  return (
    <Figures
      label={t('knowledge.figures')}
      figures={[
        {
          name: t('knowledge.accesses'),
          value: items ? count(items.total.accesses) : null,
          more: items ? t('knowledge.to_items', { n: items.total.items }) : '',
          to: events({ type: 'knowledge.access' }),
        },
        {
          name: t('knowledge.gap_rate'),
          value: rate == null ? null : percent(rate),
          more: gaps ? t('knowledge.without_result', { n: gaps.total.without_result }) : '',
          tone: rate != null && rate > 0.1 ? 'warn' : undefined,
        },
        {
          name: t('knowledge.open_hypotheses'),
          value: hypotheses ? count(hypotheses.open) : null,
          more: hypotheses ? t('knowledge.formed', { n: hypotheses.formed }) : '',
          to: events({ type: 'hypothesis.formed' }),
        },
        {
          name: t('knowledge.validation_rate'),
          value: hypotheses?.validation_rate == null ? null : percent(hypotheses.validation_rate),
        },
        {
          name: t('knowledge.velocity'),
          value: velocity == null ? null : decimal(velocity),
          more: t('knowledge.validated_per_day'),
        },
      ]}
    />
  );
}

function Heat({ range }: { readonly range: RangeChoice }) {
  const by = use_choice('by', heat_ways, 'hour');
  const heat = use_read<KnowledgeHeat>('/knowledge/heatmap', { params: { ...use_narrowing(), ...heat_params(by, heat_rows) }, range });
  return (
    <KnowledgeHeatMap
      title={t('knowledge.heat')}
      heat={heat}
      by={by}
      controls={
        <Choice
          name="by"
          label={t('knowledge.by')}
          value={by}
          options={heat_ways.map((way) => [way, t(`knowledge.by_${way}`)] as const)}
        />
      }
    />
  );
}

function Gaps({ gaps }: { readonly gaps: Read<KnowledgeGaps> }) {
  const now_ms = Date.now();
  const events = use_events_link();
  type Gap = KnowledgeGaps['items'][number];
  const columns: readonly TableColumn<Gap>[] = [
    {
      key: 'query',
      title: t('knowledge.query'),
      cell: (gap) => <LinkTo to={events({ q: gap.query })}>{gap.query}</LinkTo>,
    },
    { key: 'without', title: t('knowledge.without'), number: true, cell: (gap) => count(gap.without_result) },
    { key: 'asked', title: t('knowledge.asked'), number: true, wide: true, cell: (gap) => count(gap.asked) },
    {
      key: 'state',
      title: t('field.status'),
      cell: (gap) => (
        <span className={gap.open ? 'bad' : 'good'}>{t(gap.open ? 'knowledge.open' : 'knowledge.filled')}</span>
      ),
    },
    { key: 'last', title: t('knowledge.last'), number: true, cell: (gap) => ago(gap.last_at, now_ms) },
  ];
  return (
    <Panel title={t('knowledge.gaps')}>
      <Answer read={gaps} empty={({ items }) => items.length === 0} empty_text={t('knowledge.no_gaps')}>
        {(data) => (
          <>
            <Exactness data={data} />
            <RowTable caption={t('knowledge.gaps')} columns={columns} rows={data.items} row_key={(gap) => gap.query} />
          </>
        )}
      </Answer>
    </Panel>
  );
}

function Items({ items }: { readonly items: Read<KnowledgeItems> }) {
  const events = use_events_link();
  const has_tiers = items.data?.items.some(({ tiers }) => tiers.some(({ tier }) => tier !== '')) ?? false;
  const tier_column: TableColumn<KnowledgeItem> = {
    key: 'tiers',
    title: t('field.tier'),
    cell: (item) => item.tiers[0]?.tier ?? '–',
  };
  const columns: readonly TableColumn<KnowledgeItem>[] = [
    {
      key: 'item',
      title: t('knowledge.item'),
      cell: (item) => <LinkTo to={events({ knowledge_id: item.id })}>{item.id}</LinkTo>,
    },
    { key: 'accesses', title: t('knowledge.accesses'), number: true, cell: (item) => count(item.accesses) },
    {
      key: 'agent',
      title: t('knowledge.most_by'),
      wide: true,
      cell: ({ agents }) =>
        agents[0] ? <LinkTo to={agent_address(agents[0].agent_id)}>{agents[0].agent_id}</LinkTo> : '–',
    },
    ...(has_tiers ? [tier_column] : []),
    {
      key: 'time',
      title: t('figure.average'),
      number: true,
      cell: (item) => (item.avg_ms === null ? '–' : duration(item.avg_ms)),
    },
    {
      key: 'related',
      title: t('knowledge.related'),
      wide: true,
      cell: (item) =>
        item.related
          .slice(0, 1)
          .map(({ id }) => id)
          .join(''),
    },
  ];
  return (
    <Panel title={t('knowledge.items')}>
      <Answer read={items} empty={(data) => data.items.length === 0} empty_text={t('knowledge.none')}>
        {(data) => (
          <RowTable caption={t('knowledge.items')} columns={columns} rows={data.items} row_key={(item) => item.id} />
        )}
      </Answer>
    </Panel>
  );
}
