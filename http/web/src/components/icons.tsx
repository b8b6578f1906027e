// Purpose: the signs of the views and actions: strokes on a grid of 16, in the colour of the text.
// Invariant: a sign only repeats what a word beside it says, so it is hidden from assistive technology.

const paths = {
  overview: 'M2 13.5h12M3.5 11V7M6.5 11V3.5M9.5 11V8M12.5 11V5',
  agents: 'M8 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 13.5c.4-2.6 2.4-4 5-4s4.600 1.400 5 4',
  events: 'M2.500 4h1M6 4h7.500M2.500 8h1M6 8h7.500M2.500 12h1M6 12h5',
  traces: 'M2 3.500h8M4 7h6M7 10.500h6M10 14h4',
  memory: 'M2 3.500h12v3H2zM4 9.500h8M6 12.500h4',
  knowledge: 'M2.500 2.500h3v3h-3zM6.500 2.500h3v3h-3zM10.500 6.500h3v3h-3zM2.500 10.500h3v3h-3zM6.500 6.500h3v3h-3z',
  tokens: 'M8 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM10 5.800C9.500 5.300 8.800 5 8 5c-1.100 0-2 .6-2 1.500S6.900 8 8 8s2 .6 2 1.500S9.100 11 8 11c-.8 0-1.500-.3-2-.8M8 4v8',
  collaboration: 'M4 5.500a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600zM12 7.500a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600zM6 14a1.800 1.800 0 1 0 0-3.600A1.800 1.800 0 0 0 6 14zM5.700 4.200l4.600 1M4.500 5.500l1.100 5M7.300 11l3.600-3.900',
  teams: 'M2 13.500V9h4v4.500M6 13.500v-11h4v11M10 13.500V6h4v7.500M1 13.500h14',
  patterns: 'M1.500 10c1.500-5 3-5 4.500-1.500S9 13 10.500 8 13 3 14.500 4',
  cluster: 'M8 1.800l5.400 3.100v6.200L8 14.200l-5.400-3.100V4.900zM8 8l5.400-3.100M8 8v6.200M8 8L2.600 4.900',
  menu: 'M2 4h12M2 8h12M2 12h12',
  close: 'M3.500 3.500l9 9M12.500 3.500l-9 9',
  table: 'M2 3h12v10H2zM2 6.500h12M2 9.800h12M6.500 3v10',
  chart: 'M2 13.500h12M4 11V8M8 11V3.500M12 11V6',
  download: 'M8 2v8M4.800 7L8 10.200 11.200 7M2.500 13.500h11',
  picture: 'M2 3h12v10H2zM2 11l3.500-3.500 3 3L11 8l3 3M10.500 6h.01',
  zoom_in: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.600 10.600L14 14M7 4.800v4.400M4.800 7h4.400',
  zoom_out: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.600 10.600L14 14M4.800 7h4.400',
  whole: 'M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4',
  up: 'M8 13V3M4 7l4-4 4 4',
  down: 'M8 3v10M4 9l4 4 4-4',
  left: 'M13 8H3M7 4L3 8l4 4',
  right: 'M3 8h10M9 4l4 4-4 4',
  more: 'M3 8h.01M8 8h.01M13 8h.01',
  dashboards: 'M2.500 2.500h5v5h-5zM9.500 2.500h4v3h-4zM2.500 9.500h5v4h-5zM9.500 7.500h4v6h-4z',
  edit: 'M3 13l.6-2.800L11 2.800l2.200 2.200-7.400 7.400zM9.500 4.300l2.200 2.200',
  add: 'M8 3v10M3 8h10',
  remove: 'M3 4.500h10M6.500 4.500v-2h3v2M4.500 4.500l.6 9h5.800l.6-9',
  wider: 'M5 4L1.500 8 5 12M11 4l3.500 4L11 12M1.500 8h13',
  narrower: 'M1.500 4L5 8l-3.500 4M14.500 4L11 8l3.500 4',
  taller: 'M4 5l4-3.500L12 5M4 11l4 3.500 4-3.500M8 1.500v13',
  lower: 'M4 1.500L8 5l4-3.500M4 14.500L8 11l4 3.500',
  grip: 'M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01',
  widen: 'M6 2H2v4M10 14h4v-4M2 2l4.500 4.500M14 14L9.500 9.500',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
