// Single writers that append numbered events in batches and send each again until it is acknowledged.
import { by_place, step_of, steps } from '../../e2e/support/events.mjs';
import { wrong_in_store } from '../checkers/appended.mjs';
import { Client, breathe } from '../support/clients.mjs';

export class Append {
  name = 'append';

  constructor(cluster, random, count = 6) {
    this.cluster = cluster;
    this.writers = Array.from({ length: count }, (_, i) => ({
      agent: `append-${i}`,
      client: new Client(cluster, i),
      acknowledged: [],
      attempted: [],
      random: random.fork(),
    }));
  }

  run(going) {
    return Promise.all(this.writers.map((writer) => this.write(writer, going)));
  }

  async write(writer, going) {
    let next = 0;
    while (going()) {
      const count = 1 + Math.floor(writer.random() * 20);
      const batch = steps(writer.agent, count, next);
      const numbers = batch.map(step_of);
      writer.attempted.push(...numbers);
      next += count;
      if (await this.deliver(writer, batch, going)) writer.acknowledged.push(...numbers);
    }
  }

  /** False: the run ended before it was acknowledged. */
  async deliver(writer, batch, going) {
    do {
      const answer = await writer.client.once('POST', '/api/v2/events', { body: batch });
      if (answer) {
        if (answer.body.rejected?.length) throw new Error(`${writer.agent}: rejected ${answer.text}`);
        return true;
      }
      await breathe();
    } while (going());
    return false;
  }

  get clients() {
    return this.writers.map((writer) => writer.client);
  }
  get done() {
    return this.writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0);
  }

  async stored(agent) {
    const events = await this.cluster.alive[0].api.all('/api/v2/events', { agent_id: agent, limit: 1000 });
    return by_place(events).map(step_of);
  }

  async check() {
    const problems = [];
    for (const writer of this.writers) {
      const stored = await this.stored(writer.agent);
      problems.push(...wrong_in_store({ ...writer, stored }));
      const { totals } = await this.cluster.alive[0].api.read(`/api/v2/agents/${writer.agent}`);
      if (totals.events !== stored.length) problems.push(`${writer.agent}: ${stored.length} stored, its total says ${totals.events}`);
    }
    return problems;
  }
}
