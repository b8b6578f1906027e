// Purpose: the frame around every view: skip link, bar, navigation, the view with its heading and range of time.
// Invariants: changing the view moves the focus to its heading and sets the title, as loading a page would. Changing
// the language draws the view again; the frame stays, and with it the focus on the choice of language.
import { Suspense, useEffect, useRef, useState } from 'react';
import { StaleNotice } from '../components/connection.tsx';
import { NarrowingBar } from '../components/narrowing_bar.tsx';
import { RangeControl } from '../components/range_control.tsx';
import { Rail, TopBar } from '../components/rail.tsx';
import { Loading } from '../components/states.tsx';
import { rate } from '../format/numbers.ts';
import { t } from '../i18n/i18n.ts';
import { locale } from '../i18n/locale.ts';
import { use_store } from '../live/store.ts';
import { NarrowedView } from '../routing/narrowed.ts';
import { own_title } from '../routing/own_title.ts';
import { RangeFallback } from '../routing/range.ts';
import { use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';
import { view_at } from './views.tsx';

export function ControlRoom() {
  const { path } = use_route();
  const language = use_store(locale);
  const view = view_at(path);
  const own = use_store(own_title);
  const title = own ?? t(view?.title ?? 'nav.not_found');
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(path);
  const [menu_open, set_menu_open] = useState(false);

  useEffect(() => {
    document.title = `${title} · Troupe`;
  }, [title]);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    set_menu_open(false);
    heading.current?.focus();
    window.scrollTo(0, 0);
  }, [path]);

  return (
    <div className="room">
      <a className="skip" href="#content">
        {t('frame.skip')}
      </a>
      <TopBar menu_open={menu_open} set_menu_open={set_menu_open} />
      <Rail path={view?.below ?? path} open={menu_open} close={() => set_menu_open(false)} />
      <main id="content" tabIndex={-1}>
        <RangeFallback value={view?.range ?? '1h'}>
          <div className="view_head">
            <h1 className="view_title" ref={heading} tabIndex={-1}>
              <bdi>{title}</bdi>
            </h1>
            {view?.range && <RangeControl key={language} />}
          </div>
          <StaleNotice />
          <NarrowedView value={view?.narrowed ?? false}>
            {view?.narrowed && <NarrowingBar key={`narrowing_${language}`} label={t(path === '/traces' ? 'trace.filter' : 'filter.figures')} />}
            <Suspense key={language} fallback={<Loading />}>
              {view ? view.show() : <p>{t('frame.nothing_here')}</p>}
            </Suspense>
          </NarrowedView>
        </RangeFallback>
        <NodeLine />
      </main>
    </div>
  );
}

/** What the node says about itself every few seconds. */
function NodeLine() {
  const stats = use_store(use_session().room.stats);
  if (!stats) return null;
  const parts = [
    stats.node && t('frame.node', { node: stats.node }),
    stats.version && t('frame.version', { version: stats.version }),
    typeof stats.events_per_second === 'number' &&
      t('frame.events_per_second', { rate: rate(stats.events_per_second) }),
    typeof stats.connections === 'number' && t('frame.connections', { n: stats.connections }),
  ].filter((part) => typeof part === 'string' && part !== '');
  return <p className="node_line">{parts.join(' · ')}</p>;
}
