// One network namespace for each node, joined by a bridge, so that links between nodes can be cut while clients still reach
// every node. The test itself runs in a namespace of its own (run.sh), which holds the bridge: nothing of the machine's network
// is touched, and all of it goes with the last process in it.
import { execFileSync } from 'node:child_process';

const subnet = '10.77.0';
export const client_address = `${subnet}.1`;
export const address_of = (i) => `${subnet}.${10 + i}`;

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });

/** The bridge. Throws, saying why, where the process may not make one. */
export function make_bridge() {
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'troupe', 'type', 'bridge');
  ip('addr', 'add', `${client_address}/24`, 'dev', 'troupe');
  ip('link', 'set', 'troupe', 'up');
}

export class Namespace {
  /** `i`: from 1. */
  constructor(i) {
    this.i = i;
    this.name = `troupe-${process.pid}-${i}`;
    this.address = address_of(i);
    this.cuts = new Set();
    ip('netns', 'add', this.name);
    ip('link', 'add', `t${i}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.name);
    ip('link', 'set', `t${i}`, 'master', 'troupe', 'up');
    this.ip('link', 'set', 'lo', 'up');
    this.ip('addr', 'add', `${this.address}/24`, 'dev', 'eth0');
    this.ip('link', 'set', 'eth0', 'up');
  }

  ip(...args) {
    return ip('-n', this.name, ...args);
  }

  /** [program, arguments] that run it in here. */
  wrap(program, args = []) {
    return ['ip', ['netns', 'exec', this.name, program, ...args]];
  }

  /**
   * What goes from here to that address is lost from now on, without a word to the sender: it is sent to a station that does
   * not exist.
   */
  cut_to(address) {
    this.ip('neigh', 'replace', address, 'lladdr', '02:00:00:00:00:fe', 'dev', 'eth0', 'nud', 'permanent');
    this.cuts.add(address);
  }

  /** Of what goes to and comes from those addresses, packets that match `rule` (nftables) are lost from now on. */
  drop(rule, addresses) {
    const list = `{ ${addresses.join(', ')} }`;
    const chain = (hook, side) =>
      `chain ${hook} {\n type filter hook ${hook} priority 0;\n ip ${side} ${list} ${rule} drop\n}\n`;
    const nft = ['ip', 'netns', 'exec', this.name, 'nft', '-f', '-'];
    execFileSync(nft[0], nft.slice(1), { input: `table ip harm {\n${chain('output', 'daddr')}${chain('input', 'saddr')}}\n` });
    this.drops = true;
  }

  heal() {
    for (const address of this.cuts) this.ip('neigh', 'del', address, 'dev', 'eth0');
    this.cuts.clear();
    if (this.drops) execFileSync('ip', ['netns', 'exec', this.name, 'nft', 'delete', 'table', 'ip', 'harm']);
    this.drops = false;
  }

  remove() {
    ip('netns', 'del', this.name);
  }
}

/** Cuts in both directions. */
export function cut(a, b) {
  a.cut_to(b.address);
  b.cut_to(a.address);
}
