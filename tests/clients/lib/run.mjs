// Runs a program of an npm package to its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { within } from './guard.mjs';
import { cleanEnvironment, nodeModules } from './sidecar.mjs';

export const packaged = (path) => join(nodeModules, path);

// `script`: in node_modules. {code, output, error}; the process is killed after `ms`.
export async function runScript(script, args, { env = {}, cwd, ms } = {}) {
  const process_ = spawn(process.execPath, [packaged(script), ...args], {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result = { output: '', error: '' };
  process_.stdout.setEncoding('utf8').on('data', (text) => (result.output += text));
  process_.stderr.setEncoding('utf8').on('data', (text) => (result.error += text));
  try {
    const [code] = await within(once(process_, 'close'), () => `the end of ${script} ${args.join(' ')}; it printed:\n${result.output}${result.error}`, ms);
    return { code, ...result };
  } finally {
    process_.kill('SIGKILL');
  }
}
