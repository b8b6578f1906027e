// axe in a page: every rule it has by default, and the size of targets (WCAG 2.2), which it leaves out unless asked.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } };

export async function no_violation(page, name) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(source);
  const { violations } = await page.evaluate((asked) => globalThis.axe.run(document, asked), rules);
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
  assert.deepEqual(found, [], `axe on ${name}`);
}
