// Purpose: where everything of the memory tier flow is drawn. Pure.
// Invariants: columns in the order the tiers are asked. What a tier passes on leaves at its top, what it answered at
// its bottom; what goes furthest leaves highest, and bows above the tiers it skips.
import type { TierStats } from '../api/insight.ts';

export interface FlowNode {
  readonly id: string;
  readonly kind: 'query' | 'tier' | 'hit' | 'miss';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly text_x: number;
  readonly text_y: number;
  readonly count: number;
  /** of all queries */
  readonly share: number;
  readonly hit_rate: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly avg_ms: number | null;
}

export interface FlowStream {
  readonly key: string;
  readonly kind: 'on' | 'hit' | 'miss';
  readonly path: string;
  readonly width: number;
}

export interface FlowLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly FlowNode[];
  readonly streams: readonly FlowStream[];
}

const column_px = 190;
const node_px = 10;
const lane_px = 88;
const top_px = 128;
const floor_px = top_px + lane_px + 58;
const height_px = floor_px + 48;
const thinnest_px = 1.5;

export function lay_out_flow(stats: TierStats): FlowLayout {
  const all = Math.max(1, stats.queries);
  const thickness = (count: number): number => (count <= 0 ? 0 : Math.max(thinnest_px, (count / all) * lane_px));
  const column = new Map<string, number>([['query', 0]]);
  stats.tiers.forEach((tier, index) => column.set(tier.tier, index + 1));
  column.set('miss', stats.tiers.length + 1);
  const x_of = (id: string): number => 8 + (column.get(id) ?? 0) * column_px;
  const blank = { hit_rate: null, p50: null, p95: null, avg_ms: null };
  const place = (id: string, kind: FlowNode['kind'], count: number): FlowNode => ({
    ...blank,
    id,
    kind,
    count,
    share: count / all,
    x: x_of(id),
    y: top_px,
    width: node_px,
    height: Math.max(2, thickness(count)),
    text_x: x_of(id),
    text_y: 20,
  });

  const nodes: FlowNode[] = [place('query', 'query', stats.queries)];
  const streams: FlowStream[] = [];
  for (const tier of stats.tiers) {
    const { p50, p95 } = tier.latency_ms;
    nodes.push({ ...place(tier.tier, 'tier', tier.asked), hit_rate: tier.hit_rate, p50, p95 });
  }
  nodes.push(place('miss', 'miss', stats.misses));

  const left_at = new Map<string, number>();
  const came_at = new Map<string, number>();
  const take = (from: Map<string, number>, id: string, size: number): number => {
    const at = from.get(id) ?? top_px;
    from.set(id, at + size);
    return at + size / 2;
  };
  const rank = (id: string): number => (id === 'hit' ? Number.MAX_SAFE_INTEGER : -(column.get(id) ?? 0));
  const flow = stats.flow.filter((edge) => edge.count > 0 && column.has(edge.from));
  for (const edge of flow.toSorted((a, b) => rank(a.to) - rank(b.to) || rank(b.from) - rank(a.from))) {
    const size = thickness(edge.count);
    const start_x = x_of(edge.from) + node_px;
    const start_y = take(left_at, edge.from, size);
    const key = `${edge.from}>${edge.to}`;
    if (edge.to === 'hit') {
      const down_x = start_x + 60;
      const path = `M${start_x},${start_y} C${down_x - 10},${start_y} ${down_x},${start_y + 20} ${down_x},${floor_px}`;
      streams.push({ key, kind: 'hit', path, width: size });
      nodes.push({
        ...blank,
        id: `hit of ${edge.from}`,
        kind: 'hit',
        count: edge.count,
        share: edge.count / all,
        avg_ms: edge.avg_ms,
        x: down_x - size / 2,
        y: floor_px,
        width: Math.max(2, size),
        height: 4,
        text_x: start_x + 16,
        text_y: floor_px + 22,
      });
      continue;
    }
    const end_x = x_of(edge.to);
    const end_y = take(came_at, edge.to, size);
    const skips = (column.get(edge.to) ?? 0) - (column.get(edge.from) ?? 0) > 1;
    const bow = skips ? -22 - size / 2 : 0;
    const third = (end_x - start_x) / 2;
    const path = `M${start_x},${start_y} C${start_x + third},${start_y + bow} ${end_x - third},${end_y + bow} ${end_x},${end_y}`;
    streams.push({ key, kind: edge.to === 'miss' ? 'miss' : 'on', path, width: size });
  }
  return { width: 8 + (stats.tiers.length + 1) * column_px + 130, height: height_px, nodes, streams };
}
