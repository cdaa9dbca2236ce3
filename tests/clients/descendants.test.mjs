// What the wrapped server starts outside its process group (browsers, daemons) ends with the
// process that started it, however that ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { guardName } from './lib/processes.mjs';
import { faces, openSession, tool } from './lib/sessions.mjs';
import { Sidecar, fakeChild, sidecarProgram } from './lib/sidecar.mjs';

const KINDS = ['double-fork', 'own-group', 'own-session'];
const QUICK = { MCP_RESTART_DELAY: '10ms', MCP_RESTART_DELAY_MAX: '10ms' };

// How many helpers of each kind run: {own-group: 1, …}
const helpers = (sidecar) => Object.fromEntries(KINDS.map((kind) => [kind, sidecar.processes().filter(({ name }) => name === kind).length]));
const each = (count) => Object.fromEntries(KINDS.map((kind) => [kind, count]));
const left = (sidecar, count) => eventually(() => assert.deepEqual(helpers(sidecar), each(count)) ?? true, `${count} helpers of each kind are left`);
const ready = (sidecar) => eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');
const call = (sidecar, name, args) => post(`${sidecar.url}/call-tool`, tool(name, args));
const pidOf = async (sidecar) => (await call(sidecar, 'pid')).json().result?.content[0].text;

async function restartedBy(sidecar, action) {
  const before = await pidOf(sidecar);
  await action();
  await eventually(async () => ![undefined, before].includes(await pidOf(sidecar)), 'the next process answers');
}

test('descendants: helpers do not pile up over crashes, ended sessions and restarts, and none outlives the sidecar', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild('--helpers'), env: QUICK });
  await ready(sidecar);
  await left(sidecar, 1);
  for (const [name, args] of [['crash'], ['exit', { code: 3 }], ['die', { signal: 9 }]]) {
    await restartedBy(sidecar, () => call(sidecar, name, args));
    await left(sidecar, 1);
  }
  const sessions = [];
  for (const face of [...faces, faces[0]]) sessions.push(await openSession(face, sidecar.url, { capabilities: { sampling: {} } }));
  for (const session of sessions) assert.ok((await session.callTool('pid')).result);
  await left(sidecar, 4);
  for (let count = 3; count > 0; count -= 1) {
    await sessions.pop().close();
    await left(sidecar, count);
    for (const session of sessions) assert.ok((await session.callTool('pid')).result);
  }
  await restartedBy(sidecar, () => post(`${sidecar.url}/restart`, {}));
  await left(sidecar, 1);
  await sidecar.stop();
});

test('descendants: none outlives a sidecar that is killed, or that is told twice to end', async (t) => {
  for (const signals of [['SIGKILL'], ['SIGTERM', 'SIGTERM']]) {
    // The second command leaves one that ignores TERM, too.
    for (const command of [fakeChild('--helpers'), fakeChild('--helpers', '--escapee')]) {
      const sidecar = await Sidecar.start(t, { command, env: { MCP_TERM_GRACE: '300ms' } });
      await ready(sidecar);
      await left(sidecar, 1);
      for (const signal of signals) sidecar.process.kill(signal);
      await sidecar.end();
      await sidecar.nothingLeft();
    }
  }
});

test('descendants: those of a command behind shells end too', async (t) => {
  const behindShells = ['sh', '-c', 'exec env A=1 sh -c \'"$@"; exit\' sh "$@"', 'sh', ...fakeChild('--helpers')];
  const sidecar = await Sidecar.start(t, { command: behindShells, env: QUICK });
  await ready(sidecar);
  await left(sidecar, 1);
  assert.notEqual(String(sidecar.started().find(({ name }) => name === 'sh').pid), await pidOf(sidecar), 'the shell is the child');
  await restartedBy(sidecar, () => process.kill(sidecar.started().find(({ name }) => name === 'sh').pid, 'SIGKILL'));
  await left(sidecar, 1);
  await sidecar.stop();
});

