// What people give the program at its start: the command of the wrapped server, files, and the
// health check of a running sidecar.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { temporaryFolder } from './lib/files.mjs';
import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { Sidecar, cleanEnvironment, demo, sidecarProgram } from './lib/sidecar.mjs';

// {code, stdout, stderr} of one run of the program.
const run = async (args, options = {}) => {
  const env = { ...cleanEnvironment(), ...options.env };
  return { code: 0, ...(await promisify(execFile)(sidecarProgram, args, { cwd: '/', ...options, env }).catch((error) => error)) };
};
const ready = (sidecar) => eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');
const count = (text, pattern) => text.split('\n').filter((line) => pattern.test(line)).length;
const environmentOf = (pid) => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');

// The first event of the dashboard.
async function hello(url) {
  const response = await fetch(`${url}/dashboard/events`);
  let text = '';
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (/^event: hello\ndata: .*\n\n/m.test(text)) return text;
  }
  return text;
}

test("start: variables in MCP_COMMAND and --stdio are the wrapped server's, and their values are shown nowhere", async (t) => {
  const command = `TOKEN=hunter2 NOTE='hunter2 and more' ${demo[0]}`;
  for (const given of [{ env: { MCP_COMMAND: command } }, { flags: ['--stdio', command] }, { dotenv: `MCP_COMMAND=${command}\n` }]) {
    const sidecar = await Sidecar.start(t, { command: null, ...given });
    await ready(sidecar);
    const [child] = sidecar.started();
    const variables = environmentOf(child.pid);
    assert.ok(variables.includes('TOKEN=hunter2') && variables.includes('NOTE=hunter2 and more'));
    assert.match(sidecar.output, /listening.*TOKEN=\*\*\* NOTE=\*\*\* /);
    assert.match(await hello(sidecar.url), /TOKEN=\*\*\* NOTE=\*\*\* /);
    assert.doesNotMatch(sidecar.output + readFileSync(`/proc/${sidecar.pid}/cmdline`, 'utf8'), /hunter2/);
    // The next one has them too.
    assert.equal((await post(`${sidecar.url}/restart`)).status, 202);
    await eventually(() => sidecar.started().some(({ pid }) => pid !== child.pid && environmentOf(pid).includes('TOKEN=hunter2')), 'another child with the variable');
    await sidecar.stop();
  }
  for (const args of [['--print-config', '--stdio', command], ['--stdio', `${command} && x`], ['--stdio', `${command} 'x`], ['--stdio', 'TOKEN=hunter2 no-such-program']]) {
    const { stdout, stderr } = await run(args);
    assert.doesNotMatch(stdout + stderr, /hunter2/, args[1]);
  }
});

test('start: a variable in MCP_COMMAND wins over the environment, and PATH there finds the program', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'my-server'), `#!/bin/sh\nexec ${demo[0]}\n`);
  chmodSync(join(folder, 'my-server'), 0o755);
  const sidecar = await Sidecar.start(t, { command: null, env: { A: 'outer', MCP_COMMAND: `A=inner PATH=${folder}:/usr/bin:/bin my-server` } });
  await ready(sidecar);
  assert.deepEqual(environmentOf(sidecar.started()[0].pid).filter((one) => one.startsWith('A=')), ['A=inner']);
  await sidecar.stop();
});

test('start: a changed variable in MCP_COMMAND waits for a restart of the sidecar, as the command does', async (t) => {
  const sidecar = await Sidecar.start(t, { command: null, dotenv: `MCP_COMMAND=A=one-hunter2 ${demo[0]}\n` });
  await ready(sidecar);
  const [{ pid: first }] = sidecar.started();
  sidecar.writeDotenv(`MCP_COMMAND=A=two-hunter2 ${demo[0]}\n`);
  process.kill(sidecar.pid, 'SIGHUP');
  await sidecar.line(/setting waits for a restart of the sidecar.*MCP_COMMAND.*A=\*\*\* /);
  await sidecar.line(/settings read again/);
  assert.equal((await post(`${sidecar.url}/restart`)).status, 202);
  await eventually(() => sidecar.started().some(({ pid }) => pid !== first && environmentOf(pid).includes('A=one-hunter2')), 'another child with the old variable');
  assert.doesNotMatch(sidecar.output, /hunter2/);
  await sidecar.stop();
});

test('start: operators of a shell in MCP_COMMAND are refused with the remedy; words after -- are passed on', async (t) => {
  for (const command of ['cd /app && node server.js', 'node a.js | tee log', 'node a.js 2>&1', 'node a.js > log', 'a ; b']) {
    const { code, stderr } = await run(['--print-config'], { env: { MCP_COMMAND: command } });
    assert.equal(code, 2, command);
    assert.match(stderr, /^mcp-sidecar: MCP_COMMAND=.* \(environment\): the word \S+ is an operator of a shell, and no shell runs: put the whole command into sh -c '…'\n$/);
  }
  const odd = ['&&', '|', '2>&1', 'A=b', '$HOME', '`x`', '>log', '~/x'];
  const folder = temporaryFolder(t);
  const script = `printf '%s\\n' "$@" >${folder}/words; exec ${demo[0]}`;
  const sidecar = await Sidecar.start(t, { command: ['sh', '-c', script, 'sh', ...odd] });
  await ready(sidecar);
  assert.deepEqual(readFileSync(join(folder, 'words'), 'utf8').trim().split('\n'), odd);
  assert.doesNotMatch(sidecar.output, /shell/);
  await sidecar.stop();
});

