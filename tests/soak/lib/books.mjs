// The books of the soak: every call of every client and its answers. They report faults: an answer
// to an unknown call, a second answer, an answer with another call's text, an error without an
// excuse, a call that is never answered, a call that was run more often than allowed. Pure
// book-keeping: no network, and a clock that tests can set.
import { Disturbances } from './disturbances.mjs';
import { outcomeOf } from './outcomes.mjs';

const KEPT_FAULTS = 50; // texts kept; every fault is counted
const GRACE_MS = 30_000; // added to a call's own limit; only detects calls that are never answered

// How often a call may be begun, by the tool's annotations.
const RUNS = { once: 1, repeatable: 2 };

export class Books {
  disturbances;
  faults = [];
  faultCount = 0;
  counts = {}; // transport → outcome → number
  #now;
  #next = 1;
  #open = new Set();
  #begun = []; // by token: how often it may begin, and whether it was answered with a result

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

  // The account of one client, one per session.
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

  // Calls without an answer whose time is over.
  lookForOverdue() {
    for (const call of this.#open) {
      if (this.#now() <= call.opened + call.limit + GRACE_MS) continue;
      this.fault(`never answered within ${call.limit + GRACE_MS} ms: ${call.name}`);
      call.left = true;
      this.settle(call, 'overdue');
      call.giveUp?.();
    }
  }

  // At the end: the tokens that the wrapped servers recorded, one for each begun call.
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
  #heard = new Set(); // tokens of received updates

  // `evictable`: its session may be closed to make room for another (disturbances.mjs).
  constructor(books, { transport, owner, name, evictable = false }) {
    this.#books = books;
    Object.assign(this, { transport, owner, name, evictable, started: books.now });
  }

  // `expects`: outcomes that are always right. `check`: throws if a result belongs to another call.
  // `limit`: ms within which the answer must arrive. The call's `settled` resolves to its outcome.
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

  // A JSON-RPC answer received by this client.
  answer(message) {
    const call = this.#calls.get(message.id);
    if (!call) return this.fault(`an answer to nothing that was asked: ${excerpt(message)}`);
    call.answers += 1;
    if (call.answers > 1) return this.fault(`answered ${call.answers} times: ${call.name}: ${excerpt(message)}`);
    return this.#judge(call, outcomeOf(message), message);
  }

  // An HTTP answer without JSON-RPC; `outcome` is its meaning.
  answerHttp(call, outcome, answer) {
    call.answers += 1;
    this.#judge(call, outcome, answer);
  }

  // The client stops waiting: no answer is owed, one is still allowed.
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

  // An update that a call of this client has caused or may have caused.
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
    // A session stays closed.
    const since = outcome === 'no_session' ? this.started : call.opened;
    const excused = call.expects.includes(outcome) || this.#books.disturbances.excuse(outcome, since, this);
    if (!excused && !call.left) this.fault(`${outcome}, after ${this.#books.now - call.opened} ms: ${call.name}: ${excerpt(answer)}`);
    if (!call.left) this.#books.settle(call, outcome);
  }
}

const excerpt = (value) => JSON.stringify(value).slice(0, 400);
