// Purpose: what filter bars are made of: the fields behind a disclosure, and what is set as chips that take it away.
import type { ReactNode } from 'react';
import { t } from '../i18n/i18n.ts';
import { Icon } from './icons.tsx';

export interface FilterField {
  readonly name: string;
  readonly title: string;
  readonly value: string;
  readonly change: (value: string) => void;
}

export function MoreFilters({ fields, children }: { readonly fields: readonly FilterField[]; readonly children?: ReactNode }) {
  return (
    <details className="filter_more">
      <summary>{t('events.more_filters')}</summary>
      <div className="filter_more_fields">
        {children}
        {fields.map(({ name, title, value, change }) => (
          <label key={name}>
            {title}
            <input type="text" spellCheck={false} value={value} onChange={(event) => change(event.target.value)} />
          </label>
        ))}
      </div>
    </details>
  );
}

/** `value`: as it reads. */
export function FilterChips({ fields }: { readonly fields: readonly FilterField[] }) {
  if (fields.length === 0) return null;
  return (
    <ul className="chips" aria-label={t('events.chips')}>
      {fields.map(({ name, title, value, change }) => (
        <li key={name}>
          {title}: <bdi>{value}</bdi>
          <button
            type="button"
            className="chip_close"
            aria-label={t('events.drop_filter', { name: title })}
            onClick={() => change('')}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}
