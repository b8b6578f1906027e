// Purpose: figures by key as a file, since the bars on the page are a table.
import { resolved_colour } from '../design/theme.ts';
import { direction } from '../i18n/locale.ts';
import { escape_xml } from './heat_picture.ts';
import { known_rows, type KeyData } from './key_data.ts';

const [width, names, line, bar] = [760, 240, 24, 380] as const;

/** Bars from where reading begins. */
export function key_picture(data: KeyData): Blob {
  const rows = known_rows(data);
  const largest = Math.max(0, ...rows.map(({ value }) => value));
  const height = rows.length * line + 20;
  const mirrored = direction() === 'rtl';
  const x = (from: number, size: number): number => (mirrored ? width - from - size : from);
  const [ink, fill] = [resolved_colour('--ink'), resolved_colour('--series_1')];
  const text = (from: number, top: number, words: string, anchor: string): string =>
    `<text x="${x(from, 0)}" y="${top}" fill="${ink}" text-anchor="${anchor}">${escape_xml(words)}</text>`;
  const body = rows.map(({ name, value }, index) => {
    const top = 10 + index * line;
    const size = largest > 0 ? (bar * Math.max(0, value)) / largest : 0;
    return (
      text(names - 10, top + 15, name.slice(0, 36), 'end') +
      `<rect x="${x(names, size)}" y="${top + 3}" width="${size}" height="${line - 8}" fill="${fill}"/>` +
      text(names + size + 8, top + 15, data.measure.exact(value), 'start')
    );
  });
  const ground = `<rect width="100%" height="100%" fill="${resolved_colour('--surface')}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" direction="${direction()}" font-family="sans-serif" font-size="12">${ground}${body.join('')}</svg>`;
  return new Blob([svg], { type: 'image/svg+xml' });
}
