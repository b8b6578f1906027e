// Purpose: shows and politely announces whether what is on the page is live.
// Invariant: the words carry the meaning; colour and shape only repeat it. The seconds are not announced.
import { seconds } from '../format/numbers.ts';
import { t, type MessageKey } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import type { LinkState } from '../live/link_state.ts';
import { use_session } from '../session/room_context.ts';
import { use_now } from './now.ts';

const words: Record<LinkState, MessageKey> = {
  connecting: 'link.connecting',
  live: 'link.live',
  recovering: 'link.recovering',
  offline: 'link.offline',
};

const explanations: Record<LinkState, MessageKey> = {
  connecting: 'link.connecting_means',
  live: 'link.live_means',
  recovering: 'link.recovering_means',
  offline: 'link.offline_means',
};

export function Connection() {
  const { room } = use_session();
  const link = use_store(room.link.view);
  const now_ms = use_now(1_000);
  const down_s = link.down_since_ms === null ? 0 : Math.max(0, Math.floor((now_ms - link.down_since_ms) / 1_000));
  return (
    <div className={`connection connection_${link.state}`} title={t(explanations[link.state])}>
      <span className="connection_lamp" aria-hidden="true" />
      <span role="status" aria-label={t('link.connection')}>
        {t(words[link.state])}
      </span>
      {link.state !== 'live' && down_s > 2 && (
        <span className="connection_since" aria-hidden="true">
          {seconds(down_s)}
        </span>
      )}
    </div>
  );
}

/** A line across the page while it is not live, so that nobody takes old figures for new ones. */
export function StaleNotice() {
  const { room } = use_session();
  const link = use_store(room.link.view);
  const losses = use_store(room.losses);
  const trouble = use_store(room.trouble);
  const stale = link.state === 'recovering' || link.state === 'offline';
  return (
    <>
      {stale && <p className="banner banner_warn">{t(explanations[link.state])}</p>}
      {!stale && losses > 0 && (
        <p className="banner">{t('link.lost')}</p>
      )}
      {!stale && trouble !== null && <p className="banner banner_warn">{t('link.trouble', { reason: trouble })}</p>}
    </>
  );
}
