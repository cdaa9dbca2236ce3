// A sidecar with an audit log, a load whose calls are identified by their argument, and the records
// in the log.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { promisify } from 'node:util';

import { within } from './guard.mjs';
import { cleanEnvironment, sidecarProgram } from './sidecar.mjs';

const run = promisify(execFile);

// The output of `mcp-sidecar audit …`.
export async function audit(database, ...args) {
  const { stdout } = await run(sidecarProgram, ['audit', ...args], { env: { ...cleanEnvironment(), MCP_AUDIT_DB: database }, maxBuffer: 1 << 30 });
  return stdout;
}

export const exported = async (database, ...args) => JSON.parse(await audit(database, 'export', '--format', 'json', ...args));

// Calls echo for every number from `first` on, `width` at a time over kept connections. Returns the
// numbers answered with 200; `onAnswer` is called after each with the number of answers.
export async function load(url, { first = 0, count, width = 32, headers = {}, onAnswer = () => {} }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: width });
  const answered = [];
  const others = [];
  let next = first;
  let answers = 0;
  const call = (number) =>
    new Promise((resolve, reject) => {
      const sent = http.request(`${url}/call-tool`, { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
        response.on('error', reject);
        response.resume().on('end', () => resolve(response.statusCode));
      });
      sent.on('error', reject);
      sent.end(JSON.stringify({ name: 'echo', arguments: { message: `call ${number}` } }));
    });
  const worker = async () => {
    while (next < first + count) {
      const number = next;
      next += 1;
      const status = await call(number).catch((error) => error.code);
      if (status === 200) answered.push(number);
      else others.push({ number, status });
      answers += 1;
      await onAnswer(answers);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  agent.destroy();
  return { answered, others };
}

// Makes load in parts until the sidecar has logged `pattern`: databases differ in how much they
// accept before a failure shows. Returns the results of load() of all parts.
export async function loadUntil(sidecar, pattern, { first, part = 500, most = 100_000 }) {
  const all = { answered: [], others: [] };
  const from = sidecar.lineCount;
  for (let at = first; at < first + most; at += part) {
    const { answered, others } = await load(sidecar.url, { first: at, count: part });
    all.answered.push(...answered);
    all.others.push(...others);
    if (sidecar.output.split('\n').slice(from).some((line) => pattern.test(line))) return all;
  }
  throw new Error(`${most} calls, and still no line like ${pattern}`);
}

// The numbers of the recorded calls.
export const numbersOf = (records) =>
  records.filter(({ tool }) => tool === 'echo').map((record) => Number(JSON.parse(record.arguments).message.split(' ')[1]));

// Every answered call is in the log, and no call twice.
export function assertComplete(records, answered) {
  assert.equal(new Set(records.map(({ id }) => id)).size, records.length, 'an id twice');
  const numbers = numbersOf(records);
  const logged = new Set(numbers);
  assert.equal(logged.size, numbers.length, 'a call twice');
  const lost = answered.filter((number) => !logged.has(number));
  assert.deepEqual(lost.slice(0, 10), [], `${lost.length} of ${answered.length} calls are missing`);
}

// Another program that holds the file's lock until release().
export async function locked(t, path) {
  const shell = spawn('sqlite3', [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => shell.kill('SIGKILL'));
  shell.stdin.write('PRAGMA busy_timeout = 60000; BEGIN EXCLUSIVE; SELECT \'locked\';\n');
  let said = '';
  await within(new Promise((resolve) => shell.stdout.on('data', (text) => (said += text).includes('locked') && resolve())), () => 'the lock');
  return {
    async release() {
      const ended = once(shell, 'close');
      shell.stdin.end('COMMIT;\n');
      await ended;
    },
  };
}
