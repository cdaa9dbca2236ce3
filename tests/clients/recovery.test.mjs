// The supervisor's behaviour, seen from outside over all three faces: calls while the wrapped
// server dies, fails to start, is replaced on demand, or stands still.
import assert from 'node:assert/strict';
import { writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Gate, linesOf, temporaryFolder } from './lib/files.mjs';
import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { textOf } from './lib/sdk.mjs';
import { faces, openSession, tool } from './lib/sessions.mjs';
import { Sidecar, fakeChild } from './lib/sidecar.mjs';

// A ready child that lived for the longest delay resets the restart count, so that a deliberate
// death is no crash loop.
const QUICK = { MCP_RESTART_DELAY: '1ms', MCP_RESTART_DELAY_MAX: '1ms' };

const health = async (sidecar) => (await request(`${sidecar.url}/health`)).json();
const readiness = (sidecar) => request(`${sidecar.url}/ready`);
const ready = (sidecar) => eventually(async () => (await readiness(sidecar)).status === 200, 'the child is ready');

// REST with the interface of a session. Its errors are text.
const overRest = (base) => ({
  kind: 'rest',
  callTool: async (name, args) => {
    const answer = await post(`${base}/call-tool`, tool(name, args));
    const { success, result, error } = answer.json();
    const retryAfter = answer.headers['retry-after'];
    return success ? { result, status: answer.status } : { error: { message: error }, status: answer.status, retryAfter };
  },
  close: () => {},
});

const allFaces = async (sidecar) => [...(await Promise.all(faces.map((face) => openSession(face, sidecar.url)))), overRest(sidecar.url)];
const closeAll = (clients) => Promise.all(clients.map((client) => client.close()));
const pidOf = async (client) => Number(textOf((await client.callTool('pid')).result));
const callsInFlight = async (sidecar) => (await health(sidecar)).children.reduce((sum, child) => sum + child.calls, 0);

test("recovery: a call open at the child's death gets an error with exit status, restart count and stderr", async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild('--stderr=my last words'), env: QUICK });
  const clients = await allFaces(sidecar);
  let restarts = 0;
  for (const client of clients) {
    for (const [name, args, how, data] of [
      ['exit', { code: 4 }, /exited with code 4/, { exitCode: 4 }],
      ['die', { signal: 9 }, /killed by signal 9/, { signal: 9 }],
    ]) {
      await ready(sidecar);
      const { error, status } = await client.callTool(name, args);
      assert.match(error.message, how);
      // What a process said before somebody killed it is no reason.
      assert.equal(/my last words/.test(error.message), name === 'exit');
      if (client.kind === 'rest') {
        assert.equal(status, 503);
      } else {
        assert.equal(status, client.kind === 'sse' ? 202 : 200);
        const { reason, stderr, ...rest } = error.data;
        assert.match(reason, how);
        assert.deepEqual(stderr, ['my last words']);
        assert.deepEqual(rest, { ...data, restarts });
      }
      restarts += 1;
    }
  }
  await ready(sidecar);
  for (const client of clients) assert.ok(await pidOf(client));
  await closeAll(clients);
  await sidecar.stop();
});

for (const name of ['fatal_once_read_only', 'fatal_once_idempotent']) {
  test(`recovery: a call that is safe to repeat is repeated once: ${name}`, async (t) => {
    const folder = temporaryFolder(t);
    const sidecar = await Sidecar.start(t, { command: fakeChild(), env: QUICK });
    const clients = await allFaces(sidecar);
    // The hints come from a list that some client has requested.
    assert.ok((await clients[0].call('tools/list')).result);
    for (const client of clients) {
      const once = join(folder, `once-${client.kind}`);
      assert.equal(textOf((await client.callTool(name, { file: once })).result), 'attempt 2');
      assert.equal(new Set(linesOf(once)).size, 2, 'two processes had it');
      await ready(sidecar);
      const twice = join(folder, `twice-${client.kind}`);
      const { error } = await client.callTool(name, { file: twice, times: 2 });
      assert.match(error.message, /killed by signal 9/);
      await ready(sidecar);
      assert.ok(await pidOf(client));
      assert.equal(linesOf(twice).length, 2, 'no third process had it');
    }
    await closeAll(clients);
    await sidecar.stop();
  });
}

test('recovery: resources/read is repeated once', async (t) => {
  const folder = temporaryFolder(t);
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: QUICK });
  for (const face of faces) {
    const session = await openSession(face, sidecar.url);
    await ready(sidecar);
    const { result } = await session.call('resources/read', { uri: `fatal:${join(folder, face)}` });
    assert.equal(result.contents[0].text, 'attempt 2');
    assert.equal(linesOf(join(folder, face)).length, 2);
    await session.close();
  }
  await sidecar.stop();
});

