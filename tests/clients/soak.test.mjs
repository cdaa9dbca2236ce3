// The books of the soak (tests/soak): faults that they must report, and events that they must
// accept.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Books } from '../soak/lib/books.mjs';
import { Calls } from '../soak/lib/calls.mjs';
import { DRAIN_MS, accountsOf, otherEvictable } from '../soak/lib/disturbances.mjs';
import { grown } from '../soak/lib/footprint.mjs';
import { LogReader } from '../soak/lib/log.mjs';
import { outcomeOf, outcomeOfEvent } from '../soak/lib/outcomes.mjs';
import { Random } from '../soak/lib/random.mjs';

const LIMIT = 10_000;

// Books with a manual clock, an account of alpha and one open call of it.
function opened(make = (calls) => calls.say()) {
  const clock = { now: 0 };
  const books = new Books({ now: () => clock.now });
  const calls = new Calls(books, LIMIT);
  const account = books.account({ transport: 'sse', owner: 'alpha', name: 'sse 0.0' });
  const wanted = make(calls);
  const call = account.open({ id: 1, ...wanted });
  return { clock, books, calls, account, call, token: wanted.token, text: wanted.own };
}

const saying = (text, id = 1) => ({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } });
const failing = (code, message, data) => ({ jsonrpc: '2.0', id: 1, error: { code, message, data } });
const died = failing(-32000, 'the MCP server was killed by signal 9', { reason: 'was killed by signal 9' });

function onlyFault(books, pattern) {
  assert.equal(books.faultCount, 1, books.faults.join('\n'));
  assert.match(books.faults[0], pattern);
}

test('soak: one answer to each call with its own text is no fault', async () => {
  const { books, account, call, token, text } = opened();
  account.answer(saying(text));
  assert.equal(await call.settled, 'result');
  assert.equal(books.openCalls, 0);
  assert.deepEqual(books.compareRuns([token]), { run: 1, repeated: 0 });
  assert.deepEqual([books.faults, books.counts], [[], { sse: { result: 1 } }]);
});

test('soak: a second answer is a fault', () => {
  const { books, account, text } = opened();
  account.answer(saying(text));
  account.answer(saying(text));
  onlyFault(books, /answered 2 times: say 1, id 1, sse 0\.0/);
});

test('soak: an answer to an id that this client did not use, or of another type, is a fault', () => {
  for (const id of [2, '1']) {
    const { books, account, text } = opened();
    account.answer(saying(text, id));
    onlyFault(books, /an answer to nothing that was asked/);
  }
});

test("soak: an answer with another call's text is a fault", () => {
  const { books, account } = opened();
  account.answer(saying('say 2'));
  onlyFault(books, /not the answer to say 1.*it says say 2/);
});

test('soak: a missing answer is one fault, and a late one after that is one more', async () => {
  const { clock, books, account, call, text } = opened();
  clock.now = LIMIT + 30_000;
  books.lookForOverdue();
  assert.equal(books.faultCount, 0);
  clock.now += 1;
  books.lookForOverdue();
  books.lookForOverdue();
  assert.equal(await call.settled, 'overdue');
  onlyFault(books, /never answered within 40000 ms: say 1/);
  account.answer(saying(text));
  onlyFault(books, /never answered/);
});

test('soak: no answer is owed to a client that left, but a second answer to it is a fault', async () => {
  const { clock, books, account, call, text } = opened();
  account.leave(call);
  clock.now = 1e9;
  books.lookForOverdue();
  account.answer(saying(text));
  assert.equal(await call.settled, 'left');
  assert.equal(books.faultCount, 0);
  account.answer(saying(text));
  onlyFault(books, /answered 2 times/);
});

