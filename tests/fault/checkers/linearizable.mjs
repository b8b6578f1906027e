// Is there an order of all operations on one register, each at some moment between its call and its answer, in which
// every answer is right? Wing and Gong's search (1993) as Lowe does it just in time (2017): in the order of time, with
// the set of all states the register may be in, and which open operations have happened in each; whoever is answered
// must have happened.
//
// An operation is {client, call, end, kind, ...}: times of one clock, `end` Infinity when no answer came (it may have
// taken effect at any time since, or never). No two operations set the same value.
//   read  {value}          answered with that value
//   write {to}             answered that it is done
//   cas   {from, to, ok}   done when `ok`; refused, because the value was another, when not; undefined: unknown

// What operations without an answer may have set that nobody ever saw: different from any value.
const unseen = Symbol('unseen');

/** The state after `op` on a register that holds `state`, or undefined when its answer would have been wrong. */
function step(state, op) {
  switch (op.kind) {
    case 'read':
      return Object.is(state, op.value) ? { state } : undefined;
    case 'write':
      return { state: op.to };
    case 'cas':
      return Object.is(state, op.from) === op.ok ? { state: op.ok ? op.to : state } : undefined;
    default:
      throw new Error(`no such operation: ${op.kind}`);
  }
}

/**
 * Operations that all have an end, and when the first began that is left out. Without an answer: a read says nothing; what
 * somebody saw has happened, before it was seen; what nobody saw can only explain why a comparison was refused.
 */
function settled(history) {
  const seen_by = new Map(); // value -> end of the first operation that saw it
  for (const op of history) {
    const saw = op.end === Infinity ? undefined : op.kind === 'read' ? op.value : op.ok ? op.from : undefined;
    if (saw !== undefined) seen_by.set(saw, Math.min(op.end, seen_by.get(saw) ?? Infinity));
  }
  const ops = [];
  let unseen_from = Infinity;
  for (const op of history) {
    if (op.end < Infinity) ops.push(op);
    else if (op.kind === 'read') continue;
    else if (seen_by.has(op.to)) ops.push({ ...op, ok: true, end: seen_by.get(op.to) });
    else unseen_from = Math.min(unseen_from, op.call);
  }
  return { ops, unseen_from };
}

/** null when the history is linearizable, else the operations around the place where no order works. */
export function not_linearizable(history, initial = null) {
  const { ops, unseen_from } = settled(history);
  const open = new Set();
  let possible = new Map([keyed({ state: initial, happened: [] })]);
  for (const { op, time, is_call } of in_time_order(ops)) {
    if (is_call) {
      open.add(op);
      continue;
    }
    possible = answered(possible, op, open, ops, unseen_from <= time);
    open.delete(op);
    if (possible.size === 0) return around(ops, ops[op]);
  }
  return null;
}

/** All that is possible once `op` has happened; it is open no more. */
function answered(possible, op, open, ops, may_be_unseen) {
  const next = new Map();
  const reached = new Map(possible);
  for (const [, { state, happened }] of reached) {
    if (happened.includes(op)) {
      next.set(...keyed({ state, happened: happened.filter((other) => other !== op) }));
      continue;
    }
    for (const other of open) {
      const after = happened.includes(other) ? undefined : step(state, ops[other]);
      if (after) reached.set(...keyed({ ...after, happened: [...happened, other].sort((a, b) => a - b) }));
    }
    if (may_be_unseen) reached.set(...keyed({ state: unseen, happened }));
  }
  return next;
}

const keyed = (one) => [`${one.state === unseen ? 'unseen' : JSON.stringify(one.state)}|${one.happened}`, one];

function in_time_order(ops) {
  const events = ops.flatMap((op, i) => [
    { op: i, time: op.call, is_call: true },
    { op: i, time: op.end, is_call: false },
  ]);
  // At one moment calls come first: then more orders are possible, never fewer.
  return events.sort((a, b) => a.time - b.time || Number(b.is_call) - Number(a.is_call) || a.op - b.op);
}

function around(ops, at) {
  const near = ops.filter((op) => op.call <= at.end && op.end >= at.call);
  return near.slice(-12);
}
