// The licences of the packages that are compiled into the page, one after the other, for the package's documentation.
// Usage: page_licences.mjs FOLDER, with the page's package-lock.json and node_modules in it.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));

/** Only what the page itself needs: what builds and tests it is marked as dev, and @types are no code. */
const shipped = Object.entries(lock.packages).filter(
  ([path, item]) => path.startsWith('node_modules/') && !item.dev && !item.optional && !item.peer,
);
for (const [path, item] of shipped) {
  const home = join(folder, path);
  if (!existsSync(home)) throw new Error(`${home} is missing: npm ci`);
  const texts = readdirSync(home, { withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => item.name)
    .filter((name) => /^(licen[cs]e|notice|copying)/i.test(name));
  console.log(`${'='.repeat(78)}\n${path.slice('node_modules/'.length)} ${item.version} (${item.license ?? 'see below'})\n`);
  for (const name of texts) console.log(`${readFileSync(join(home, name), 'utf8').trim()}\n`);
  if (texts.length === 0) console.log('Its package has no licence file; the identifier above is what it declares.\n');
}
