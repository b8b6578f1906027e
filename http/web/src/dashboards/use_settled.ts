// Purpose: a value once it has stopped changing, so that nothing is asked for at every letter.
import { useEffect, useState } from 'react';

/** Compared by what it is made of. */
export function use_settled<Value>(value: Value, after_ms: number): Value {
  const [settled, set_settled] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => set_settled(JSON.parse(text) as Value), after_ms);
    return () => clearTimeout(timer);
  }, [text, after_ms]);
  return settled;
}
