// Purpose: limits of cost or tokens: how much is used, where it will end, and, for an admin, setting and removing them.
// Invariant: a limit that is warned about or reached says so in words and first.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import type { Limit } from '../api/insight.ts';
import { message_of } from '../api/problem.ts';
import { Gauge } from '../charts/gauge.tsx';
import { percent, short_count, usd } from '../format/numbers.ts';
import { day_hour_time } from '../format/times.ts';
import { t } from '../i18n/i18n.ts';
import { use_read } from '../queries/use_read.ts';
import { use_session } from '../session/room_context.ts';
import { Icon } from './icons.tsx';
import { Panel } from './panel.tsx';
import { Answer, Empty } from './states.tsx';

const path = '/tokens/limits';
const urgency = { reached: 0, warning: 1, projected: 2, ok: 3 } as const;
const tones = { reached: 'bad', warning: 'warn', projected: 'warn', ok: 'good' } as const;

export function Limits() {
  const { who } = use_session();
  const limits = use_read<{ items: Limit[] }>(path, { every_ms: 10_000 });
  return (
    <Panel title={t('limits.title')}>
      <Answer read={limits}>
        {({ items }) => (
          <>
            {items.length === 0 && <Empty>{t('limits.none')}</Empty>}
            <ul className="limits" aria-label={t('limits.title')}>
              {items
                .toSorted((a, b) => urgency[a.state] - urgency[b.state] || b.used_share - a.used_share)
                .map((limit) => (
                  <OneLimit key={limit.id} limit={limit} may_change={who.role === 'admin'} />
                ))}
            </ul>
          </>
        )}
      </Answer>
      {who.role === 'admin' && <NewLimit />}
    </Panel>
  );
}

function amount_of(limit: Limit, value: number): string {
  return limit.cost_usd === null ? t('limits.tokens', { amount: short_count(value) }) : usd(value);
}

function OneLimit({ limit, may_change }: { readonly limit: Limit; readonly may_change: boolean }) {
  const { room } = use_session();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => room.api.remove(`/api/v2${path}/${encodeURIComponent(limit.id)}`),
    onSettled: () => queries.invalidateQueries({ queryKey: [path] }),
  });
  const whole = limit.cost_usd ?? limit.tokens ?? 0;
  const subject = limit.key ?? t('limits.everything');
  const text = t('limits.used', {
    used: amount_of(limit, limit.used),
    whole: amount_of(limit, whole),
    share: percent(limit.used_share),
  });
  return (
    <li className={`limit limit_${limit.state}`}>
      <p className="limit_head">
        <bdi className="limit_name">{subject}</bdi>
        <span className="muted">{t(`limits.per_${limit.period}`)}</span>
        <span className={`limit_state tone_${tones[limit.state]}`}>{t(`limits.${limit.state}`)}</span>
        {may_change && (
          <button
            type="button"
            className="button button_icon"
            aria-label={t('limits.remove', { name: limit.id })}
            title={t('limits.remove', { name: limit.id })}
            onClick={() => remove.mutate()}
          >
            <Icon name="close" />
          </button>
        )}
      </p>
      <Gauge
        label={t('limits.gauge', { name: subject })}
        used={limit.used_share}
        expected={limit.projected_share}
        mark={limit.warn_at}
        tone={tones[limit.state]}
        text={text}
      />
      <p className="limit_words">
        {text}
        {limit.projected !== null && ` · ${t('limits.expected', { amount: amount_of(limit, limit.projected) })}`}
        {limit.reaches_at !== null && ` · ${t('limits.reaches', { time: day_hour_time(limit.reaches_at) })}`}
      </p>
      {remove.isError && <p className="note note_bad">{message_of(remove.error)}</p>}
    </li>
  );
}

function NewLimit() {
  const { room } = use_session();
  const queries = useQueryClient();
  const [scope, set_scope] = useState<Limit['scope']>('org');
  const [key, set_key] = useState('');
  const [period, set_period] = useState<Limit['period']>('month');
  const [cost, set_cost] = useState('');
  const error_id = useId();
  const add = useMutation({
    mutationFn: () => {
      const id = [scope, key, period].filter((part) => part !== '').join('-');
      const body = { scope, ...(scope === 'org' ? {} : { key }), period, cost_usd: Number(cost) };
      return room.api.put(`/api/v2${path}/${encodeURIComponent(id)}`, body);
    },
    onSuccess: () => set_cost(''),
    onSettled: () => queries.invalidateQueries({ queryKey: [path] }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <details className="new_limit">
      <summary>{t('limits.add')}</summary>
      <form className="filter_bar" onSubmit={submit} aria-label={t('limits.add')}>
        <label>
          {t('limits.scope')}
          <select value={scope} onChange={(event) => set_scope(event.target.value as Limit['scope'])}>
            <option value="org">{t('limits.everything')}</option>
            <option value="team">{t('field.team')}</option>
            <option value="agent">{t('field.agent')}</option>
          </select>
        </label>
        {scope !== 'org' && (
          <label>
            {t('field.name')}
            <input value={key} required spellCheck={false} onChange={(event) => set_key(event.target.value)} />
          </label>
        )}
        <label>
          {t('limits.period')}
          <select value={period} onChange={(event) => set_period(event.target.value as Limit['period'])}>
            <option value="hour">{t('limits.hour')}</option>
            <option value="day">{t('limits.day')}</option>
            <option value="month">{t('limits.month')}</option>
          </select>
        </label>
        <label>
          {t('limits.cost')}
          <input
            type="number"
            min="0.01"
            step="any"
            required
            value={cost}
            aria-describedby={add.isError ? error_id : undefined}
            onChange={(event) => set_cost(event.target.value)}
          />
        </label>
        <button type="submit" className="button button_small">
          {t('limits.set')}
        </button>
        <div role="alert">
          {add.isError && (
            <p id={error_id} className="note note_bad">
              {message_of(add.error)}
            </p>
          )}
        </div>
      </form>
    </details>
  );
}
