// Purpose: one figure, or a few, each against its full scale, as dials.
// Invariants: each dial is a meter to assistive technology, and says its figure and its full scale in words below. What
// is beyond the scale fills the dial and is said.
import { useContext, useRef } from 'react';
import { Scroll } from '../components/scroll.tsx';
import { resolved_colour } from '../design/theme.ts';
import { t } from '../i18n/i18n.ts';
import { direction } from '../i18n/locale.ts';
import { LinkTo } from '../routing/link_to.tsx';
import type { KeyChartProps } from './bar_list.tsx';
import { ChartPanel } from './chart_panel.tsx';
import { ChartPlaceContext } from './chart_place.ts';
import { picture_of_svg } from './download.ts';
import { table_of_keys, type KeyRow, type Measure } from './key_data.ts';

export interface GaugeChartProps extends KeyChartProps {
  readonly full: number;
  /** what the full scale is: a number somebody chose, all there can be, or the largest that was seen */
  readonly scale: 'chosen' | 'whole' | 'largest';
}

const dials_max = 6;
const radius = 40;
const warn_share = 0.85;

export function GaugeChart({ title, data, state, note, full, scale }: GaugeChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const picture = (): Blob | null => {
    const drawing = place.current?.querySelector('svg');
    return drawing ? picture_of_svg(drawing, resolved_colour('--surface')) : null;
  };
  const table = table_of_keys(data);
  const shown = data.rows.slice(0, dials_max);
  return (
    <ChartPanel title={title} table={table} state={state} note={note} picture={picture} picture_ending="svg">
      <Scroll label={title} className="key_scroll">
        <div ref={place} className={shown.length > 1 ? 'dials dials_many' : 'dials'}>
          {shown.map((row) => (
            <Dial key={row.key} row={row} measure={data.measure} full={full} scale={scale} named={shown.length > 1} />
          ))}
        </div>
      </Scroll>
    </ChartPanel>
  );
}

interface DialProps {
  readonly row: KeyRow;
  readonly measure: Measure;
  readonly full: number;
  readonly scale: GaugeChartProps['scale'];
  readonly named: boolean;
}

function Dial({ row, measure, full, scale, named }: DialProps) {
  const { interactive } = useContext(ChartPlaceContext);
  const share = row.value === null || full <= 0 ? 0 : row.value / full;
  const shown = Math.max(0, Math.min(1, share));
  const value = row.value === null ? '–' : measure.exact(row.value);
  const of = t(scale === 'largest' ? 'chart.of_largest' : 'chart.of_scale', { full: measure.exact(full) });
  const tone = scale === 'chosen' && share > 1 ? 'dial_over' : scale === 'chosen' && share > warn_share ? 'dial_near' : '';
  const name = named ? row.name : measure.name;
  return (
    <div className={`dial ${tone}`}>
      <svg
        viewBox="-50 -48 100 56"
        role="meter"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(shown * 100)}
        aria-valuetext={`${value} ${of}`}
      >
        <g transform={direction() === 'rtl' ? 'scale(-1 1)' : undefined}>
          <path className="dial_ground" d={arc(1)} />
          {shown > 0 && <path className="dial_value" d={arc(shown)} />}
        </g>
        <text textAnchor="middle" y="2">
          {value}
        </text>
      </svg>
      <p>
        <bdi className="dial_name" title={name}>
          {row.to === undefined || !interactive ? name : <LinkTo to={row.to}>{name}</LinkTo>}
        </bdi>
        {scale !== 'whole' && (
          <span className="muted">
            {of}
            {share > 1 && ` · ${t('chart.beyond')}`}
          </span>
        )}
      </p>
    </div>
  );
}

/** From where reading begins over the top, so much of half a turn. */
function arc(share: number): string {
  const angle = Math.PI * (1 - share);
  return `M${-radius},0A${radius},${radius} 0 0 1 ${(Math.cos(angle) * radius).toFixed(3)},${(-Math.sin(angle) * radius).toFixed(3)}`;
}
