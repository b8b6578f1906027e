// Never two holders of one task at a time. A claim is {task, worker, call, answer, lease_ms, released}: when it was asked for
// and granted, for how long, and when its worker asked to end it (undefined: never). All times in milliseconds of one clock.
//
// The lease begins somewhere between call and answer. So the worker holds the task for certain from the answer to
// call + lease_ms, or until it asks to end it, whichever comes first; `skew_ms` is what clocks of nodes may differ.

/** Pairs of claims that certainly overlap, in words; empty when there are none. */
export function two_holders(claims, skew_ms = 0) {
  const problems = [];
  const by_task = new Map();
  for (const claim of claims) by_task.set(claim.task, [...(by_task.get(claim.task) ?? []), claim]);
  for (const [task, list] of by_task) {
    const held = list
      .map((claim) => ({ ...claim, from: claim.answer, to: Math.min(claim.call + claim.lease_ms - skew_ms, claim.released ?? Infinity) }))
      .filter((claim) => claim.to > claim.from)
      .sort((a, b) => a.from - b.from);
    let last = null;
    for (const claim of held) {
      if (last && claim.from < last.to) {
        problems.push(`${task}: ${last.worker} holds it from ${last.from} to ${last.to}, ${claim.worker} from ${claim.from} to ${claim.to}`);
      }
      if (!last || claim.to > last.to) last = claim;
    }
  }
  return problems;
}
