// Registers that several clients read, write and compare-and-set at once: agents, their metadata the value, their ETag
// what is compared.
import { not_linearizable } from '../checkers/linearizable.mjs';
import { Client, breathe } from '../support/clients.mjs';

export class Register {
  name = 'register';

  constructor(cluster, random, { registers = 4, clients_each = 3 } = {}) {
    this.history = new Map(Array.from({ length: registers }, (_, i) => [`register-${i}`, []]));
    this.writes = 0;
    this.cluster = cluster;
    this.users = [...this.history.keys()].flatMap((key) =>
      Array.from({ length: clients_each }, (_, i) => ({ key, client: new Client(cluster, i), random: random.fork() })),
    );
  }

  async prepare() {
    for (const key of this.history.keys()) {
      const made = await this.cluster.alive[0].api.post('/api/v2/agents', { id: key, metadata: { value: null } });
      if (made.status !== 201) throw new Error(`${key}: ${made.status} ${made.text}`);
    }
  }

  run(going) {
    return Promise.all(this.users.map((user) => this.use(user, going)));
  }

  async use(user, going) {
    while (going()) {
      const dice = user.random();
      const done = dice < 0.5 ? await this.read(user) : dice < 0.7 ? await this.write(user) : await this.compare_and_set(user);
      if (!done) await breathe();
    }
  }

  /** Runs `ask` as one operation of the history; `learn` completes it from the answer. */
  async operation(user, op, ask, learn) {
    op.client = user.client.at;
    op.call = performance.now();
    op.end = Infinity;
    this.history.get(user.key).push(op);
    const answer = await ask();
    if (!answer) return null;
    learn(answer);
    op.end = performance.now();
    return answer;
  }

  read(user) {
    const op = { kind: 'read' };
    const path = `/api/v2/agents/${user.key}`;
    return this.operation(user, op, () => user.client.once('GET', path), (answer) => (op.value = answer.body.metadata.value));
  }

  write(user) {
    const op = { kind: 'write', to: (this.writes += 1) };
    return this.operation(user, op, () => this.patch(user, op.to), () => {});
  }

  async compare_and_set(user) {
    const seen = await this.read(user);
    if (!seen) return null;
    const op = { kind: 'cas', from: seen.body.metadata.value, to: (this.writes += 1) };
    const headers = { 'if-match': seen.headers.get('etag') };
    return await this.operation(user, op, () => this.patch(user, op.to, headers), (answer) => (op.ok = answer.status === 200));
  }

  patch(user, value, headers = {}) {
    const options = { body: { metadata: { value } }, headers };
    return user.client.once('PATCH', `/api/v2/agents/${user.key}`, options, [200, 412]);
  }

  get clients() {
    return this.users.map((user) => user.client);
  }
  get done() {
    return [...this.history.values()].reduce((sum, ops) => sum + ops.filter((op) => op.end < Infinity).length, 0);
  }

  async check() {
    const problems = [];
    for (const [key, history] of this.history) {
      const wrong = not_linearizable(history);
      if (wrong) problems.push(`${key}: no order explains these answers: ${wrong.map((op) => JSON.stringify(op)).join(' ')}`);
    }
    return problems;
  }
}
