// A client that writes while something is done to the cluster.
import { steps } from './events.mjs';

/** Writes batches through all nodes in turn until it is stopped; every answer that was no success is kept. */
export class Load {
  steps = 0;
  acknowledged = 0; // steps
  failures = [];

  constructor(cluster, agent) {
    this.cluster = cluster;
    this.agent = agent;
    this.going = true;
    this.done = this.run();
  }

  async run() {
    for (let i = 0; this.going; i += 1) {
      const batch = steps(this.agent, 5, this.steps);
      for (let sent = false; !sent && this.going; i += 1) {
        const answer = await this.cluster.api(i).post('/api/v2/events', batch).catch((error) => ({ status: 0, text: String(error.cause ?? error) }));
        sent = answer.status === 200;
        if (!sent) this.failures.push(`${answer.status} ${answer.text}`);
      }
      this.steps += 5;
      this.acknowledged = this.steps;
    }
  }

  async stop() {
    this.going = false;
    await this.done;
  }

  /** Those that are more than that a node is just away, which cannot answer then. */
  get odd_failures() {
    return this.failures.filter((text) => !/ECONNREFUSED|ECONNRESET|other side closed|fetch failed|stopping|is starting/.test(text));
  }
}
