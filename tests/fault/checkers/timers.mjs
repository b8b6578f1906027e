// Durable timers fire once, and not before they are due. A task is {id}: made once, claimed by nobody, to expire when its
// deadline is over. All times are the cluster's own stamps: what its clocks did meanwhile is not seen.

/**
 * In words what is wrong; empty when nothing is. `seen`: by id what the cluster says of each task in the end
 * ({status, updated_at, deadline, attempt}, as the API has them); `failed`: how many of the agent's tasks ended that way by its
 * own count, which each firing that took effect made one more.
 */
export function wrong_timers(tasks, seen, failed) {
  const problems = [];
  for (const { id } of tasks) {
    const task = seen.get(id);
    if (!task) problems.push(`${id}: it was made, and is not there`);
    else if (task.status !== 'expired') problems.push(`${id}: its deadline is over, and it is ${task.status}`);
    else if (Date.parse(task.updated_at) < Date.parse(task.deadline)) {
      problems.push(`${id}: it expired at ${task.updated_at}, before its deadline ${task.deadline}`);
    } else if (task.attempt !== 0) problems.push(`${id}: nobody claimed it, and it says attempt ${task.attempt}`);
  }
  const expired = [...seen.values()].filter((task) => task.status === 'expired').length;
  if (failed !== expired) problems.push(`${expired} tasks have expired, and it was counted ${failed} times`);
  return problems;
}
