// Purpose: round numbers for the axis of a chart we draw ourselves.
// Invariants: pure. Ticks ascend, lie within the range, and are a step of 1, 2 or 5 times a power of ten apart.

export interface Range {
  readonly low: number;
  readonly high: number;
}

const steps = [1, 2, 5, 10] as const;

/** At most `most` of them. */
export function ticks_within({ low, high }: Range, most: number): number[] {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (steps.find((each) => each * power >= rough) ?? 10);
  const out: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) out.push(at * step);
  return out;
}

/** From zero, as sizes are compared by, to a little beyond the largest; never empty. */
export function range_from_zero(values: readonly number[]): Range {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  return { low, high: high > low ? high + (high - low) * 0.06 : low + 1 };
}

export const share_within = ({ low, high }: Range, value: number): number => (value - low) / (high - low);

/** Nearer by the factor, around a value; never beyond `whole`. */
export function zoomed_range(now: Range, whole: Range, at: number, factor: number): Range {
  const length = Math.min((now.high - now.low) / factor, whole.high - whole.low);
  const low = Math.max(whole.low, Math.min(at - length / 2, whole.high - length));
  return { low, high: low + length };
}