test('soak: the death of a child excuses the calls open at that time, and no others', () => {
  const kill = (change) => {
    const all = opened();
    change(all);
    all.account.answer(died);
    return all.books;
  };
  onlyFault(kill(() => {}), /child_died, after 0 ms: say 1/);
  assert.equal(kill(({ books }) => books.disturbances.begin('kill')).faultCount, 0);
  assert.equal(kill(({ books, clock }) => {
    const one = books.disturbances.begin('kill');
    clock.now = 5;
    one.end();
    clock.now = 10;
  }).faultCount, 0);
  onlyFault(kill(({ books }) => books.disturbances.begin('restart')), /child_died/);
  onlyFault(kill(({ books }) => books.disturbances.begin('revoked', accountsOf('alpha'))), /child_died/);

  // A replaced process has some time for its calls.
  assert.equal(kill(({ books, clock }) => {
    books.disturbances.begin('restart');
    clock.now = DRAIN_MS;
  }).faultCount, 0);

  const { clock, books, account, calls } = opened();
  books.disturbances.begin('kill').end();
  clock.now = 1;
  account.open({ id: 2, ...calls.say() });
  account.answer({ ...died, id: 2 });
  onlyFault(books, /child_died, after 0 ms: say 2/);
});

test("soak: a disturbance of one owner excuses no calls of others", () => {
  for (const [owner, faults] of [['alpha', 0], ['gamma', 1]]) {
    const { books, account, call } = opened();
    books.disturbances.begin('revoked', accountsOf(owner));
    account.answerHttp(call, 'no_key', {});
    assert.equal(books.faultCount, faults);
  }
});

test('soak: a session may end for a new one only if it is evictable, and not for itself', () => {
  for (const [evictable, newcomer, faults] of [[true, 'asked 0.1', 0], [true, 'asked 0.0', 1], [false, 'asked 0.1', 1]]) {
    const books = new Books();
    const account = books.account({ transport: 'streamable', owner: 'alpha', name: 'asked 0.0', evictable });
    const call = account.open({ id: 1, ...new Calls(books, LIMIT).say() });
    books.disturbances.begin('newcomer', otherEvictable(newcomer)).end();
    account.answerHttp(call, 'no_session', {});
    assert.equal(books.faultCount, faults);
  }
});

test('soak: an error is right where the call expects it, and wrong elsewhere', () => {
  const answers = [[(calls) => calls.fail(), failing(-32050, 'fail 1'), 0], [(calls) => calls.say(), failing(-32050, 'fail 1'), 1],
    [(calls) => calls.fickle(), failing(-32602, 'not permitted'), 0], [(calls) => calls.say(), failing(-32602, 'not permitted'), 1],
    [(calls) => calls.say(), failing(-32603, 'internal error'), 1], [(calls) => calls.hang(), failing(-32001, 'the MCP server did not answer'), 0]];
  for (const [make, message, faults] of answers) {
    const { books, account } = opened(make);
    account.answer(message);
    assert.equal(books.faultCount, faults, JSON.stringify(message));
  }
});

test('soak: a call may begin as often as its tool allows; a call not sent must not begin, an answered one must have begun', () => {
  const work = opened((calls) => calls.work(1, 1));
  work.books.compareRuns([1, 1]);
  onlyFault(work.books, /run 2 times where 1 are allowed: token 1/);

  const read = opened((calls) => calls.read(1));
  assert.deepEqual(read.books.compareRuns([1, 1]), { run: 1, repeated: 1 });
  assert.equal(read.books.faultCount, 0);
  read.books.compareRuns([1, 1, 1]);
  onlyFault(read.books, /run 3 times where 2 are allowed/);

  const foreign = opened();
  foreign.books.compareRuns([7]);
  onlyFault(foreign.books, /ran token 7, which nobody sent/);

  const invented = opened();
  invented.account.answer(saying(invented.text));
  invented.books.compareRuns([]);
  onlyFault(invented.books, /answered, but never run: token 1/);
});

