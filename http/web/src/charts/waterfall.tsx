// Purpose: a trace as a waterfall: each span in its place in time, below the one that caused it.
// Invariants: a real table, so it reads without the drawing. Time runs in the reading direction. A span opens to show
// the event behind it. A span that took no time is still seen. Up and down go from span to span.
import { Fragment, useState, type CSSProperties, type KeyboardEvent, type ReactNode } from 'react';
import type { Span, Trace } from '../api/insight.ts';
import type { AgentEvent } from '../api/types.ts';
import { Scroll } from '../components/scroll.tsx';
import { EventType } from '../components/event_type.tsx';
import { EventDetail } from '../components/event_detail.tsx';
import { Answer } from '../components/states.tsx';
import { duration, short_count, sum_usd, total_tokens } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { agent_address } from '../routing/router.ts';
import { ChartPanel } from './chart_panel.tsx';
import { use_magnify } from './magnify.ts';
import type { TableModel } from './table_model.ts';
import { waterfall_length_ms, waterfall_picture } from './waterfall_picture.ts';

const marks_of_whole = 4;

export interface WaterfallProps {
  readonly trace: Trace;
  /** what leads on, where the waterfall is not the view itself */
  readonly more?: ReactNode;
}

export function Waterfall({ trace, more }: WaterfallProps) {
  const [open, set_open] = useState<ReadonlySet<string>>(new Set());
  const { scale, zoom, keys, place } = use_magnify();
  const move = (event: KeyboardEvent<HTMLElement>): void => {
    keys(event);
    const names = [...event.currentTarget.querySelectorAll<HTMLElement>('.span_name')];
    const here = names.findIndex((name) => name === event.target);
    const to = here < 0 ? undefined : { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    names[to]?.focus();
  };
  const marks = Math.round(marks_of_whole * scale);
  const length_ms = waterfall_length_ms(trace);
  const toggle = (id: string): void => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    set_open(next);
  };
  return (
    <ChartPanel
      title={t('trace.waterfall')}
      table={table_of(trace)}
      zoom={zoom}
      controls={more}
      picture={() => waterfall_picture(trace)}
      picture_ending="svg"
      note={trace.truncated && <p className="note note_warn">{t('trace.truncated')}</p>}
      summary={summary_of(trace)}
    >
      <Scroll label={t('trace.waterfall')} place={place}>
        <table
          className="waterfall"
          data-whole={scale === 1}
          onKeyDown={move}
          style={{ '--scale': scale, '--marks': marks } as CSSProperties}
        >
          <caption className="hidden">{t('trace.waterfall')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('trace.span')}</th>
              <th scope="col" className="wide_only">
                {t('field.agent')}
              </th>
              <th scope="col" className="waterfall_time">
                <span className="hidden">{t('trace.when')}</span>
                <span className="waterfall_scale" aria-hidden="true">
                  {Array.from({ length: marks + 1 }, (_, mark) => (
                    <i key={mark}>{duration((length_ms * mark) / marks)}</i>
                  ))}
                </span>
              </th>
              <th scope="col" className="number">
                {t('figure.duration')}
              </th>
              <th scope="col" className="number wide_only">
                {t('figure.tokens')}
              </th>
              <th scope="col" className="number wide_only">
                {t('figure.cost')}
              </th>
            </tr>
          </thead>
          <tbody>
            {trace.spans.map((span) => (
              <SpanRow
                key={span.event_id}
                span={span}
                length_ms={length_ms}
                open={open.has(span.event_id)}
                toggle={toggle}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
    </ChartPanel>
  );
}

interface SpanRowProps {
  readonly span: Span;
  readonly length_ms: number;
  readonly open: boolean;
  readonly toggle: (id: string) => void;
}

function SpanRow({ span, length_ms, open, toggle }: SpanRowProps) {
  const share = (ms: number): string => `${(100 * ms) / length_ms}%`;
  const failed = span.status === 'error';
  const tokens = total_tokens(span.tokens ?? undefined);
  const kind = span.type.split('.')[0] ?? '';
  return (
    <Fragment>
      <tr className={failed ? 'span_failed' : undefined}>
        <th scope="row">
          <button
            type="button"
            className="span_name"
            aria-expanded={open}
            style={{ paddingInlineStart: `${Math.min(span.depth, 12) * 0.9}rem` }}
            onClick={() => toggle(span.event_id)}
          >
            <EventType type={span.type} name={span.name || span.type} />
            {failed && <span className="event_error">{t('status.error')}</span>}
          </button>
        </th>
        <td className="wide_only">
          <LinkTo to={agent_address(span.agent_id)}>
            <bdi>{span.agent_id}</bdi>
          </LinkTo>
          {span.across_agents && (
            <span className="span_across" title={t('trace.across')}>
              <span aria-hidden="true">⤳</span>
              <span className="hidden">{t('trace.across')}</span>
            </span>
          )}
        </td>
        <td className="waterfall_time">
          <span className="span_lane" aria-hidden="true">
            <i
              className={`span_bar kind_${kind}`}
              style={{ insetInlineStart: share(span.start_ms), width: share(span.duration_ms ?? 0) }}
            />
          </span>
          <span className="hidden">{t('trace.after', { time: duration(span.start_ms) })}</span>
        </td>
        <td className="number">{span.duration_ms === null ? '–' : duration(span.duration_ms)}</td>
        <td className="number wide_only">{tokens > 0 ? short_count(tokens) : ''}</td>
        <td className="number wide_only">{span.cost_usd ? sum_usd(span.cost_usd) : ''}</td>
      </tr>
      {open && (
        <tr className="span_detail">
          {/* Where there is room for three columns only, a wider cell would make more of them. */}
          <td colSpan={3}>
            <div className="span_event">
              <SpanEvent id={span.event_id} />
            </div>
          </td>
          <td colSpan={3} className="wide_only" />
        </tr>
      )}
    </Fragment>
  );
}

function SpanEvent({ id }: { readonly id: string }) {
  const event = use_read<AgentEvent>(`/events/${encodeURIComponent(id)}`, { every_ms: 3_600_000 });
  return <Answer read={event}>{(data) => <EventDetail event={data} />}</Answer>;
}

function summary_of(trace: Trace): string {
  const longest = trace.spans.reduce<Span | null>(
    (best, span) => ((span.self_ms ?? 0) > (best?.self_ms ?? 0) ? span : best),
    null,
  );
  if (!longest || longest.self_ms === null) return '';
  return t('trace.longest', { name: longest.name || longest.type, time: duration(longest.self_ms) });
}

function table_of(trace: Trace): TableModel {
  const show = (cell: string | number): string => duration(Number(cell));
  return {
    columns: [
      { name: t('trace.span') },
      { name: t('field.type') },
      { name: t('field.agent') },
      { name: t('trace.start'), number: true, show },
      { name: t('figure.duration'), number: true, show },
      { name: t('trace.self'), number: true, show },
      { name: t('figure.tokens'), number: true },
      { name: t('figure.cost'), number: true, show: (cell) => sum_usd(Number(cell)) },
      { name: t('field.status') },
    ],
    rows: trace.spans.map((span) => [
      span.name,
      span.type,
      span.agent_id,
      span.start_ms,
      span.duration_ms,
      span.self_ms,
      total_tokens(span.tokens ?? undefined),
      span.cost_usd,
      span.status,
    ]),
  };
}
