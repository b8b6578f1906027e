// Purpose: a heat map as a file, since the one on the page is a table.
import { resolved_colour } from '../design/theme.ts';
import { direction } from '../i18n/locale.ts';
import { bar_height, heat_level, heat_levels, type HeatData } from './heat_data.ts';

export const escape_xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The whole map as an SVG file, mirrored where reading is. */
export function heat_picture({ rows, columns, values, max, row_max, label_every, drawn }: HeatData): Blob {
  const bars = drawn === 'bars';
  const [cell, tall, names, head] = [bars ? 48 : 18, bars ? 54 : 18, 220, 24];
  const width = names + columns.length * cell + 10;
  const height = head + rows.length * tall + 10;
  const mirrored = direction() === 'rtl';
  const x = (from: number, size: number): number => (mirrored ? width - from - size : from);
  const ink = resolved_colour('--ink');
  const colours = Array.from({ length: heat_levels + 1 }, (_, level) => resolved_colour(`--heat_${level}`));
  const anchor = mirrored ? 'start' : 'end';
  const text = (left: number, top: number, words: string, where: string): string =>
    `<text x="${left}" y="${top}" fill="${ink}" text-anchor="${where}">${escape_xml(words)}</text>`;
  const heads = columns.map((name, index) =>
    index % label_every === 0 ? text(x(names + index * cell, cell) + cell / 2, head - 8, name, 'middle') : '',
  );
  const bar_colour = resolved_colour('--series_1');
  const body = rows.map((name, row) => {
    const top = head + row * tall;
    const line = (values[row] ?? []).map((value, column) => {
      const of = row_max?.[row] ?? max;
      const colour = bars ? bar_colour : (colours[heat_level(value, of)] ?? '');
      const high = bars ? Math.round((tall - 4) * bar_height(value, of)) : tall - 1;
      return `<rect x="${x(names + column * cell, cell)}" y="${top + tall - 1 - high}" width="${cell - 1}" height="${high}" fill="${colour}"/>`;
    });
    return text(x(names - 8, 0), top + tall - 5, name.slice(0, 34), anchor) + line.join('');
  });
  const ground = `<rect width="100%" height="100%" fill="${resolved_colour('--surface')}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">${ground}${heads.join('')}${body.join('')}</svg>`;
  return new Blob([svg], { type: 'image/svg+xml' });
}
