// Runs bench_load and returns its figures.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { loadProgram } from './programs.mjs';

// {name: value} as --name value; undefined values are left out.
function flags(options) {
  return Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
}

function start(mode, options, command) {
  const args = [mode, ...flags(options), ...(command ? ['--', ...command] : [])];
  const child = spawn(loadProgram, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  ended.catch(() => {});
  return { child, ended, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function nextJson(load, mode) {
  const { value, done } = await load.lines.next();
  if (done) {
    const [code, signal] = await load.ended;
    throw new Error(`bench_load ${mode} ended without a word (${code ?? signal})`);
  }
  return JSON.parse(value);
}

// Wrong answers are in `errors` and `firstError`, answers delivered to another client in `foreign`;
// nothing is thrown.
export async function runLoad(mode, options, command) {
  const load = start(mode, options, command);
  const json = await nextJson(load, mode);
  await load.ended;
  return json;
}

// Holds idle sessions while `during` runs, or for `seconds` if that is given. Returns the final
// figures of the load.
export async function holdIdle(options, during) {
  const load = start('idle', options);
  const first = await nextJson(load, 'idle');
  if (first.open === undefined) throw new Error(`idle: ${first.firstError}`);
  await during?.(first.open);
  load.child.stdin.end();
  const json = await nextJson(load, 'idle');
  await load.ended;
  return json;
}
