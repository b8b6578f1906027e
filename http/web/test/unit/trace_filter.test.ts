import { describe, expect, test } from 'vitest';
import { trace_filter_from_query, trace_filter_to_query, traces_address } from '../../src/components/trace_filter_bar.tsx';

describe('trace filter', () => {
  test('what is written to the address is read back equal, beside what was there', () => {
    const filter = { agent_id: 'x/y?z', team: 'r&d' };
    const query = trace_filter_to_query(filter, new URLSearchParams('range=7d&order=slowest'));
    expect(trace_filter_from_query(new URLSearchParams(query.toString()))).toEqual(filter);
    expect(trace_filter_to_query({ agent_id: '', team: '' }, query).toString()).toBe('range=7d&order=slowest');
  });

  test('a link to traces names what they have in common', () => {
    expect(traces_address({ team: 'r&d' })).toBe('/traces?team=r%26d');
  });
});
