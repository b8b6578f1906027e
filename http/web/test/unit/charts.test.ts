import { describe, expect, test } from 'vitest';
import type { TierStats } from '../../src/api/insight.ts';
import { fit, panned, scaled, showing } from '../../src/charts/graph_camera.ts';
import { body_towards, GraphSim, type EdgeData, type NodeData } from '../../src/charts/graph_sim.ts';
import { bar_height, heat_level, heat_values, histogram_of, move_in_grid } from '../../src/charts/heat_data.ts';
import { step_after_key } from '../../src/charts/step_keys.ts';
import { summary_of_series } from '../../src/charts/summary.ts';
import { csv_of, file_name } from '../../src/charts/table_model.ts';
import { lay_out_flow } from '../../src/charts/tier_layout.ts';
import { on_steps, table_of_times, type TimeData } from '../../src/charts/time_data.ts';
import { count } from '../../src/format/numbers.ts';

describe('figures of a chart', () => {
  test('as CSV they are quoted, and nothing is a formula', () => {
    const table = {
      columns: [{ name: 'Agent' }, { name: 'Cost' }],
      rows: [
        ['=cmd()', 1.5],
        ['a,"b"', -2],
        ['@x', null],
      ],
    };
    expect(csv_of(table)).toBe('\ufeffAgent,Cost\r\n\'=cmd(),1.5\r\n"a,""b""",-2\r\n\'@x,\r\n');
  });

  test.each(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t'])('a cell that begins with %j is no formula in CSV', (begin) => {
    expect(csv_of({ columns: [{ name: 'a' }], rows: [[`${begin}1`]] })).toBe(`\ufeffa\r\n'${begin}1\r\n`);
  });

  test.each(['\r', '\n'])('nor one that begins with %j', (begin) => {
    expect(csv_of({ columns: [{ name: 'a' }], rows: [[`${begin}1`]] })).toBe(`\ufeffa\r\n"'${begin}1"\r\n`);
  });

  test('a file is named after its chart, in any script', () => {
    const now = new Date('2026-01-05T12:30:00Z');
    expect(file_name('Cost per hour', 'csv', now)).toBe('troupe-cost-per-hour-2026-01-05T1230.csv');
    expect(file_name('التكلفة لكل ساعة', 'csv', now)).toBe('troupe-التكلفة-لكل-ساعة-2026-01-05T1230.csv');
  });

  test('steps without data are what the chart says they are, and null stays unknown', () => {
    const rows = [{ time: '1970-01-01T00:01:00.000Z', value: null as number | null }, { time: '1970-01-01T00:02:00.000Z', value: 3 }];
    expect(on_steps([0, 60_000, 120_000], rows, (row) => row.value, 0)).toEqual([0, null, 3]);
  });

  test('a chart is told in one sentence', () => {
    const lines = [{ values: [1, 5, 2] }, { values: [1, 0, null] }];
    const told = summary_of_series([0, 60_000, 120_000], lines, count, (time) => `minute ${time / 60_000}`);
    expect(told).toBe('9 in all, most at minute 1 with 5; 2 in the latest step.');
  });

  test('its table has the newest first, and the band as two columns', () => {
    const data: TimeData = {
      times: [0, 60_000],
      resolution: 'minute',
      meaning: 'level',
      lines: [{ name: 'a', colour: '--series_1', values: [1, null] }],
      band: { name: 'b', colour: '--series_1', low: [0, 1], high: [2, 3] },
    };
    expect(table_of_times(data, count).rows).toEqual([
      ['1970-01-01T00:01:00.000Z', null, 1, 3],
      ['1970-01-01T00:00:00.000Z', 1, 0, 2],
    ]);
  });
});

