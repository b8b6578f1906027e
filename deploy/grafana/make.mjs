// Writes the five dashboards as Grafana imports them; `--check` only tells whether the files are what it would write.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fleet, memory, tokens } from './fleet.mjs';
import { cluster, edge } from './node.mjs';

export const dashboards = { fleet, tokens, memory, edge, cluster };
export const file_of = (name) => fileURLToPath(new URL(`dashboards/${name}.json`, import.meta.url));
export const text_of = (board) => `${JSON.stringify(board, null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let stale = 0;
  for (const [name, board] of Object.entries(dashboards)) {
    if (!process.argv.includes('--check')) writeFileSync(file_of(name), text_of(board));
    else if (readFileSync(file_of(name), 'utf8') !== text_of(board)) stale += 1;
  }
  if (stale > 0) console.error(`${stale} dashboards are not what make.mjs writes: node deploy/grafana/make.mjs`);
  process.exitCode = stale > 0 ? 1 : 0;
}
