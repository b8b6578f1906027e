import { describe, expect, test } from 'vitest';
import { is_narrowed, narrowing_from_query, narrowing_to_query, traces_address } from '../../src/filters/narrowing.ts';

describe('what narrows the figures', () => {
  test('is read back from the address as it was written, beside what was there', () => {
    const narrowing = { agent_id: 'x/y?z', team: 'r&d', model: 'm 1', user_id: 'ü' };
    const query = narrowing_to_query(narrowing, new URLSearchParams('range=7d&order=slowest'));
    expect(narrowing_from_query(new URLSearchParams(query.toString()))).toEqual(narrowing);
    expect(narrowing_to_query({}, query).toString()).toBe('range=7d&order=slowest');
  });

  test('is nothing where the address says nothing of it', () => {
    expect(narrowing_from_query(new URLSearchParams('range=7d&model=&by=agent'))).toEqual({});
    expect(is_narrowed({})).toBe(false);
    expect(is_narrowed({ status: 'error' })).toBe(true);
  });

  test('a link to traces names what they have in common', () => {
    expect(traces_address({ team: 'r&d' })).toBe('/traces?team=r%26d');
  });
});
