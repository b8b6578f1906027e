// Purpose: what changes one chart in its grid: its form, its place, its size, its end.
// Invariant: a button that has nothing to do stays where it is and keeps the focus; so does the chart's row of buttons when
// the chart moves.
import type { PointerEvent } from 'react';
import type { Chart, Dashboard } from '../api/dashboards.ts';
import { Icon, type IconName } from '../components/icons.tsx';
import { t, type MessageKey } from '../i18n/i18n.ts';
import { resized, step_target, type ChartOp } from './ops.ts';
import { title_of } from './words.ts';

export interface Grip {
  readonly onPointerDown: (hand: PointerEvent<HTMLElement>) => void;
  readonly onPointerMove: (hand: PointerEvent<HTMLElement>) => void;
  readonly onPointerUp: (hand: PointerEvent<HTMLElement>) => void;
  readonly onPointerCancel: () => void;
}

export interface TileToolsProps {
  readonly chart: Chart;
  readonly dashboard: Dashboard;
  readonly edit: (chart: Chart) => void;
  readonly change: (op: ChartOp) => void;
  readonly grip: Grip;
}

interface Tool {
  readonly key: MessageKey;
  readonly icon: IconName;
  readonly run: (() => void) | undefined;
}

export function TileTools({ chart, dashboard, edit, change, grip }: TileToolsProps) {
  const title = title_of(chart);
  const size = (cols: number, rows: number): (() => void) | undefined => {
    const op = resized(chart, { cols, rows }, dashboard.grid_columns);
    return op && (() => change(op));
  };
  const step = (by: -1 | 1): (() => void) | undefined => {
    const before = step_target(dashboard.charts, chart.id, by);
    return before === undefined ? undefined : () => change({ kind: 'move', id: chart.id, before });
  };
  const tools: readonly Tool[] = [
    { key: 'tile.edit', icon: 'edit', run: () => edit(chart) },
    { key: 'tile.earlier', icon: 'up', run: step(-1) },
    { key: 'tile.later', icon: 'down', run: step(1) },
    { key: 'tile.narrower', icon: 'narrower', run: size(-1, 0) },
    { key: 'tile.wider', icon: 'wider', run: size(1, 0) },
    { key: 'tile.lower', icon: 'lower', run: size(0, -1) },
    { key: 'tile.taller', icon: 'taller', run: size(0, 1) },
    { key: 'tile.remove', icon: 'remove', run: () => change({ kind: 'remove', id: chart.id }) },
  ];
  return (
    <div className="tile_tools" role="group" aria-label={t('chart.action', { action: t('tile.change'), title })}>
      <span className="tile_grip" title={t('tile.drag')} {...grip}>
        <Icon name="grip" />
      </span>
      {tools.map(({ key, icon, run }) => (
        <button
          key={key}
          type="button"
          className="button button_icon"
          aria-label={t('chart.action', { action: t(key), title })}
          aria-disabled={run === undefined}
          title={t(key)}
          onClick={run}
        >
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}
