// Purpose: who looks at this dashboard now.
// Invariant: people are keys here: one with two windows is named once.
import { t } from '../i18n/i18n.ts';
import type { People } from '../live/presence.ts';
import { use_session } from '../session/room_context.ts';

const named_max = 5;

export function PresenceList({ people }: { readonly people: People }) {
  const { who } = use_session();
  const here = Object.entries(people)
    .map(([key, { metas }]) => ({ key, name: metas[0]?.name || key, own: key === who.key_id }))
    .sort((a, b) => Number(b.own) - Number(a.own) || (a.name < b.name ? -1 : 1));
  if (here.length === 0) return null;
  const left = here.length - named_max;
  return (
    <ul className="presence" aria-label={t('presence.here')}>
      {here.slice(0, named_max).map(({ key, name, own }) => (
        <li key={key}>
          <bdi>{name}</bdi>
          {own && <span className="muted"> {t('presence.you')}</span>}
        </li>
      ))}
      {left > 0 && <li className="muted">{t('presence.more', { n: left })}</li>}
    </ul>
  );
}
