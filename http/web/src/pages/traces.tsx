// Purpose: the trace explorer: traces of the chosen range, in the order one looks for.
import { TraceList } from '../components/trace_list.tsx';

const rows = 100;

export function TracesPage() {
  return <TraceList limit={rows} />;
}
