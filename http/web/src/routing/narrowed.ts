// Purpose: hands what narrows the figures of a view to what asks for them and to what links to their events.
// Invariant: only a view that shows the controls is narrowed: nothing is left out unseen.
import { createContext, useContext, useMemo } from 'react';
import { narrowing_from_query, type Narrowing } from '../filters/narrowing.ts';
import { use_route } from './router.ts';

/** Whether the view that is shown has the controls. */
export const NarrowedView = createContext(false);

export function use_narrowing(): Narrowing {
  const has_controls = useContext(NarrowedView);
  const text = use_route().query.toString();
  return useMemo(() => (has_controls ? narrowing_from_query(new URLSearchParams(text)) : {}), [has_controls, text]);
}
