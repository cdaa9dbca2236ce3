// Attacks of the wrapped server on the process that started it: reading it and taking resources
// from it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { temporaryFolder } from './lib/files.mjs';
import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { childrenOf, guardName, openDescriptors } from './lib/processes.mjs';
import { Sidecar, cleanEnvironment, fakeChild, sidecarProgram } from './lib/sidecar.mjs';

const run = promisify(execFile);
const nobody = 65534;
const asRoot = process.getuid() === 0;

// The programs at a path that every user may run, and an unprivileged user, because root may read
// every process.
function unprivileged(t) {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  const copy = (path, name) => {
    copyFileSync(path, join(folder, name));
    chmodSync(join(folder, name), 0o755);
    return join(folder, name);
  };
  return { program: copy(sidecarProgram, 'mcp-sidecar'), command: [copy(fakeChild()[0], 'fake-child')], user: asRoot ? nobody : undefined };
}

const inspect = async (sidecar, pid) => (await post(`${sidecar.url}/call-tool`, { name: 'inspect', arguments: { pid } }, { Authorization: 'Bearer hunter2-key' })).json().result.structuredContent;

test('attacks: a wrapped server of the same user reads no secret of the sidecar or its guard from /proc, memory or descriptors', async (t) => {
  const sidecar = await Sidecar.start(t, {
    ...unprivileged(t),
    flags: ['--api-keys', 'flag:hunter2-key', '--audit-hash-key=hunter2-hash-key'],
    env: { MCP_API_KEYS: 'env:hunter2-environment', SDP_API_KEYS: 'old:hunter2-alias', MCP_AUDIT_HASH_KEY: 'hunter2-hash-environment', MCP_ALLOW_DEBUGGER: '' },
    dotenv: 'MCP_API_KEY=hunter2-dotenv\n',
  });
  const guard = childrenOf(sidecar.pid).find(({ name }) => name === guardName);
  for (const pid of [sidecar.pid, guard.pid]) {
    const { cmdline, ...others } = await inspect(sidecar, pid);
    assert.match(cmdline, /^\S*mcp-sidecar --port 0 --api-keys .*--audit-hash-key= /, 'flags are there, their secrets are not');
    for (const [way, outcome] of Object.entries(others)) assert.match(outcome, /^denied: /, way);
    assert.doesNotMatch(JSON.stringify([cmdline, others]), /hunter2/);
  }
  process.kill(sidecar.pid, 'SIGHUP');
  await sidecar.line(/settings read again/);
  assert.match((await inspect(sidecar, sidecar.pid)).environ, /^denied/, 'the key of the flag still holds');
  await sidecar.stop();
});

test('attacks: with MCP_ALLOW_DEBUGGER processes of the same user may read the sidecar, and still find no secret in its environment', async (t) => {
  const sidecar = await Sidecar.start(t, { ...unprivileged(t), env: { MCP_API_KEYS: 'env:hunter2-key', MCP_ALLOW_DEBUGGER: 'true' } });
  await sidecar.line(/MCP_ALLOW_DEBUGGER=true .*can read the sidecar's memory/);
  const found = await inspect(sidecar, sidecar.pid);
  assert.match(found.environ, /MCP_API_KEYS=/);
  assert.doesNotMatch(found.environ, /hunter2/);
  assert.match(found.maps, / r-xp .*mcp-sidecar/);
  await sidecar.stop();
});

test('attacks: an unreadable sidecar of an unprivileged user counts its descriptors, and its guard ends what it leaves', async (t) => {
  const { command, ...rest } = unprivileged(t);
  const sidecar = await Sidecar.start(t, { ...rest, command: [...command, '--grandchild'] });
  const metrics = (await request(`${sidecar.url}/metrics`)).text;
  assert.match(metrics, /^process_open_fds [1-9]\d*$/m);
  assert.match(metrics, /^process_resident_memory_bytes [1-9]/m);
  await sidecar.line(/grandchild \d+/);
  process.kill(sidecar.pid, 'SIGKILL');
  await sidecar.nothingLeft();
});

test('attacks: the start names the files with secrets that the wrapped server can read or change', async (t) => {
  const folder = temporaryFolder(t);
  const [secret, keys] = [join(folder, 'secret'), join(folder, 'keys.json')];
  writeFileSync(secret, 'hunter2-hash-key\n');
  writeFileSync(keys, '{"keys":[]}');
  const sidecar = await Sidecar.start(t, { dotenv: `MCP_API_KEY=hunter2\nMCP_KEYS_FILE=${keys}\nMCP_AUDIT_HASH_KEY_FILE=${secret}\n` });
  await sidecar.line(/can read secrets in \.env \(MCP_API_KEY\) and the file that MCP_AUDIT_HASH_KEY_FILE names: keep keys in MCP_KEYS_FILE/);
  await sidecar.line(/can read and change the keys file .*keys\.json: let another user own/);
  assert.doesNotMatch(sidecar.output, /hunter2/);
  await sidecar.stop();
});

test('attacks: files without secrets give no warning', async (t) => {
  const sidecar = await Sidecar.start(t, { dotenv: 'LOG_LEVEL=info\nMCP_AUDIT_DB=sqlite:audit.db\nAPI_TOKEN=of-the-server\n' });
  await eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');
  assert.doesNotMatch(sidecar.output, /can read/);
  await sidecar.stop();
});

const halfOpen = (port) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('GET /health HTTP/1.1\r\n', () => resolve(socket)));
    socket.on('error', reject);
  });

