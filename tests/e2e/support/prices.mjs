// A price table of the tests, and what a call costs by it: integers only, nano USD, rounded half up, as the node does.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './node.mjs';

export const prices = {
  'e2e-large': { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 },
  'e2e-small': { input: 0.15, output: 0.6, cache_read: 0.075, cache_write: 0.15 },
};

/** Writes the table into a file, for TROUPE_PRICE_TABLE. */
export function price_file() {
  const path = join(mkdtempSync(join(tmpdir(), 'troupe-e2e-prices-')), 'prices.json');
  const rows = Object.entries(prices).map(([model, price]) => ({ model, ...price }));
  writeFileSync(path, JSON.stringify({ version: 'e2e-1', currency: 'USD', unit: '1M tokens', prices: rows }));
  process.on('exit', () => rmSync(join(path, '..'), { recursive: true, force: true }));
  return path;
}

/** Nano USD. `tokens`: input includes cache_read and cache_write. */
export function cost_nano_usd(price, { input = 0, output = 0, cache_read = 0, cache_write = 0 }) {
  const nano_per_million = (usd) => BigInt(Math.round(usd * 1e9));
  const sum =
    BigInt(input - cache_read - cache_write) * nano_per_million(price.input) +
    BigInt(cache_read) * nano_per_million(price.cache_read) +
    BigInt(cache_write) * nano_per_million(price.cache_write) +
    BigInt(output) * nano_per_million(price.output);
  return Number((sum + 500_000n) / 1_000_000n);
}

/** Nano USD of a cost_usd of the API. */
export const nano = (cost_usd) => Math.round((cost_usd ?? 0) * 1e9);

/** The price that the table shipped with the node has for a model: its first entry that fits. */
export function built_in_price(model) {
  const { prices: rows } = JSON.parse(readFileSync(join(root, 'http/ingest/prices.json'), 'utf8'));
  const fits = (glob) => new RegExp(`^${glob.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(model);
  return rows.find((row) => row.input !== undefined && (row.provider ?? '*') === '*' && !row.from && !row.until && fits(row.model));
}
