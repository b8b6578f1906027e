// Tasks that nobody claims and that end by their deadline: each is a durable timer, due in the midst of whatever happens.
import { until } from '../../e2e/support/until.mjs';
import { wrong_timers } from '../checkers/timers.mjs';
import { Client, breathe } from '../support/clients.mjs';

export class Timers {
  name = 'timers';

  constructor(cluster, random, makers = 2) {
    this.cluster = cluster;
    this.makers = Array.from({ length: makers }, (_, i) => ({ agent: `timed-${i}`, client: new Client(cluster, i), tasks: [], made: 0, random: random.fork() }));
  }

  async prepare() {
    for (const { agent } of this.makers) {
      const made = await this.cluster.alive[0].api.post('/api/v2/agents', { id: agent });
      if (made.status !== 201) throw new Error(`${agent}: ${made.status} ${made.text}`);
    }
  }

  run(going) {
    return Promise.all(this.makers.map((maker) => this.make(maker, going)));
  }

  async make(maker, going) {
    for (let n = 0; going(); n += 1) {
      const id = `t${n}`;
      const headers = { 'idempotency-key': `${maker.agent}-${n}` };
      const body = { id, name: id, timeout_ms: 200 + Math.floor(maker.random() * 3_000) };
      // The same again until it is known to be there: made once, whatever became of the answers.
      maker.tasks.push({ id });
      const ask = () => maker.client.once('POST', `/api/v2/agents/${maker.agent}/tasks`, { body, headers }, [201]);
      let answer = await ask();
      while (!answer && going()) {
        await breathe();
        answer = await ask();
      }
      if (answer) maker.made += 1;
      await breathe(100);
    }
  }

  get clients() {
    return this.makers.map((maker) => maker.client);
  }
  get done() {
    return this.makers.reduce((sum, maker) => sum + maker.made, 0);
  }

  async check() {
    const problems = [];
    for (const { agent, tasks } of this.makers) {
      // The last one may not have been taken.
      const due = await this.due(agent, tasks.slice(0, -1)).catch((error) => error.last ?? new Map());
      const { tasks_failed } = await this.cluster.alive[0].api.read(`/api/v2/agents/${agent}`);
      problems.push(...wrong_timers(tasks.slice(0, -1), due, tasks_failed).map((problem) => `${agent}: ${problem}`));
    }
    return problems;
  }

  /** What the cluster says of the tasks when none is open any more, or after a while. */
  async due(agent, tasks) {
    const { api } = this.cluster.alive[0];
    let seen = new Map();
    await until(`the tasks of ${agent} to expire`, async () => {
      const all = await api.all(`/api/v2/agents/${agent}/tasks`, { limit: 1000 });
      seen = new Map(all.map((task) => [task.id, task]));
      return all.every((task) => task.status !== 'pending') && tasks.every(({ id }) => seen.has(id));
    }).catch((error) => {
      throw Object.assign(error, { last: seen });
    });
    return seen;
  }
}
