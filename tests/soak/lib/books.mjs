// The books of the soak: every call of every client, and how it was answered. They tell what must not be: an answer to
// nobody, a second one, one with another call's text, an error that nothing excuses, a call that is never answered, one
// that was run more often than it may. Pure book-keeping: no network, a clock that tests can set.
import { Disturbances } from './disturbances.mjs';
import { outcomeOf } from './outcomes.mjs';

const KEPT_FAULTS = 50; // texts; all are counted
const GRACE_MS = 30_000; // beyond a call's own limit: a guard against calls that are never answered, no measurement

// How often a call may have been begun, by what the tool's annotations say.
const RUNS = { once: 1, repeatable: 2 };

export class Books {
  disturbances;
  faults = [];
  faultCount = 0;
  counts = {}; // transport to outcome to number
  #now;
  #next = 1;
  #open = new Set();
  #begun = []; // by token: what it may be, whether it was answered with a result

  constructor({ now = Date.now } = {}) {
    this.#now = now;
    this.disturbances = new Disturbances(now);
  }

  get now() {
    return this.#now();
  }

  get openCalls() {
    return this.#open.size;
  }

  fault(text) {
    this.faultCount += 1;
    if (this.faults.length < KEPT_FAULTS) this.faults.push(`${new Date(this.#now()).toISOString()} ${text}`);
  }

  // A client's account; one for each session.
  account(client) {
    return new Account(this, client);
  }

  token(runs) {
    this.#begun[this.#next] = { runs: RUNS[runs] };
    return this.#next++;
  }

  add(call) {
    this.#open.add(call);
  }

  settle(call, outcome) {
    this.#open.delete(call);
    const transport = (this.counts[call.transport] ??= {});
    transport[outcome] = (transport[outcome] ?? 0) + 1;
    if (outcome === 'result' && call.token !== undefined) this.#begun[call.token].ran = true;
    call.resolve(outcome);
  }

  // Calls that nobody has answered although their time is over.
  lookForOverdue() {
    for (const call of this.#open) {
      if (this.#now() <= call.opened + call.limit + GRACE_MS) continue;
      this.fault(`never answered within ${call.limit + GRACE_MS} ms: ${call.name}`);
      call.left = true;
      this.settle(call, 'overdue');
      call.giveUp?.();
    }
  }

  // At the end: what the wrapped servers noted, a token for each call that one began.
  compareRuns(tokens) {
    const runs = new Map();
    for (const token of tokens) runs.set(token, (runs.get(token) ?? 0) + 1);
    let repeated = 0;
    for (const [token, count] of runs) {
      const begun = this.#begun[token];
      if (!begun) this.fault(`the child ran token ${token}, which nobody sent`);
      else if (count > begun.runs) this.fault(`run ${count} times where ${begun.runs} are allowed: token ${token}`);
      if (count > 1) repeated += 1;
    }
    for (const [token, begun] of this.#begun.entries()) {
      if (begun?.ran && !runs.has(token)) this.fault(`answered, but never run: token ${token}`);
    }
    return { run: runs.size, repeated };
  }
}

class Account {
  #books;
  #calls = new Map(); // by id
  #byToken = new Map();
  #heard = new Set(); // tokens of updates

  // `givesWay`: its session may end for one that comes (disturbances.mjs).
  constructor(books, { transport, owner, name, givesWay = false }) {
    this.#books = books;
    Object.assign(this, { transport, owner, name, givesWay, started: books.now });
  }

  // `expects`: outcomes that are right at any time. `check`: throws when a result is not this call's. `limit`: ms within
  // which it must be answered. The call's `settled` gives its outcome.
  open({ id, what, own, token, check, expects = ['result'], limit }) {
    const call = { id, own, token, check, expects, limit, transport: this.transport, opened: this.#books.now, answers: 0, progress: 0 };
    call.name = `${what}, id ${JSON.stringify(id)}, ${this.name}`;
    call.settled = new Promise((resolve) => (call.resolve = resolve));
    if (this.#calls.has(id)) throw new Error(`the soak used an id twice: ${call.name}`);
    this.#calls.set(id, call);
    if (token !== undefined) this.#byToken.set(token, call);
    this.#books.add(call);
    return call;
  }

  // A JSON-RPC answer that reached this client.
  answer(message) {
    const call = this.#calls.get(message.id);
    if (!call) return this.fault(`an answer to nothing that was asked: ${excerpt(message)}`);
    call.answers += 1;
    if (call.answers > 1) return this.fault(`answered ${call.answers} times: ${call.name}: ${excerpt(message)}`);
    return this.#judge(call, outcomeOf(message), message);
  }

  // An answer over HTTP without JSON-RPC. `outcome`: what it says.
  answerHttp(call, outcome, answer) {
    call.answers += 1;
    this.#judge(call, outcome, answer);
  }

  // The client does not wait any more: no answer is owed, one is still allowed.
  leave(call, outcome = 'left') {
    if (call.left || call.answers > 0) return;
    call.left = true;
    this.#books.settle(call, outcome);
  }

  leaveAll(outcome) {
    for (const call of this.#calls.values()) this.leave(call, outcome);
  }

  progress({ progressToken, progress }) {
    const call = this.#byToken.get(progressToken);
    if (!call) return this.fault(`progress of token ${progressToken}, which is not this client's`);
    if (call.answers > 0 && this.transport === 'sse') this.fault(`progress after the answer: ${call.name}`);
    if (progress <= call.progress) this.fault(`progress ${progress} after ${call.progress}: ${call.name}`);
    call.progress = progress;
  }

  // An update that a call of this client has caused, or may have.
  update(uri, own, token) {
    if (uri !== own) this.fault(`an update of ${uri}, which it did not subscribe to`);
    else if (this.#heard.has(token)) this.fault(`the update of token ${token} came twice`);
    this.#heard.add(token);
  }

  hasHeard(token) {
    return this.#heard.has(token);
  }

  callOf(token) {
    return this.#byToken.get(token);
  }

  owns(token) {
    return this.#byToken.has(token);
  }

  log({ owner }) {
    if (owner !== this.owner) this.fault(`a log message of ${owner}'s reached ${this.owner}`);
  }

  fault(text) {
    this.#books.fault(`${this.name}: ${text}`);
  }

  #judge(call, outcome, answer) {
    if (outcome === 'result') {
      try {
        call.check(answer);
      } catch (error) {
        this.fault(`not the answer to ${call.name}: ${error.message}`);
      }
    }
    // A session that was ended stays so.
    const since = outcome === 'no_session' ? this.started : call.opened;
    const excused = call.expects.includes(outcome) || this.#books.disturbances.excuse(outcome, since, this);
    if (!excused && !call.left) this.fault(`${outcome}, after ${this.#books.now - call.opened} ms: ${call.name}: ${excerpt(answer)}`);
    if (!call.left) this.#books.settle(call, outcome);
  }
}

const excerpt = (value) => JSON.stringify(value).slice(0, 400);
