// Purpose: the frame around every view: skip link, top bar with navigation and connection, the view itself.
// Invariant: changing the view moves the focus to its heading and sets the title, as loading a page would.
import { useEffect, useRef, type ReactNode } from 'react';
import { Mark } from '../components/brand.tsx';
import { Connection, StaleNotice } from '../components/connection.tsx';
import { ThemeChoice } from '../components/theme_choice.tsx';
import { count } from '../format/numbers.ts';
import { use_store } from '../live/store.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';
import { Agents } from './agents.tsx';
import { Events } from './events.tsx';
import { Overview } from './overview.tsx';

interface View {
  readonly path: string;
  readonly title: string;
  readonly show: () => ReactNode;
}

const views: readonly View[] = [
  { path: '/', title: 'Overview', show: () => <Overview /> },
  { path: '/agents', title: 'Agents', show: () => <Agents /> },
  { path: '/events', title: 'Events', show: () => <Events /> },
];

export function ControlRoom() {
  const { path } = use_route();
  const view = views.find((candidate) => candidate.path === path);
  const title = view?.title ?? 'Not found';
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);

  useEffect(() => {
    document.title = `${title} · Troupe`;
    if (first.current) first.current = false;
    else heading.current?.focus();
  }, [title]);

  return (
    <div className="room">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <TopBar path={path} />
      <main id="content" tabIndex={-1}>
        <StaleNotice />
        <h1 className="view_title" ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {view ? view.show() : <p>There is nothing at this address.</p>}
      </main>
      <NodeLine />
    </div>
  );
}

/** What the node says about itself every few seconds. */
function NodeLine() {
  const stats = use_store(use_session().room.stats);
  if (!stats) return null;
  const parts = [
    stats.node && `Node ${stats.node}`,
    stats.version && `version ${stats.version}`,
    typeof stats.events_per_second === 'number' && `${count(Math.round(stats.events_per_second))} events/s`,
    typeof stats.connections === 'number' &&
      `${count(stats.connections)} ${stats.connections === 1 ? 'connection' : 'connections'}`,
  ].filter((part) => typeof part === 'string');
  return <footer className="node_line">{parts.join(' · ')}</footer>;
}

function TopBar({ path }: { readonly path: string }) {
  const { who, sign_out } = use_session();
  return (
    <header className="top_bar">
      <LinkTo className="brand" to="/" aria-label="Troupe, overview">
        <Mark />
        <span>Troupe</span>
      </LinkTo>
      <nav aria-label="Main">
        <ul>
          {views.map((view) => (
            <li key={view.path}>
              <LinkTo to={view.path} aria-current={view.path === path ? 'page' : undefined}>
                {view.title}
              </LinkTo>
            </li>
          ))}
        </ul>
      </nav>
      <Connection />
      <div className="account">
        <span className="account_who" title={`Key ${who.name}, role ${who.role}`}>
          {who.org} <span className="muted">· {who.role}</span>
        </span>
        <ThemeChoice />
        <button type="button" className="button button_small" onClick={sign_out}>
          Sign out
        </button>
      </div>
    </header>
  );
}
