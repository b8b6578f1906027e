// Purpose: stores one change to a chart, so that it does not touch what others change at the same time.
// Invariants: a chart is put or removed by itself. Only the order concerns them all: it is sent with the version it was
// made from, and made anew from the latest one when somebody was faster. A change to a chart that is gone changes nothing.
import type { ApiClient } from '../api/client.ts';
import type { Chart, Dashboard } from '../api/dashboards.ts';
import { ApiError } from '../api/problem.ts';
import { applied, type ChartOp } from './ops.ts';
import { dashboard_path } from './use_dashboard.ts';

type Api = Pick<ApiClient, 'read' | 'put' | 'patch' | 'remove'>;

const tries_max = 5;
const has_status = (error: unknown, status: number): boolean => error instanceof ApiError && error.status === status;

export async function store_op(api: Api, id: string, latest: Dashboard | undefined, op: ChartOp): Promise<Dashboard> {
  const path = `/api/v2${dashboard_path(id)}`;
  const read = (): Promise<Dashboard> => api.read<Dashboard>(path);
  const chart_path = (chart_id: string): string => `${path}/charts/${encodeURIComponent(chart_id)}`;
  switch (op.kind) {
    case 'put':
      return api.put<Dashboard>(chart_path(op.chart.id), without_id(op.chart));
    case 'resize': {
      const now = latest ?? (await read());
      const chart = applied(now.charts, op).find((each) => each.id === op.id);
      return chart ? api.put<Dashboard>(chart_path(op.id), without_id(chart)) : now;
    }
    case 'remove':
      try {
        return await api.remove<Dashboard>(chart_path(op.id));
      } catch (error) {
        if (has_status(error, 404)) return read();
        throw error;
      }
    case 'move':
      return store_order(api, path, latest ?? (await read()), op);
  }
}

async function store_order(api: Api, path: string, latest: Dashboard, op: ChartOp): Promise<Dashboard> {
  let now = latest;
  for (let tries = 1; ; tries += 1) {
    const charts = applied(now.charts, op);
    if (charts.every((chart, index) => chart === now.charts[index])) return now;
    try {
      return await api.patch<Dashboard>(path, { charts }, now.version);
    } catch (error) {
      if (!has_status(error, 412) || tries === tries_max) throw error;
      now = await api.read<Dashboard>(path);
    }
  }
}

/** As it is put: its id is in the address. */
export function without_id({ id: _id, ...chart }: Chart): Omit<Chart, 'id'> {
  return chart;
}