describe('charts by keyboard', () => {
  test('arrows follow the picture, also where time runs from right to left', () => {
    expect(step_after_key('ArrowRight', 4, 10, 'ltr')).toBe(5);
    expect(step_after_key('ArrowRight', 4, 10, 'rtl')).toBe(3);
    expect(step_after_key('End', 4, 10, 'rtl')).toBe(9);
    expect(step_after_key('PageDown', 4, 10, 'ltr')).toBe(0);
    expect(step_after_key('x', 4, 10, 'ltr')).toBeNull();
    expect(step_after_key('Home', 0, 0, 'ltr')).toBeNull();
  });

  test('in a grid too', () => {
    const size = { rows: ['a', 'b'], columns: ['1', '2', '3'] };
    expect(move_in_grid('ArrowLeft', { row: 0, column: 0 }, size, 'rtl')).toEqual({ row: 0, column: 1 });
    expect(move_in_grid('ArrowLeft', { row: 0, column: 0 }, size, 'ltr')).toEqual({ row: 0, column: 0 });
    expect(move_in_grid('PageDown', { row: 0, column: 2 }, size, 'ltr')).toEqual({ row: 1, column: 2 });
  });
});

describe('heat', () => {
  test('nothing is the ground, anything is seen, the most is the strongest', () => {
    expect([0, null, 1, 100, 50].map((value) => heat_level(value, 100))).toEqual([0, 0, 1, 6, 4]);
    expect(heat_level(5, 0)).toBe(0);
  });

  test('cells the node leaves out are zeros', () => {
    expect(heat_values(2, 2, [[1, 0, 7], [5, 5, 1]])).toEqual([[0, 0], [7, 0]]);
  });
});

describe('histograms', () => {
  const name = (from_ms: number, to_ms: number): string => `${from_ms}-${to_ms}`;

  test('of several rows have the same columns, also those between them', () => {
    const { rows, columns, values, row_max } = histogram_of(
      [
        ['redis', [{ from_ms: 0.2, to_ms: 0.5, count: 4 }, { from_ms: 0.5, to_ms: 1, count: 2 }]],
        ['chromadb', [{ from_ms: 10, to_ms: 20, count: 3 }]],
        ['never timed', []],
      ],
      name,
    );
    expect(rows).toEqual(['redis', 'chromadb', 'never timed']);
    expect(columns).toEqual(['0.2-0.5', '0.5-1', '1-2', '2-5', '5-10', '10-20']);
    expect(values).toEqual([[4, 2, 0, 0, 0, 0], [0, 0, 0, 0, 0, 3], [0, 0, 0, 0, 0, 0]]);
    expect(row_max).toEqual([4, 3, 0]);
    expect(histogram_of([['never timed', []]], name).columns).toEqual([]);
  });

  test('a bar that is there can be seen', () => {
    expect([0, null, 1, 500, 1000].map((value) => bar_height(value, 1000))).toEqual([0, 0, 0.04, 0.5, 1]);
    expect(bar_height(1, 0)).toBe(0);
  });
});

describe('memory tier flow', () => {
  const latency_ms = { avg: 5, p50: 5, p95: 9, p99: 9, max: 9 };
  const tier = (name: string, asked: number, hits: number) => ({
    tier: name,
    asked,
    hits,
    hit_share: hits / 100,
    hit_rate: hits / asked,
    errors: 0,
    cost_usd: 0,
    latency_ms,
    latency_histogram: [],
    series: [],
  });
  const stats: TierStats = {
    window: { from: '', to: '', bucket: 'hour' },
    queries: 100,
    misses: 10,
    miss_rate: 0.1,
    cost_usd: 0,
    tiers: [tier('redis', 100, 60), tier('chromadb', 40, 30)],
    flow: [
      { from: 'query', to: 'redis', count: 100, avg_ms: null },
      { from: 'redis', to: 'hit', count: 60, avg_ms: 5 },
      { from: 'redis', to: 'chromadb', count: 40, avg_ms: 5 },
      { from: 'chromadb', to: 'hit', count: 30, avg_ms: 5 },
      { from: 'chromadb', to: 'miss', count: 10, avg_ms: 5 },
    ],
    series: [],
  };

  test('what comes into a tier is as wide as what leaves it', () => {
    const { nodes, streams } = lay_out_flow(stats);
    const width = (key: string): number => streams.find((stream) => stream.key === key)?.width ?? 0;
    const height = (id: string): number => nodes.find((node) => node.id === id)?.height ?? 0;
    expect(width('redis>hit') + width('redis>chromadb')).toBeCloseTo(height('redis'));
    expect(width('chromadb>hit') + width('chromadb>miss')).toBeCloseTo(width('redis>chromadb'));
    expect(nodes.filter((node) => node.kind === 'tier').map((node) => node.id)).toEqual(['redis', 'chromadb']);
  });

  test('no queries are no streams', () => {
    const { streams } = lay_out_flow({ ...stats, queries: 0, misses: 0, tiers: [], flow: [] });
    expect(streams).toEqual([]);
  });
});

