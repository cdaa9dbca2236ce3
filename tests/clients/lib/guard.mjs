// Waiting on events. A guard only turns a hang into a failure with a description; no test measures
// time.
import { setTimeout as delay } from 'node:timers/promises';

export const GUARD_MS = 60_000;

export async function within(promise, what, ms = GUARD_MS) {
  let timer;
  const guard = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what()}`)), ms);
  });
  try {
    return await Promise.race([promise, guard]);
  } finally {
    clearTimeout(timer);
  }
}

// Repeats until `attempt` neither throws nor returns a falsy value.
export async function eventually(attempt, what, ms = GUARD_MS) {
  const end = Date.now() + ms;
  for (;;) {
    let problem = 'still not so';
    try {
      const value = await attempt();
      if (value) return value;
    } catch (error) {
      problem = error;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms until ${what}`, { cause: problem });
    await delay(20);
  }
}

// A list that can be appended to and waited on.
export class Feed {
  #items = [];
  #waiting = new Set();

  get items() {
    return this.#items;
  }

  push(item) {
    this.#items.push(item);
    for (const look of [...this.#waiting]) look(item);
  }

  // The first matching item from index `from` on.
  async find(fits, what, from = 0) {
    for (let at = from; at < this.#items.length; at += 1) if (fits(this.#items[at])) return this.#items[at];
    let look;
    const arrival = new Promise((resolve) => {
      look = (item) => fits(item) && resolve(item);
      this.#waiting.add(look);
    });
    try {
      return await within(arrival, () => `${what}; seen: ${JSON.stringify(this.#items.slice(-20), null, 1).slice(-4000)}`);
    } finally {
      this.#waiting.delete(look);
    }
  }
}
