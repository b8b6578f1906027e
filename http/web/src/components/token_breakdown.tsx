// Purpose: where cost and tokens go: by agent, team, model, tool, session, user, query or hour, as rows and over time.
import { useMemo } from 'react';
import { token_dimensions, type TokenDimension, type TokenRow, type TokensBy } from '../api/insight.ts';
import { TimeChart } from '../charts/time_chart.tsx';
import { on_steps, type Line, type TimeData } from '../charts/time_data.ts';
import { steps_of, type RangeChoice } from '../filters/time_range.ts';
import { count, percent, short_count, short_usd, sum_usd, total_tokens, usd } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { use_narrowing } from '../routing/narrowed.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { at_hour, between, use_events_link, type EventCondition } from '../routing/events_link.ts';
import { agent_address, trace_address } from '../routing/router.ts';
import { Choice, use_choice } from './choice.tsx';
import { Panel } from './panel.tsx';
import { Answer, Exactness } from './states.tsx';
import { RowTable, type TableColumn } from './table.tsx';

const rows_max = 20;
const lines_max = 5;
const colours = ['--series_1', '--series_2', '--series_3', '--series_5', '--series_6'] as const;

export function TokenBreakdown({ range }: { readonly range: RangeChoice }) {
  const dimension = use_choice<TokenDimension>('dimension', token_dimensions, 'agent');
  const params = { ...use_narrowing(), dimension, order: 'cost', series: 'true', limit: rows_max };
  const answer = use_read<TokensBy>('/tokens/by', { params, range });
  const choice = (
    <Choice
      name="dimension"
      label={t('tokens.by')}
      value={dimension}
      options={token_dimensions.map((each) => [each, t(`dimension.${each}`)] as const)}
    />
  );
  return (
    <div className="halves">
      <Panel title={t('tokens.breakdown')} controls={choice}>
        <Answer read={answer} empty={({ items }) => items.length === 0}>
          {(data) => (
            <>
              <Exactness data={data} />
              <Rows data={data} />
            </>
          )}
        </Answer>
      </Panel>
      <Answer read={answer} empty={({ items }) => items.every((row) => !row.series)}>
        {(data) => <OverTime data={data} />}
      </Answer>
    </div>
  );
}

/** What the events of a row have in common; the dimensions that have a view of their own lead there. */
function condition_of(dimension: Exclude<TokenDimension, 'agent' | 'query'>, key: string): EventCondition {
  switch (dimension) {
    case 'session':
      return { session_id: key };
    case 'team':
    case 'model':
    case 'tool':
      return { [dimension]: key };
    case 'user':
      return { user_id: key };
    case 'hour':
      return at_hour(Number(key), 0);
  }
}

function Rows({ data }: { readonly data: TokensBy }) {
  const events = use_events_link();
  const { dimension } = data;
  const address_of = (key: string): string | null => {
    if (key === '') return null;
    if (dimension === 'agent') return agent_address(key);
    return dimension === 'query' ? trace_address(key) : events(condition_of(dimension, key));
  };
  const columns: readonly TableColumn<TokenRow>[] = [
    {
      key: 'key',
      title: t(`dimension.${dimension}`),
      cell: (row) => {
        const to = address_of(row.key);
        const name = dimension === 'hour' ? `${row.key.padStart(2, '0')}:00` : row.key || '–';
        return to === null ? name : <LinkTo to={to}>{name}</LinkTo>;
      },
    },
    { key: 'cost', title: t('figure.cost'), number: true, cell: (row) => sum_usd(row.cost_usd) },
    {
      key: 'share',
      title: t('figure.share'),
      cell: (row) => (
        <span className="share">
          <meter min={0} max={1} value={row.cost_share ?? 0} aria-hidden="true" />
          {row.cost_share === null ? '–' : percent(row.cost_share)}
        </span>
      ),
    },
    { key: 'tokens', title: t('figure.tokens'), number: true, cell: (row) => short_count(total_tokens(row.tokens)) },
    { key: 'calls', title: t('figure.calls'), number: true, wide: true, cell: (row) => count(row.calls) },
  ];
  return (
    <>
      <RowTable caption={t('tokens.breakdown')} columns={columns} rows={data.items} row_key={(row) => row.key} />
      {data.other && (
        <p className="muted">{t('tokens.others', { n: data.other.keys, amount: sum_usd(data.other.cost_usd) })}</p>
      )}
    </>
  );
}

function OverTime({ data }: { readonly data: TokensBy }) {
  const events = use_events_link();
  const series = useMemo<TimeData>(() => {
    const times = steps_of({
      since_ms: Date.parse(data.window.from),
      until_ms: Date.parse(data.window.to),
      resolution: data.window.bucket,
    });
    const lines = data.items.slice(0, lines_max).map(
      (row, index): Line => ({
        name: row.key || '–',
        colour: colours[index] ?? '--series_4',
        stack: 'cost',
        values: on_steps(times, row.series ?? [], (step) => step.cost_usd, 0),
      }),
    );
    return { times, resolution: data.window.bucket, lines, meaning: 'per_step' };
  }, [data]);
  return (
    <TimeChart
      title={t('tokens.over_time')}
      data={series}
      exact={usd}
      short={short_usd}
      events={(since_ms, until_ms) => events({ type: 'llm.call' }, between(since_ms, until_ms))}
    />
  );
}
