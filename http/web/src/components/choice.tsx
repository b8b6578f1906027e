// Purpose: a small choice that changes a part of a view and is kept in the address.
import { replace_query, use_route } from '../routing/router.ts';

export interface ChoiceProps<Value extends string> {
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly [Value, string])[];
  readonly value: Value;
}

/** The chosen value: what the address says, if it is one of those offered. */
export function use_choice<Value extends string>(name: string, offered: readonly Value[], fallback: Value): Value {
  const asked = use_route().query.get(name);
  return offered.find((value) => value === asked) ?? fallback;
}

export function Choice<Value extends string>({ name, label, options, value }: ChoiceProps<Value>) {
  const { query } = use_route();
  const change = (next: string): void => {
    const out = new URLSearchParams(query);
    out.set(name, next);
    replace_query(out);
  };
  return (
    <label className="choice choice_small">
      <span className="muted">{label}</span>
      <select value={value} onChange={(event) => change(event.target.value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
