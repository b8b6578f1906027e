// A real Prometheus scrapes a node on which the demo plays, and answers every query of every dashboard; promtool tries the
// alerts; what dashboards and alerts name is there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { parse as parse_yaml } from 'yaml';
import { agents } from '../../../deploy/demo/fleet.mjs';
import { Player } from '../../../deploy/demo/player.mjs';
import { Sender } from '../../../deploy/demo/sender.mjs';
import { dashboards, file_of, text_of } from '../../../deploy/grafana/make.mjs';
import { uuid7 } from '../support/events.mjs';
import { Node, admin_key, root } from '../support/node.mjs';
import { Prometheus } from '../support/prometheus.mjs';
import { until } from '../support/until.mjs';

const folder = join(root, 'deploy/prometheus');
const rules = join(folder, 'troupe.rules.yml');
const panels = Object.values(dashboards).flatMap((board) =>
  board.panels.filter((panel) => panel.type !== 'row').map((panel) => ({ ...panel, name: `${board.title}: ${panel.title}` })),
);
/** As Grafana would ask, with all nodes chosen. */
const asked = (expr) => expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '15s');
const promtool = (...words) => promisify(execFile)('promtool', words, { cwd: folder });

let node, prometheus, sender;
const played = { player: null, at: 0, on: true };
before(async () => {
  node = await Node.start();
  prometheus = await Prometheus.start({ targets: [`127.0.0.1:${node.ports.ops}`], rules });
  sender = new Sender({ base: node.base, otlp: node.otlp, key: admin_key });
  await sender.introduce(agents);
  await node.api.call('PUT', '/api/v2/tokens/limits/month', { body: { scope: 'org', period: 'month', tokens: 1_000_000_000_000 } });
  played.at = Date.now() - 18 * 3_600_000;
  played.player = new Player(played.at, { seed: 'watched', rate: 1, offset_minutes: 0 });
  played.done = (async () => {
    // Half an hour of the demo's time after the other, so that every scrape sees counters move; then its present.
    while (played.on) {
      played.at = Math.min(played.at + 30 * 60_000, Date.now());
      await sender.send(played.player.advance_to(played.at));
      await node.api.get('/api/v2/agents');
      await until('the next scrape', () => !played.on || scraped_since(Date.now()), 20_000);
    }
  })();
});
after(async () => {
  played.on = false;
  await played.done;
  await prometheus?.stop();
  await node?.remove();
});

let last_scrape = 0;
async function scraped_since() {
  const { activeTargets } = await prometheus.get('targets');
  const at = Date.parse(activeTargets[0]?.lastScrape ?? 0);
  if (!(at > last_scrape)) return false;
  last_scrape = at;
  return true;
}

// A node alone has no peers: the suite of clusters looks for these.
const of_peers = /troupe_peer_/;

test('monitoring: five dashboards, as their sources write them, each panel with a title, a unit and a word about it', () => {
  assert.equal(Object.keys(dashboards).length, 5);
  assert.equal(new Set(Object.values(dashboards).map((board) => board.uid)).size, 5);
  for (const [name, board] of Object.entries(dashboards)) {
    assert.equal(readFileSync(file_of(name), 'utf8'), text_of(board), `${name}: node deploy/grafana/make.mjs`);
    assert.equal(new Set(board.panels.map((panel) => panel.id)).size, board.panels.length);
    for (const panel of board.panels) {
      const { x, w } = panel.gridPos;
      assert.ok(x >= 0 && x + w <= 24, `${name}: ${panel.title}`);
    }
  }
  for (const panel of panels) {
    assert.ok(panel.title && panel.description.length > 5 && panel.fieldConfig.defaults.unit, panel.name);
    for (const target of panel.targets) assert.match(target.expr, /instance=~"\$instance"/, `${panel.name}: follows the choice of nodes`);
  }
});

test('monitoring: Prometheus answers every query of every dashboard with figures', async () => {
  const queries = panels
    .flatMap((panel) => panel.targets.map((target) => ({ panel: panel.name, expr: target.expr })))
    .filter(({ expr }) => !of_peers.test(expr));
  assert.ok(queries.length > 80, String(queries.length));
  for (const { panel, expr } of queries) {
    await until(`an answer for ${panel}: ${expr}`, async () => (await prometheus.query(asked(expr))).some(({ value }) => Number.isFinite(value)), 30_000);
  }
});

