// Purpose: the state of the cluster. A node that knows no clusters answers 404, and the page then shows no such view.
import type { ClusterState } from '../api/insight.ts';
import { use_read, type Read } from './use_read.ts';

const every_ms = 5_000;

export function use_cluster(): Read<ClusterState> {
  return use_read<ClusterState>('/cluster', { every_ms });
}
