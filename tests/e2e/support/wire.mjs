// HTTP/1.1 byte by byte: what no well-behaved client library would send, and every byte of what comes back.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { in_time } from './until.mjs';

const all = new Set();

/** One connection. Bytes go out as they are given; answers are read off one by one. */
export class Wire {
  /** `options`: those of net.connect, `port` first of all. */
  constructor(options) {
    this.socket = connect({ host: '127.0.0.1', noDelay: true, ...options });
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.wake = () => {};
    all.add(this.socket);
    this.connected = new Promise((resolve) => {
      this.socket.once('connect', () => {
        this.local_port = this.socket.localPort;
        resolve(true);
      });
      this.socket.once('error', () => resolve(false));
    });
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('data', (data) => {
      this.bytes = this.bytes.length === 0 ? data : Buffer.concat([this.bytes, data]);
      this.wake();
    });
    for (const event of ['end', 'error', 'close']) {
      this.socket.on(event, (error) => {
        if (event !== 'end') all.delete(this.socket);
        if (event === 'error') this.error = error;
        this.ended = true;
        this.wake();
      });
    }
  }

  /** Resolves when the bytes are with the kernel, or the connection is gone. */
  async write(data) {
    if (this.socket.destroyed) return;
    await new Promise((resolve) => {
      this.socket.once('close', resolve);
      this.socket.write(data, () => {
        this.socket.removeListener('close', resolve);
        resolve();
      });
    });
  }

  /** Sends the FIN and keeps reading. */
  half_close() {
    this.socket.end();
  }
  /** Goes away with a reset. */
  reset() {
    this.socket.resetAndDestroy();
  }
  destroy() {
    this.socket.destroy();
  }

  async more() {
    await new Promise((resolve) => (this.wake = resolve));
    this.wake = () => {};
  }

  /** The next answer, or null when the connection ended instead. `method`: of its request. */
  async answer(method = 'GET', within_ms = 15_000) {
    return await in_time('an answer', this.next_answer(method), within_ms);
  }

  async next_answer(method) {
    let end;
    while ((end = this.bytes.indexOf('\r\n\r\n')) < 0) {
      if (this.ended) {
        assert.equal(this.bytes.length, 0, `the connection ended within a head: ${this.bytes}`);
        return null;
      }
      await this.more();
    }
    const [line, ...lines] = this.bytes.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
    assert.ok(status, `no status line: ${line}`);
    const headers = {};
    for (const text of lines) {
      const colon = text.indexOf(':');
      assert.ok(colon > 0, `no field: ${text}`);
      headers[text.slice(0, colon).toLowerCase()] = text.slice(colon + 1).trim();
    }
    const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
    const length = bodiless ? 0 : Number(headers['content-length']);
    assert.ok(Number.isInteger(length), `an answer without a length: ${line}`);
    const total = end + 4 + length;
    while (this.bytes.length < total) {
      if (this.ended) return { status, headers, body: this.bytes.subarray(end + 4), cut: true };
      await this.more();
    }
    const body = Buffer.from(this.bytes.subarray(end + 4, total));
    this.bytes = this.bytes.subarray(total);
    return { status, headers, body, text: body.toString() };
  }

  /** All answers until the server closes. */
  async answers(method) {
    const found = [];
    for (;;) {
      const one = await this.answer(method);
      if (!one) return found;
      found.push(one);
    }
  }
}

/** Sends bytes on a connection of their own; all answers until the server closes. The client's side stays open. */
export async function send_raw(port, data, options = {}) {
  const wire = new Wire({ port, ...options });
  await wire.write(data);
  const found = await wire.answers();
  wire.destroy();
  return found;
}

export function end_all_wires() {
  for (const socket of all) socket.destroy();
}

/** A request as text. `headers`: lines without their ends; Host is added unless one is there. */
export function request_text(method, target, headers = [], body = '') {
  const host = headers.some((h) => /^host\s*:/i.test(h)) ? [] : ['Host: troupe.test'];
  return `${[`${method} ${target} HTTP/1.1`, ...host, ...headers].join('\r\n')}\r\n\r\n${body}`;
}
