// Purpose: the bar (mark, connection, menu) and the rail beside the view: navigation, and the choices of this browser.
// Invariants: the same elements on every screen, in the same order; where there is no room the menu button shows and
// hides the rail. Escape closes it and gives the focus back.
import { useEffect, useRef } from 'react';
import { t, type MessageKey } from '../i18n/i18n.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_session } from '../session/room_context.ts';
import { views, type Group, type View } from '../pages/views.tsx';
import { use_cluster } from '../queries/cluster.ts';
import { Mark } from './brand.tsx';
import { Connection } from './connection.tsx';
import { Icon } from './icons.tsx';
import { LanguageChoice } from './language_choice.tsx';
import { ThemeChoice } from './theme_choice.tsx';

const groups: readonly (readonly [Group, MessageKey])[] = [
  ['now', 'nav.group_now'],
  ['insight', 'nav.group_insight'],
  ['system', 'nav.group_system'],
];

interface TopBarProps {
  readonly menu_open: boolean;
  readonly set_menu_open: (open: boolean) => void;
}

export function TopBar({ menu_open, set_menu_open }: TopBarProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!menu_open) return undefined;
    const close = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      set_menu_open(false);
      button.current?.focus();
    };
    window.addEventListener('keydown', close);
    return () => window.removeEventListener('keydown', close);
  }, [menu_open, set_menu_open]);
  return (
    <header className="top_bar">
      <LinkTo className="brand" to="/" aria-label={t('frame.home')}>
        <Mark />
        <span>Troupe</span>
      </LinkTo>
      <Connection />
      <button
        ref={button}
        type="button"
        className="button menu_button"
        aria-expanded={menu_open}
        aria-controls="rail"
        onClick={() => set_menu_open(!menu_open)}
      >
        <Icon name={menu_open ? 'close' : 'menu'} />
        {t('frame.menu')}
      </button>
    </header>
  );
}

interface RailProps {
  readonly path: string;
  readonly open: boolean;
  readonly close: () => void;
}

export function Rail({ path, open, close }: RailProps) {
  const { who, sign_out } = use_session();
  const clustered = use_cluster().data !== undefined;
  const listed = views.filter((view) => view.path !== '/cluster' || clustered);
  return (
    <div id="rail" className={open ? 'rail rail_open' : 'rail'}>
      <nav aria-label={t('nav.main')}>
        {groups.map(([group, title]) => (
          <RailGroup
            key={group}
            group={group}
            title={title}
            views={listed.filter((view) => view.group === group)}
            path={path}
            close={close}
          />
        ))}
      </nav>
      <section className="rail_foot" aria-label={t('frame.settings')}>
        <p className="rail_who" title={t('frame.key', { name: who.name, role: who.role })}>
          <bdi>{who.org}</bdi> <span className="muted">· {who.role}</span>
        </p>
        <LanguageChoice />
        <ThemeChoice />
        <button type="button" className="button button_small" onClick={sign_out}>
          {t('frame.sign_out')}
        </button>
      </section>
    </div>
  );
}

interface RailGroupProps {
  readonly group: Group;
  readonly title: MessageKey;
  readonly views: readonly View[];
  readonly path: string;
  readonly close: () => void;
}

function RailGroup({ group, title, views: listed, path, close }: RailGroupProps) {
  if (listed.length === 0) return null;
  return (
    <>
      <p className="rail_title" id={`rail_${group}`}>
        {t(title)}
      </p>
      <ul aria-labelledby={`rail_${group}`}>
        {listed.map((view) => (
          <li key={view.path}>
            <LinkTo to={view.path} aria-current={view.path === path ? 'page' : undefined} onClick={close}>
              <Icon name={view.icon} />
              {t(view.title)}
            </LinkTo>
          </li>
        ))}
      </ul>
    </>
  );
}
