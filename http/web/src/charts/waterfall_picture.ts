// Purpose: a waterfall as a file, since the one on the page is a table.
// Invariant: as on the page, time runs in the reading direction, and a span that took no time is still seen.
import type { Trace } from '../api/insight.ts';
import { resolved_colour } from '../design/theme.ts';
import { duration } from '../format/numbers.ts';
import { direction } from '../i18n/locale.ts';
import { escape_xml } from './heat_picture.ts';

const [row_px, names_px, lane_px, figures_px, head_px, pad_px] = [20, 300, 640, 90, 26, 10];
const width = names_px + lane_px + figures_px;
const thinnest_px = 2;
const marks = 4;
const kind_colours: { readonly [kind: string]: string } = {
  llm: '--series_1',
  tool: '--series_2',
  memory: '--series_3',
  knowledge: '--series_3',
  collaboration: '--series_5',
  hypothesis: '--series_6',
};

/** At least a millisecond; a span may end after the trace is said to. */
export function waterfall_length_ms({ duration_ms, spans }: Trace): number {
  return spans.reduce((most, span) => Math.max(most, span.start_ms + (span.duration_ms ?? 0)), Math.max(1, duration_ms));
}

export function waterfall_picture(trace: Trace): Blob {
  const mirrored = direction() === 'rtl';
  const length_ms = waterfall_length_ms(trace);
  const height = head_px + trace.spans.length * row_px + pad_px;
  const [ink, line, failed] = ['--ink', '--line', '--series_bad'].map((name) => resolved_colour(name));
  const x = (from: number, size = 0): number => (mirrored ? width - from - size : from);
  const text = (from: number, y: number, words: string, end: 'near' | 'middle' | 'far'): string => {
    const anchor = end === 'middle' ? 'middle' : (end === 'near') !== mirrored ? 'start' : 'end';
    return `<text x="${x(from)}" y="${y}" fill="${ink}" text-anchor="${anchor}">${escape_xml(words)}</text>`;
  };
  const scale = Array.from({ length: marks + 1 }, (_, mark) => {
    const at = names_px + (lane_px * mark) / marks;
    const words = text(at, head_px - 10, duration((length_ms * mark) / marks), 'middle');
    return `${words}<path d="M${x(at)},${head_px - 4}V${height}" stroke="${line}"/>`;
  });
  const rows = trace.spans.map((span, row) => {
    const top = head_px + row * row_px;
    const indent = pad_px + Math.min(span.depth, 12) * 12;
    const size = Math.max(thinnest_px, (lane_px * (span.duration_ms ?? 0)) / length_ms);
    const from = Math.min(names_px + lane_px - size, names_px + (lane_px * span.start_ms) / length_ms);
    const kind = span.type.split('.')[0] ?? '';
    const colour = span.status === 'error' ? failed : resolved_colour(kind_colours[kind] ?? '--series_4');
    const bar = `<rect x="${x(from, size)}" y="${top + 3}" width="${size}" height="${row_px - 6}" rx="2" fill="${colour}"/>`;
    const name = text(indent, top + 14, (span.name || span.type).slice(0, 40), 'near');
    const took = span.duration_ms === null ? '–' : duration(span.duration_ms);
    return name + bar + text(width - pad_px, top + 14, took, 'far');
  });
  const ground = `<rect width="100%" height="100%" fill="${resolved_colour('--surface')}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">${ground}${scale.join('')}${rows.join('')}</svg>`;
  return new Blob([svg], { type: 'image/svg+xml' });
}
