// A keys file, and the output of `mcp-sidecar keys` on it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { temporaryFolder } from './files.mjs';
import { sidecarProgram } from './sidecar.mjs';

const run = promisify(execFile);

// `env`: the environment of a sidecar that uses the file.
export function keysFile(test) {
  const file = join(temporaryFolder(test), 'keys.json');
  const keys = async (...args) => (await run(sidecarProgram, ['keys', ...args, '--keys-file', file])).stdout.trim();
  return { file, keys, env: { MCP_KEYS_FILE: file, MCP_FAILED_KEYS_LIMIT: 'off' } };
}
