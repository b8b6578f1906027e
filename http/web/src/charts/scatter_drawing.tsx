// Purpose: where the points of a scatter chart are, and how they and its scales are drawn.
// Invariant: what is outside of the part that is shown is not drawn. The largest few are named where there is room.
import type { ReactNode } from 'react';
import { direction } from '../i18n/locale.ts';
import type { KeyData, KeyRow } from './key_data.ts';
import { share_within, ticks_within, type Range } from './scale.ts';
import type { Size } from './use_size.ts';

export interface ScatterPoint {
  readonly row: KeyRow;
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly x: Range;
  readonly y: Range;
}

export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly name: string;
  readonly inside: boolean;
}

export interface ScatterLayout {
  readonly marks: readonly Mark[];
  readonly x_ticks: readonly { readonly at: number; readonly value: number }[];
  readonly y_ticks: readonly { readonly at: number; readonly value: number }[];
  readonly size: Size;
}

const [start, end, top, bottom] = [52, 12, 20, 34] as const;
const [px_per_x_tick, px_per_y_tick] = [90, 44] as const;
const names_max = 6;
const name_room_px = 22;
/** Half of a long name. */
const edge_px = 64;

export function scatter_layout(points: readonly ScatterPoint[], shown: Box, size: Size): ScatterLayout {
  const [width, height] = [Math.max(1, size.width - start - end), Math.max(1, size.height - top - bottom)];
  const turn = (x: number): number => (direction() === 'rtl' ? size.width - x : x);
  const x_of = (value: number): number => turn(start + share_within(shown.x, value) * width);
  const y_of = (value: number): number => top + (1 - share_within(shown.y, value)) * height;
  const within = ({ low, high }: Range, value: number): boolean => value >= low && value <= high;
  return {
    size,
    marks: points.map(({ row, x, y }) => ({
      x: x_of(x),
      y: y_of(y),
      name: row.name,
      inside: within(shown.x, x) && within(shown.y, y),
    })),
    x_ticks: ticks_within(shown.x, width / px_per_x_tick).map((value) => ({ at: x_of(value), value })),
    y_ticks: ticks_within(shown.y, height / px_per_y_tick).map((value) => ({ at: y_of(value), value })),
  };
}

interface DrawingProps {
  readonly layout: ScatterLayout;
  readonly data: KeyData;
  readonly cursor: number;
}

export function ScatterDrawing({ layout, data, cursor }: DrawingProps): ReactNode {
  const { marks, x_ticks, y_ticks, size } = layout;
  const mirrored = direction() === 'rtl';
  const edge = (x: number): number => (mirrored ? size.width - x : x);
  const named = named_marks(marks);
  if (size.width === 0) return null;
  return (
    <>
      {y_ticks.map(({ at, value }) => (
        <g key={value}>
          <path className="scatter_line" d={`M${edge(start)},${at}H${edge(size.width - end)}`} />
          {/* The anchors follow the direction of the text, as the page does. */}
          <text x={edge(start - 8)} y={at + 4} textAnchor="end">
            {data.measure.short(value)}
          </text>
        </g>
      ))}
      {x_ticks.map(({ at, value }) => (
        <text key={value} x={at} y={size.height - bottom + 16} textAnchor="middle">
          {data.beside?.short(value)}
        </text>
      ))}
      <text className="scatter_axis" x={edge(0)} y={10} textAnchor="start">
        ↑ {data.measure.name}
      </text>
      <text className="scatter_axis" x={edge(size.width - end)} y={size.height - 3} textAnchor="end">
        {data.beside?.name} {mirrored ? '←' : '→'}
      </text>
      {marks.map((mark, index) =>
        mark.inside ? <circle key={index} className="scatter_point" cx={mark.x} cy={mark.y} r="5" /> : null,
      )}
      {marks.map((mark, index) =>
        named.has(index) ? (
          <text key={index} className="scatter_name" x={mark.x} y={mark.y - 9} textAnchor={anchor_at(edge(mark.x), size)}>
            {mark.name.slice(0, 18)}
          </text>
        ) : null,
      )}
      {marks[cursor]?.inside && <circle className="scatter_cursor" cx={marks[cursor].x} cy={marks[cursor].y} r="9" />}
    </>
  );
}

/** So that a name near an edge stays within it. */
function anchor_at(x: number, size: Size): 'start' | 'middle' | 'end' {
  if (x > size.width - edge_px) return 'end';
  return x < start + edge_px / 2 ? 'start' : 'middle';
}

/** The highest ones, as long as their names do not lie on each other. */
function named_marks(marks: readonly Mark[]): ReadonlySet<number> {
  const taken: Mark[] = [];
  const out = new Set<number>();
  const order = marks.map((mark, index) => ({ mark, index })).sort((a, b) => a.mark.y - b.mark.y);
  for (const { mark, index } of order) {
    if (out.size >= names_max) break;
    const covered = taken.some((other) => Math.abs(other.y - mark.y) < name_room_px && Math.abs(other.x - mark.x) < 110);
    if (!mark.inside || covered) continue;
    taken.push(mark);
    out.add(index);
  }
  return out;
}
