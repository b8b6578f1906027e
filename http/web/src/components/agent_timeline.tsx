// Purpose: an agent's latest events on a timeline, and the waterfall of the trace one looks at: at first the latest.
// Invariants: the chosen trace is in the address. The waterfall does not change under the reader when a newer trace
// begins; it is the one chosen, or the latest there was when the view was opened.
import { useMemo, useState } from 'react';
import type { Trace, Traces } from '../api/insight.ts';
import type { AgentEvent } from '../api/types.ts';
import { Timeline } from '../charts/timeline.tsx';
import { in_order } from '../charts/timeline_layout.ts';
import { Waterfall } from '../charts/waterfall.tsx';
import { span_at, type RangeChoice } from '../filters/time_range.ts';
import { t } from '../i18n/i18n.ts';
import type { LogView } from '../live/event_log.ts';
import { use_store, type Store } from '../live/store.ts';
import { use_answer, use_read } from '../queries/use_read.ts';
import { between, events_address } from '../routing/events_link.ts';
import { LinkTo } from '../routing/link_to.tsx';
import { use_range } from '../routing/range.ts';
import { navigate, replace_query, trace_address, use_route } from '../routing/router.ts';
import { use_session } from '../session/room_context.ts';
import { state_of } from './states.tsx';

const events_max = 200;
const traces_max = 50;
const default_every_ms = 30_000;

interface AgentTimelineProps {
  readonly id: string;
  readonly log: Store<LogView>;
}

export function AgentTimeline({ id, log }: AgentTimelineProps) {
  const range = use_range();
  const stored = use_stored_events(id, range);
  const events = use_latest(stored.data, use_store(log), range);
  const params = { agent_id: id, order: 'newest', limit: traces_max };
  const traces = use_read<Traces>('/traces', { params, range });
  const items = traces.data?.items ?? no_traces;
  const chosen = use_chosen_trace(items[0]?.trace_id);
  const state = state_of(stored, () => events.length === 0);
  return (
    <>
      <Timeline
        title={t('agent.timeline')}
        events={events}
        traces={items}
        choose={choose}
        links={(event) => <LinkTo to={address_of(event)}>{t(event.trace_id ? 'nav.trace' : 'chart.show_events')}</LinkTo>}
        state={state}
      />
      {chosen !== null && <ChosenTrace id={chosen} />}
    </>
  );
}

const no_traces: Traces['items'] = [];

export function use_stored_events(id: string, range: RangeChoice, every_ms = default_every_ms) {
  const { room } = use_session();
  return use_answer<readonly AgentEvent[]>(['agent_timeline', id, range], { range, every_ms }, async (signal) => {
    const { since_ms, until_ms } = span_at(range, Date.now());
    const moments = { since: new Date(since_ms).toISOString(), until: new Date(until_ms).toISOString() };
    return (await room.api.events({ agent_id: id, limit: events_max, ...moments }, signal)).items;
  });
}

/** Stored and pushed ones together, each once; only a range that ends now takes the pushed ones in. */
export function use_latest(stored: readonly AgentEvent[] | undefined, log: LogView, range: RangeChoice): readonly AgentEvent[] {
  return useMemo(() => {
    if (!stored) return [];
    const pushed = range.kind === 'last' ? log.entries.map(({ event }) => event) : [];
    const once = new Map([...stored, ...pushed].map((event) => [event.id, event]));
    return in_order([...once.values()]).slice(-events_max);
  }, [stored, log.entries, range]);
}

export function address_of({ trace_id, agent_id, time, type }: AgentEvent): string {
  if (trace_id) return trace_address(trace_id);
  const at_ms = Date.parse(time);
  return events_address({ agent_id, type }, between(at_ms, at_ms + 1));
}

function choose(event: AgentEvent): void {
  if (!event.trace_id) return navigate(address_of(event));
  const query = new URLSearchParams(window.location.search);
  query.set('trace', event.trace_id);
  replace_query(query);
}

function use_chosen_trace(latest: string | undefined): string | null {
  const asked = use_route().query.get('trace');
  const [opened_with, set_opened_with] = useState(latest ?? null);
  if (opened_with === null && latest !== undefined) set_opened_with(latest);
  return asked ?? opened_with;
}

function ChosenTrace({ id }: { readonly id: string }) {
  const trace = use_read<Trace>(`/traces/${encodeURIComponent(id)}`, { every_ms: default_every_ms });
  if (!trace.data) return null;
  return <Waterfall trace={trace.data} more={<LinkTo to={trace_address(id)}>{t('agent.whole')}</LinkTo>} />;
}
