// A network that can be cut: a TCP proxy in front of a port. While it is cut, connections die and new ones are refused; while it
// is silent, connections stay, are even made, and not a byte gets through.
import { connect, createServer } from 'node:net';

export class Network {
  static async to(target_port) {
    const network = new Network();
    network.target_port = target_port;
    await network.heal();
    return network;
  }

  port = 0;
  silent = false;
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
      for (const [from, to] of [[near, far], [far, near]]) {
        from.on('data', (bytes) => {
          if (!this.silent && !to.write(bytes)) from.pause();
        });
        to.on('drain', () => from.resume());
      }
    });
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
  }

  /** From now on all bytes are lost, both ways, until speak(). */
  hush() {
    this.silent = true;
  }

  /** What lived through the silence misses bytes, and is reset. */
  speak() {
    this.silent = false;
    this.reset();
  }

  reset() {
    for (const { near, far } of this.pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Resets every connection and refuses new ones until heal(). */
  async cut() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.reset();
    await closed;
  }
}
