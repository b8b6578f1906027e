// Purpose: how what a chart shows is called and written: measures, groups, a title where none was given.
import type { Chart, DashboardTemplate, NewDashboard, SourceGroup, SourceMeasure } from '../api/dashboards.ts';
import type { Measure } from '../charts/key_data.ts';
import { count, duration, percent, short_count, short_usd, usd } from '../format/numbers.ts';
import { t, t_or, type MessageKey } from '../i18n/i18n.ts';
import { is_duration, is_share } from './sources.ts';

/** Those that other views have a word for. */
const known_measures: { readonly [measure in SourceMeasure]?: MessageKey } = {
  events: 'figure.events',
  errors: 'figure.errors',
  tokens: 'figure.tokens',
  cost_usd: 'figure.cost',
  utilisation: 'teams.utilisation',
};

export function measure_of(measure: SourceMeasure): Measure {
  const name = t(known_measures[measure] ?? (`measure.${measure}` as MessageKey));
  if (is_share(measure)) return { name, exact: percent, short: percent };
  if (is_duration(measure)) return { name, exact: duration, short: duration };
  return measure === 'cost_usd' ? { name, exact: usd, short: short_usd } : { name, exact: count, short: short_count };
}

const groups: { readonly [group in SourceGroup]: MessageKey } = {
  none: 'group.none',
  agent: 'field.agent',
  team: 'field.team',
  model: 'field.model',
  tool: 'field.tool',
  tier: 'field.tier',
  item: 'knowledge.item',
};

export const group_name = (group: SourceGroup): string => t(groups[group]);

/** Charts that other views have a name for. */
function known_title({ source: { view }, type }: Pick<Chart, 'source' | 'type'>): MessageKey | null {
  if (view === 'agents' && type === 'table') return 'nav.agents';
  if (view === 'collaboration' && type === 'graph') return 'collaboration.graph';
  if (view === 'knowledge' && type === 'graph') return 'knowledge.graph';
  return view === 'knowledge' && type === 'heatmap' ? 'knowledge.heat' : null;
}

/** Without a title of its own a chart is called by what it shows, in the language of who looks. */
export function title_of(chart: Pick<Chart, 'title' | 'source' | 'type'>): string {
  const { title, source, type } = chart;
  if (title.trim() !== '') return title;
  const known = known_title(chart);
  if (known !== null) return t(known);
  const { name } = measure_of(source.measure);
  if (type === 'timeline') return t('dashboard.timeline_of', { name: source.filters.agent_id ?? '–' });
  return source.group_by === 'none' ? name : `${name} · ${group_name(source.group_by)}`;
}

/** A template that the page knows has its name in the language of the page; its charts are called by what they show. */
export function template_in_words({ template_id, dashboard }: DashboardTemplate): NewDashboard {
  const known = t_or('template', template_id);
  if (known === template_id) return dashboard;
  return { ...dashboard, title: known, description: '', charts: dashboard.charts.map((chart) => ({ ...chart, title: '' })) };
}
