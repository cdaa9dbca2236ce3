// What was done to the sidecar on purpose, from when to when: it excuses calls for being answered with an error.
const excusedBy = {
  child_died: ['kill', 'freeze'],
  unavailable: ['kill', 'freeze'],
  timeout: ['kill', 'freeze', 'restart'], // a call that waits for the next process may wait too long
  busy: ['freeze', 'revoked'], // an address with many wrong keys gets 429
  no_key: ['revoked'],
  no_session: ['revoked', 'newcomer'],
  stream_ended: ['revoked', 'newcomer'],
};

// Of whom a disturbance can be: accounts in the books, all of them unless it says otherwise.
export const accountsOf = (owner) => (account) => account.owner === owner;
// Of sessions with a process of their own, one that nobody listens on ends for another's that comes.
export const othersThatGiveWay = (name) => (account) => account.givesWay && account.name !== name;

// A process that is replaced has this long for its calls, and then ends with what it has not answered (MCP_RESTART_DRAIN).
export const DRAIN_MS = 5_000;
const endsWithReplaced = ['child_died', 'unavailable'];

export class Disturbances {
  #all = [];
  #now;

  constructor(now = Date.now) {
    this.#now = now;
  }

  // Lasts until end() of what it gives. `concerns`: whether an account is concerned.
  begin(kind, concerns = () => true) {
    const one = { kind, concerns, from: this.#now(), to: Infinity };
    this.#all.push(one);
    return { end: () => (one.to = this.#now()) };
  }

  during(kinds, from, account) {
    return this.#all.some((one) => kinds.includes(one.kind) && one.to >= from && one.concerns(account));
  }

  // Whether something since `from` explains an outcome of that account now.
  excuse(outcome, from, account) {
    const drained = endsWithReplaced.includes(outcome) && this.#now() - from >= DRAIN_MS;
    return this.during([...(excusedBy[outcome] ?? []), ...(drained ? ['restart'] : [])], from, account);
  }
}
