// Purpose: parts of a whole as a ring, with its parts named beside it.
// Invariants: as many slices as can be told apart; what is left is one slice and says how many keys it is. The names
// beside the ring are its keys: text and links, with the share of each. It turns in the reading direction.
import { useMemo, useRef, useState } from 'react';
import { Scroll } from '../components/scroll.tsx';
import { resolved_colour } from '../design/theme.ts';
import { t } from '../i18n/i18n.ts';
import { direction } from '../i18n/locale.ts';
import { KeyName, type KeyChartProps } from './bar_list.tsx';
import { ChartPanel } from './chart_panel.tsx';
import { picture_of_svg } from './download.ts';
import { share_of_slice, slices_of, summary_of_keys, table_of_keys, type Slice } from './key_data.ts';

const slices_max = 6;
const [outer, inner] = [48, 29] as const;
/** Of the text within the ring: as large as it may be, and what all of its letters have together. */
const [whole_px, room_px] = [12, 84] as const;
const colours = ['--series_1', '--series_2', '--series_3', '--series_5', '--series_6'] as const;

const colour_of = (slice: Slice, index: number): string =>
  `var(${slice.key === '' ? '--series_4' : (colours[index] ?? '--series_4')})`;

export function PieChart({ title, data, state, note }: KeyChartProps) {
  const slices = useMemo(() => slices_of(data, slices_max), [data]);
  const table = useMemo(() => table_of_keys(data), [data]);
  const whole = slices.reduce((sum, { value }) => sum + value, 0);
  const total = whole > 0 ? data.measure.short(whole) : '–';
  const drawing = useRef<SVGSVGElement>(null);
  const [pointed, set_pointed] = useState<string | null>(null);
  return (
    <ChartPanel
      title={title}
      table={table}
      state={state}
      note={note}
      picture={() => (drawing.current ? picture_of_svg(drawing.current, resolved_colour('--surface')) : null)}
      picture_ending="svg"
    >
      <div className="pie">
        <svg ref={drawing} viewBox="-50 -50 100 100" aria-hidden="true">
          <g transform={direction() === 'rtl' ? 'scale(-1 1)' : undefined}>
            {slices.map((slice, index) => (
              <path
                key={slice.key}
                d={ring_part(slice.from, slice.to_share)}
                style={{ fill: colour_of(slice, index) }}
                data-faint={pointed !== null && pointed !== slice.key}
                onPointerEnter={() => set_pointed(slice.key)}
                onPointerLeave={() => set_pointed(null)}
              />
            ))}
          </g>
          <text textAnchor="middle" y="2" style={{ fontSize: `${Math.min(whole_px, room_px / total.length)}px` }}>
            {total}
          </text>
          <text className="pie_measure" textAnchor="middle" y="11">
            {data.measure.name}
          </text>
        </svg>
        <Scroll label={title} className="key_scroll">
          <p className="hidden">{summary_of_keys(data)}</p>
          <ul className="pie_parts">
            {slices.map((slice, index) => (
              <li
                key={slice.key}
                data-faint={pointed !== null && pointed !== slice.key}
                onPointerEnter={() => set_pointed(slice.key)}
                onPointerLeave={() => set_pointed(null)}
              >
                <i style={{ background: colour_of(slice, index) }} aria-hidden="true" />
                <span className="pie_name" title={slice.name}>
                  <KeyName row={slice.key === '' ? { name: slice.name } : slice} />
                </span>
                <b>{share_of_slice(slice)}</b>
                <span className="muted">{data.measure.exact(slice.value)}</span>
              </li>
            ))}
            {slices.length === 0 && <li className="muted">{t('chart.nothing')}</li>}
          </ul>
        </Scroll>
      </div>
    </ChartPanel>
  );
}

/** From one share of the turn to another, clockwise from the top. */
function ring_part(from: number, to: number): string {
  // A whole turn has no beginning for an arc: two halves make it.
  if (to - from > 0.9999) return `${ring_part(from, from + 0.5)} ${ring_part(from + 0.5, from + 0.9999)}`;
  const at = (share: number, radius: number): string => {
    const angle = share * 2 * Math.PI;
    return `${(Math.sin(angle) * radius).toFixed(3)},${(-Math.cos(angle) * radius).toFixed(3)}`;
  };
  const large = to - from > 0.5 ? 1 : 0;
  return `M${at(from, outer)}A${outer},${outer} 0 ${large} 1 ${at(to, outer)}L${at(to, inner)}A${inner},${inner} 0 ${large} 0 ${at(from, inner)}Z`;
}
