// Purpose: the trace explorer: traces of the chosen range that have an event of what was chosen, in the order one looks for.
import { TraceList } from '../components/trace_list.tsx';
import { use_live_topic } from '../queries/live_topic.ts';

const rows = 100;

export function TracesPage() {
  // It changes with every event that has a trace.
  use_live_topic('collaboration', ['/traces']);
  return <TraceList limit={rows} />;
}
