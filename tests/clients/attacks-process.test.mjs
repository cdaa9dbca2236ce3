// Attacks of the wrapped server on the process that started it: what it can read of it, what it can take from it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { temporaryFolder } from './lib/files.mjs';
import { eventually } from './lib/guard.mjs';
import { Sidecar, cleanEnvironment, fakeChild, sidecarProgram } from './lib/sidecar.mjs';

const run = promisify(execFile);
test('attacks: credentials in URLs are shown by no listing, start error, log or dashboard', async (t) => {
  const url = 'postgresql://u:hunter2@db/d?password=hunter2';
  const sidecar = await Sidecar.start(t, { command: [...fakeChild(), url], env: { MCP_JWT_ISSUER: 'https://idp.example', MCP_JWT_JWKS: 'http://127.0.0.1:1/keys?code=hunter2', MCP_PUBLIC_URL: 'https://mcp.example' } });
  await sidecar.line(/no access token can be checked.*code=\*\*\*/);
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
