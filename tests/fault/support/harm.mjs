// Bad machines: a library preloaded into each node (harm.c) that it obeys through a file of its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = mkdtempSync(join(tmpdir(), 'troupe-harm-'));
const library = join(home, 'harm.so');
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

/** Compiles the library. Throws, saying why, where there is no compiler. */
export function make_harm() {
  const source = fileURLToPath(new URL('harm.c', import.meta.url));
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl'], { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** What is wrong with the machine of one node. */
export class Machine {
  constructor(i) {
    this.file = join(home, `n${i}`);
    writeFileSync(this.file, Buffer.alloc(32));
    this.fd = openSync(this.file, 'r+');
  }

  /** Settings of the node's environment. */
  get env() {
    return { LD_PRELOAD: library, HARM_FILE: this.file };
  }

  /** All at once: what is not named is well. Times in milliseconds. */
  set({ clock_ms = 0, sync_ms = 0, sync_fails = false, disk_full = false } = {}) {
    const bytes = Buffer.alloc(32);
    bytes.writeBigInt64LE(BigInt(Math.round(clock_ms * 1000)), 0);
    bytes.writeBigInt64LE(BigInt(Math.round(sync_ms * 1000)), 8);
    bytes.writeInt32LE(Number(sync_fails), 16);
    bytes.writeInt32LE(Number(disk_full), 20);
    writeSync(this.fd, bytes, 0, bytes.length, 0);
  }
}
