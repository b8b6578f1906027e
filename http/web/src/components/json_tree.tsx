// Purpose: any JSON as a tree that reads like an outline; branches open and close with the keyboard.
// Invariant: bounded: at most `children_max` entries of a branch are drawn, the rest is counted.
import { t } from '../i18n/i18n.ts';
import type { Json } from '../api/types.ts';

const children_max = 200;

export function JsonTree({
  value,
  label,
}: {
  readonly value: { readonly [key: string]: Json };
  readonly label: string;
}) {
  return (
    <div role="group" aria-label={label}>
      <Branch entries={Object.entries(value)} />
    </div>
  );
}

function Branch({ entries }: { readonly entries: readonly (readonly [string, Json])[] }) {
  return (
    <ul className="tree" dir="ltr">
      {entries.slice(0, children_max).map(([name, value]) => (
        <li key={name}>
          <Node name={name} value={value} />
        </li>
      ))}
      {entries.length > children_max && <li className="muted">{t('tree.more', { n: entries.length - children_max })}</li>}
    </ul>
  );
}

function Node({ name, value }: { readonly name: string; readonly value: Json }) {
  if (value !== null && typeof value === 'object') {
    const entries = Array.isArray(value)
      ? value.map((item, index) => [String(index), item] as const)
      : Object.entries(value);
    const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
    if (entries.length === 0) return <Leaf name={name} text={Array.isArray(value) ? '[]' : '{}'} kind="empty" />;
    return (
      <details open>
        <summary>
          <span className="tree_name">{name}</span> <span className="muted">{size}</span>
        </summary>
        <Branch entries={entries} />
      </details>
    );
  }
  return <Leaf name={name} text={String(value)} kind={value === null ? 'empty' : typeof value} />;
}

function Leaf({ name, text, kind }: { readonly name: string; readonly text: string; readonly kind: string }) {
  return (
    <>
      <span className="tree_name">{name}</span> <span className={`tree_value tree_${kind}`}>{text}</span>
    </>
  );
}
