// Purpose: a real link that changes the view without loading the page again.
// Invariants: a click that asks for a new tab or window is left to the browser. A link takes the range of time along
// that the reader chose, unless it names one of its own or leads to all of time.
import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { carry_range } from '../filters/time_range.ts';
import { navigate, use_route } from './router.ts';

export interface LinkToProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly to: string;
  readonly time?: 'of_the_page' | 'all';
}

export function LinkTo({ to, time = 'of_the_page', onClick, ...rest }: LinkToProps) {
  const { query } = use_route();
  const address = time === 'all' ? to : carry_range(to, query);
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !plain) return;
    event.preventDefault();
    navigate(address);
  };
  return <a href={address} onClick={follow} {...rest} />;
}
