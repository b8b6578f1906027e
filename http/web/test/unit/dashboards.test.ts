import { describe, expect, test } from 'vitest';
import type { Chart, ChartType, Dashboard, SourceView } from '../../src/api/dashboards.ts';
import { chart_types, source_views } from '../../src/api/dashboards.ts';
import { ApiError } from '../../src/api/problem.ts';
import { range_from_zero, ticks_within, zoomed_range } from '../../src/charts/scale.ts';
import { slices_of, table_of_keys, type KeyData } from '../../src/charts/key_data.ts';
import { EditQueue } from '../../src/dashboards/edit_queue.ts';
import { applied, applied_all, moved, resized, restored, step_target, type ChartOp } from '../../src/dashboards/ops.ts';
import { filters_of, groups_of, obstacle_of, repaired, types_of, view_rules } from '../../src/dashboards/sources.ts';
import { store_op } from '../../src/dashboards/store_op.ts';
import { newer } from '../../src/dashboards/use_dashboard.ts';
import { changed_settings } from '../../src/dashboards/settings_form.tsx';
import { people_after, type People } from '../../src/live/presence.ts';

function chart(id: string, more: Partial<Chart> = {}): Chart {
  const source = { view: 'usage', measure: 'cost_usd', group_by: 'none', top: 10, filters: {} } as const;
  return { id, type: 'line', title: '', cols: 6, rows: 4, real_time: true, interactive: true, max: null, source, ...more };
}

const charts = ['a', 'b', 'c'].map((id) => chart(id));
const ids = (of: readonly Chart[]): string => of.map(({ id }) => id).join('');

function dashboard(more: Partial<Dashboard> = {}): Dashboard {
  const settings = { title: 'T', description: '', grid_columns: 12, time_range: '24h', update_interval: 5_000, real_time: true, show_metrics: false } as const;
  return { ...settings, dashboard_id: 'd', version: 3, created_at: 'x', updated_at: 'x', updated_by: 'k', charts, ...more };
}

describe('what a chart may show', () => {
  const every = source_views.flatMap((view) =>
    view_rules[view].measures.flatMap((measure) => chart_types.map((type) => [view, measure, type] as const)),
  );

  test('whatever is chosen is repaired to something that can be shown', () => {
    for (const [view, measure, type] of every) {
      const filters = { agent_id: 'a', team: 't', model: 'm', tool: 'x' };
      const asked = chart('a', { type, max: 3, source: { view, measure, group_by: 'tier', top: 5, filters } });
      const got = repaired(asked);
      const why = `${view} ${measure} ${type}`;
      expect(types_of(got.source), why).toContain(got.type);
      expect(groups_of(got.source, got.type), why).toContain(got.source.group_by);
      expect(filters_of(got.source), why).toEqual(expect.arrayContaining(Object.keys(got.source.filters)));
      expect([null, 'agent', 'filters'], why).toContain(obstacle_of({ ...got, source: { ...got.source, filters: {} } }));
      expect(repaired(got), why).toEqual(got);
      expect(got.max, why).toBe(got.type === 'gauge' ? 3 : null);
    }
  });

  test('a ring is of what adds up, and of more than one part', () => {
    expect(types_of({ view: 'usage', measure: 'error_rate' })).not.toContain('pie');
    expect(groups_of({ view: 'usage', measure: 'cost_usd' }, 'pie')).not.toContain('none');
  });

  test('durations are narrowed by what they are kept by', () => {
    const source = { view: 'usage', measure: 'duration_p95', group_by: 'none', top: 5 } as const;
    expect(filters_of(source)).toEqual(['agent_id', 'model', 'tool']);
    expect(obstacle_of({ type: 'line', source: { ...source, filters: { model: 'm', tool: 't' } } })).toBe('filters');
    expect(obstacle_of({ type: 'line', source: { ...source, filters: { model: 'm' } } })).toBe(null);
  });

  test('a timeline asks for its agent', () => {
    const source = { view: 'agents', measure: 'events', group_by: 'agent', top: 5, filters: {} } as const;
    expect(obstacle_of({ type: 'timeline', source })).toBe('agent');
  });

  test('each type can be had from some view', () => {
    const views: readonly SourceView[] = source_views;
    const offered = new Set<ChartType>(views.flatMap((view) => view_rules[view].types));
    expect([...offered].sort()).toEqual([...chart_types].sort());
  });
});

