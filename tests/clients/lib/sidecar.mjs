// Starts the real program in front of a child, in its own folder, and checks that nothing is left
// afterwards.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Feed, eventually, within } from './guard.mjs';
import { childrenOf, guardName, marked, processesOf } from './processes.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const repository = resolve(here, '../../..');
const build = resolve(process.env.MCP_SIDECAR_BUILD ?? join(repository, 'build/release'));
export const sidecarProgram = process.env.MCP_SIDECAR_BIN ?? join(build, 'mcp-sidecar');
export const demo = [join(build, 'mcp-sidecar-demo')];
export const fakeChild = (...flags) => [join(build, 'fake-child'), ...flags];
export const notifySocket = join(build, 'notify-socket');
export const uriRules = join(build, 'uri-rules');
export const scope = process.env.CLIENT_TESTS ?? 'normal'; // short, normal, long

export const nodeModules = resolve(here, '../node_modules');
const npmServer = (name, ...args) => [process.execPath, join(nodeModules, `@modelcontextprotocol/${name}/dist/index.js`), ...args];
export const everything = npmServer('server-everything');
export const filesystem = (folder) => npmServer('server-filesystem', folder);
export const memory = npmServer('server-memory');
export const unruly = (mode = 'well') => [process.execPath, join(here, 'unruly-child.mjs'), mode];
export const hostile = [process.execPath, join(here, 'hostile-child.mjs')];
export const filesServer = [process.execPath, join(here, '../servers/files.mjs')];
export const conforming = [process.execPath, join(here, '../servers/conformance.mjs')];

// KB of stack for the program under test, to test the depth of its recursions; the wrapped server
// has an ordinary stack.
const stack = process.env.MCP_SIDECAR_STACK;
const withStack = (kilobytes, command) => ['sh', '-c', `ulimit -Ss ${kilobytes}; exec "$@"`, 'sh', ...command];

// The tests read the sidecar's environment and descriptors in /proc, which needs CAP_SYS_PTRACE (bit 19) or the setting.
const mayTraceAll = ((BigInt(`0x${readFileSync('/proc/self/status', 'utf8').match(/^CapEff:\s*(\w+)/m)[1]}`) >> 19n) & 1n) === 1n;

// Settings of the machine must not reach the program under test.
const foreign = /^(MCP_|SDP_|SSE_|PORT$|LOG_LEVEL$|NODE_TEST_CONTEXT$|NODE_OPTIONS$)/;
export function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name) || name === 'MCP_SIDECAR_TEST_RUN');
  return { ...Object.fromEntries(kept), ...(mayTraceAll ? {} : { MCP_ALLOW_DEBUGGER: 'true' }) };
}

// The local address in the log, whatever the public URL is.
const listening = /\blistening\b.*?127\.0\.0\.1:(\d+)/;

const startToken = /\badministration\b.*?(?:#token=|\bstart_token\W+)([0-9a-f]{64})\b/;

export class Sidecar {
  #mark = randomUUID();
  #lines = new Feed();
  #folder = mkdtempSync(join(tmpdir(), 'sidecar-test-'));
  #ended;

  // Cleans up after `test`, a context of node:test. `dotenv`: text of the .env in its folder.
  // `user`: the uid that runs it, if the tests run as root. `under`: a command in front of it.
  constructor(test, { command = demo, flags = [], env = {}, port = 0, dotenv, program = sidecarProgram, user, under = [] } = {}) {
    if (dotenv !== undefined) this.writeDotenv(dotenv);
    if (user !== undefined) for (const path of [this.#folder, ...(dotenv === undefined ? [] : [join(this.#folder, '.env')])]) chownSync(path, user, user);
    const wrapped = command && stack ? withStack(8192, command) : command;
    const started = [...under, program, '--port', String(port), ...flags, ...(wrapped ? ['--', ...wrapped] : [])];
    const [first, ...args] = stack ? withStack(stack, started) : started;
    this.process = spawn(first, args, {
      cwd: this.#folder,
      // Without keys, tests read metrics, sessions and the log as this machine; a test about
      // administration overrides that.
      env: { ...cleanEnvironment(), ...marked(this.#mark), MCP_OPEN_ADMIN: 'true', XDG_STATE_HOME: join(this.#folder, 'state'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    // Both streams have ended: every line has been read.
    this.#ended = once(this.process, 'close').then(([code, signal]) => ({ code, signal }));
    this.#ended.catch(() => {});
    for (const stream of [this.process.stdout, this.process.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#lines.push(line));
    }
    test.after(() => this.#cleanUp());
  }

  // A running sidecar with a known port.
  static async start(test, options) {
    const sidecar = new Sidecar(test, options);
    const banner = sidecar.line(listening);
    const early = sidecar.#ended.then((end) => {
      throw new Error(`the sidecar ended before it listened: ${JSON.stringify(end)}\n${sidecar.output}`);
    });
    const line = await Promise.race([banner, early]);
    early.catch(() => {});
    sidecar.port = Number(line.match(listening)[1]);
    sidecar.url = `http://127.0.0.1:${sidecar.port}`;
    return sidecar;
  }

  get pid() {
    return this.process.pid;
  }

  writeDotenv(text) {
    writeFileSync(join(this.#folder, '.env'), text);
  }

  // Everything printed so far on both streams.
  get output() {
    return this.#lines.items.join('\n');
  }

  // The start token of a sidecar without keys.
  async startToken() {
    return (await this.line(startToken)).match(startToken)[1];
  }

  get lineCount() {
    return this.#lines.items.length;
  }

  line(pattern, from = 0) {
    return this.#lines.find((line) => pattern.test(line), `a log line like ${pattern}`, from);
  }

  // {code, signal}
  end() {
    return within(this.#ended, () => `the end of the sidecar; it printed:\n${this.output}`);
  }

  processes() {
    return processesOf(this.#mark);
  }

  // The processes of the wrapped command, found by the end of the command line, which the sidecar's
  // guard also has.
  children(command) {
    return this.processes().filter((one) => one.pid !== this.pid && one.name !== guardName && one.command.join(' ').endsWith(command.slice(-2).join(' ')));
  }

  // The wrapped command's processes that the sidecar started itself, including those not yet
  // reaped.
  started() {
    return childrenOf(this.pid).filter(({ name }) => name !== guardName);
  }

  async nothingLeft() {
    await eventually(() => {
      const left = this.processes();
      if (left.length > 0) throw new Error(`left: ${JSON.stringify(left)}`);
      return true;
    }, 'nothing is left of the sidecar');
  }

  // The end of every test: TERM, exit code 0, no process left.
  async stop() {
    this.process.kill('SIGTERM');
    assert.deepEqual(await this.end(), { code: 0, signal: null }, this.output);
    await this.nothingLeft();
  }

  async #cleanUp() {
    if (this.process.exitCode === null && this.process.signalCode === null && this.process.pid) this.process.kill('SIGKILL');
    await this.end().catch(() => {});
    for (const { pid } of this.processes()) process.kill(pid, 'SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
