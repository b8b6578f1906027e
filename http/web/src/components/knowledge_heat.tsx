// Purpose: which knowledge is used when, or by whom, as a heat map.
// Invariant: until the answer for another way of counting is there, the map says what it still shows.
import { useContext, useMemo, type ReactNode } from 'react';
import type { HeatBy, KnowledgeHeat } from '../api/insight.ts';
import { ChartPlaceContext } from '../charts/chart_place.ts';
import { heat_values, type HeatData } from '../charts/heat_data.ts';
import { HeatMap } from '../charts/heat_map.tsx';
import { moment_of } from '../charts/time_data.ts';
import { t } from '../i18n/i18n.ts';
import type { Read } from '../queries/use_read.ts';
import { at_hour, between, use_events_link } from '../routing/events_link.ts';
import { Exactness, state_of } from './states.tsx';

const quarter_hours_ms = 15 * 60_000;
/** Every which hour is written where a dashboard's cell is narrow. */
const narrow_hours = 3;

/** The hours of the day are the reader's, to the quarter of an hour. */
export function heat_params(by: HeatBy, limit: number) {
  return { by, limit, ...(by === 'hour' ? { utc_offset_minutes: own_offset_minutes() } : {}) };
}

const own_offset_minutes = (): number =>
  Math.round((-new Date().getTimezoneOffset() * 60_000) / quarter_hours_ms) * 15;

export interface KnowledgeHeatMapProps {
  readonly title: string;
  readonly heat: Read<KnowledgeHeat>;
  readonly by: HeatBy;
  readonly controls?: ReactNode;
}

export function KnowledgeHeatMap({ title, heat, by, controls }: KnowledgeHeatMapProps) {
  const { fills } = useContext(ChartPlaceContext);
  const data = useMemo(() => (heat.data ? heat_of(heat.data, fills ? narrow_hours : 1) : blank), [heat.data, fills]);
  const shown_by = heat.data?.by ?? by;
  const events = use_events_link();
  const address = (row: number, column: number): string | undefined => {
    const item = heat.data?.rows[row];
    const where = heat.data?.columns[column];
    if (item === undefined || where === undefined) return undefined;
    const shared = { knowledge_id: item };
    // Nothing can be asked for that all agents but those shown have in common.
    if (shown_by === 'agent') return where === 'other' ? undefined : events({ ...shared, agent_id: where });
    if (shown_by === 'hour') return events({ ...shared, ...at_hour(Number(where), own_offset_minutes()) });
    const next = heat.data?.columns[column + 1] ?? heat.data?.window.to ?? '';
    return events(shared, between(Date.parse(where), Date.parse(next)));
  };
  return (
    <HeatMap
      title={title}
      data={data}
      row_title={t('knowledge.item')}
      figure={(value) => t('knowledge.n_accesses', { n: value })}
      address={address}
      state={state_of(heat, ({ rows }) => rows.length === 0, t('knowledge.none'))}
      note={<Exactness data={heat.data} />}
      controls={controls}
    />
  );
}

const blank: HeatData = { rows: [], columns: [], values: [], max: 0, label_every: 1 };

function heat_of(answer: KnowledgeHeat, hours_each: number): HeatData {
  const times = answer.columns.map((column) => Date.parse(column));
  const moment = moment_of({ times, resolution: answer.window.bucket });
  const columns = answer.by === 'time' ? times.map((time) => moment(time)) : answer.columns;
  return {
    rows: answer.rows,
    columns,
    values: heat_values(answer.rows.length, columns.length, answer.cells),
    max: answer.max,
    label_every: answer.by === 'agent' ? 1 : Math.max(1, Math.ceil(columns.length / 24)) * (answer.by === 'time' ? 3 : hours_each),
  };
}