test('descendants: one that ignores TERM is killed after MCP_TERM_GRACE', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild('--escapee'), env: { ...QUICK, MCP_TERM_GRACE: '100ms' } });
  await ready(sidecar);
  await restartedBy(sidecar, () => call(sidecar, 'exit', { code: 1 }));
  await sidecar.line(/processes that the child had left were ended.*killed\W+true/);
  await sidecar.stop();
});

test('descendants: of two sidecars, one below the other, each ends its own', async (t) => {
  // The inner one is not ready for the outer one, because it does not speak MCP on stdio.
  const sidecar = await Sidecar.start(t, { command: [sidecarProgram, '--port', '0', '--', ...fakeChild('--helpers')], env: { MCP_HANDSHAKE_TIMEOUT: '1h' } });
  await left(sidecar, 1);
  const [inner] = sidecar.started();
  const child = sidecar.processes().find(({ name }) => name === 'fake-child');
  process.kill(child.pid, 'SIGKILL');
  await sidecar.line(/processes that the child had left were ended/);
  await left(sidecar, 1);
  assert.ok(sidecar.started().some(({ pid }) => pid === inner.pid), 'the inner one still runs');
  sidecar.process.kill('SIGKILL');
  await sidecar.end();
  await sidecar.nothingLeft();
});

test('descendants: with MCP_KEEP_DESCENDANTS they outlive the child and the sidecar', async (t) => {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const sidecar = await Sidecar.start(t, { command: fakeChild('--helpers'), env: { ...QUICK, MCP_KEEP_DESCENDANTS: 'true' } });
    await ready(sidecar);
    await restartedBy(sidecar, () => call(sidecar, 'exit', { code: 1 }));
    await left(sidecar, 2);
    sidecar.process.kill(signal);
    await sidecar.end();
    await eventually(() => !sidecar.processes().some(({ name }) => name === guardName), 'the guard has ended');
    assert.deepEqual(helpers(sidecar), each(2));
    for (const { pid } of sidecar.processes()) process.kill(pid, 'SIGKILL');
    await sidecar.nothingLeft();
  }
});

test('descendants: those of another sidecar, and one whose environment was cleared, are left alone', async (t) => {
  const other = await Sidecar.start(t, { command: fakeChild('--helpers') });
  await ready(other);
  const clearing = 'env -i MCP_CLIENT_TEST="$MCP_CLIENT_TEST" setsid sleep 1000 </dev/null >/dev/null 2>&1 & exec "$@"';
  const sidecar = await Sidecar.start(t, { command: ['sh', '-c', clearing, 'sh', ...fakeChild()], env: QUICK });
  await ready(sidecar);
  const sleeping = (count) => eventually(() => sidecar.processes().filter(({ name }) => name === 'sleep').length === count, `${count} that cleared it`);
  await sleeping(1);
  await restartedBy(sidecar, () => call(sidecar, 'exit', { code: 1 }));
  await sleeping(2);
  sidecar.process.kill('SIGKILL');
  await sidecar.end();
  await eventually(() => !sidecar.processes().some(({ name }) => name === guardName), 'the guard has ended');
  await sleeping(2);
  for (const { pid } of sidecar.processes()) process.kill(pid, 'SIGKILL');
  await left(other, 1);
  await other.stop();
});

test('descendants: a process that the sidecar had before it started outlives it', async (t) => {
  const sidecar = await Sidecar.start(t, { under: ['sh', '-c', 'sleep 1000 </dev/null >/dev/null 2>&1 & exec "$@"', 'sh'] });
  await ready(sidecar);
  sidecar.process.kill('SIGTERM');
  assert.deepEqual(await sidecar.end(), { code: 0, signal: null }, sidecar.output);
  const processes = sidecar.processes();
  assert.deepEqual(processes.map(({ name }) => name), ['sleep']);
  process.kill(processes[0].pid, 'SIGKILL');
});
