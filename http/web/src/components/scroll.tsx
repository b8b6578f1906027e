// Purpose: a place that scrolls where its content is too large for it.
// Invariant: it is in the tab order exactly while there is something to scroll to, so that the keyboard can.
import { useEffect, useRef, useState, type ReactNode, type RefObject } from 'react';

export interface ScrollProps {
  readonly label: string;
  /** for who wants to scroll it */
  readonly place?: RefObject<HTMLDivElement | null>;
  readonly className?: string;
  readonly children: ReactNode;
}

export function Scroll({ label, place: given, className = 'table_scroll', children }: ScrollProps) {
  const own = useRef<HTMLDivElement>(null);
  const place = given ?? own;
  const [scrolls, set_scrolls] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const measure = (): void =>
      set_scrolls(element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight);
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    if (element.firstElementChild) watch.observe(element.firstElementChild);
    measure();
    return () => watch.disconnect();
  }, [place]);
  return (
    <div ref={place} className={className} {...(scrolls ? { tabIndex: 0, role: 'group', 'aria-label': label } : {})}>
      {children}
    </div>
  );
}
