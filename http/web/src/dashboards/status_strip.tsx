// Purpose: whether what a dashboard shows can be relied on, and whether anything is wrong, in one line.
// Invariant: every indicator says its state in words; shape and colour repeat it. What is not known is "–".
import { count, percent, rate } from '../format/numbers.ts';
import { ago } from '../format/times.ts';
import { t, type MessageKey } from '../i18n/i18n.ts';
import { use_now } from '../components/now.ts';
import { status_at } from '../live/agent_book.ts';
import { headline_of } from '../live/rollup_series.ts';
import { use_store } from '../live/store.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { events_address } from '../routing/events_link.ts';
import { use_session } from '../session/room_context.ts';

type Tone = 'good' | 'warn' | 'bad' | 'unknown';

interface Indicator {
  readonly name: string;
  readonly value: string;
  readonly tone: Tone;
  readonly to?: string;
}

const quiet_ms = 300_000;
const many_errors = 0.05;
const tones: { readonly [tone in Tone]: MessageKey } = {
  good: 'indicator.good',
  warn: 'indicator.warn',
  bad: 'indicator.bad',
  unknown: 'indicator.unknown',
};

export function StatusStrip() {
  return (
    <dl className="strip" aria-label={t('indicator.title')}>
      {use_indicators().map(({ name, value, tone, to }) => (
        <div key={name} className={`strip_${tone}`}>
          <dt>{name}</dt>
          <dd>
            <span className="strip_lamp" aria-hidden="true" />
            <bdi>{to === undefined ? value : <LinkTo to={to}>{value}</LinkTo>}</bdi>
            <span className="muted">{t(tones[tone])}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function use_indicators(): readonly Indicator[] {
  const { room } = use_session();
  const now_ms = use_now(1_000);
  const { state } = use_store(room.link.view);
  const log = use_store(room.log);
  const { loaded, agents } = use_store(room.agents);
  const minutes = use_store(room.minutes);
  const minutes_loaded = use_store(room.minutes_loaded);
  const stats = use_store(room.stats);
  const newest = newest_of([log.entries[0]?.event.time, ...agents.map(({ last_activity }) => last_activity)]);
  const sums = headline_of(minutes, now_ms);
  const share = sums.events === 0 ? 0 : sums.errors / sums.events;
  const active = agents.filter((agent) => status_at(agent, now_ms) === 'active').length;
  const per_second = stats?.events_per_second;
  return [
    { name: t('link.connection'), value: t(`link.${state}`), tone: state === 'live' ? 'good' : state === 'offline' ? 'bad' : 'warn' },
    {
      name: t('indicator.newest'),
      value: newest === null ? '–' : ago(newest, now_ms),
      tone: newest === null ? 'unknown' : now_ms - Date.parse(newest) > quiet_ms ? 'warn' : 'good',
      to: '/events',
    },
    {
      name: t('indicator.rate'),
      value: per_second === undefined ? '–' : rate(per_second),
      tone: per_second === undefined ? 'unknown' : 'good',
    },
    {
      name: t('indicator.errors'),
      value: minutes_loaded ? t('indicator.errors_of', { errors: count(sums.errors), share: percent(share) }) : '–',
      tone: !minutes_loaded ? 'unknown' : share > many_errors ? 'bad' : 'good',
      to: events_address({ status: 'error' }, { kind: 'last', preset: '1h' }),
    },
    {
      name: t('overview.active_agents'),
      value: loaded ? t('teams.active_of', { active: count(active), n: agents.length }) : '–',
      tone: !loaded ? 'unknown' : active === 0 && agents.length > 0 ? 'warn' : 'good',
      to: '/agents?status=active',
    },
  ];
}

function newest_of(times: readonly (string | null | undefined)[]): string | null {
  return times.reduce<string | null>((newest, time) => (time && (newest === null || time > newest) ? time : newest), null);
}