describe('changes to charts', () => {
  test.each([
    ['c', 'a', 'cab'],
    ['a', 'c', 'bac'],
    ['a', null, 'bca'],
    ['a', 'a', 'abc'],
    ['a', 'gone', 'bca'],
    ['gone', 'a', 'abc'],
  ])('%s before %s makes %s', (id, before, order) => {
    expect(ids(moved(charts, id, before))).toBe(order);
  });

  test('a step earlier and later, and none beyond the ends', () => {
    expect(step_target(charts, 'a', -1)).toBe(undefined);
    expect(step_target(charts, 'b', -1)).toBe('a');
    expect(step_target(charts, 'b', 1)).toBe(null);
    expect(step_target(charts, 'a', 1)).toBe('c');
    expect(step_target(charts, 'c', 1)).toBe(undefined);
  });

  test('a size stays within the grid', () => {
    expect(resized(chart('a'), { cols: 1, rows: 0 }, 12)).toEqual({ kind: 'resize', id: 'a', cols: 7, rows: 4 });
    expect(resized(chart('a', { cols: 12 }), { cols: 1, rows: 0 }, 12)).toBe(undefined);
    expect(resized(chart('a', { cols: 12 }), { cols: -1, rows: 0 }, 4)).toEqual({ kind: 'resize', id: 'a', cols: 3, rows: 4 });
    expect(resized(chart('a', { rows: 1 }), { cols: 0, rows: -1 }, 12)).toBe(undefined);
  });

  test('what was removed comes back to its place', () => {
    const gone = applied(charts, { kind: 'remove', id: 'b' });
    expect(ids(applied_all(dashboard({ charts: gone }), restored(charts, 'b')).charts)).toBe('abc');
    expect(ids(applied_all(dashboard({ charts: gone.slice(0, 1) }), restored(charts, 'c')).charts)).toBe('ac');
  });
});

describe('storing changes', () => {
  function node(start = dashboard()) {
    let now = start;
    const calls: string[] = [];
    const next = (part: Partial<Dashboard>): Dashboard => (now = { ...now, ...part, version: now.version + 1 });
    return {
      calls,
      now: () => now,
      change: next,
      api: {
        read: <T>() => Promise.resolve(now as T),
        put: <T>(path: string, body: unknown) => {
          calls.push(`PUT ${path}`);
          const id = path.split('/').at(-1) ?? '';
          return Promise.resolve(next({ charts: applied(now.charts, { kind: 'put', chart: { ...(body as Chart), id } }) }) as T);
        },
        patch: <T>(_path: string, body: unknown, version: number) => {
          calls.push(`PATCH ${version}`);
          if (version !== now.version) return Promise.reject(new ApiError(412, 'Precondition failed', ''));
          return Promise.resolve(next(body as Partial<Dashboard>) as T);
        },
        remove: <T>(path: string) => {
          calls.push(`DELETE ${path}`);
          return Promise.reject<T>(new ApiError(404, 'Not found', ''));
        },
      },
    };
  }

  test('a size is put into the chart as it is by then', async () => {
    const at = node(dashboard({ charts: [chart('a', { title: 'theirs' })] }));
    await store_op(at.api, 'd', at.now(), { kind: 'resize', id: 'a', cols: 3, rows: 2 });
    expect(at.now().charts[0]).toMatchObject({ title: 'theirs', cols: 3, rows: 2 });
    expect(at.calls).toEqual(['PUT /api/v2/dashboards/d/charts/a']);
  });

  test('an order is made anew when somebody was faster, and keeps what they added', async () => {
    const at = node();
    const stale = at.now();
    at.change({ charts: [...charts, chart('d')] });
    await store_op(at.api, 'd', stale, { kind: 'move', id: 'a', before: null });
    expect(ids(at.now().charts)).toBe('bcda');
    expect(at.calls).toEqual(['PATCH 3', 'PATCH 4']);
  });

  test('removing what is gone already is no failure', async () => {
    const at = node();
    expect(await store_op(at.api, 'd', at.now(), { kind: 'remove', id: 'x' })).toBe(at.now());
  });

  test('what could not be stored stays in order until it is sent again', async () => {
    let away = true;
    const sent: ChartOp[] = [];
    const queue = new EditQueue(
      (op) => {
        if (away) return Promise.reject(new ApiError(0, 'No answer', ''));
        sent.push(op);
        return Promise.resolve(dashboard());
      },
      () => undefined,
    );
    const idle = (): Promise<void> =>
      new Promise((done) => {
        const look = (): void => {
          if (!queue.view.get().sending) done();
        };
        queue.view.subscribe(look);
        look();
      });
    const [first, second]: readonly ChartOp[] = [{ kind: 'remove', id: 'a' }, { kind: 'remove', id: 'b' }];
    queue.add(first as ChartOp);
    await idle();
    queue.add(second as ChartOp);
    expect(queue.view.get()).toMatchObject({ ops: [first, second], sending: false });
    expect(queue.view.get().trouble).toBeInstanceOf(ApiError);
    away = false;
    queue.again();
    await idle();
    expect(sent).toEqual([first, second]);
    expect(queue.view.get()).toEqual({ ops: [], sending: false, trouble: null });
  });

  test('only settings that were changed are sent', () => {
    expect(changed_settings(dashboard(), dashboard({ title: 'N', real_time: false }))).toEqual({ title: 'N', real_time: false });
  });
});

