// Seeded randomness. Each actor has a row of its own, so that what one decides does not depend on the others' timing.
export class Random {
  #state;

  constructor(seed) {
    this.#state = hash(String(seed));
    this.seed = seed;
  }

  fork(name) {
    return new Random(`${this.seed}/${name}`);
  }

  // From 0 up to 1 (mulberry32).
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let z = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  }

  // A whole number, both ends included.
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(share) {
    return this.next() < share;
  }

  pick(items) {
    return items[this.between(0, items.length - 1)];
  }

  // One of the names, by their weights: {name: weight}.
  weighted(weights) {
    const entries = Object.entries(weights);
    let at = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      at -= weight;
      if (at < 0) return name;
    }
    return entries.at(-1)[0];
  }
}

function hash(text) {
  let h = 2166136261;
  for (const character of text) h = Math.imul(h ^ character.codePointAt(0), 16777619);
  return h | 0;
}
