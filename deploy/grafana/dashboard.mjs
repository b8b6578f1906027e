// The form of a Grafana dashboard, so that the five differ only in what they show: panels are laid out in rows of 24
// columns, every query takes the data source and the nodes that are chosen at the top.

const source = { type: 'prometheus', uid: '${datasource}' };
const columns = 24;

/** Queries are {legend, expr} or a text; NODES in a query becomes the choice of nodes. */
const targets = (queries) =>
  [queries].flat().map((query, at) => {
    const { expr, legend = '', instant = false } = typeof query === 'string' ? { expr: query } : query;
    return {
      refId: String.fromCharCode(65 + at),
      datasource: source,
      expr: expr.replaceAll('NODES', 'instance=~"$instance"').replace(/\s+/g, ' ').trim(),
      legendFormat: legend,
      instant,
      range: !instant,
      editorMode: 'code',
    };
  });

const base = (type, title, { about, unit = 'short', width = 8, height = 8, queries, min = 0, max, decimals }) => ({
  type,
  title,
  description: about,
  datasource: source,
  width,
  height,
  targets: targets(queries),
  fieldConfig: {
    defaults: { unit, ...(min === null ? {} : { min }), ...(max === undefined ? {} : { max }), ...(decimals === undefined ? {} : { decimals }) },
    overrides: [],
  },
});

/** One number. `steps`: [value, colour] from which on it has that colour. */
export function figure(title, { steps = [], ...rest }) {
  const panel = base('stat', title, { width: 6, height: 4, ...rest });
  panel.fieldConfig.defaults.color = { mode: 'thresholds' };
  panel.fieldConfig.defaults.thresholds = {
    mode: 'absolute',
    steps: [{ color: 'text', value: null }, ...steps.map(([value, color]) => ({ value, color }))],
  };
  panel.options = {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    colorMode: 'value',
    graphMode: 'area',
    textMode: 'auto',
  };
  return panel;
}

/** Lines over time; `stacked` adds them up. */
export function lines(title, { stacked = false, ...rest }) {
  const panel = base('timeseries', title, rest);
  panel.fieldConfig.defaults.color = { mode: 'palette-classic' };
  panel.fieldConfig.defaults.custom = {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: stacked ? 30 : 8,
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
  };
  panel.options = {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  };
  return panel;
}

/** Buckets of a histogram over time. */
export function heat(title, rest) {
  const panel = base('heatmap', title, { min: null, ...rest });
  panel.targets.forEach((target) => (target.format = 'heatmap'));
  panel.options = {
    calculate: false,
    color: { mode: 'scheme', scheme: 'Blues', steps: 64 },
    yAxis: { unit: rest.unit },
    cellGap: 1,
    tooltip: { mode: 'single', yHistogram: false },
  };
  return panel;
}

/** The labels of series, a row each. */
export function rows(title, rest) {
  const panel = base('table', title, { min: null, ...rest, queries: [rest.queries].flat().map((q) => ({ ...q, instant: true })) });
  panel.targets.forEach((target) => (target.format = 'table'));
  panel.transformations = [{ id: 'organize', options: { excludeByName: { Time: true, Value: true, __name__: true, job: true } } }];
  panel.options = { showHeader: true, cellHeight: 'sm' };
  return panel;
}

function laid_out(sections) {
  const panels = [];
  let y = 0;
  for (const [name, content] of sections) {
    panels.push({ type: 'row', title: name, collapsed: false, panels: [], gridPos: { x: 0, y, w: columns, h: 1 } });
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const { width, height, ...panel } of content) {
      if (x + width > columns) [x, y, tallest] = [0, y + tallest, 0];
      panels.push({ ...panel, gridPos: { x, y, w: width, h: height } });
      x += width;
      tallest = Math.max(tallest, height);
    }
    y += tallest;
  }
  return panels.map((panel, at) => ({ id: at + 1, ...panel }));
}

/** `sections`: [[name, [panels]]]. */
export function dashboard({ uid, title, about, sections }) {
  return {
    uid,
    title,
    description: about,
    tags: ['troupe'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    links: [{ type: 'dashboards', tags: ['troupe'], title: 'Troupe', asDropdown: true, includeVars: true, keepTime: true, icon: 'external link' }],
    annotations: { list: [] },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source', current: {}, hide: 0 },
        {
          name: 'instance',
          type: 'query',
          label: 'Node',
          datasource: source,
          definition: 'label_values(troupe_build_info, instance)',
          query: { query: 'label_values(troupe_build_info, instance)', refId: 'instance' },
          includeAll: true,
          multi: true,
          allValue: '.*',
          current: { text: ['All'], value: ['$__all'] },
          refresh: 2,
          sort: 1,
        },
      ],
    },
    panels: laid_out(sections),
  };
}
