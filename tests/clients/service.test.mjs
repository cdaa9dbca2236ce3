// Process managers: systemd's notifications on a real socket, PM2's copies, a terminal that closes.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { temporaryFolder } from './lib/files.mjs';
import { Feed, eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { marked, processesOf, residentBytes } from './lib/processes.mjs';
import { connect, textOf } from './lib/sdk.mjs';
import { Sidecar, cleanEnvironment, demo, everything, fakeChild, notifySocket, sidecarProgram } from './lib/sidecar.mjs';

const run = promisify(execFile);

// systemd's end: {path, messages}.
async function systemd(t) {
  const path = join(temporaryFolder(t), 'notify');
  const process_ = spawn(notifySocket, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => process_.kill('SIGKILL'));
  const messages = new Feed();
  createInterface({ input: process_.stdout }).on('line', (line) => messages.push(line));
  await messages.find((line) => line === 'bound', 'the socket');
  return { path, messages };
}

test('service: systemd is notified of READY, status, watchdog, reload and end, in this order', async (t) => {
  const { path, messages } = await systemd(t);
  const next = (pattern, from = 0) => messages.find((line) => pattern.test(line), `a message like ${pattern}`, from);
  const sidecar = await Sidecar.start(t, { env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' }, dotenv: 'LOG_LEVEL=info\n' });
  await next(/^READY=1 \| STATUS=wrapped server ready; 0 sessions, 0 calls in flight$/);
  await connect(t, sidecar.url);
  await next(/^STATUS=wrapped server ready; 1 sessions/);
  await next(/^WATCHDOG=1$/, messages.items.length);
  const before = messages.items.length;
  process.kill(sidecar.pid, 'SIGHUP');
  await next(/^RELOADING=1 \| MONOTONIC_USEC=\d+$/, before);
  await next(/^READY=1$/, before);
  await sidecar.stop();
  await next(/^STOPPING=1$/);
  const steps = messages.items.map((line) => line.match(/^(READY|RELOADING|STOPPING)/)?.[1]).filter(Boolean);
  assert.deepEqual(steps, ['READY', 'RELOADING', 'READY', 'STOPPING']);
});

test('service: a wrapped server that does not start delays READY by 10 s, and the status has the reason', async (t) => {
  const { path, messages } = await systemd(t);
  const sidecar = await Sidecar.start(t, { command: fakeChild('--exit=7'), env: { NOTIFY_SOCKET: path } });
  await messages.find((line) => /^STATUS=wrapped server not ready: .*exited with code 7/.test(line), 'the status');
  assert.ok(messages.items.every((line) => !line.startsWith('READY')), messages.items.join('\n'));
  await messages.find((line) => line.startsWith('READY=1'), 'READY');
  await sidecar.stop();
});

test('service: the wrapped server inherits neither NOTIFY_SOCKET nor WATCHDOG_USEC', async (t) => {
  const { path } = await systemd(t);
  const sidecar = await Sidecar.start(t, { command: everything, env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '9000000', PASSED_ON: 'yes' } });
  const { result } = (await post(`${sidecar.url}/call-tool`, { name: 'get-env' })).json();
  assert.match(textOf(result), /PASSED_ON/);
  assert.doesNotMatch(textOf(result), /NOTIFY_SOCKET|WATCHDOG_USEC/);
  await sidecar.stop();
});

test("service: a wrapped Node server does not inherit PM2's channel variables", async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything, env: { NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'json' } });
  assert.equal((await post(`${sidecar.url}/call-tool`, { name: 'echo', arguments: { message: 'hi' } })).status, 200);
  await sidecar.stop();
});

test("service: the first of PM2's copies runs; another is refused with a hint at --instances", async (t) => {
  const pm2 = (copy) => ({ pm_id: copy, exec_mode: 'fork_mode', instance_var: 'NODE_APP_INSTANCE', instances: '2', NODE_APP_INSTANCE: copy });
  const first = await Sidecar.start(t, { env: pm2('0') });
  await assert.rejects(run(sidecarProgram, ['--port', '0', '--', ...demo], { env: { ...cleanEnvironment(), ...pm2('1') } }), (error) => {
    assert.equal(error.code, 2);
    assert.match(error.stderr, /^mcp-sidecar: PM2 started several copies .*--instances N.*\n$/);
    return true;
  });
  await first.stop();
});

test('service: a library in the working directory is not loaded', async (t) => {
  const cwd = temporaryFolder(t);
  const { stdout } = await run('ldd', [sidecarProgram]);
  const libraries = [...stdout.matchAll(/^\s*(lib\S+) => /gm)].map(([, name]) => name);
  assert.ok(libraries.length > 5, stdout);
  for (const name of libraries) writeFileSync(join(cwd, name), '');
  for (const program of [sidecarProgram, demo[0]]) await run(program, ['--version'], { cwd });
});

// For a release build, which has 11.5 MB mapped before and 5 after. Sanitizers map more.
test('service: after the start, file pages used only by the start are released', { skip: /\b[at]san\b/.test(sidecarProgram) }, async (t) => {
  const sidecar = await Sidecar.start(t);
  await eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');
  const mapped = residentBytes(sidecar.pid, 'RssFile');
  assert.ok(mapped > 1 << 20 && mapped < 8 << 20, `${mapped} bytes`);
});

test('service: on a terminal SIGHUP reloads, and ends the sidecar once the terminal has closed', async (t) => {
  const mark = randomUUID();
  const command = [sidecarProgram, '--port', '0', '--', ...demo].map((word) => `'${word}'`).join(' ');
  const terminal = spawn('script', ['--quiet', '--flush', '--command', `exec ${command}`, '/dev/null'], {
    cwd: temporaryFolder(t),
    env: { ...cleanEnvironment(), ...marked(mark), SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => processesOf(mark).forEach(({ pid }) => process.kill(pid, 'SIGKILL')));
  const lines = new Feed();
  createInterface({ input: terminal.stdout }).on('line', (line) => lines.push(line));
  await lines.find((line) => line.includes('listening'), 'that it listens');
  const sidecar = processesOf(mark).find(({ name }) => name === 'mcp-sidecar');
  process.kill(sidecar.pid, 'SIGHUP');
  await lines.find((line) => line.includes('settings read again'), 'the reload');
  terminal.kill('SIGKILL');
  await eventually(() => processesOf(mark).length === 0, 'nothing is left');
});
