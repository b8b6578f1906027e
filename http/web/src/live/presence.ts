// Purpose: who is on a topic, from what the node tells: a state at first, then what changed (Phoenix Presence).
// Invariants: pure. Sessions are known by their reference, so one that leaves before its joining was heard of is not
// counted, and one person with two windows is one person.

export interface PresenceMeta {
  readonly phx_ref: string;
  readonly name: string;
  readonly role: string;
  readonly online_at: number;
}

/** By the id of the key. */
export type People = { readonly [key: string]: { readonly metas: readonly PresenceMeta[] } };

export interface PresenceDiff {
  readonly joins: People;
  readonly leaves: People;
}

export function people_after(people: People, { joins, leaves }: PresenceDiff): People {
  const out = new Map(Object.entries(people).map(([key, { metas }]) => [key, metas]));
  for (const [key, { metas }] of Object.entries(joins)) {
    const known = out.get(key) ?? [];
    out.set(key, [...known, ...metas.filter((meta) => !known.some(({ phx_ref }) => phx_ref === meta.phx_ref))]);
  }
  for (const [key, { metas }] of Object.entries(leaves)) {
    const left = (out.get(key) ?? []).filter((meta) => !metas.some(({ phx_ref }) => phx_ref === meta.phx_ref));
    if (left.length === 0) out.delete(key);
    else out.set(key, left);
  }
  return Object.fromEntries([...out].map(([key, metas]) => [key, { metas }]));
}