test('attacks: half-open connections under a low limit of open files leave enough of them for the child to be restarted', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), under: ['prlimit', '--nofile=128'], env: { MCP_RECEIVE_TIMEOUT: '10m' } });
  await sidecar.line(/limit of open files \(RLIMIT_NOFILE\) allows fewer connections than MCP_MAX_TCP_CONNECTIONS.*128/);
  await eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');
  const sockets = await Promise.all(Array.from({ length: 120 }, () => halfOpen(sidecar.port)));
  await sidecar.line(/cannot accept connections.*64 to RLIMIT_NOFILE/);
  const { sockets: connections, others } = openDescriptors(sidecar.pid);
  assert.ok(connections + others <= 65, `${connections} sockets and ${others} others`);
  const from = sidecar.lineCount;
  process.kill(sidecar.started()[0].pid, 'SIGKILL');
  await sidecar.line(/child is ready/, from);
  sockets.forEach((socket) => socket.destroy());
  assert.equal((await post(`${sidecar.url}/call-tool`, { name: 'pid' })).status, 200);
  assert.match((await request(`${sidecar.url}/metrics`)).text, /mcp_sidecar_refused_total\{reason="no_descriptors"\} [1-9]/);
  await sidecar.stop();
});

test('attacks: the sidecar works under a limit of 48 open files', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), under: ['prlimit', '--nofile=48'] });
  const sockets = await Promise.all(Array.from({ length: 40 }, () => halfOpen(sidecar.port)));
  sockets.forEach((socket) => socket.destroy());
  assert.equal((await post(`${sidecar.url}/call-tool`, { name: 'pid' })).status, 200);
  await sidecar.stop();
});

// Runs a program on its own terminal; returns its output.
const onTerminal = async (command, options) =>
  (await run('script', ['--quiet', '--return', '--command', command.map((word) => `'${word}'`).join(' '), '/dev/null'], { ...options, env: { ...cleanEnvironment(), ...options?.env, SHELL: '/bin/sh' } }).catch((error) => error)).stdout;

test('attacks: audit records do not reach a terminal with control or bidirectional characters; files get them unchanged', async (t) => {
  const database = join(temporaryFolder(t), 'audit.db');
  const sidecar = await Sidecar.start(t, { env: { MCP_AUDIT_DB: `sqlite:${database}` } });
  const name = 'evil\x1b[31m\u009b1m\u202e\u2028tool';
  await post(`${sidecar.url}/call-tool`, { name });
  await sidecar.stop();
  for (const words of [['query'], ['query', '--format', 'json'], ['export', '--format', 'csv']]) {
    const command = [sidecarProgram, 'audit', ...words, '--audit-db', `sqlite:${database}`];
    const shown = await onTerminal(command);
    assert.match(shown, /evil.*\\u202e\\u2028tool/);
    assert.doesNotMatch(shown, /[\x1b\x80-\x9f\u202e\u2028]/);
    const { stdout } = await run(command[0], command.slice(1), { env: cleanEnvironment() });
    assert.match(stdout, /evil.*\u202e\u2028tool/s);
    if (words.includes('csv')) assert.ok(stdout.includes(name));
  }
});

