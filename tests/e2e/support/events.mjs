// Events to send, and how to compare them with what is stored.
import { randomBytes } from 'node:crypto';

/** A UUIDv7 of now. */
export function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** `count` numbered steps of an agent. */
export function steps(agent_id, count, from = 0) {
  return Array.from({ length: count }, (_, i) => ({
    id: uuid7(),
    type: 'custom.step',
    agent_id,
    time: Date.now(),
    attributes: { step: from + i },
  }));
}

export const step_of = (event) => event.attributes.step;

/** Offsets are "<shard>.<seq>": the place of an event within its shard, and so within its agent. */
export function place(event) {
  const [shard, seq] = event.offset.split('.');
  return { shard, seq: BigInt(seq) };
}

/** Oldest first, as the agent's shard numbered them. */
export function by_place(events) {
  return events.toSorted((a, b) => (place(a).seq < place(b).seq ? -1 : 1));
}

export function numbers(count, from = 0) {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** A seeded generator, so that a failure can be had again. Gives numbers in [0, 1). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