test('monitoring: the figures are those of what was told', async () => {
  const value = async (expr) => (await prometheus.query(expr)).reduce((sum, one) => sum + one.value, 0);
  played.on = false;
  await played.done;
  const totals = (await node.api.all('/api/v2/agents')).map((agent) => agent.totals);
  const sum = (pick) => totals.reduce((all, one) => all + (pick(one) ?? 0), 0);
  await until('Prometheus to have seen all of it', async () => (await value('sum(troupe_fleet_events_total)')) === sum((t) => t.events), 20_000);
  assert.equal(await value('sum(troupe_fleet_events_total{status="error"})'), sum((t) => t.errors));
  assert.equal(await value('sum(troupe_fleet_tokens_total)'), sum((t) => (t.tokens?.input ?? 0) + (t.tokens?.output ?? 0)), 'the kinds add up');
  const team_cost = await value('sum(troupe_fleet_team_cost_usd_total)');
  assert.ok(Math.abs(team_cost - sum((t) => t.cost_usd)) < 1e-6, String(team_cost));
  // Cost of the memory tiers is not a model's.
  const memory_cost = sum((t) => t.cost_usd) - (await value('sum(troupe_fleet_cost_usd_total)'));
  assert.ok(memory_cost >= -1e-6 && memory_cost < 0.1, String(memory_cost));
  const by_tier = await prometheus.query('troupe_fleet_memory_hits_total');
  assert.deepEqual(by_tier.map(({ metric }) => metric.tier).sort(), ['chromadb_semantic', 'postgresql_structured', 'redis_immediate']);
});

test('monitoring: a limit that is passed is in the metrics, in the log and among the alerts, whether anybody looks or not', async () => {
  const { status } = await node.api.call('PUT', '/api/v2/tokens/limits/small', { body: { scope: 'org', period: 'month', tokens: 1 } });
  assert.ok(status < 300, String(status));
  // What the fleet did lies hours back, which on the first day of a month is last month's: so something of now.
  const use_now = { id: uuid7(), type: 'llm.call', agent_id: 'watched', time: Date.now(), tokens: { input: 100, output: 10 } };
  assert.ok((await node.api.post('/api/v2/events', [use_now])).status < 300);
  const used = async (limit) => (await prometheus.query(`troupe_token_limit_used_ratio{limit="${limit}",org="default"}`))[0]?.value;
  await until('the limit in Prometheus', async () => (await used('small')) > 1, 60_000);
  assert.ok((await used('month')) < 1);
  await until('the alert', async () => (await prometheus.query('ALERTS{alertname="TroupeLimitReached",limit="small",alertstate="firing"}')).length === 1, 60_000);
  assert.ok(node.log_entries.some((entry) => entry.message === 'limit reached' && entry.org === 'default' && entry.limit === 'small'));
});

test('monitoring: promtool finds nothing wrong with configuration and rules, and every alert fires when it should', async () => {
  await promtool('check', 'config', 'prometheus.yml');
  const tried = await promtool('test', 'rules', 'troupe.rules.test.yml').catch((error) => error);
  assert.match(tried.stdout, /SUCCESS/, tried.stdout);
  const alerts = parse_yaml(readFileSync(rules, 'utf8')).groups.flatMap((group) => group.rules);
  const tests = readFileSync(join(folder, 'troupe.rules.test.yml'), 'utf8');
  for (const { alert, labels, annotations } of alerts) {
    assert.ok(tests.includes(`alertname="${alert}"`), `${alert} has a test`);
    assert.ok(['critical', 'warning', 'info'].includes(labels.severity) && annotations.summary, alert);
  }
});

test('monitoring: what alerts and dashboards name, the node has; and no alert stands on a node that is well', async () => {
  const metrics = await (await fetch(`${node.ops}/metrics`)).text();
  const texts = [readFileSync(rules, 'utf8').replace(/^ *(alert|summary|description|- name):.*$/gm, ''), ...panels.flatMap((p) => p.targets.map((t) => t.expr))];
  const named = new Set(texts.join('\n').match(/\b(troupe|process)_[a-z_]+\b/g));
  assert.ok(named.size > 30);
  for (const name of named) if (!of_peers.test(name)) assert.match(metrics, new RegExp(`^${name}[ {]`, 'm'), name);
  const { groups } = await prometheus.get('rules');
  for (const rule of groups.flatMap((group) => group.rules)) {
    assert.equal(rule.health, 'ok', `${rule.name}: ${rule.lastError}`);
    if (rule.labels.severity === 'critical') assert.notEqual(rule.state, 'firing', rule.name);
  }
});
