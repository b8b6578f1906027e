// Purpose: the views of the page: address, name, sign, place in the navigation, range of time they begin with.
// Invariant: a view's code is loaded when it is first shown; the overview's comes with the page.
import { lazy, type ReactNode } from 'react';
import type { IconName } from '../components/icons.tsx';
import type { Preset } from '../filters/time_range.ts';
import type { MessageKey } from '../i18n/i18n.ts';
import { Overview } from './overview.tsx';

const Agents = lazy(() => import('./agents.tsx').then((file) => ({ default: file.Agents })));
const AgentPage = lazy(() => import('./agent_page.tsx').then((file) => ({ default: file.AgentPage })));
const Events = lazy(() => import('./events.tsx').then((file) => ({ default: file.Events })));
const TracesPage = lazy(() => import('./traces.tsx').then((file) => ({ default: file.TracesPage })));
const TracePage = lazy(() => import('./trace_page.tsx').then((file) => ({ default: file.TracePage })));
const Memory = lazy(() => import('./memory.tsx').then((file) => ({ default: file.Memory })));
const Knowledge = lazy(() => import('./knowledge.tsx').then((file) => ({ default: file.Knowledge })));
const TokensPage = lazy(() => import('./tokens_page.tsx').then((file) => ({ default: file.TokensPage })));
const Collaboration = lazy(() => import('./collaboration.tsx').then((file) => ({ default: file.Collaboration })));
const Teams = lazy(() => import('./teams.tsx').then((file) => ({ default: file.Teams })));
const Patterns = lazy(() => import('./patterns.tsx').then((file) => ({ default: file.Patterns })));
const Dashboards = lazy(() => import('./dashboards.tsx').then((file) => ({ default: file.Dashboards })));
const DashboardPage = lazy(() => import('./dashboard_page.tsx').then((file) => ({ default: file.DashboardPage })));
const Cluster = lazy(() => import('./cluster.tsx').then((file) => ({ default: file.Cluster })));

export type Group = 'now' | 'insight' | 'system';

export interface View {
  /** one that ends in a slash has the views of single things below it */
  readonly path: string;
  readonly title: MessageKey;
  readonly icon: IconName;
  /** where the navigation lists it; null: it is reached from other views */
  readonly group: Group | null;
  /** the view the navigation marks while this one is shown */
  readonly below?: string;
  /** null: the view has no range of time */
  readonly range: Preset | null;
  /** its figures can be narrowed to some events */
  readonly narrowed?: boolean;
  readonly show: () => ReactNode;
}

export const views: readonly View[] = [
  { path: '/', title: 'nav.overview', icon: 'overview', group: 'now', range: '1h', show: () => <Overview /> },
  { path: '/agents', title: 'nav.agents', icon: 'agents', group: 'now', range: null, show: () => <Agents /> },
  {
    path: '/agent',
    title: 'nav.agent',
    icon: 'agents',
    group: null,
    below: '/agents',
    range: '24h',
    show: () => <AgentPage />,
  },
  { path: '/events', title: 'nav.events', icon: 'events', group: 'now', range: null, show: () => <Events /> },
  { path: '/traces', title: 'nav.traces', icon: 'traces', group: 'now', range: '24h', narrowed: true, show: () => <TracesPage /> },
  {
    path: '/trace',
    title: 'nav.trace',
    icon: 'traces',
    group: null,
    below: '/traces',
    range: null,
    show: () => <TracePage />,
  },
  {
    path: '/dashboards',
    title: 'nav.dashboards',
    icon: 'dashboards',
    group: 'now',
    range: null,
    show: () => <Dashboards />,
  },
  {
    path: '/dashboards/',
    title: 'nav.dashboard',
    icon: 'dashboards',
    group: null,
    below: '/dashboards',
    range: null,
    show: () => <DashboardPage />,
  },
  { path: '/memory', title: 'nav.memory', icon: 'memory', group: 'insight', range: '24h', narrowed: true, show: () => <Memory /> },
  {
    path: '/knowledge',
    title: 'nav.knowledge',
    icon: 'knowledge',
    group: 'insight',
    range: '24h',
    narrowed: true,
    show: () => <Knowledge />,
  },
  { path: '/tokens', title: 'nav.tokens', icon: 'tokens', group: 'insight', range: '24h', narrowed: true, show: () => <TokensPage /> },
  {
    path: '/collaboration',
    title: 'nav.collaboration',
    icon: 'collaboration',
    group: 'insight',
    range: '24h',
    narrowed: true,
    show: () => <Collaboration />,
  },
  { path: '/teams', title: 'nav.teams', icon: 'teams', group: 'insight', range: '24h', narrowed: true, show: () => <Teams /> },
  { path: '/patterns', title: 'nav.patterns', icon: 'patterns', group: 'insight', range: '7d', narrowed: true, show: () => <Patterns /> },
  { path: '/cluster', title: 'nav.cluster', icon: 'cluster', group: 'system', range: null, show: () => <Cluster /> },
];

export function view_at(path: string): View | undefined {
  const below = (view: View): boolean => view.path !== '/' && view.path.endsWith('/') && path.startsWith(view.path);
  return views.find((view) => view.path === path) ?? views.find(below);
}
