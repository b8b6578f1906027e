// What must hold of events that single writers appended: `acknowledged` and `attempted` are step numbers of one writer,
// `stored` the steps in the order in which the cluster has them, `pushed` those that one reader was sent.

/** What is wrong, in words; empty when nothing is. */
export function wrong_in_store({ agent, acknowledged, attempted, stored }) {
  const problems = [];
  const there = new Set(stored);
  if (there.size !== stored.length) problems.push(`${agent}: stored twice: ${doubles(stored)}`);
  const lost = [...acknowledged].filter((step) => !there.has(step));
  if (lost.length > 0) problems.push(`${agent}: acknowledged and not there: ${some(lost)}`);
  const known = new Set(attempted);
  const foreign = stored.filter((step) => !known.has(step));
  if (foreign.length > 0) problems.push(`${agent}: there and never sent: ${some(foreign)}`);
  const turned = stored.findIndex((step, i) => i > 0 && step < stored[i - 1]);
  if (turned > 0) problems.push(`${agent}: out of order: ${some(stored.slice(Math.max(0, turned - 3), turned + 3))}`);
  return problems;
}

/** A reader that resumed through every cut got what is stored from its first event on, once and in order. */
export function wrong_in_feed({ agent, reader, stored, pushed }) {
  if (pushed.length === 0) return stored.length === 0 ? [] : [`${reader}: nothing of ${agent} was pushed`];
  const from = stored.indexOf(pushed[0]);
  if (from < 0) return [`${reader}: was pushed a step of ${agent} that is not stored: ${pushed[0]}`];
  const expected = stored.slice(from);
  const differs = expected.findIndex((step, i) => pushed[i] !== step);
  if (differs < 0 && pushed.length === expected.length) return [];
  const at = differs < 0 ? expected.length : differs;
  return [
    `${reader}: of ${agent} stored ${expected.length}, pushed ${pushed.length}; from place ${at}: ` +
      `stored ${some(expected.slice(at))}, pushed ${some(pushed.slice(at))}`,
  ];
}

const some = (list) => list.slice(0, 8).join(', ') + (list.length > 8 ? ` and ${list.length - 8} more` : '');
const doubles = (list) => some(list.filter((step, i) => list.indexOf(step) !== i));
