// Purpose: a straight gauge: how much of a limit is used, where the warning begins, where it is expected to end.
// Invariant: the words beside it say the same; the drawing is a meter to assistive technology.

export interface GaugeProps {
  readonly label: string;
  /** shares of the limit; more than 1 is beyond it */
  readonly used: number;
  readonly expected?: number | null;
  readonly range?: readonly [number, number] | null;
  readonly mark?: number;
  readonly tone: 'good' | 'warn' | 'bad';
  readonly text: string;
}

export function Gauge({ label, used, expected = null, range = null, mark, tone, text }: GaugeProps) {
  const full = Math.max(1, used, expected ?? 0, range?.[1] ?? 0);
  const at = (share: number): string => `${(100 * Math.min(share, full)) / full}%`;
  return (
    <div
      className={`gauge gauge_${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.round(full * 100)}
      aria-valuenow={Math.round(used * 100)}
      aria-valuetext={text}
    >
      {range && <span className="gauge_range" style={{ insetInlineStart: at(range[0]), width: at(range[1] - range[0]) }} />}
      <span className="gauge_used" style={{ width: at(used) }} />
      {expected !== null && expected > used && (
        <span className="gauge_expected" style={{ insetInlineStart: at(used), width: at(expected - used) }} />
      )}
      {mark !== undefined && <span className="gauge_mark" style={{ insetInlineStart: at(mark) }} />}
      {full > 1 && <span className="gauge_limit" style={{ insetInlineStart: at(1) }} />}
    </div>
  );
}
