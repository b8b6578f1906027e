// Purpose: the fields of a chart: what it shows, of what, how, how large.
// Invariant: each field offers what is allowed with those before it.
import { useId, type ReactNode } from 'react';
import { rows_max, source_views, type Chart, type ChartSource, type FilterField, type SourceView } from '../api/dashboards.ts';
import { t, type MessageKey } from '../i18n/i18n.ts';
import { use_store } from '../live/store.ts';
import { use_session } from '../session/room_context.ts';
import { filters_of, groups_of, is_share, types_of, view_rules } from './sources.ts';
import { group_name, measure_of, title_of } from './words.ts';

const top_max = 50;
const view_names: { readonly [view in SourceView]: MessageKey } = {
  usage: 'source.usage',
  memory: 'nav.memory',
  knowledge: 'nav.knowledge',
  collaboration: 'nav.collaboration',
  teams: 'nav.teams',
  agents: 'nav.agents',
};

export interface ChartFieldsProps {
  readonly draft: Chart;
  readonly columns: number;
  readonly change: (draft: Chart) => void;
}

export function ChartFields({ draft, columns, change }: ChartFieldsProps) {
  const { source } = draft;
  const of_source = (part: Partial<ChartSource>): void => change({ ...draft, source: { ...source, ...part } });
  const groups = groups_of(source, draft.type);
  return (
    <div className="fields">
      <Select
        label={t('form.view')}
        value={source.view}
        options={source_views.map((view) => [view, t(view_names[view])])}
        change={(view) => of_source({ view, filters: {} })}
      />
      <Select
        label={t('form.measure')}
        value={source.measure}
        options={view_rules[source.view].measures.map((measure) => [measure, measure_of(measure).name])}
        change={(measure) => of_source({ measure })}
      />
      <Select
        label={t('form.type')}
        value={draft.type}
        options={types_of(source).map((type) => [type, t(`chart_type.${type}` as MessageKey)])}
        change={(type) => change({ ...draft, type })}
      />
      <Select
        label={t('form.group')}
        value={source.group_by}
        options={groups.map((group) => [group, group_name(group)])}
        change={(group_by) => of_source({ group_by })}
      />
      {source.group_by !== 'none' && draft.type !== 'timeline' && (
        <Amount label={t('form.top')} value={source.top} least={1} most={top_max} change={(top) => of_source({ top })} />
      )}
      <Filters draft={draft} change={change} />
      {draft.type === 'gauge' && <FullScale draft={draft} change={change} />}
      <label className="field_wide">
        {t('field.title')}
        <input
          value={draft.title}
          maxLength={200}
          placeholder={title_of({ ...draft, title: '' })}
          onChange={(event) => change({ ...draft, title: event.target.value })}
        />
      </label>
      <Amount label={t('form.cols')} value={draft.cols} least={1} most={columns} change={(cols) => change({ ...draft, cols })} />
      <Amount label={t('form.rows')} value={draft.rows} least={1} most={rows_max} change={(rows) => change({ ...draft, rows })} />
      <Check label={t('dashboard.real_time')} value={draft.real_time} change={(real_time) => change({ ...draft, real_time })} />
      <Check label={t('form.interactive')} value={draft.interactive} change={(interactive) => change({ ...draft, interactive })} />
    </div>
  );
}

interface SelectProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [Value, string])[];
  readonly change: (value: Value) => void;
}

export function Select<Value extends string>({ label, value, options, change }: SelectProps<Value>) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => change(event.target.value as Value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface AmountProps {
  readonly label: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly change: (value: number) => void;
}

/** What is typed beyond the bounds is brought back within them; an empty field changes nothing. */
export function Amount({ label, value, least, most, change }: AmountProps) {
  const typed = (text: string): void => {
    const next = Math.round(Number(text));
    if (text !== '' && Number.isFinite(next)) change(Math.max(least, Math.min(most, next)));
  };
  return (
    <label>
      {label}
      <input type="number" min={least} max={most} value={value} onChange={(event) => typed(event.target.value)} />
    </label>
  );
}

interface CheckProps {
  readonly label: ReactNode;
  readonly value: boolean;
  readonly change: (value: boolean) => void;
}

export function Check({ label, value, change }: CheckProps) {
  return (
    <label className="check">
      <input type="checkbox" checked={value} onChange={(event) => change(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

const filter_names: { readonly [field in FilterField]: MessageKey } = {
  agent_id: 'field.agent',
  team: 'field.team',
  model: 'field.model',
  tool: 'field.tool',
};

type FieldsProps = Pick<ChartFieldsProps, 'draft' | 'change'>;

function Filters({ draft, change }: FieldsProps) {
  const { room } = use_session();
  const { agents } = use_store(room.agents);
  const keyed = use_store(room.keyed);
  const list = useId();
  const { source } = draft;
  const known: { readonly [field in FilterField]: readonly string[] } = {
    agent_id: agents.map(({ id }) => id),
    team: [...new Set(agents.map(({ team }) => team ?? ''))].filter((team) => team !== ''),
    model: keyed.models.map(({ key }) => key),
    tool: keyed.tools.map(({ key }) => key),
  };
  const set = (field: FilterField, text: string): void => {
    const { [field]: _before, ...others } = source.filters;
    change({ ...draft, source: { ...source, filters: text === '' ? others : { ...others, [field]: text } } });
  };
  return filters_of(source).map((field) => (
    <label key={field}>
      {t(filter_names[field])}
      <input
        value={source.filters[field] ?? ''}
        maxLength={256}
        spellCheck={false}
        required={draft.type === 'timeline' && field === 'agent_id'}
        list={`${list}${field}`}
        placeholder={draft.type === 'timeline' && field === 'agent_id' ? '' : t('form.all')}
        onChange={(event) => set(field, event.target.value)}
      />
      <datalist id={`${list}${field}`}>
        {known[field].slice(0, 200).map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
    </label>
  ));
}

function FullScale({ draft, change }: FieldsProps) {
  const set = (text: string): void => {
    const max = Number(text);
    change({ ...draft, max: text === '' || !(max > 0) ? null : max });
  };
  return (
    <label>
      {t('form.full_scale')}
      <input
        type="number"
        min="0"
        step="any"
        value={draft.max ?? ''}
        placeholder={is_share(draft.source.measure) ? '1' : t('form.largest')}
        onChange={(event) => set(event.target.value)}
      />
    </label>
  );
}
