// Purpose: lines of several keys over time, as many as can be told apart.
import type { Line } from '../../charts/time_data.ts';

const colours = ['--series_1', '--series_2', '--series_3', '--series_5', '--series_6', '--series_4'] as const;
export const lines_max = colours.length;

/** Areas of sums stand on each other. */
export function line_of(name: string, index: number, values: readonly (number | null)[], draw: 'line' | 'area' | 'bar'): Line {
  const shared = { name, colour: colours[index % colours.length] ?? '--series_1', values, draw };
  return draw === 'area' ? { ...shared, stack: 'areas' } : shared;
}
