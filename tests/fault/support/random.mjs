// A seeded generator with independent branches, so that one more draw in one place does not change the others.

/** Gives numbers in [0, 1); `.below(n)`, `.pick(list)`, `.fork()`. */
export function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 4294967296;
  };
  next.below = (n) => Math.floor(next() * n);
  next.pick = (list) => list[next.below(list.length)];
  next.fork = () => seeded(Math.floor(next() * 4294967296));
  return next;
}
