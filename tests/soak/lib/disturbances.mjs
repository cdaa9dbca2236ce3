// What was done to the sidecar on purpose, from when to when: it excuses calls for being answered with an error.
const excusedBy = {
  child_died: ['kill', 'freeze'],
  unavailable: ['kill', 'freeze'],
  timeout: ['kill', 'freeze', 'restart'], // a call that waits for the next process may wait too long
  busy: ['freeze', 'revoked'], // an address with many wrong keys gets 429
  no_key: ['revoked'],
  no_session: ['revoked'],
  stream_ended: ['revoked'],
};

// A process that is replaced has this long for its calls, and then ends with what it has not answered (MCP_RESTART_DRAIN).
export const DRAIN_MS = 5_000;
const endsWithReplaced = ['child_died', 'unavailable'];

export class Disturbances {
  #all = [];
  #now;

  constructor(now = Date.now) {
    this.#now = now;
  }

  // Lasts until end() of what it gives. `owner`: only that one's calls are concerned.
  begin(kind, owner) {
    const one = { kind, owner, from: this.#now(), to: Infinity };
    this.#all.push(one);
    return { end: () => (one.to = this.#now()) };
  }

  during(kinds, from, owner) {
    return this.#all.some((one) => kinds.includes(one.kind) && one.to >= from && (one.owner === undefined || one.owner === owner));
  }

  // Whether something since `from` explains an outcome now.
  excuse(outcome, from, owner) {
    const drained = endsWithReplaced.includes(outcome) && this.#now() - from >= DRAIN_MS;
    return this.during([...(excusedBy[outcome] ?? []), ...(drained ? ['restart'] : [])], from, owner);
  }
}
