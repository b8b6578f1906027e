// Purpose: the trace explorer: traces of the chosen range, of an agent or a team, in the order one looks for.
import { TraceFilterBar, trace_filter_from_query } from '../components/trace_filter_bar.tsx';
import { TraceList } from '../components/trace_list.tsx';
import { use_route } from '../routing/router.ts';

const rows = 100;

export function TracesPage() {
  const filter = trace_filter_from_query(use_route().query);
  return <TraceList limit={rows} filter={filter} filter_bar={<TraceFilterBar filter={filter} />} />;
}
