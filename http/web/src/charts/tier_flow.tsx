// Purpose: how queries go through the memory tiers: query to tier to tier, what each answered, what none did.
// Invariants: a stream is as wide as its share of the queries, and never thinner than can be seen. Real text and real
// links in the drawing; it runs in the reading direction. The table has the same figures.
import { useMemo, useRef, type CSSProperties, type ReactNode } from 'react';
import type { TierStats } from '../api/insight.ts';
import { resolved_colour } from '../design/theme.ts';
import { count, duration, percent, usd } from '../format/numbers.ts';
import { list_of, t } from '../i18n/i18n.ts';
import { direction } from '../i18n/locale.ts';
import { use_events_link } from '../routing/events_link.ts';
import { navigate } from '../routing/router.ts';
import { ChartPanel } from './chart_panel.tsx';
import { picture_of_svg } from './download.ts';
import { use_magnify } from './magnify.ts';
import type { TableModel } from './table_model.ts';
import { lay_out_flow, type FlowLayout, type FlowNode } from './tier_layout.ts';

export interface TierFlowProps {
  readonly stats: TierStats | undefined;
  readonly state?: ReactNode;
  readonly note?: ReactNode;
}

export function TierFlow({ stats, state, note }: TierFlowProps) {
  const drawing = useRef<SVGSVGElement>(null);
  const layout = useMemo(() => (stats ? lay_out_flow(stats) : null), [stats]);
  const table = useMemo(() => table_of(stats), [stats]);
  const summary = stats ? summary_of(stats) : undefined;
  const { scale, zoom, keys, place } = use_magnify();
  return (
    <ChartPanel
      title={t('memory.flow')}
      table={table}
      state={state}
      zoom={zoom}
      note={note}
      {...(summary === undefined ? {} : { summary })}
      picture={() => (drawing.current ? picture_of_svg(drawing.current, resolved_colour('--surface')) : null)}
      picture_ending="svg"
    >
      {layout && (
        <div
          className="flow_scroll"
          ref={place}
          role="group"
          aria-label={`${t('memory.flow')}. ${t('chart.zoom_keys')}`}
          tabIndex={0}
          onKeyDown={keys}
          style={{ '--scale': scale } as CSSProperties}
        >
          <svg ref={drawing} className="flow" viewBox={`0 0 ${layout.width} ${layout.height}`}>
            <Drawing layout={layout} />
          </svg>
        </div>
      )}
    </ChartPanel>
  );
}

function Drawing({ layout }: { readonly layout: FlowLayout }) {
  const mirrored = direction() === 'rtl';
  const x = (at: number): number => (mirrored ? layout.width - at : at);
  const turn = mirrored ? `translate(${layout.width} 0) scale(-1 1)` : undefined;
  return (
    <>
      <g transform={turn} aria-hidden="true">
        {layout.streams.map((stream) => (
          <path key={stream.key} className={`stream_${stream.kind}`} d={stream.path} strokeWidth={stream.width} />
        ))}
        {layout.nodes.map((node) => (
          <rect
            key={node.id}
            className={`flow_node flow_${node.kind}`}
            x={node.x}
            y={node.y}
            width={node.width}
            height={node.height}
          />
        ))}
      </g>
      {layout.nodes.map((node) => (
        <NodeText key={node.id} node={node} x={x(node.text_x)} />
      ))}
    </>
  );
}

function NodeText({ node, x }: { readonly node: FlowNode; readonly x: number }) {
  const events = use_events_link();
  const lines = words_of(node);
  const text = lines.map((line, index) => (
    <text key={index} x={x} y={node.text_y + index * 17} className={index === 0 ? 'flow_name' : 'flow_words'}>
      {line}
    </text>
  ));
  if (node.kind !== 'tier') return <g>{text}</g>;
  const [name, ...figures] = text;
  const address = events({ tier: node.id });
  return (
    <g>
      <a
        href={address}
        onClick={(event) => {
          event.preventDefault();
          navigate(address);
        }}
      >
        {name}
      </a>
      {figures}
    </g>
  );
}

function words_of(node: FlowNode): string[] {
  const share = percent(node.share);
  switch (node.kind) {
    case 'query':
      return [t('memory.queries'), count(node.count)];
    case 'tier':
      return [
        node.id,
        t('memory.asked', { n: node.count }),
        t('memory.hit_rate_of', { rate: node.hit_rate === null ? '–' : percent(node.hit_rate) }),
        `p50 ${node.p50 === null ? '–' : duration(node.p50)}`,
        `p95 ${node.p95 === null ? '–' : duration(node.p95)}`,
      ];
    case 'hit':
      return [`${count(node.count)} · ${share}`, node.avg_ms === null ? '' : duration(node.avg_ms)];
    case 'miss':
      return [t('memory.misses'), `${count(node.count)} · ${share}`];
  }
}

function summary_of(stats: TierStats): string {
  if (stats.queries === 0) return t('state.empty_range');
  const parts = stats.tiers.map((tier) => `${tier.tier} ${percent(tier.hit_share ?? 0)}`);
  return t('memory.summary', {
    n: stats.queries,
    tiers: list_of(parts),
    misses: percent(stats.miss_rate ?? 0),
  });
}

function table_of(stats: TierStats | undefined): TableModel {
  const number = (show: (value: number) => string) => ({
    number: true,
    show: (cell: string | number) => show(Number(cell)),
  });
  return {
    columns: [
      { name: t('field.tier') },
      { name: t('memory.asked_column'), ...number(count) },
      { name: t('memory.hits'), ...number(count) },
      { name: t('memory.hit_share'), ...number(percent) },
      { name: t('memory.hit_rate'), ...number(percent) },
      { name: t('figure.average'), ...number(duration) },
      { name: 'p50', ...number(duration) },
      { name: 'p95', ...number(duration) },
      { name: 'p99', ...number(duration) },
      { name: t('figure.cost'), ...number(usd) },
    ],
    rows: (stats?.tiers ?? []).map((tier) => [
      tier.tier,
      tier.asked,
      tier.hits,
      tier.hit_share,
      tier.hit_rate,
      tier.latency_ms.avg,
      tier.latency_ms.p50,
      tier.latency_ms.p95,
      tier.latency_ms.p99,
      tier.cost_usd,
    ]),
  };
}
