// Workers that claim the same few tasks, hold them a while, and give them back, finish or forget them; and tasks whose only
// claim is forgotten, which must end by themselves.
import { until } from '../../e2e/support/until.mjs';
import { two_holders } from '../checkers/single_holder.mjs';
import { Client, breathe } from '../support/clients.mjs';

const lease_ms = 1_500;

export class Claims {
  name = 'claims';
  claims = [];
  forgotten = []; // tasks that one claim was made of, and nothing after it

  constructor(cluster, random, workers = 4) {
    this.cluster = cluster;
    this.path = '/api/v2/agents/claimed/tasks';
    this.workers = Array.from({ length: workers }, (_, i) => ({ name: `worker-${i}`, client: new Client(cluster, i), random: random.fork() }));
  }

  async prepare() {
    const { api } = this.cluster.alive[0];
    const agent = await api.post('/api/v2/agents', { id: 'claimed' });
    if (agent.status !== 201) throw new Error(`claimed: ${agent.status} ${agent.text}`);
    for (const id of ['t0', 't1', 't2']) {
      const made = await api.post(this.path, { id, name: id, attempts_max: 100 });
      if (made.status !== 201) throw new Error(`task ${id}: ${made.status} ${made.text}`);
    }
  }

  run(going) {
    return Promise.all(this.workers.map((worker) => this.work(worker, going)));
  }

  async work(worker, going) {
    for (let round = 0; going(); round += 1) {
      if (round % 5 === 4) await this.forget(worker, `${worker.name}-${round}`);
      else await this.hold(worker, `t${Math.floor(worker.random() * 3)}`, going);
      await breathe(50);
    }
  }

  async hold(worker, task, going) {
    const claim = { task, worker: worker.name, call: performance.now(), lease_ms };
    const answer = await worker.client.once('POST', `${this.path}/${task}/claim`, { body: { worker: worker.name, lease_ms } }, [200, 409]);
    if (answer?.status !== 200) return;
    claim.answer = performance.now();
    this.claims.push(claim);
    const until_ms = performance.now() + worker.random() * 1.5 * lease_ms;
    while (going() && performance.now() < until_ms) await breathe(50);
    claim.released = performance.now();
    const body = { claim_token: answer.body.claim_token, error: 'given back', retry: true };
    await worker.client.once('POST', `${this.path}/${task}/fail`, { body }, [200, 403, 409]);
  }

  async forget(worker, id) {
    const made = await worker.client.once('POST', this.path, { body: { id, name: id, attempts_max: 1 } }, [201, 409]);
    if (!made) return;
    const answer = await worker.client.once('POST', `${this.path}/${id}/claim`, { body: { worker: worker.name, lease_ms: 1_000 } }, [200, 409]);
    if (answer?.status === 200) this.forgotten.push(id);
  }

  get clients() {
    return this.workers.map((worker) => worker.client);
  }
  get done() {
    return this.claims.length;
  }

  async check() {
    const problems = two_holders(this.claims, 100);
    const { api } = this.cluster.alive[0];
    await Promise.all(
      this.forgotten.map(async (id) => {
        const ended = async () => {
          const seen = await api.read(`${this.path}/${id}`);
          return seen.status === 'expired' ? seen : null;
        };
        const task = await until(`task ${id} to expire by itself`, ended).catch((error) => ({ attempt: error.message }));
        if (task.attempt !== 1) problems.push(`${id}: its only claim was forgotten, and it says attempt ${task.attempt}`);
      }),
    );
    return problems;
  }
}
