// Purpose: a clock for "how long ago", shared by all who show one.
import { useEffect, useState } from 'react';

export function use_now(every_ms: number): number {
  const [now_ms, set_now_ms] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => set_now_ms(Date.now()), every_ms);
    return () => clearInterval(timer);
  }, [every_ms]);
  return now_ms;
}
