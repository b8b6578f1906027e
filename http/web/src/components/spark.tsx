// Purpose: how a figure went, as a line without scale. It repeats what a chart below says, so it is hidden from
// assistive technology. Time runs in the reading direction, as in every chart (mirrored by the style sheet).

const width = 100;
const height = 24;

export function Spark({ values }: { readonly values: readonly number[] }) {
  const max = Math.max(...values, 0);
  if (values.length < 2 || max === 0) return <span className="spark" />;
  const x = (index: number): number => (index * width) / (values.length - 1);
  const y = (value: number): number => height - 1 - (value / max) * (height - 2);
  const line = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return (
    <svg className="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,${height} ${line} ${width},${height}`} />
      <polyline points={line} />
    </svg>
  );
}
