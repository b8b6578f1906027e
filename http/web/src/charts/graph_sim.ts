// Purpose: where the nodes of a graph are: a force simulation that new data disturbs as little as
// possible.
// Invariants: a node keeps its place when figures change; only a changed set of nodes or edges warms the simulation
// up, and a new node starts beside its neighbours. The same data laid out from nothing gives the same picture.
import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type Simulation,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from 'd3-force';

/** A node as a view gives it. */
export interface NodeData {
  readonly id: string;
  readonly label: string;
  /** what its colour stands for: a team, a kind */
  readonly group: string;
  readonly weight: number;
}

export interface EdgeData {
  readonly from: string;
  readonly to: string;
  /** strong: drawn solid and bent little; faint: dotted, beside it */
  readonly line: 'strong' | 'faint';
  readonly weight: number;
  /** shown as such where a quarter of it or more failed */
  readonly errors: number;
}

export interface Body extends SimulationNodeDatum {
  readonly id: string;
  data: NodeData;
  radius: number;
  /** which colour */
  group_index: number;
  x: number;
  y: number;
}

export interface Tie extends SimulationLinkDatum<Body> {
  readonly key: string;
  data: EdgeData;
  source: Body;
  target: Body;
  /** when something last happened on it, for a short highlight */
  pulse_ms: number;
}

const warm_alpha = 0.35;
const rest_alpha = 0.004;
const ticks_max = 320;

const key_of = (edge: Pick<EdgeData, 'from' | 'to' | 'line'>): string => `${edge.from}\n${edge.to}\n${edge.line}`;

export class GraphSim {
  bodies: Body[] = [];
  ties: Tie[] = [];
  private by_id = new Map<string, Body>();
  private by_key = new Map<string, Tie>();
  private readonly simulation: Simulation<Body, Tie>;

  constructor() {
    this.simulation = forceSimulation<Body, Tie>([])
      .force('charge', forceManyBody<Body>().strength(-90).distanceMax(420))
      .force('collide', forceCollide<Body>((body) => body.radius + 5))
      .force('link', forceLink<Body, Tie>([]).id((body) => body.id))
      .force('x', forceX<Body>(0).strength(0.055))
      .force('y', forceY<Body>(0).strength(0.075))
      .alphaDecay(0.03)
      .velocityDecay(0.45)
      .stop();
  }

  get moving(): boolean {
    return this.simulation.alpha() > rest_alpha;
  }

  /** Groups in the order of their colours. */
  set_data(nodes: readonly NodeData[], edges: readonly EdgeData[], groups: readonly string[]): void {
    const before = this.by_id;
    const busiest = Math.max(1, ...nodes.map((node) => node.weight));
    this.by_id = new Map();
    for (const [index, node] of nodes.entries()) {
      const body = before.get(node.id) ?? this.new_body(node, index);
      body.data = node;
      body.radius = 4 + 10 * Math.sqrt(node.weight / busiest);
      body.group_index = Math.max(0, groups.indexOf(node.group));
      this.by_id.set(node.id, body);
    }
    const old_ties = this.by_key;
    this.by_key = new Map();
    for (const edge of edges) {
      const [source, target] = [this.by_id.get(edge.from), this.by_id.get(edge.to)];
      if (!source || !target) continue;
      const key = key_of(edge);
      const tie = old_ties.get(key) ?? { key, data: edge, source, target, pulse_ms: 0 };
      tie.data = edge;
      this.by_key.set(key, tie);
      if (!before.has(edge.to) && before.has(edge.from)) this.put_beside(target, source);
      if (!before.has(edge.from) && before.has(edge.to)) this.put_beside(source, target);
    }
    this.bodies = [...this.by_id.values()];
    this.ties = [...this.by_key.values()];
    const same =
      same_keys(before, this.by_id) && same_keys(old_ties, this.by_key) && before.size > 0;
    if (!same) this.warm_up(before.size === 0 ? 1 : warm_alpha);
  }

  /** One step towards rest. */
  tick(): void {
    this.simulation.tick();
  }

  /** All the way to rest, for those who do not want to see it move. */
  settle(): void {
    for (let i = 0; i < ticks_max && this.moving; i += 1) this.simulation.tick();
  }

  /** Something happened between these two, just now. An edge that is not drawn yet shows itself when it appears. */
  pulse(from: string, to: string, now_ms: number): void {
    for (const line of ['strong', 'faint'] as const) {
      const tie = this.by_key.get(key_of({ from, to, line }));
      if (tie) tie.pulse_ms = now_ms;
    }
  }

  /** Holds a node where a pointer has it; without a place it is let go. */
  hold(body: Body, place: { readonly x: number; readonly y: number } | null): void {
    body.fx = place?.x ?? null;
    body.fy = place?.y ?? null;
    if (place && this.simulation.alpha() < 0.12) this.simulation.alpha(0.12);
  }

  private warm_up(alpha: number): void {
    this.simulation.nodes(this.bodies);
    const few = 1 / Math.max(1, this.bodies.length) ** 0.7;
    this.simulation.force<ReturnType<typeof forceManyBody<Body>>>('charge')?.strength(-60 - 1_900 * few);
    const link = this.simulation.force<ReturnType<typeof forceLink<Body, Tie>>>('link');
    link?.links(this.ties);
    link?.distance((tie) => 46 + 300 * few + tie.source.radius + tie.target.radius);
    link?.strength((tie) => Math.min(0.5, 0.06 + 0.04 * Math.sqrt(tie.data.weight)) / Math.max(1, Math.sqrt(this.ties.length / Math.max(1, this.bodies.length))));
    this.simulation.alpha(Math.max(alpha, this.simulation.alpha()));
  }

  /** On a spiral, so that nothing begins in one point. */
  private new_body(data: NodeData, index: number): Body {
    const angle = index * 2.399963;
    const distance = 14 * Math.sqrt(index + 0.5);
    return { id: data.id, data, radius: 4, group_index: 0, x: distance * Math.cos(angle), y: distance * Math.sin(angle) };
  }

  private put_beside(body: Body, other: Body): void {
    body.x = other.x + 30 * Math.cos(body.id.length);
    body.y = other.y + 30 * Math.sin(body.id.length);
  }
}

function same_keys(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((key) => b.has(key));
}

/** The nearest body in the direction of an arrow: within a quarter turn, closer ones first. */
export function body_towards(bodies: readonly Body[], from: Body, key: string): Body | null {
  const turn: { readonly [key: string]: readonly [number, number] } = {
    ArrowRight: [1, 0],
    ArrowLeft: [-1, 0],
    ArrowDown: [0, 1],
    ArrowUp: [0, -1],
  };
  const way = turn[key];
  if (!way) return null;
  let best: Body | null = null;
  let best_cost = Number.POSITIVE_INFINITY;
  for (const body of bodies) {
    const [dx, dy] = [body.x - from.x, body.y - from.y];
    const along = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1] + dy * way[0]);
    if (body === from || along <= 0 || aside > along) continue;
    const cost = along + 2 * aside;
    if (cost < best_cost) [best, best_cost] = [body, cost];
  }
  return best;
}
