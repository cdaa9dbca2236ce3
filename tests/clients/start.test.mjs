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