test('recovery: a call without annotation, and one that makes a task, are not repeated', async (t) => {
  const folder = temporaryFolder(t);
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: QUICK });
  const clients = await allFaces(sidecar);
  assert.ok((await clients[0].call('tools/list')).result);
  for (const client of clients) {
    const plain = join(folder, `plain-${client.kind}`);
    await ready(sidecar);
    assert.match((await client.callTool('fatal_once', { file: plain })).error.message, /killed by signal 9/);
    await ready(sidecar);
    assert.ok(await pidOf(client));
    assert.equal(linesOf(plain).length, 1, 'one process had it');
    if (client.kind === 'rest') continue;
    const made = join(folder, `task-${client.kind}`);
    const { error } = await client.call('tools/call', { ...tool('fatal_once_read_only', { file: made }), task: { ttl: 60_000 } });
    assert.match(error.message, /killed by signal 9/);
    await ready(sidecar);
    assert.ok(await pidOf(client));
    assert.equal(linesOf(made).length, 1, 'one process had it');
  }
  await closeAll(clients);
  await sidecar.stop();
});

test('recovery: calls that come while the child restarts wait for the new one, and pings do not', async (t) => {
  const folder = temporaryFolder(t);
  const sidecar = await Sidecar.start(t, { command: fakeChild(`--start-gate=${join(folder, 'gate')}`), env: QUICK });
  const clients = await allFaces(sidecar);
  const before = await pidOf(clients[0]);
  const gate = new Gate(t, folder); // did not exist when the first child started
  process.kill(before, 'SIGKILL');
  await eventually(async () => (await health(sidecar)).child.restarts === 1, 'the next child has been started');
  const late = faces.map((face) => openSession(face, sidecar.url)); // a session that begins meanwhile
  const waiting = clients.map((client) => pidOf(client));
  await eventually(async () => (await callsInFlight(sidecar)) === clients.length + late.length, 'all of them wait');
  assert.equal((await readiness(sidecar)).status, 503);
  assert.equal((await health(sidecar)).child.state, 'starting');
  for (const session of clients.slice(0, 2)) assert.deepEqual((await session.call('ping')).result, {});
  gate.open();
  const pids = await Promise.all(waiting);
  assert.notEqual(pids[0], before);
  assert.deepEqual(pids, Array(pids.length).fill(pids[0]));
  for (const session of await Promise.all(late)) {
    assert.equal(await pidOf(session), pids[0]);
    await session.close();
  }
  // Sessions that saw the lists of the previous child are notified that these may have changed.
  for (const session of clients.slice(0, 2)) {
    await session.heard.find(({ method }) => method === 'notifications/tools/list_changed', 'the news of changed lists');
  }
  await closeAll(clients);
  await sidecar.stop();
});

test('recovery: calls that the child had not read when it died are answered by the new one', async (t) => {
  const folder = temporaryFolder(t);
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: QUICK });
  const clients = await allFaces(sidecar);
  const before = await pidOf(clients[0]);
  const gate = new Gate(t, folder);
  const had = clients[0].callTool('wait_for', { fifo: gate.path });
  await eventually(async () => (await callsInFlight(sidecar)) === 1, 'the child has the first call');
  // More than a pipe and the bytes written ahead hold.
  const large = 'x'.repeat(100_000);
  const fill = await openSession('sse', sidecar.url);
  const filling = Array.from({ length: 4 }, () => fill.callTool('received', { large }));
  await eventually(async () => (await callsInFlight(sidecar)) === 5, 'the pipe is full');
  const unread = clients.map((client) => client.callTool('pid', { large }));
  await eventually(async () => (await callsInFlight(sidecar)) === 5 + clients.length, 'the others wait');
  process.kill(before, 'SIGKILL');
  assert.match((await had).error.message, /killed by signal 9/);
  for (const { result } of await Promise.all(unread)) assert.notEqual(Number(textOf(result)), before);
  const [, ...rest] = await Promise.all(filling);
  for (const { result } of rest) assert.ok(textOf(result).includes(large), 'none but the first can have been read');
  await fill.close();
  await closeAll(clients);
  await sidecar.stop();
});

