// Purpose: hands the chosen range of time to what a view shows, and changes it.
import { createContext, useContext, useMemo } from 'react';
import { range_from_query, range_to_query, type Preset, type RangeChoice } from '../filters/time_range.ts';
import { push_query, use_route } from './router.ts';

/** The range a view shows when the address names none. */
export const RangeFallback = createContext<Preset>('1h');

export function use_range(): RangeChoice {
  const fallback = useContext(RangeFallback);
  const { query } = use_route();
  const text = query.toString();
  return useMemo(() => range_from_query(new URLSearchParams(text), fallback), [text, fallback]);
}

export function choose_range(choice: RangeChoice): void {
  push_query(range_to_query(choice, new URLSearchParams(window.location.search)));
}
