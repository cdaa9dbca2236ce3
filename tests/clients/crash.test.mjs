// The wrapped server is killed again and again under load: no session is lost, every call is
// answered exactly once, and no memory, descriptors or processes accumulate.
import assert from 'node:assert/strict';
import { basename, dirname, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import { Feed, eventually, within } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { connect } from './lib/sdk.mjs';
import { openDescriptors, residentBytes } from './lib/processes.mjs';
import { faces, openSession, tool } from './lib/sessions.mjs';
import { Sidecar, fakeChild, scope, sidecarProgram } from './lib/sidecar.mjs';

const RAW = 46; // sessions, half of them over Streamable HTTP and half over SSE
const OFFICIAL = 4; // of the official client, likewise
const AT_ONCE = 2; // calls per session
const KILLS = { short: 5, normal: 10, long: 50 }[scope];
const GROWTH = 8 << 20; // bytes, from a fifth of the kills to the last
// A ready child that lived for the longest delay resets the restart count, so that such fast kills
// are no crash loop.
const QUICK = { MCP_RESTART_DELAY: '1ms', MCP_RESTART_DELAY_MAX: '1ms' };

// A counter that can be waited on.
class Counter {
  #value = 0;
  #waiting = new Set();

  add() {
    this.#value += 1;
    for (const { until, resolve } of this.#waiting) if (this.#value >= until) resolve();
  }

  async more(count) {
    const waiter = { until: this.#value + count };
    const reached = new Promise((resolve) => (waiter.resolve = resolve));
    this.#waiting.add(waiter);
    await within(reached, () => `${count} more results; ${waiter.until - this.#value} are missing`).finally(() => this.#waiting.delete(waiter));
  }
}

const uriOf = (who) => `test://of/${who}`;
const levelOf = (who) => (who % 2 === 0 ? 'debug' : 'error');

// The parts of the load that differ by client: the result of a call (it throws the error that the
// client received), and the received messages about a resource and the log.
const raw = (session, who) => ({
  who,
  call: async (method, params) => {
    const { result, error, text } = await session.call(method, params);
    if (result) return result;
    throw Object.assign(new Error(error?.message ?? text), error);
  },
  updates: () => session.all('notifications/resources/updated').map(({ params }) => params.uri),
  logged: () => session.all('notifications/message').map(({ params }) => params.data),
  check: () => assert.deepEqual(session.miscounted(), [], `${session.kind} ${who}: requests not answered exactly once`),
  close: () => session.close(),
});

const anything = { parse: (value) => value, safeParse: (data) => ({ success: true, data }) };

async function official(t, over, base, who) {
  const heard = new Feed();
  const client = await connect(t, base, { over });
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, (message) => heard.push(message));
  client.fallbackNotificationHandler = async (message) => heard.push(message);
  const all = (method) => heard.items.filter((message) => message.method === method);
  return {
    who,
    call: (method, params) => client.request({ method, params }, anything, { timeout: 60_000 }),
    updates: () => all('notifications/resources/updated').map(({ params }) => params.uri),
    logged: () => all('notifications/message').map(({ params }) => params.data),
    // A second answer is reported as one to an unknown request.
    check: () => assert.deepEqual(client.problems.filter(({ message }) => /unknown message id/i.test(message)), []),
    close: () => client.close(),
  };
}

async function openAll(t, base) {
  const sessions = await Promise.all(Array.from({ length: RAW }, async (_, who) => raw(await openSession(faces[who % 2], base), who)));
  for (let who = RAW; who < RAW + OFFICIAL; who += 1) sessions.push(await official(t, faces[who % 2], base, who));
  return sessions;
}

// Calls until `over()`: {results, errors}. An error of the sidecar says what happened to the child.
async function load(client, pick, counter, over) {
  const sums = { results: 0, errors: 0 };
  const worker = async (at) => {
    for (let turn = at; !over(); turn += AT_ONCE) {
      const { method, params, check } = pick(client.who, turn);
      try {
        check(await client.call(method, params));
        sums.results += 1;
        counter.add();
      } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error;
        assert.match(error.message, /killed by signal 9|the MCP server/, `${client.who}: ${error.stack}`);
        sums.errors += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => worker(at)));
  return sums;
}

const children = async (sidecar) => (await request(`${sidecar.url}/health`)).json().children;
const sum = (items, what) => items.reduce((total, each) => total + each[what], 0);

// Kills one of the processes that the sidecar started, in turns. Every second one is first stopped
// until many calls are on their way to it.
async function kill(sidecar, turn, calls) {
  const stands = turn % 2 === 0;
  await eventually(async () => (await children(sidecar)).every(({ state }) => state === 'ready'), 'all children are ready');
  let victim;
  await eventually(() => {
    // A process that still has the sidecar's name is between fork and exec: stopped there, it would
    // block the sidecar.
    const running = sidecar.started().filter(({ name, state }) => state !== 'Z' && name !== basename(sidecarProgram));
    victim = running[turn % running.length].pid;
    return process.kill(-victim, stands ? 'SIGSTOP' : 0); // the group: npx only waits for the process that it started
  }, 'a child to kill runs');
  if (stands) await eventually(async () => sum(await children(sidecar), 'calls') >= calls, `${calls} calls are in flight`);
  process.kill(victim, 'SIGKILL');
  // The server that npx started answers until npx is gone.
  await eventually(() => sidecar.started().every(({ pid }) => pid !== victim), 'it is gone');
}

// Everything except the calls of each kind of child. `pick` returns the load's calls. A kill
// follows `spacing` results: more than there are calls in flight, so that some results come from
// the new child, which is ready then. With `replace` every third kill is a POST /restart instead.
async function killUnderLoad(t, { command, flags = [], env = {}, pick, kills, spacing, prepare, verify, running, replace = false }) {
  const sidecar = await Sidecar.start(t, { command, flags, env: { ...QUICK, ...env } });
  await eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');
  const descriptors = openDescriptors(sidecar.pid);
  const sessions = await openAll(t, sidecar.url);
  for (const session of sessions) await prepare?.(session);

  const counter = new Counter();
  let over = false;
  const working = Promise.all(sessions.map((session) => load(session, pick, counter, () => over)));
  working.catch(() => {});
  let early;
  for (let turn = 1; turn <= kills; turn += 1) {
    await Promise.race([counter.more(spacing), working]);
    if (replace && turn % 3 === 0) assert.equal((await post(`${sidecar.url}/restart`)).status, 202);
    else await kill(sidecar, turn, Math.floor((sessions.length * AT_ONCE) / running.started / 2));
    if (turn === Math.ceil(kills / 5)) early = residentBytes(sidecar.pid);
  }
  await counter.more(spacing);
  const late = residentBytes(sidecar.pid);
  over = true;
  const sums = await working;
  for (const [who, { results }] of sums.entries()) assert.ok(results > 0, `session ${who} had results`);
  t.diagnostic(`${sum(sums, 'results')} results, ${sum(sums, 'errors')} errors, ${kills} kills; ${early >> 10} KB, later ${late >> 10} KB`);

  assert.equal((await request(`${sidecar.url}/sessions`)).json().count, sessions.length);
  if (!replace) assert.equal(sum(await children(sidecar), 'restarts'), kills);
  await verify(sessions, sidecar);
  for (const session of sessions) session.check();
  // A sanitizer keeps freed memory.
  if (scope !== 'short') assert.ok(late - early < GROWTH, `memory grew from ${early} to ${late} bytes`);

  await eventually(() => assert.deepEqual(sidecar.started().map(({ state }) => state === 'Z'), Array(running.started).fill(false)) ?? true, 'no zombie is left');
  // Plus the sidecar itself and its guard.
  await eventually(() => assert.equal(sidecar.processes().length, running.all + 2) ?? true, 'no process is left of those before');
  for (const session of sessions) await session.close();
  await eventually(() => {
    const now = openDescriptors(sidecar.pid);
    assert.equal(now.others, descriptors.others);
    assert.ok(now.sockets <= descriptors.sockets, `${now.sockets} sockets, ${descriptors.sockets} before`);
    return true;
  }, 'the descriptors are as before');
  await sidecar.stop();
}

function pickFake(who, turn) {
  if (turn % 5 === 3) return { method: 'tools/list', check: ({ tools }) => assert.ok(tools.length > 10) };
  if (turn % 5 === 4) return { method: 'ping', check: (result) => assert.deepEqual(result, {}) };
  const args = { of: `session ${who} turn ${turn}`, exact: 12.5 };
  return { method: 'tools/call', params: tool('echo', args), check: ({ structuredContent }) => assert.deepEqual(structuredContent, args) };
}

async function subscribe({ who, call }) {
  assert.deepEqual(await call('resources/subscribe', { uri: uriOf(who) }), {});
  assert.deepEqual(await call('logging/setLevel', { level: levelOf(who) }), {});
}

// Every session still has its subscription and its level, and no others. Messages caused by a call
// come before its answer, but possibly on another stream.
async function stillSubscribed(sessions) {
  for (const { who, call, updates, logged } of sessions) {
    assert.deepEqual(updates(), [], `nothing came to ${who} unasked`);
    await call('tools/call', tool('update', { uri: uriOf(who) }));
    await call('tools/call', tool('log', { level: 'info', text: `info ${who}` }));
    await call('tools/call', tool('log', { level: 'critical', text: `critical ${who}` }));
    await eventually(() => updates().length > 0 && logged().includes(`critical ${who}`), `${who} has heard`);
    assert.deepEqual(logged(), levelOf(who) === 'debug' ? [`info ${who}`, `critical ${who}`] : [`critical ${who}`]);
  }
  for (const { who, updates } of sessions) assert.deepEqual(updates(), [uriOf(who)]);
}

const fake = { pick: pickFake, kills: KILLS, spacing: 300, prepare: subscribe, verify: stillSubscribed };

test(`crash: a child killed ${KILLS} times under load costs no session, and each call is answered once`, async (t) => {
  await killUnderLoad(t, { ...fake, command: fakeChild(), running: { started: 1, all: 1 } });
});

test(`crash: the same with three children that share the sessions`, async (t) => {
  await killUnderLoad(t, { ...fake, command: fakeChild(), flags: ['--instances', '3'], running: { started: 3, all: 3 } });
});

test('crash: the same with three children, killed and replaced on demand by turns', async (t) => {
  await killUnderLoad(t, { ...fake, command: fakeChild(), flags: ['--instances', '3'], replace: true, running: { started: 3, all: 3 } });
});

const clients = resolve(dirname(fileURLToPath(import.meta.url)));
const npx = ['npx', '--no-install', '--prefix', clients, 'mcp-server-everything'];
const npm = {
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
  npm_config_update_notifier: 'false',
  npm_config_logs_max: '0',
};

test('crash: the same with a child that npx starts, whose descendants end with it', async (t) => {
  const pick = (who, turn) => {
    const message = `session ${who} turn ${turn}`;
    return { method: 'tools/call', params: tool('echo', { message }), check: ({ content }) => assert.equal(content[0].text, `Echo: ${message}`) };
  };
  const verify = async (sessions) => {
    for (const { who, call } of sessions) pick(who, 0).check(await call('tools/call', pick(who, 0).params));
  };
  // npx itself, its shell and the server.
  await killUnderLoad(t, { command: npx, env: npm, pick, kills: { short: 2, normal: 10, long: 50 }[scope], spacing: 150, verify, running: { started: 1, all: 3 } });
});
