// The checkers themselves: they pass what is right and find every planted fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrong_in_feed, wrong_in_store } from './checkers/appended.mjs';
import { not_linearizable } from './checkers/linearizable.mjs';
import { two_holders } from './checkers/single_holder.mjs';
import { wrong_timers } from './checkers/timers.mjs';

const read = (call, end, value) => ({ call, end, kind: 'read', value });
const write = (call, end, to) => ({ call, end, kind: 'write', to });
const cas = (call, end, from, to, ok) => ({ call, end, kind: 'cas', from, to, ok });

test('linearizable: operations in a row answer with the last value', () => {
  assert.equal(not_linearizable([write(0, 1, 'a'), read(2, 3, 'a'), cas(4, 5, 'a', 'b', true), read(6, 7, 'b')]), null);
  assert.ok(not_linearizable([write(0, 1, 'a'), read(2, 3, null)]), 'a stale read');
  assert.ok(not_linearizable([write(0, 1, 'a'), write(2, 3, 'b'), read(4, 5, 'a')]), 'a lost write');
});

test('linearizable: what runs at the same time may have any order, but one order for all', () => {
  const both = [write(0, 10, 'a'), write(0, 10, 'b')];
  assert.equal(not_linearizable([...both, read(11, 12, 'a'), read(13, 14, 'a')]), null);
  assert.ok(not_linearizable([...both, read(11, 12, 'a'), read(13, 14, 'b')]), 'no write came between');
  assert.equal(not_linearizable([write(0, 10, 'a'), read(1, 2, null), read(3, 4, 'a')]), null);
  assert.ok(not_linearizable([write(0, 10, 'a'), read(1, 2, 'a'), read(3, 4, null)]), 'the value went back');
});

test('linearizable: of two that compare with the same value one wins', () => {
  const start = write(0, 1, 'a');
  assert.equal(not_linearizable([start, cas(2, 9, 'a', 'b', true), cas(2, 9, 'a', 'c', false)]), null);
  assert.ok(not_linearizable([start, cas(2, 9, 'a', 'b', true), cas(2, 9, 'a', 'c', true)]), 'both won');
  assert.ok(not_linearizable([start, cas(2, 9, 'a', 'b', false)]), 'refused without a reason');
});

test('linearizable: what was never answered may have happened late, or never', () => {
  const unknown = write(0, Infinity, 'a');
  assert.equal(not_linearizable([unknown, read(5, 6, null), read(7, 8, 'a')]), null);
  assert.equal(not_linearizable([unknown, read(5, 6, null), read(7, 8, null)]), null);
  assert.ok(not_linearizable([unknown, read(5, 6, 'a'), read(7, 8, null)]), 'happened, then had not');
  assert.equal(not_linearizable([cas(0, Infinity, 'x', 'y'), read(1, 2, null)]), null);
});

test('linearizable: what nobody saw may be why a comparison was refused, and nothing else', () => {
  const unknown = write(2, Infinity, 'b');
  assert.equal(not_linearizable([write(0, 1, 'a'), unknown, cas(5, 6, 'a', 'c', false)]), null);
  assert.ok(not_linearizable([write(0, 1, 'a'), cas(5, 6, 'a', 'c', false), { ...unknown, call: 7 }]), 'it came later');
  assert.ok(not_linearizable([write(0, 1, 'a'), unknown, cas(3, 4, 'a', 'c', false), read(5, 6, 'a')]), 'it went away again');
});

test('linearizable: a hundred operations without an answer are no burden', () => {
  const history = Array.from({ length: 100 }, (_, i) => write(i, Infinity, `lost-${i}`));
  for (let i = 0; i < 2_000; i += 1) history.push(i % 2 ? read(200 + i, 200.5 + i, `kept-${i - 1}`) : write(200 + i, 200.5 + i, `kept-${i}`));
  assert.equal(not_linearizable(history), null);
  assert.ok(not_linearizable([...history, read(4_000, 4_001, 'kept-10')]));
  assert.equal(not_linearizable([...history, read(4_000, 4_001, 'lost-10')]), null);
});

test('linearizable: a long history of many clients is decided, and one wrong read in it is found', () => {
  const history = [];
  let value = null;
  for (let i = 0; i < 600; i += 1) {
    const at = i * 10;
    if (i % 3 === 0) history.push(write(at, at + 25, (value = i)));
    else history.push(read(at + 16, at + 24, value));
  }
  assert.equal(not_linearizable(history.filter((op) => op.kind === 'write' || op.call % 30 !== 16)), null);
  const spoilt = [...history.filter((op) => op.kind === 'write'), read(5990, 6020, 'never written')];
  assert.ok(not_linearizable(spoilt));
});

test('appended: lost, doubled, foreign and turned steps are found', () => {
  const good = { agent: 'a', acknowledged: [0, 1, 2], attempted: [0, 1, 2, 3], stored: [0, 1, 2] };
  assert.deepEqual(wrong_in_store(good), []);
  assert.deepEqual(wrong_in_store({ ...good, stored: [0, 1, 2, 3] }), [], 'what was not acknowledged may be there');
  for (const [stored, says] of [
    [[0, 2], /not there: 1/],
    [[0, 1, 1, 2], /twice: 1/],
    [[0, 1, 2, 9], /never sent: 9/],
    [[0, 2, 1], /out of order/],
  ]) {
    assert.match(wrong_in_store({ ...good, stored }).join('; '), says);
  }
});

test('appended: a gap and a repeat in what was pushed are found', () => {
  const about = { agent: 'a', reader: 'r', stored: [0, 1, 2, 3] };
  assert.deepEqual(wrong_in_feed({ ...about, pushed: [0, 1, 2, 3] }), []);
  assert.deepEqual(wrong_in_feed({ ...about, pushed: [2, 3] }), [], 'it joined later');
  for (const pushed of [[], [0, 1, 3], [0, 1, 1, 2, 3], [0, 1, 2], [0, 1, 2, 3, 3], [7]]) {
    assert.equal(wrong_in_feed({ ...about, pushed }).length, 1, `${pushed}`);
  }
});

test('single holder: claims that overlap for certain are found, others are not', () => {
  const first = { task: 't', worker: 'a', call: 0, answer: 10, lease_ms: 1000 };
  const second = (at) => ({ task: 't', worker: 'b', call: at - 5, answer: at, lease_ms: 1000 });
  assert.equal(two_holders([first, second(500)]).length, 1);
  assert.equal(two_holders([first, second(1001)]).length, 0, 'the lease is over');
  assert.equal(two_holders([{ ...first, released: 400 }, second(500)]).length, 0, 'given back');
  assert.equal(two_holders([first, { ...second(500), task: 'other' }]).length, 0);
  assert.equal(two_holders([first, second(960)], 50).length, 0, 'within what clocks may differ');
});

test('timers: each fires once, when it is due', () => {
  const ended = { status: 'expired', deadline: '2026-01-01T00:00:01Z', updated_at: '2026-01-01T00:00:01.5Z', attempt: 0 };
  const check = (task, failed = 1) => wrong_timers([{ id: 't' }], new Map(task ? [['t', task]] : []), failed);
  assert.deepEqual(check(ended), []);
  const planted = {
    'never made': check(null, 0),
    'never fired': check({ ...ended, status: 'pending' }, 0),
    'fired early': check({ ...ended, updated_at: '2026-01-01T00:00:00.5Z' }),
    'fired twice': check(ended, 2),
    'not counted': check(ended, 0),
    'claimed by nobody': check({ ...ended, attempt: 1 }),
  };
  for (const [what, found] of Object.entries(planted)) assert.equal(found.length, 1, what);
});
