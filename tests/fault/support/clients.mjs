// A client that keeps to the cluster, not to a node: when a node does not answer, it asks the next one. It counts what a
// careful client would notice.
import { Api } from '../../e2e/support/api.mjs';
import { admin_key } from '../../e2e/support/node.mjs';
import { stays } from '../../e2e/support/until.mjs';

export const answer_within_ms = 8_000;

/**
 * A pause is all that a client should notice: it is told when to come again (507: a disk is full), or that its time was over
 * before the cluster could say whether it happened (504), and sends the same again.
 */
function is_pause({ status, headers }) {
  if (status < 500) return status !== 429 || headers.has('retry-after');
  return status === 504 || ([503, 507].includes(status) && headers.has('retry-after'));
}

export class Client {
  errors = new Map(); // what went wrong -> how often
  wrong = new Set(); // answers that no client should have to handle
  last_success = 0;
  longest_pause = 0;

  constructor(cluster, at) {
    this.cluster = cluster;
    this.at = at;
    this.api = new Api(() => this.node.base, admin_key);
  }

  get node() {
    return this.cluster.nodes[this.at % this.cluster.nodes.length];
  }

  /**
   * One try: the answer, or null when there was none, or a 5xx or 429, after which it turns to the next node. `ok` statuses
   * are answers too.
   */
  async once(method, path, options = {}, ok = [200, 201]) {
    const signal = AbortSignal.timeout(options.within_ms ?? answer_within_ms);
    const answer = await this.api.call(method, path, { ...options, signal }).catch((error) => ({ status: 0, error }));
    if (ok.includes(answer.status)) {
      this.succeeded();
      return answer;
    }
    if (answer.status !== 0 && !is_pause(answer)) this.wrong.add(`${method} ${path}: ${answer.status} ${answer.text}`);
    this.count(answer.status === 0 ? `no answer (${answer.error.cause?.code ?? answer.error.name})` : `${answer.status}`);
    if (answer.status === 0 || answer.status === 429 || answer.status >= 500) {
      this.at += 1;
      this.problem = answer.text;
      return null;
    }
    throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  }

  succeeded() {
    const now = performance.now();
    if (this.last_success) this.longest_pause = Math.max(this.longest_pause, now - this.last_success);
    this.last_success = now;
  }

  count(what) {
    this.errors.set(what, (this.errors.get(what) ?? 0) + 1);
  }
}

/** For a client that was refused, or holds something: a little time goes by. */
export const breathe = (ms = 20) => stays('a client rests', () => true, ms);
