// Deliberate disturbances of the sidecar with their times. They excuse calls that are answered with
// an error.
const excusedBy = {
  child_died: ['kill', 'freeze'],
  unavailable: ['kill', 'freeze'],
  timeout: ['kill', 'freeze', 'restart'], // a call that waits for the next process may time out
  busy: ['freeze', 'revoked'], // an address with many wrong keys gets 429
  no_key: ['revoked'],
  no_session: ['revoked', 'newcomer'],
  stream_ended: ['revoked', 'newcomer'],
};

// The accounts that a disturbance affects; all of them unless stated otherwise.
export const accountsOf = (owner) => (account) => account.owner === owner;
// A session with a dedicated process and no listening stream may be closed to make room for another
// one.
export const otherEvictable = (name) => (account) => account.evictable && account.name !== name;

// A replaced process has this long for its open calls, and then ends (MCP_RESTART_DRAIN).
export const DRAIN_MS = 5_000;
const endsWithReplaced = ['child_died', 'unavailable'];

export class Disturbances {
  #all = [];
  #now;

  constructor(now = Date.now) {
    this.#now = now;
  }

  // Lasts until end() of the returned object. `concerns`: whether an account is affected.
  begin(kind, concerns = () => true) {
    const one = { kind, concerns, from: this.#now(), to: Infinity };
    this.#all.push(one);
    return { end: () => (one.to = this.#now()) };
  }

  during(kinds, from, account) {
    return this.#all.some((one) => kinds.includes(one.kind) && one.to >= from && one.concerns(account));
  }

  // Whether a disturbance since `from` explains an outcome of that account now.
  excuse(outcome, from, account) {
    const drained = endsWithReplaced.includes(outcome) && this.#now() - from >= DRAIN_MS;
    return this.during([...(excusedBy[outcome] ?? []), ...(drained ? ['restart'] : [])], from, account);
  }
}
