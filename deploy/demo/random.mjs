// Chance that can be had again: a generator is made from any number of words, and the same words give the same numbers.

/** FNV-1a over the words, as the four 32-bit numbers that start a generator. */
function seeds(words) {
  const text = words.join('\u0000');
  return [0x811c9dc5, 0x01234567, 0x9e3779b9, 0x7f4a7c15].map((start) => {
    let hash = start >>> 0;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
    return hash;
  });
}

export class Random {
  constructor(...words) {
    [this.a, this.b, this.c, this.d] = seeds(words);
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** sfc32: a number from 0 to 2^32 - 1. */
  next() {
    const sum = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 up to, and without, 1. */
  unit = () => this.next() / 2 ** 32;
  between = (low, high) => low + (high - low) * this.unit();
  whole = (low, high) => Math.floor(this.between(low, high + 1));
  chance = (share) => this.unit() < share;
  pick = (list) => list[Math.floor(this.unit() * list.length)];

  /** The first few of a list come up far more often than the rest. */
  popular = (list) => list[Math.min(list.length - 1, Math.floor(list.length * this.unit() ** 2.2))];

  /** Durations and sizes: mostly about `median`, at times many times that. */
  skewed(median, spread = 0.5) {
    const normal = Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
    return median * Math.exp(spread * normal);
  }

  /** How many of rare things happen when `mean` are to be expected. */
  count(mean) {
    const limit = Math.exp(-Math.min(mean, 500));
    let product = this.unit();
    let happened = 0;
    while (product > limit) {
      product *= this.unit();
      happened += 1;
    }
    return happened;
  }

  hex = (digits) => Array.from({ length: digits }, () => (this.next() & 15).toString(16)).join('');

  /** A UUIDv7: the time, then chance. */
  uuid(time_ms) {
    const time = Math.floor(time_ms).toString(16).padStart(12, '0');
    const variant = (8 + (this.next() & 3)).toString(16);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${this.hex(3)}-${variant}${this.hex(3)}-${this.hex(12)}`;
  }
}