test('start: $NAME and back quotes in MCP_COMMAND reach the server as they are, and one line says so', async (t) => {
  const folder = temporaryFolder(t);
  const script = `printf "%s\\n" "$@" >${folder}/words; exec ${demo[0]}`;
  const sidecar = await Sidecar.start(t, { command: null, env: { MCP_COMMAND: `sh -c '${script}' sh $HOME/x "\`pwd\`"` } });
  await ready(sidecar);
  assert.deepEqual(readFileSync(join(folder, 'words'), 'utf8').trim().split('\n'), ['$HOME/x', '`pwd`']);
  assert.equal(count(sidecar.output, /MCP_COMMAND holds what only a shell replaces or interprets/), 1);
  await sidecar.stop();
});

test('start: docker run without --init and --rm is warned of, in whichever way the command is given', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'docker'), `#!/bin/sh\nexec ${demo[0]}\n`);
  chmodSync(join(folder, 'docker'), 0o755);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  const told = /run without --init and --rm/;
  for (const given of [{ command: ['docker', 'run', '-i', 'image', '--init'] }, { command: null, flags: ['--stdio', 'docker run -i image'] }]) {
    const sidecar = await Sidecar.start(t, { env, ...given });
    assert.equal(count(sidecar.output, told), 1);
    await sidecar.stop();
  }
  const well = await Sidecar.start(t, { env, command: ['docker', 'run', '-i', '--init', '--rm', 'image'] });
  assert.doesNotMatch(well.output, /run without/);
  await well.stop();
});

test('start: a byte order mark at the start of .env, a key file or a keys file belongs to none of them', async (t) => {
  const folder = temporaryFolder(t);
  const mark = '\ufeff';
  const status = async (sidecar, key) => (await request(`${sidecar.url}/tools`, { headers: { 'x-api-key': key } })).status;
  const file = join(folder, 'key');
  writeFileSync(file, `${mark}key-of-a-file\n`);
  for (const [key, given] of [['key-of-dotenv', { dotenv: `${mark}MCP_API_KEY=key-of-dotenv\r\n` }], ['key-of-a-file', { env: { MCP_API_KEY_FILE: file } }], ['key-of-a-file', { env: { MCP_API_KEYS_FILE: file } }]]) {
    const sidecar = await Sidecar.start(t, given);
    assert.deepEqual([await status(sidecar, key), await status(sidecar, 'other')], [200, 401]);
    await sidecar.stop();
  }
  const keys = join(folder, 'keys.json');
  const key = execFileSync(sidecarProgram, ['keys', 'new', 'ann', '--keys-file', keys], { encoding: 'utf8', env: cleanEnvironment() }).match(/mcp_\w+/)[0];
  writeFileSync(keys, mark + readFileSync(keys, 'utf8'));
  const sidecar = await Sidecar.start(t, { env: { MCP_KEYS_FILE: keys } });
  assert.deepEqual([await status(sidecar, key), await status(sidecar, 'other')], [200, 401]);
  await sidecar.stop();
  writeFileSync(keys, Buffer.from('\ufeff{}', 'utf16le'));
  assert.match((await run(['--', 'true'], { env: { MCP_KEYS_FILE: keys } })).stderr, /UTF-16 text: save it as UTF-8/);
});

test('healthcheck: a living sidecar whose server fails is alive and not ready, with the reason', async (t) => {
  const check = (sidecar, ...flags) => run(['healthcheck', '--port', String(sidecar.port), ...flags]);
  const sidecar = await Sidecar.start(t, { env: { MCP_ALLOWED_IPS: '192.0.2.0/24', MCP_API_KEY: 'the-key' } });
  await ready(sidecar);
  for (const flags of [[], ['--ready']]) {
    const { code, stdout, stderr } = await check(sidecar, ...flags);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' });
  }
  await sidecar.stop();

  const failing = await Sidecar.start(t, { command: ['sh', '-c', 'exit 3'], env: { MCP_RESTART_DELAY: '1ms', MCP_RESTART_DELAY_MAX: '1ms' } });
  await failing.line(/child ended/);
  assert.equal((await check(failing)).code, 0);
  const reason = new RegExp(`^mcp-sidecar: 127\\.0\\.0\\.1:${failing.port}/ready answered 503: .*exited with code 3.*\\n$`);
  await eventually(async () => {
    const { code, stdout, stderr } = await check(failing, '--ready');
    assert.deepEqual([code, stdout], [1, '']);
    return reason.test(stderr);
  }, 'the reason of the failed starts');
  await failing.stop();
  const gone = await check(failing, '--ready');
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /^mcp-sidecar: no answer from 127\.0\.0\.1:\d+\/ready \(.*\)\n$/);
});

test('healthcheck: on a terminal success is one line', { skip: !existsSync('/usr/bin/script') && 'no script(1)' }, async (t) => {
  const sidecar = await Sidecar.start(t);
  await ready(sidecar);
  const seen = async (...flags) => {
    const command = [sidecarProgram, 'healthcheck', '--port', sidecar.port, ...flags].join(' ');
    return (await promisify(execFile)('script', ['--quiet', '--return', '--command', command, '/dev/null'], { env: { ...cleanEnvironment(), SHELL: '/bin/sh' } })).stdout.trim();
  };
  assert.equal(await seen(), `127.0.0.1:${sidecar.port}/health: alive; the wrapped server: ready`);
  assert.equal(await seen('--ready'), `127.0.0.1:${sidecar.port}/ready: the wrapped server takes calls`);
  await sidecar.stop();
});
