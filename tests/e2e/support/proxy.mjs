// A network that can be cut: a TCP proxy in front of a port. While it is cut, connections die and new ones are refused.
import { connect, createServer } from 'node:net';

export class Network {
  static async to(target_port) {
    const network = new Network();
    network.target_port = target_port;
    await network.heal();
    return network;
  }

  port = 0;
  pairs = new Set();

  get base() {
    return `http://127.0.0.1:${this.port}`;
  }

  async heal() {
    this.server = createServer((near) => {
      const far = connect(this.target_port(), '127.0.0.1');
      const pair = { near, far };
      this.pairs.add(pair);
      const end = () => {
        near.destroy();
        far.destroy();
        this.pairs.delete(pair);
      };
      for (const side of [near, far]) side.on('error', end).on('close', end);
      near.pipe(far);
      far.pipe(near);
    });
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
  }

  /** Resets every connection and refuses new ones until heal(). */
  async cut() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const { near, far } of this.pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    await closed;
  }
}
