// Seeded randomness. Each actor has its own sequence, so that its decisions do not depend on the
// timing of others.
export class Random {
  #state;

  constructor(seed) {
    this.#state = hash(String(seed));
    this.seed = seed;
  }

  fork(name) {
    return new Random(`${this.seed}/${name}`);
  }

  // A number from 0 to below 1 (mulberry32).
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let z = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  }

  // An integer between both bounds, inclusive.
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(share) {
    return this.next() < share;
  }

  pick(items) {
    return items[this.between(0, items.length - 1)];
  }

  // One of the names, by weight: {name: weight}.
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
