// Purpose: makes the phoenix socket with the key in the sub-protocol header.
// Invariant: the key is never in the URL. A key that cannot travel in a header token goes into each join instead.
import { Socket, type SocketConnectOption } from 'phoenix';

/** An answer must come within the same time: so much later at most it is known that a silent network is gone. */
const heartbeat_ms = 5_000;

/** The client sends plain base64 without padding; `/` is not allowed in a sub-protocol's name. */
export function fits_sub_protocol(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key) && !btoa(key).includes('/');
}

/** Quick at first, because a node restarts within a second or two; then every three seconds, with some spread. */
export function retry_after_ms(tries: number, random: () => number = Math.random): number {
  const steps = [100, 250, 500, 1_000, 2_000];
  return (steps[tries - 1] ?? 3_000) * (0.8 + 0.4 * random());
}

export interface OpenSocket {
  readonly socket: Socket;
  /** what each join must carry, when the sub-protocol cannot */
  readonly join_token: string | undefined;
}

export function make_socket(key: string): OpenSocket {
  const in_header = fits_sub_protocol(key);
  const options: Partial<SocketConnectOption> = {
    heartbeatIntervalMs: heartbeat_ms,
    reconnectAfterMs: retry_after_ms,
    rejoinAfterMs: retry_after_ms,
  };
  if (in_header) options.authToken = key;
  return { socket: new Socket('/socket', options), join_token: in_header ? undefined : key };
}