describe('what is told of a dashboard', () => {
  test('an older version does not replace a newer one, a new dashboard of the same id does', () => {
    const known = dashboard({ version: 5 });
    expect(newer(known, dashboard({ version: 4 })).version).toBe(5);
    expect(newer(known, dashboard({ version: 6 })).version).toBe(6);
    expect(newer(known, dashboard({ version: 1, created_at: 'y' })).version).toBe(1);
  });

  test('people come and go by session', () => {
    const meta = (phx_ref: string) => ({ phx_ref, name: 'n', role: 'read', online_at: 1 });
    const start: People = { k: { metas: [meta('1')] } };
    const two = people_after(start, { joins: { k: { metas: [meta('2'), meta('1')] }, l: { metas: [meta('3')] } }, leaves: {} });
    expect(two['k']?.metas.map(({ phx_ref }) => phx_ref)).toEqual(['1', '2']);
    const one = people_after(two, { joins: {}, leaves: { k: { metas: [meta('1')] }, l: { metas: [meta('3')] } } });
    expect(one).toEqual({ k: { metas: [meta('2')] } });
  });
});

describe('figures by key', () => {
  const measure = { name: 'Cost', exact: String, short: String };
  const data = (values: readonly (number | null)[], rest: KeyData['rest'] = null): KeyData => ({
    keys: 'Model',
    measure,
    rest,
    rows: values.map((value, index) => ({ key: `k${index}`, name: `k${index}`, value })),
  });

  test('what has no slice of its own is one together, and the slices make a whole', () => {
    const slices = slices_of(data([1, 5, 3, null, 0, 2], { value: 4, keys: 9 }), 3);
    expect(slices.map(({ key, value, keys }) => [key, value, keys])).toEqual([
      ['k1', 5, 1],
      ['k2', 3, 1],
      ['', 7, 11],
    ]);
    expect(slices[0]?.from).toBe(0);
    expect(slices.at(-1)?.to_share).toBeCloseTo(1);
  });

  test('as many as fit have slices, and nothing is none', () => {
    expect(slices_of(data([1, 2, 3]), 3)).toHaveLength(3);
    expect(slices_of(data([null, 0]), 3)).toEqual([]);
  });

  test('what is not known is in the table as such', () => {
    expect(table_of_keys(data([null])).rows).toEqual([['k0', null]]);
  });
});

describe('scales', () => {
  test.each([
    [{ low: 0, high: 10 }, 5, [0, 2, 4, 6, 8, 10]],
    [{ low: 0, high: 0.3 }, 3, [0, 0.1, 0.2, 0.3]],
    [{ low: 3, high: 47 }, 4, [20, 40]],
    [{ low: 1, high: 1 }, 4, [1]],
  ])('of %o, at most %d', (range, most, wanted) => {
    const got = ticks_within(range, most);
    expect(got).toHaveLength(wanted.length);
    got.forEach((tick, index) => expect(tick).toBeCloseTo(wanted[index] ?? Number.NaN));
  });

  test('a range begins at zero and is never empty', () => {
    expect(range_from_zero([])).toEqual({ low: 0, high: 1 });
    expect(range_from_zero([5, 10]).low).toBe(0);
    expect(range_from_zero([-4, 4]).low).toBe(-4);
  });

  test('a zoom stays within the whole', () => {
    const whole = { low: 0, high: 100 };
    expect(zoomed_range(whole, whole, 10, 2)).toEqual({ low: 0, high: 50 });
    expect(zoomed_range({ low: 0, high: 50 }, whole, 40, 1 / 4)).toEqual(whole);
  });
});
