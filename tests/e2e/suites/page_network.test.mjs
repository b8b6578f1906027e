// The page on a network and a cluster that fail: half a minute in which not a byte gets through, a node that dies beside the
// one the page is connected to, and the one it is connected to itself. It says so, goes on without a reload, and no event is
// missing or there twice.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Reader, launch } from '../support/browser.mjs';
import { Cluster } from '../support/cluster.mjs';
import { numbers, steps } from '../support/events.mjs';
import { Node, admin_key } from '../support/node.mjs';
import { Network } from '../support/proxy.mjs';
import { stays, until } from '../support/until.mjs';

const outage_ms = 30_000;
const reaction_ms = 30_000;
const expected = /ERR_|WebSocket connection|status of (404|50\d)/; // what Chromium itself says of a request that failed

let browser;
before(async () => {
  browser = await launch();
});
after(async () => await browser?.close());

/** An agent that walks: each step is an event with its number, of 10 input tokens. */
class Walker {
  sent = 0;
  constructor(agent, api) {
    this.agent = agent;
    this.api = api;
  }

  /** The same events until they are taken: they have ids, and count once. */
  async walk(count) {
    const events = steps(this.agent, count, this.sent).map((event, i) => ({ ...event, tokens: { input: 10 }, attributes: { name: `step ${this.sent + i}.` } }));
    await until('the steps to be taken', async () => (await this.api().post('/api/v2/events', events)).status === 200, reaction_ms);
    this.sent += count;
  }
}

/** The tabs of somebody who watches: the walker's events, all figures, the cluster. */
class Watcher {
  static async open(base, agent) {
    const watcher = new Watcher();
    watcher.events = await Reader.open(browser, { base, key: admin_key, expected });
    watcher.overview = await Reader.open(browser, { base, key: admin_key, expected });
    watcher.cluster = await Reader.open(browser, { base, key: admin_key, expected });
    await watcher.events.page.goto(`${base}/events?agent_id=${agent}`);
    await watcher.overview.page.goto(`${base}/`);
    await watcher.cluster.page.goto(`${base}/cluster`);
    await watcher.all((reader) => reader.connection('Live'));
    await watcher.all((reader) => reader.page.evaluate(() => (globalThis.not_reloaded = true)));
    return watcher;
  }

  async all(what) {
    return await Promise.all([this.events, this.overview, this.cluster].map(what));
  }

  /** That it is not live, that something could not be loaded, that events were lost. */
  async warnings() {
    return await this.all((reader) => reader.page.locator('.banner').allInnerTexts());
  }

  async shown() {
    const texts = await this.events.page.getByRole('list', { name: 'Events' }).getByRole('listitem').allInnerTexts();
    return texts.map((text) => Number(/step (\d+)\./.exec(text)?.[1] ?? NaN)).toReversed();
  }

  /** Every step once and in order, and figures that count each once. */
  async has_all(walker) {
    await until(`${walker.sent} steps`, async () => assert.deepEqual(await this.shown(), numbers(walker.sent)) ?? true, reaction_ms);
    const figures = this.overview.page.getByRole('region', { name: 'Headline figures' });
    await until('figures that count each step once', async () => {
      const text = await figures.innerText();
      assert.match(text, new RegExp(`\\b${walker.sent} events`), text);
      assert.match(text, new RegExp(`\\b${walker.sent * 10} in\\b`), text);
      return true;
    }, reaction_ms);
  }

  /** What the cluster's page says of a node. */
  async says(node, word) {
    await this.cluster.page.getByRole('table', { name: 'Nodes' }).getByRole('row').filter({ hasText: node }).getByText(word, { exact: true }).waitFor();
  }

  async close() {
    const kept = await this.all((reader) => reader.page.evaluate(() => globalThis.not_reloaded));
    assert.deepEqual(kept, [true, true, true], 'no page was reloaded');
    await this.all((reader) => reader.close());
  }
}

describe('page, network', { concurrency: 2 }, () => {
  test('page: half a minute in which nothing gets through is said, and leaves no gap and no duplicate', async (t) => {
    const node = await Node.start({ cluster: true });
    t.after(() => node.remove());
    const network = await Network.to(() => node.ports.http);
    t.after(() => network.cut());
    const walker = new Walker('walker', () => node.api);
    await walker.walk(5);
    const watcher = await Watcher.open(network.base, 'walker');
    await watcher.has_all(walker);
    network.hush();
    const silent = performance.now();
    await walker.walk(4);
    await watcher.all((reader) => reader.connection('Offline'));
    const said_ms = performance.now() - silent;
    await watcher.all((reader) => reader.page.locator('.banner_warn').first().waitFor());
    await watcher.events.picture('network_gone');
    await walker.walk(3);
    const rest_ms = Math.max(0, outage_ms - (performance.now() - silent));
    await stays('offline, and what is shown is what was there', async () => (await watcher.shown()).length === 5, rest_ms);
    await watcher.all((reader) => reader.connection('Offline'));
    network.speak();
    const heard = performance.now();
    await watcher.all((reader) => reader.connection('Live'));
    t.diagnostic(`said after ${Math.round(said_ms)} ms, back ${Math.round(performance.now() - heard)} ms after the network`);
    await watcher.has_all(walker);
    await walker.walk(2);
    await watcher.has_all(walker);
    await until('all warnings to be gone', async () => assert.deepEqual(await watcher.warnings(), [[], [], []]) ?? true, 10_000);
    await watcher.close();
  });

  test('page: of a cluster one node dies and comes back, then the one the page is connected to', async (t) => {
    const cluster = await Cluster.start(3);
    t.after(() => cluster.remove());
    const [first, second, third] = cluster.nodes;
    let behind = first;
    const network = await Network.to(() => behind.ports.http);
    t.after(() => network.cut());
    const walker = new Walker('walker', () => cluster.alive[0].api);
    await walker.walk(5);
    const watcher = await Watcher.open(network.base, 'walker');
    await watcher.has_all(walker);
    await watcher.says('n3', 'active');

    await third.kill();
    await watcher.says('n3', 'unreachable');
    await watcher.all((reader) => reader.connection('Live'));
    await walker.walk(4);
    await watcher.has_all(walker);
    await watcher.cluster.picture('cluster_without_a_node');
    await third.boot();
    await watcher.says('n3', 'active');
    await cluster.settled();
    await walker.walk(3);
    await watcher.has_all(walker);

    await first.kill();
    await watcher.all((reader) => reader.connection(/^(Recovering|Offline)$/));
    await walker.walk(4);
    behind = second;
    await watcher.all((reader) => reader.connection('Live'));
    await watcher.says('n1', 'unreachable');
    await walker.walk(3);
    await watcher.has_all(walker);
    await first.boot();
    await watcher.says('n1', 'active');
    await cluster.settled();
    await walker.walk(2);
    await watcher.has_all(walker);
    await watcher.close();
  });
});