describe('collaboration graph', () => {
  const node = (id: string, weight = 1): NodeData => ({ id, label: id, group: 't', weight });
  const tie = (from: string, to: string, weight = 1): EdgeData => ({ from, to, line: 'strong', weight, errors: 0 });
  const places = (sim: GraphSim) => sim.bodies.map(({ id, x, y }) => [id, Math.round(x), Math.round(y)]);

  test('new figures leave everything where it is', () => {
    const sim = new GraphSim();
    sim.set_data([node('a'), node('b'), node('c')], [tie('a', 'b')], ['t']);
    sim.settle();
    const before = places(sim);
    sim.set_data([node('a', 9), node('b'), node('c')], [tie('a', 'b', 8)], ['t']);
    expect(sim.moving).toBe(false);
    expect(places(sim)).toEqual(before);
  });

  test('a new agent appears beside the one it works with, and the same data give the same picture', () => {
    const lay_out = () => {
      const sim = new GraphSim();
      sim.set_data([node('a'), node('b')], [tie('a', 'b')], ['t']);
      sim.settle();
      sim.set_data([node('a'), node('b'), node('c')], [tie('a', 'b'), tie('a', 'c')], ['t']);
      return sim;
    };
    const [a, , c] = lay_out().bodies;
    expect(Math.hypot((a?.x ?? 0) - (c?.x ?? 0), (a?.y ?? 0) - (c?.y ?? 0))).toBeLessThan(31);
    expect(lay_out().moving).toBe(true);
    expect(places(lay_out())).toEqual(places(lay_out()));
  });

  test('an arrow goes to the nearest agent in its direction', () => {
    const sim = new GraphSim();
    sim.set_data([node('middle'), node('right'), node('far'), node('above')], [], ['t']);
    const at = { middle: [0, 0], right: [10, 2], far: [50, 0], above: [1, -20] } as const;
    for (const body of sim.bodies) [body.x, body.y] = at[body.id as keyof typeof at];
    const [middle] = sim.bodies;
    if (!middle) throw new Error('no body');
    expect(body_towards(sim.bodies, middle, 'ArrowRight')?.id).toBe('right');
    expect(body_towards(sim.bodies, middle, 'ArrowUp')?.id).toBe('above');
    expect(body_towards(sim.bodies, middle, 'ArrowLeft')).toBeNull();
  });

  test('the camera keeps what it zooms at, moves with the picture, and goes no further than a node needs', () => {
    const camera = { x: 10, y: 20, scale: 2 };
    expect(scaled(camera, 2)).toEqual({ x: 10, y: 20, scale: 4 });
    const aside = scaled(camera, 2, 40, -40);
    expect([aside.x + 40 / aside.scale, aside.y - 40 / aside.scale]).toEqual([30, 0]);
    expect(scaled(camera, 100).scale).toBe(6);
    expect(panned(camera, 20, -10)).toEqual({ x: 0, y: 25, scale: 2 });
    const sim = new GraphSim();
    sim.set_data([node('a'), node('b')], [], ['t']);
    const [a, b] = sim.bodies;
    if (!a || !b) throw new Error('no body');
    Object.assign(a, { x: 12, y: 21 });
    Object.assign(b, { x: 500, y: 21 });
    expect(showing(camera, a, 400, 300)).toEqual(camera);
    const there = showing(camera, b, 400, 300);
    expect(there.y).toBe(20);
    expect((b.x - there.x + b.radius) * there.scale).toBeCloseTo(400 / 2 - 48);
    const whole = fit(sim.bodies, 400, 300);
    for (const body of sim.bodies) expect(Math.abs(body.x - whole.x) * whole.scale).toBeLessThan(200);
  });
});
