// Purpose: the charts of a dashboard in their grid, and, while it is changed, what moves and sizes them.
// Invariants: every place has its height before its chart is there, so nothing moves when charts arrive; a chart is drawn
// when it comes near the view. All that dragging does, buttons do.
import { memo, useEffect, useRef, useState } from 'react';
import type { Chart, Dashboard } from '../api/dashboards.ts';
import { ChartPlaceContext, type ChartPlace } from '../charts/chart_place.ts';
import { t } from '../i18n/i18n.ts';
import type { Pace } from './charts/chart_read.ts';
import { ChartView } from './chart_view.tsx';
import type { ChartOp } from './ops.ts';
import { TileTools } from './tile_tools.tsx';
import { use_tile_drag } from './tile_drag.ts';
import { title_of } from './words.ts';

const near_px = 400;
const places: { readonly [interactive in 'true' | 'false']: ChartPlace } = {
  true: { fills: true, interactive: true },
  false: { fills: true, interactive: false },
};

export const place_of = ({ interactive }: Pick<Chart, 'interactive'>): ChartPlace => places[`${interactive}`];

export interface ChartGridProps {
  readonly dashboard: Dashboard;
  readonly pace: Pace;
  readonly editing: boolean;
  readonly edit: (chart: Chart) => void;
  readonly change: (op: ChartOp) => void;
}

export function ChartGrid({ dashboard, pace, editing, edit, change }: ChartGridProps) {
  const { charts, grid_columns } = dashboard;
  const drag = use_tile_drag((id, before) => change({ kind: 'move', id, before }));
  return (
    <ul
      className={editing ? 'dash_grid dash_grid_editing' : 'dash_grid'}
      aria-label={t('dashboard.charts')}
      style={{ '--columns': grid_columns } as React.CSSProperties}
    >
      {charts.map((chart) => (
        <li
          key={chart.id}
          className={drag.class_of(chart.id)}
          data-chart={chart.id}
          style={{ '--cols': Math.min(chart.cols, grid_columns), '--rows': chart.rows } as React.CSSProperties}
        >
          {editing && <TileTools chart={chart} dashboard={dashboard} edit={edit} change={change} grip={drag.grip(chart.id)} />}
          <Tile chart={chart} every_ms={pace.every_ms} real_time={pace.real_time} />
        </li>
      ))}
    </ul>
  );
}

interface TileProps extends Pace {
  readonly chart: Chart;
}

const Tile = memo(function Tile({ chart, every_ms, real_time }: TileProps) {
  const place = useRef<HTMLDivElement>(null);
  const near = use_near(place);
  return (
    <div ref={place} className="tile">
      {near ? (
        <ChartPlaceContext value={place_of(chart)}>
          <ChartView chart={chart} pace={{ every_ms, real_time }} />
        </ChartPlaceContext>
      ) : (
        <div className="panel chart chart_fills">
          <h2>{title_of(chart)}</h2>
        </div>
      )}
    </div>
  );
});

/** True from when the place first comes near the view. */
function use_near(place: { readonly current: HTMLElement | null }): boolean {
  const [near, set_near] = useState(false);
  useEffect(() => {
    if (near || !place.current) return undefined;
    const watch = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && set_near(true), {
      rootMargin: `${near_px}px`,
    });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [near, place]);
  return near;
}