test('recovery: in a crash loop callers get the reason and Retry-After at once, until its cause is gone', async (t) => {
  const file = join(temporaryFolder(t), 'obstacle');
  const env = { MCP_RESTART_DELAY: '20ms', MCP_RESTART_DELAY_MAX: '200ms' };
  const sidecar = await Sidecar.start(t, { command: fakeChild(`--exit-while=${file}`), env });
  const clients = await allFaces(sidecar);
  const [streamable, sse] = clients;
  for (const session of [streamable, sse]) assert.deepEqual((await session.call('resources/subscribe', { uri: `test://${session.kind}` })).result, {});
  for (const [session, level] of [[streamable, 'error'], [sse, 'notice']]) assert.deepEqual((await session.call('logging/setLevel', { level })).result, {});
  const before = await pidOf(sse);

  writeFileSync(file, '');
  process.kill(before, 'SIGKILL');
  await eventually(async () => (await health(sidecar)).child.state !== 'ready', 'its death is known');
  const explains = (client, { error, status, retryAfter }) => {
    assert.match(error.message, /exited with code 9.*is in the way/);
    if (client.kind === 'sse') {
      assert.equal(status, 202);
    } else {
      assert.equal(status, 503);
      assert.match(retryAfter, /^[1-9]\d*$/);
    }
    if (client.kind === 'rest') return;
    assert.equal(error.data.exitCode, 9);
    assert.match(error.data.reason, /exited with code 9/);
    assert.match(error.data.stderr.join(), /is in the way/);
    assert.ok(error.data.restarts >= 2);
  };
  // These may still wait for the third failed start,
  await Promise.all(clients.map(async (client) => explains(client, await client.callTool('pid'))));
  // and later ones do not wait.
  const failing = await readiness(sidecar);
  assert.equal(failing.status, 503);
  assert.match(failing.json().reason, /exited with code 9.*is in the way/);
  assert.match(failing.headers['retry-after'], /^[1-9]\d*$/);
  for (const client of clients) explains(client, await client.callTool('pid'));
  const alive = await request(`${sidecar.url}/health`);
  assert.equal(alive.status, 200);
  assert.equal(alive.json().status, 'ok');
  assert.match(alive.json().child.state, /^(backing_off|starting)$/);
  assert.ok(alive.json().child.restarts >= 2);
  for (const session of [streamable, sse]) assert.deepEqual((await session.call('ping')).result, {});
  assert.equal(await callsInFlight(sidecar), 0);

  rmSync(file);
  await ready(sidecar);
  for (const client of clients) assert.notEqual(await pidOf(client), before);
  const { level, subscribed } = (await sse.callTool('state')).result.structuredContent;
  assert.deepEqual(subscribed, ['test://sse', 'test://streamable']);
  assert.equal(level, 'notice', 'the more verbose one of the two');
  for (const session of [streamable, sse]) {
    await session.callTool('update', { uri: `test://${session.kind}` });
    await session.heard.find(({ method }) => method === 'notifications/resources/updated', 'the update');
  }
  await closeAll(clients);
  await sidecar.stop();
});

test('recovery: POST /restart lets the old child finish its calls while the new one answers; sessions stay', async (t) => {
  const folder = temporaryFolder(t);
  const sidecar = await Sidecar.start(t, { command: fakeChild() });
  const clients = await allFaces(sidecar);
  const before = await pidOf(clients[0]);
  for (const session of clients.slice(0, 2)) await session.call('resources/subscribe', { uri: `test://${session.kind}` });
  const gates = clients.map(({ kind }) => new Gate(t, folder, kind));
  const slow = clients.map((client, at) => client.callTool('wait_for', { fifo: gates[at].path }));
  await eventually(async () => (await callsInFlight(sidecar)) === slow.length, 'the child has the slow calls');

  const restart = await post(`${sidecar.url}/restart`);
  assert.equal(restart.status, 202, restart.text);
  assert.deepEqual(restart.json(), { restarting: 1 });
  const pids = await Promise.all(clients.map((client) => pidOf(client)));
  assert.notEqual(pids[0], before);
  assert.deepEqual(pids, Array(pids.length).fill(pids[0]));
  assert.deepEqual(sidecar.started().map(({ pid }) => pid).sort(), [before, pids[0]].sort(), 'both run');
  for (const session of clients.slice(0, 2)) {
    await session.heard.find(({ method }) => method === 'notifications/tools/list_changed', 'the news of changed lists');
  }
  for (const gate of gates) gate.open();
  for (const { result } of await Promise.all(slow)) assert.equal(textOf(result), 'waited');
  await eventually(() => assert.deepEqual(sidecar.started().map(({ pid }) => pid), [pids[0]]) ?? true, 'the old child has ended');

  for (const client of clients) assert.equal(await pidOf(client), pids[0]);
  for (const session of clients.slice(0, 2)) {
    await session.callTool('update', { uri: `test://${session.kind}` });
    await session.heard.find(({ method, params }) => method === 'notifications/resources/updated' && params.uri === `test://${session.kind}`, 'the update');
    assert.deepEqual(session.miscounted(), []);
  }
  await closeAll(clients);
  await sidecar.stop();
});

