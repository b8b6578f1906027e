// What the system says of a node's process, and whether it still serves others.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { admin_key } from './node.mjs';
import { until } from './until.mjs';
import { Wire, request_text } from './wire.mjs';

export const mib = 1024 * 1024;

export function rss_bytes(node) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))[1]) * 1024;
}

/** Its descriptors that are sockets: those of the store's files come and go by themselves. */
export function sockets(node) {
  return open_links(node).filter((link) => link.startsWith('socket:'));
}
function open_links(node) {
  const folder = `/proc/${node.pid}/fd`;
  return readdirSync(folder).map((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`);
    } catch {
      return ''; // closed meanwhile
    }
  });
}

/**
 * Those of these wires that the node still holds, by its own descriptors: what waits in the kernel to be accepted, or was
 * closed by the node, does not count. Other connections come and go meanwhile.
 */
export function held(node, wires) {
  const open = new Set(sockets(node));
  const ports = new Set();
  for (const line of readFileSync(`/proc/${node.pid}/net/tcp`, 'utf8').split('\n').slice(1)) {
    const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
    if (inode !== undefined && port_of(local) === node.ports.http && open.has(`socket:[${inode}]`)) ports.add(port_of(remote));
  }
  return wires.filter((wire) => ports.has(wire.local_port));
}
const port_of = (address) => Number.parseInt(address.split(':')[1], 16);

/** CPU time of the process so far, in seconds. */
export function cpu_seconds(node) {
  const stat = readFileSync(`/proc/${node.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Somebody else, on a connection of their own, is served as always. */
export async function assert_serves(node, about = '') {
  assert.equal(node.exit, null, `${about}: the node is gone`);
  const wire = new Wire({ port: node.ports.http });
  await wire.write(request_text('GET', '/api/v2/whoami', [`Authorization: Bearer ${admin_key}`]));
  const answer = await wire.answer();
  assert.equal(answer?.status, 200, `${about}: another client got ${answer?.status}`);
  wire.destroy();
}

/** Runs `abuse` and fails unless the node's memory is back to within `growth_bytes` of what it was. */
export async function keeps_memory(node, abuse, growth_bytes = 48 * mib) {
  const before = rss_bytes(node);
  await abuse();
  await until(`memory back to ${Math.round(before / mib)} MiB + ${growth_bytes / mib}`, () => rss_bytes(node) < before + growth_bytes);
  await assert_serves(node);
}
