// The only place of the end-to-end tests that lets time pass: it asks again and again until a condition holds, or fails
// when the deadline is over. A condition that throws does not hold yet; its last error is part of the failure.

const step_ms = 15;
const within_ms_default = 15_000;

/** Resolves with the first truthy value of `condition` (which may be async). `what` completes "waited for ...". */
export async function until(what, condition, within_ms = within_ms_default) {
  const deadline = performance.now() + within_ms;
  let last_error;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last_error = undefined;
    } catch (error) {
      last_error = error;
    }
    if (performance.now() > deadline) {
      const because = last_error ? `; last: ${last_error.stack ?? last_error}` : '';
      throw new Error(`waited ${within_ms} ms for ${what}${because}`);
    }
    await new Promise((resolve) => setTimeout(resolve, step_ms));
  }
}

/** Fails when `promise` has not settled in time. For things that tell by themselves when they are done. */
export async function in_time(what, promise, within_ms = within_ms_default) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${within_ms} ms for ${what}`)), within_ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Holds for a while: fails as soon as `condition` does not hold, passes when `for_ms` are over. For what must NOT happen,
 * where there is nothing to wait for.
 */
export async function stays(what, condition, for_ms = 400) {
  const end = performance.now() + for_ms;
  do {
    if (!(await condition())) throw new Error(`it did not stay so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, step_ms));
  } while (performance.now() < end);
}
