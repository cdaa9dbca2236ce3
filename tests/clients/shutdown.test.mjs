// Every way to end: calls that can finish are finished, and no process is left.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './lib/guard.mjs';
import { RawSession, post, rawConnection } from './lib/http.mjs';
import { textOf } from './lib/sdk.mjs';
import { Sidecar, demo, unruly } from './lib/sidecar.mjs';

const sleep = (seconds, token) => ({ name: 'sleep', arguments: { seconds }, ...(token && { _meta: { progressToken: token } }) });
const refusesConnections = (sidecar) =>
  eventually(() => rawConnection(sidecar.port).then((socket) => socket.destroy() && false, () => true), 'the port is closed');

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`shutdown: ${signal} lets calls in flight finish, ends streams and exits 0`, async (t) => {
    const sidecar = await Sidecar.start(t, { env: { MCP_DRAIN_TIMEOUT: '50s' } });
    const session = await RawSession.open(sidecar.url);
    await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: sleep(1, 'begun') });
    await session.stream.message((m) => m.method === 'notifications/progress', 'the call has begun');
    const rest = post(`${sidecar.url}/call-tool`, sleep(1));
    // Both have reached the child: it answers this one after reading them.
    await eventually(async () => {
      const status = await session.call(`status ${Math.random()}`, 'resources/read', { uri: 'demo://status' });
      return JSON.parse(status.result.contents[0].text).sleepingCalls === 2;
    }, 'both calls sleep');
    sidecar.process.kill(signal);
    assert.equal(textOf((await session.stream.answer(1)).result), 'slept 1 s');
    assert.equal(textOf((await rest).json().result), 'slept 1 s');
    await session.stream.ended();
    assert.deepEqual(await sidecar.end(), { code: 0, signal: null }, sidecar.output);
    await sidecar.nothingLeft();
  });
}

test('shutdown: a call that does not finish within the drain time is answered with an error', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_DRAIN_TIMEOUT: '300ms' } });
  const session = await RawSession.open(sidecar.url);
  await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: sleep(3000, 'begun') });
  await session.stream.message((m) => m.method === 'notifications/progress', 'the call has begun');
  const rest = post(`${sidecar.url}/call-tool`, sleep(3000));
  await eventually(async () => {
    const status = await session.call(`status ${Math.random()}`, 'resources/read', { uri: 'demo://status' });
    return JSON.parse(status.result.contents[0].text).sleepingCalls === 2;
  }, 'both calls sleep');
  sidecar.process.kill('SIGTERM');
  assert.ok((await session.stream.answer(1)).error);
  assert.equal((await rest).status, 503);
  assert.deepEqual(await sidecar.end(), { code: 0, signal: null }, sidecar.output);
  await sidecar.nothingLeft();
});

test('shutdown: a second signal ends at once, and no process is left', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly('stubborn'), env: { MCP_DRAIN_TIMEOUT: '10m' } });
  const session = await RawSession.open(sidecar.url);
  await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hang', arguments: {} } });
  await sidecar.line(/heard call hang/);
  sidecar.process.kill('SIGTERM');
  await refusesConnections(sidecar);
  sidecar.process.kill('SIGTERM');
  await sidecar.end();
  await sidecar.nothingLeft();
});

test('shutdown: TERM also ends a child that ignores it, and its grandchild', async (t) => {
  const env = { MCP_STDIN_CLOSE_GRACE: '100ms', MCP_TERM_GRACE: '100ms' };
  const sidecar = await Sidecar.start(t, { command: unruly('stubborn'), env });
  assert.equal((await post(`${sidecar.url}/call-tool`, { name: 'pid' })).status, 200);
  assert.ok(sidecar.processes().some((one) => one.command[0] === 'sh'), 'the grandchild runs');
  await sidecar.stop();
});

test('shutdown: KILL of the sidecar also ends all its processes', async (t) => {
  for (const command of [demo, unruly('stubborn')]) {
    const sidecar = await Sidecar.start(t, { command });
    assert.equal((await post(`${sidecar.url}/call-tool`, { name: command === demo ? 'time' : 'pid' })).status, 200);
    assert.ok(sidecar.processes().length > 1);
    sidecar.process.kill('SIGKILL');
    assert.equal((await sidecar.end()).signal, 'SIGKILL');
    await sidecar.nothingLeft();
  }
});

test('shutdown: an idle sidecar ends, and so does one whose child is down', async (t) => {
  const idle = await Sidecar.start(t);
  await idle.stop();
  const broken = await Sidecar.start(t, { command: unruly('exit-at-start') });
  await broken.stop();
});

test('shutdown: a restart on the same port works at once', async (t) => {
  const first = await Sidecar.start(t);
  const session = await RawSession.open(first.url);
  await first.stop();
  await session.stream.ended();
  const second = await Sidecar.start(t, { port: first.port });
  assert.equal((await post(`${second.url}/call-tool`, { name: 'echo', arguments: { message: 'x' } })).status, 200);
  await second.stop();
});
