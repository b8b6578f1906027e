// Purpose: follows what the node pushes about the views that the charts of a dashboard show.
// Invariant: each topic is joined once, however many charts show it, and none in which no chart is in real time.
import type { Chart, SourceView } from '../api/dashboards.ts';
import { use_live_topic, type InsightTopic } from '../queries/live_topic.ts';
import type { Pace } from './charts/chart_read.ts';

const topics: { readonly [view in SourceView]: readonly [InsightTopic, readonly string[]] } = {
  usage: ['tokens', ['/tokens/summary', '/tokens/by', 'rollups']],
  memory: ['memory', ['/memory/']],
  knowledge: ['knowledge', ['/knowledge/']],
  collaboration: ['collaboration', ['/collaboration/']],
  teams: ['teams', ['/teams']],
  agents: ['tokens', ['/tokens/summary', '/tokens/by', 'rollups']],
};

export function LiveViews({ charts, pace }: { readonly charts: readonly Chart[]; readonly pace: Pace }) {
  if (!pace.real_time) return null;
  const wanted = new Map(charts.filter(({ real_time }) => real_time).map(({ source }) => topics[source.view]));
  return [...wanted].map(([topic, paths]) => (
    <LiveView key={topic} topic={topic} paths={paths} interval_ms={pace.every_ms} />
  ));
}

interface LiveViewProps {
  readonly topic: InsightTopic;
  readonly paths: readonly string[];
  readonly interval_ms: number;
}

function LiveView({ topic, paths, interval_ms }: LiveViewProps) {
  use_live_topic(topic, paths, undefined, interval_ms);
  return null;
}
