// Purpose: a graph in the frame of a chart: of agents, of knowledge, on a view of its own or on a dashboard.
// Invariant: the drawing code arrives separately, and the panel has its final height before it does.
import { lazy, Suspense, useContext, useRef, type ReactNode, type RefObject } from 'react';
import { ChartPanel, type LegendItem } from '../charts/chart_panel.tsx';
import { ChartPlaceContext } from '../charts/chart_place.ts';
import type { GraphHandle } from '../charts/force_graph.tsx';
import type { EdgeData, NodeData } from '../charts/graph_sim.ts';
import { graph_tool_zoom, GraphPan } from '../charts/graph_tools.tsx';
import type { TableModel } from '../charts/table_model.ts';

const ForceGraph = lazy(() => import('../charts/force_graph.tsx'));

export interface GraphDrawing {
  readonly nodes: readonly NodeData[];
  readonly edges: readonly EdgeData[];
  /** in the order of their colours */
  readonly groups: readonly string[];
  readonly legend: readonly LegendItem[];
  readonly table: TableModel;
  readonly summary: string;
}

export interface GraphPanelProps {
  readonly title: string;
  readonly drawing: GraphDrawing;
  /** what the keys do, as a sentence */
  readonly keys: string;
  readonly chosen: string | null;
  readonly choose: (id: string | null) => void;
  readonly open: (id: string) => void;
  readonly describe: (node: NodeData) => string;
  readonly state?: ReactNode;
  readonly note?: ReactNode;
  readonly controls?: ReactNode;
  /** for who wants to show in it what happens */
  readonly handle?: RefObject<GraphHandle | null>;
}

export function GraphPanel(props: GraphPanelProps) {
  const { title, drawing, keys, chosen, choose, describe, state, note, controls } = props;
  const { interactive } = useContext(ChartPlaceContext);
  const open = interactive ? props.open : choose;
  const own = useRef<GraphHandle>(null);
  const handle = props.handle ?? own;
  return (
    <ChartPanel
      title={title}
      table={drawing.table}
      legend={drawing.legend}
      state={state}
      zoom={graph_tool_zoom(handle)}
      note={note}
      {...(drawing.summary === '' ? {} : { summary: drawing.summary })}
      picture={() => handle.current?.picture() ?? null}
      controls={controls}
      className="graph_panel"
    >
      <Suspense fallback={<div className="graph" />}>
        <ForceGraph
          handle={handle}
          nodes={drawing.nodes}
          edges={drawing.edges}
          groups={drawing.groups}
          chosen={chosen}
          choose={choose}
          open={open}
          describe={describe}
          label={`${title}. ${keys}`}
        />
      </Suspense>
      {interactive && <GraphPan handle={handle} />}
    </ChartPanel>
  );
}