test('attacks: credentials of a mistyped URL are shown by no start error or listing', async (t) => {
  const folder = temporaryFolder(t);
  const show = async (env) => {
    const { stdout, stderr } = await run(sidecarProgram, ['--print-config', '--', 'x'], { cwd: folder, env: { ...cleanEnvironment(), ...env } }).catch((error) => error);
    return stdout + stderr;
  };
  const urls = ['u:hunter2@id.example/jwks', '//u:hunter2@h', 'https:\\/\\/u:hunter2@h', 'https:/u:hunter2@h/', 'https://u:12/hunter2@h/', 'https://h/p;jsessionid=hunter2', 'h?token=hunter2'];
  for (const url of urls) {
    for (const name of ['MCP_JWT_JWKS', 'MCP_JWT_ISSUER', 'MCP_PUBLIC_URL', 'MCP_CORS_ORIGINS', 'MCP_ALLOWED_HOSTS']) {
      const shown = await show({ [name]: url });
      assert.ok(shown.includes('***') && !shown.includes('hunter2'), `${name}: ${shown}`);
    }
  }
  for (const command of [...urls.slice(0, -1), 'postgres://user:12 hunter2@h/db', '"https://u:p@h/a?x=a hunter2"']) {
    const { stdout } = await run(sidecarProgram, ['--print-config'], { cwd: folder, env: { ...cleanEnvironment(), MCP_COMMAND: `node x ${command}` } });
    assert.match(stdout, /MCP_COMMAND +node x .*\*\*\*/);
    assert.doesNotMatch(stdout, /hunter2/);
  }
});

test('attacks: credentials in URLs appear in no listing, start error or log', async (t) => {
  const url = 'postgresql://u:hunter2@db/d?password=hunter2';
  const sidecar = await Sidecar.start(t, { command: [...fakeChild(), url], env: { MCP_JWT_ISSUER: 'https://idp.example', MCP_JWT_JWKS: 'http://127.0.0.1:1/keys?code=hunter2', MCP_PUBLIC_URL: 'https://mcp.example' } });
  await sidecar.line(/no access token can be checked.*keys\?\*\*\*/);
  assert.match(sidecar.output, /postgresql:\/\/\*\*\*@db\/d/);
  assert.doesNotMatch(sidecar.output, /hunter2/);
  await eventually(() => sidecar.processes().some(({ name, command }) => name === 'fake-child' && command.at(-1) === url), 'the child has it whole');
  await sidecar.stop();

  const folder = temporaryFolder(t);
  const env = { ...cleanEnvironment(), MCP_COMMAND: `node x '${url}'`, MCP_JWT_JWKS: 'https://u:hunter2@idp.example/keys' };
  const failed = await run(sidecarProgram, ['--print-config'], { cwd: folder, env }).catch((error) => error);
  assert.equal(failed.code, 2);
  assert.match(failed.stderr, /MCP_JWT_JWKS=https:\/\/\*\*\*@idp\.example\/keys \(environment\): a URL without .*credentials is wanted/);
  const { stdout } = await run(sidecarProgram, ['--print-config'], { cwd: folder, env: { ...env, MCP_JWT_JWKS: '' } });
  assert.match(stdout, /MCP_COMMAND +node x 'postgresql:\/\/\*\*\*@db/);
  const mistaken = await run(sidecarProgram, ['--', 'https://u:hunter2@idp.example/sse'], { cwd: folder, env: cleanEnvironment() }).catch((error) => error);
  assert.match(mistaken.stderr, /cannot run the MCP server: https:\/\/\*\*\*@idp\.example\/sse/);
  assert.doesNotMatch(failed.stderr + stdout + mistaken.stderr, /hunter2/);
});
