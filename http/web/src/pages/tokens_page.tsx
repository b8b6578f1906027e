// Purpose: what the fleet costs, will cost and may cost: figures, projection, limits, where it goes, what to do.
import type { Advice, Answered, Projection, TokenSummary } from '../api/insight.ts';
import { AdviceList } from '../components/advice_list.tsx';
import { ExportButtons } from '../components/export_buttons.tsx';
import { Figures } from '../components/figures.tsx';
import { Limits } from '../components/limits.tsx';
import { Panel } from '../components/panel.tsx';
import { ProjectionPanels } from '../components/projection.tsx';
import { Answer, Empty, Exactness } from '../components/states.tsx';
import { TokenBreakdown } from '../components/token_breakdown.tsx';
import type { Narrowing, NarrowingName } from '../filters/narrowing.ts';
import { count, percent, short_count, total_tokens, usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_live_topic } from '../queries/live_topic.ts';
import { use_read } from '../queries/use_read.ts';
import { use_events_link } from '../routing/events_link.ts';
import { use_narrowing } from '../routing/narrowed.ts';
import { use_range } from '../routing/range.ts';

const projection_every_ms = 30_000;

/** Weeks of history are told apart by these alone. */
const projected: readonly NarrowingName[] = ['agent_id', 'team', 'model', 'provider', 'tool'];
const can_be_projected = (narrowing: Narrowing): boolean =>
  (Object.keys(narrowing) as NarrowingName[]).every((name) => projected.includes(name));

export function TokensPage() {
  const range = use_range();
  const narrowing = use_narrowing();
  const summary = use_read<TokenSummary>('/tokens/summary', { params: narrowing, range });
  const projection = use_read<Projection>('/tokens/projection', {
    params: narrowing,
    every_ms: projection_every_ms,
    enabled: can_be_projected(narrowing),
  });
  const advice = use_read<Answered & { items: Advice[] }>('/tokens/advice', {
    params: narrowing,
    range,
    every_ms: projection_every_ms,
  });
  use_live_topic('tokens', ['/tokens/summary', '/tokens/by', '/tokens/limits']);
  return (
    <>
      <Answer read={summary}>
        {(data) => (
          <>
            <Exactness data={data} />
            <SummaryFigures summary={data} />
          </>
        )}
      </Answer>
      <div className="halves">
        {can_be_projected(narrowing) ? (
          <ProjectionPanels projection={projection} />
        ) : (
          <Panel title={t('projection.title')}>
            <Empty>{t('projection.not_of_these')}</Empty>
          </Panel>
        )}
        <div className="column">
          <Limits />
          <Panel title={t('advice.title')}>
            <Answer read={advice}>{(data) => <AdviceList items={data.items} />}</Answer>
          </Panel>
        </div>
      </div>
      <TokenBreakdown range={range} />
      <ExportButtons />
    </>
  );
}

function SummaryFigures({ summary }: { readonly summary: TokenSummary }) {
  const { total, previous, cache, cost_per_query } = summary;
  const before = previous?.cost_usd ?? 0;
  const events = use_events_link();
  const change = before > 0 ? (total.cost_usd - before) / before : null;
  return (
    <Figures
      label={t('tokens.figures')}
      figures={[
        {
          name: t('figure.cost'),
          value: usd(total.cost_usd),
          more:
            change === null
              ? ''
              : t(change >= 0 ? 'tokens.more_than_before' : 'tokens.less_than_before', {
                  share: percent(Math.abs(change)),
                }),
          spark: summary.series.map((step) => step.cost_usd),
          to: events({ type: 'llm.call' }),
        },
        {
          name: t('figure.tokens'),
          value: short_count(total_tokens(total.tokens)),
          more: t('figure.in_calls', { n: total.calls }),
          spark: summary.series.map((step) => total_tokens(step.tokens)),
          to: events({ type: 'llm.call' }),
        },
        {
          name: t('tokens.cost_per_query'),
          value: cost_per_query.avg_usd === null ? null : usd(cost_per_query.avg_usd),
          more:
            cost_per_query.p95_usd === null
              ? t('tokens.queries', { n: cost_per_query.queries })
              : `p95 ${usd(cost_per_query.p95_usd)}`,
        },
        {
          name: t('tokens.from_cache'),
          value: cache.read_share === null ? null : percent(cache.read_share),
          more: cache.saved_usd === null ? '' : t('advice.saves', { amount: usd(cache.saved_usd) }),
        },
        {
          name: t('figure.errors'),
          value: count(total.errors),
          tone: total.errors > 0 ? 'bad' : undefined,
          to: events({ status: 'error' }),
          more: t('overview.of_events', { share: percent(total.events === 0 ? 0 : total.errors / total.events) }),
        },
      ]}
    />
  );
}
