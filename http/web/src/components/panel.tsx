// Purpose: a panel with a heading, which is a region of its own for assistive technology.
import { useId, type ReactNode } from 'react';

export interface PanelProps {
  readonly title: string;
  readonly controls?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

export function Panel({ title, controls, className = '', children }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <header className="panel_head">
        <h2 id={id}>{title}</h2>
        {controls}
      </header>
      {children}
    </section>
  );
}
