// Purpose: one chart of a dashboard, by what it shows.
// Invariant: a chart that cannot show anything as it is says why, in the place of its plot.
import type { ReactNode } from 'react';
import type { Chart, SourceView } from '../api/dashboards.ts';
import { ChartPanel } from '../charts/chart_panel.tsx';
import { Empty } from '../components/states.tsx';
import { t } from '../i18n/i18n.ts';
import { AgentsChart } from './charts/agents_chart.tsx';
import type { ChartProps, Pace } from './charts/chart_read.ts';
import { CollaborationChart } from './charts/collaboration_chart.tsx';
import { KnowledgeChart } from './charts/knowledge_chart.tsx';
import { MemoryChart } from './charts/memory_chart.tsx';
import { TeamsChart } from './charts/teams_chart.tsx';
import { UsageChart } from './charts/usage_chart.tsx';
import { obstacle_of } from './sources.ts';
import { title_of } from './words.ts';

const charts: { readonly [view in SourceView]: (props: ChartProps) => ReactNode } = {
  usage: UsageChart,
  memory: MemoryChart,
  knowledge: KnowledgeChart,
  collaboration: CollaborationChart,
  teams: TeamsChart,
  agents: AgentsChart,
};

const no_table = { columns: [], rows: [] };

export function ChartView({ chart, pace }: { readonly chart: Chart; readonly pace: Pace }) {
  const title = title_of(chart);
  const obstacle = obstacle_of(chart);
  if (obstacle !== null) {
    return (
      <ChartPanel title={title} table={no_table} state={<Empty>{t(`obstacle.${obstacle}`)}</Empty>}>
        {null}
      </ChartPanel>
    );
  }
  const Shown = charts[chart.source.view];
  // What is drawn differently is another chart: it keeps no cursor and no zoom.
  return (
    <Shown
      key={`${chart.type} ${chart.source.view} ${chart.source.group_by} ${chart.source.filters.agent_id ?? ''}`}
      chart={chart}
      title={title}
      pace={{ ...pace, real_time: pace.real_time && chart.real_time }}
    />
  );
}
