// Purpose: a real link that changes the view without loading the page again.
// Invariant: a click that asks for a new tab or window is left to the browser.
import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { navigate } from './router.ts';

export interface LinkToProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly to: string;
}

export function LinkTo({ to, onClick, ...rest }: LinkToProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !plain) return;
    event.preventDefault();
    navigate(to);
  };
  return <a href={to} onClick={follow} {...rest} />;
}