test('recovery: calls that the old child does not finish in time after POST /restart are answered with an error', async (t) => {
  const gate = new Gate(t, temporaryFolder(t));
  const env = { MCP_RESTART_DRAIN: '300ms', MCP_STDIN_CLOSE_GRACE: '50ms' };
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env });
  const clients = await allFaces(sidecar);
  await ready(sidecar);
  const slow = clients.map((client) => client.callTool('wait_for', { fifo: gate.path }));
  await eventually(async () => (await callsInFlight(sidecar)) === slow.length, 'the child has the slow calls');
  assert.equal((await post(`${sidecar.url}/restart`)).status, 202);
  for (const [at, { error, status }] of (await Promise.all(slow)).entries()) {
    assert.ok(error?.message, 'it was told');
    if (clients[at].kind === 'rest') assert.equal(status, 503);
    else assert.equal(typeof error.data.reason, 'string');
  }
  for (const client of clients) assert.ok(await pidOf(client));
  await closeAll(clients);
  await sidecar.stop();
});

test('recovery: POST /restart needs a key where there are keys, and with MCP_OPEN_ADMIN this machine where there are none', async (t) => {
  const open = await Sidecar.start(t, { command: fakeChild() });
  const page = await post(`${open.url}/restart`, undefined, { origin: 'https://example.com' });
  assert.equal(page.status, 403, page.text);
  await open.stop();

  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_API_KEY: 'of-the-test' } });
  await ready(sidecar);
  assert.equal((await post(`${sidecar.url}/restart`)).status, 401);
  assert.equal((await post(`${sidecar.url}/restart`, undefined, { authorization: 'Bearer wrong' })).status, 401);
  const [first] = sidecar.started();
  assert.equal((await health(sidecar)).child.restarts, 0);
  const allowed = await post(`${sidecar.url}/restart`, undefined, { authorization: 'Bearer of-the-test' });
  assert.equal(allowed.status, 202, allowed.text);
  await eventually(() => sidecar.started().length === 1 && sidecar.started()[0].pid !== first.pid, 'the child has been replaced');
  await sidecar.stop();
});

const WEDGED = { MCP_WEDGED_AFTER: '1s', MCP_PROBE_TIMEOUT: '200ms', MCP_STDIN_CLOSE_GRACE: '50ms' };

test('recovery: /ready reports a child that does not answer, and its recovery; it is not restarted', async (t) => {
  const gate = new Gate(t, temporaryFolder(t));
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: WEDGED });
  const session = await openSession('streamable', sidecar.url);
  const before = await pidOf(session);
  const held = session.callTool('wait_for', { fifo: gate.path });
  const wedged = await eventually(async () => {
    const answer = await readiness(sidecar);
    return answer.status === 503 && answer;
  }, 'it is known to be wedged');
  assert.match(wedged.json().reason, /does not answer/);
  assert.equal((await request(`${sidecar.url}/health`)).status, 200);
  gate.open();
  assert.equal(textOf((await held).result), 'waited');
  await ready(sidecar);
  assert.equal(await pidOf(session), before);
  await session.close();
  await sidecar.stop();
});

test('recovery: a child with one slow call that answers its pings is not wedged', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: WEDGED, flags: ['--restart-wedged'] });
  const session = await openSession('sse', sidecar.url);
  const before = await pidOf(session);
  const slow = session.callTool('later', { key: 'slow' });
  await eventually(async () => (await session.callTool('state')).result.structuredContent.pings >= 2, 'it has been probed');
  assert.equal((await readiness(sidecar)).status, 200);
  await session.callTool('release', { key: 'slow' });
  assert.equal(textOf((await slow).result), 'slow');
  assert.equal(await pidOf(session), before);
  await session.close();
  await sidecar.stop();
});

test('recovery: with --restart-wedged a child that does not answer is ended, its calls get the reason, and the next one serves', async (t) => {
  const gate = new Gate(t, temporaryFolder(t));
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: WEDGED, flags: ['--restart-wedged'] });
  const clients = await allFaces(sidecar);
  const before = await pidOf(clients[0]);
  const held = clients.map((client) => client.callTool('wait_for', { fifo: gate.path }));
  for (const { error } of await Promise.all(held)) assert.match(error.message, /did not answer/);
  await ready(sidecar);
  for (const client of clients) assert.notEqual(await pidOf(client), before);
  assert.equal((await health(sidecar)).child.restarts, 1);
  await closeAll(clients);
  await sidecar.stop();
});
