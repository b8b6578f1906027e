// Purpose: the name of what a view shows, where it has one of its own: it is the heading and the title of the window.
// Invariant: who leaves takes the name along.
import { useEffect } from 'react';
import { Store } from '../live/store.ts';

/** null: the view is called as the navigation calls it */
export const own_title = new Store<string | null>(null);

export function use_own_title(title: string | null): void {
  useEffect(() => {
    own_title.set(title);
    return () => own_title.set(null);
  }, [title]);
}