test("soak: progress, updates and log messages reach their owner only, and once", () => {
  const cases = [
    [(account) => account.progress({ progressToken: 2, progress: 1 }), /progress of token 2, which is not/],
    [(account) => [1, 1].forEach((progress) => account.progress({ progressToken: 1, progress })), /progress 1 after 1/],
    [(account) => account.update('soak://b', 'soak://a', 1), /an update of soak:\/\/b/],
    [(account) => [1, 1].forEach((token) => account.update('soak://a', 'soak://a', token)), /the update of token 1 came twice/],
    [(account) => account.log({ owner: 'beta' }), /a log message of beta's reached alpha/],
    [(account) => (account.answer(saying('say 1')), account.progress({ progressToken: 1, progress: 1 })), /progress after the answer/],
  ];
  for (const [act, pattern] of cases) {
    const { books, account } = opened();
    act(account);
    onlyFault(books, pattern);
  }
  const { books, account } = opened();
  [1, 2].forEach((progress) => account.progress({ progressToken: 1, progress }));
  account.update('soak://a', 'soak://a', 1);
  account.log({ owner: 'alpha' });
  assert.equal(books.faultCount, 0);
});

test('soak: errors are distinguished by code and text', () => {
  const outcomes = [[-32001, 'the MCP server did not answer within 10 ms', 'timeout'], [-32001, 'Session not found', 'no_session'], [-32003, 'too many calls in flight', 'busy'],
    [-32000, 'Connection limit exceeded', 'error -32000'], [-32602, 'Unknown tool: x', 'unknown_tool'], [-32602, 'params', 'error -32602'], [-32603, 'internal error', 'error -32603']];
  for (const [code, message, outcome] of outcomes) assert.equal(outcomeOf(failing(code, message)), outcome);
  assert.equal(outcomeOf(died), 'child_died');
  assert.equal(outcomeOfEvent('{"success":false,"error":"the MCP server did not answer within 10 ms"}'), 'timeout');
  assert.equal(outcomeOfEvent('{"success":false,"error":"the key or token of this call is revoked or has expired"}'), 'no_key');
  assert.equal(outcomeOfEvent('{"success":false,"error":"the MCP server exited with code 1"}'), 'child_died');
  assert.equal(outcomeOf({ result: { content: [], isError: true } }), 'tool_error');
});

test('soak: growth is reported, shrinking is not', () => {
  assert.deepEqual(grown({ threads: 3, sockets: 2, sessions: 0 }, { threads: 3, sockets: 1, sessions: 1 }), ['sessions: 1, was 0']);
  assert.deepEqual(grown({}, { threads: 3 }), ['threads: 3, was undefined']);
});

test("soak: errors and sanitizer lines in the log are faults, except errors that the soak causes", () => {
  const log = new LogReader();
  const lines = ['{"level":"info","event":"tool call"}', '{"level":"error","event":"reload rejected; settings unchanged"}', '{"level":"error","event":"request failed"}',
    '==7==ERROR: AddressSanitizer: heap-use-after-free', '{"level":"warning","event":"tool call","error":"internal error"}'];
  for (const line of lines) log.take(line);
  assert.deepEqual(log.bad, lines.slice(2));
});

test('soak: seed and actor name determine the random sequence', () => {
  const row = (random) => Array.from({ length: 50 }, () => random.between(1, 1000));
  const seeded = (seed, name) => row(new Random(seed).fork(name));
  assert.deepEqual(seeded('7', 'a'), seeded('7', 'a'));
  assert.notDeepEqual(seeded('7', 'a'), seeded('7', 'b'));
  assert.notDeepEqual(seeded('7', 'a'), seeded('8', 'a'));
  assert.ok(seeded('7', 'a').every((value) => value >= 1 && value <= 1000));
  const random = new Random('7');
  const picked = Array.from({ length: 200 }, () => random.weighted({ often: 9, never: 0, seldom: 1 }));
  assert.deepEqual([...new Set(picked)].sort(), ['often', 'seldom']);
});
