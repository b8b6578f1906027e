// Every error is a problem document (RFC 9457).
import assert from 'node:assert/strict';

/** `answer` is a problem with this status, or with one of these. */
export function assert_problem(answer, status, about = '') {
  const expected = [status].flat();
  assert.ok(expected.includes(answer.status), `${about}: ${answer.status} ${answer.text}, not ${expected}`);
  assert.equal(answer.type, 'application/problem+json', `${about}: ${answer.text}`);
  const { type, title, status: inside, detail } = answer.body;
  assert.equal(inside, answer.status, `${about}: ${answer.text}`);
  for (const [name, text] of Object.entries({ type, title, detail })) {
    assert.ok(typeof text === 'string' && text !== '', `${about}: ${name} is missing in ${answer.text}`);
  }
}
