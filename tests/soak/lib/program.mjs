// The program under test, in its own folder under build/soak, with its log in a file.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { freePort } from '../../clients/lib/free-port.mjs';
import { eventually, within } from '../../clients/lib/guard.mjs';
import { request } from '../../clients/lib/http.mjs';
import { childrenOf, guardName, marked, processesOf } from '../../clients/lib/processes.mjs';
import { cleanEnvironment, repository } from '../../clients/lib/sidecar.mjs';
import { DRAIN_MS } from './disturbances.mjs';
import { Keys, admin } from './keys.mjs';

const child = resolve(dirname(fileURLToPath(import.meta.url)), '../child.mjs');
export const soakFolder = join(repository, 'build/soak');

// Small enough to be reached, and long enough for a busy machine.
const settings = {
  MCP_INSTANCES: '2',
  MCP_MAX_INSTANCES: '3',
  MCP_MAX_INSTANCES_PER_OWNER: '2',
  MCP_SESSION_TIMEOUT: '10s',
  MCP_KEEPALIVE_INTERVAL: '2s',
  MCP_STREAM_AFTER: '200ms',
  MCP_STREAM_QUEUE: '2MB',
  MCP_STREAM_STALL: '3s',
  MCP_MAX_BODY: '1MB',
  MCP_RECEIVE_TIMEOUT: '3s',
  MCP_MAX_CALLS_PER_SESSION: '16',
  MCP_CALL_TIMEOUT: '20s',
  MCP_CALL_TIMEOUT_TOTAL: '40s',
  MCP_REST_TIMEOUT: '15s',
  MCP_RESTART_DRAIN: `${DRAIN_MS}ms`,
  MCP_RESTART_DELAY: '20ms',
  MCP_RESTART_DELAY_MAX: '500ms',
  MCP_WEDGED_AFTER: '6s',
  MCP_PROBE_TIMEOUT: '8s',
  MCP_RESTART_WEDGED: 'true',
  MCP_AUDIT_DB: 'sqlite:audit.db',
  MCP_KEYS_FILE: 'keys.json',
  MCP_LOG_FORMAT: 'json',
};
// Children without any dedicated ones: the shared ones and the guard.
export const RESTING_PROCESSES = Number(settings.MCP_INSTANCES) + 1;
export const limits = { call: 40_000, rest: 15_000 };

export class Program {
  #mark = randomUUID();
  #ended;

  static async start(name, build) {
    const program = new Program();
    program.folder = join(soakFolder, name);
    rmSync(program.folder, { recursive: true, force: true });
    mkdirSync(program.folder, { recursive: true });
    program.keys = new Keys(join(program.folder, 'keys.json'));
    program.journal = join(program.folder, 'journal');
    program.logFile = join(program.folder, 'sidecar.log');
    program.writeDotenv('');
    const log = openSync(program.logFile, 'a');
    const port = await freePort();
    program.url = `http://127.0.0.1:${port}`;
    program.process = spawn(join(build, 'mcp-sidecar'), ['--port', String(port), '--', process.execPath, child, program.journal], {
      cwd: program.folder,
      env: { ...cleanEnvironment(), ...marked(program.#mark), ...settings },
      stdio: ['ignore', log, log],
    });
    process.once('exit', () => program.kill());
    program.#ended = once(program.process, 'exit').then(([code, signal]) => ({ code, signal }));
    program.#ended.catch(() => {}); // a failed start is reported below
    await eventually(async () => {
      if (!program.running) throw new Error(`it ended: ${readFileSync(program.logFile, 'utf8').slice(-2000)}`);
      return program.ready();
    }, 'the sidecar is ready');
    return program;
  }

  get pid() {
    return this.process.pid;
  }

  get running() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  writeDotenv(text) {
    writeFileSync(join(this.folder, '.env'), text);
  }

  async get(path) {
    return request(this.url + path, { headers: this.keys.headers(admin) });
  }

  async children() {
    return (await this.get('/health')).json().children;
  }

  async ready() {
    return (await this.get('/ready')).status === 200 && (await this.children()).every(({ state }) => state === 'ready');
  }

  // The living processes that it started. A process between fork and exec still has the sidecar's
  // name.
  started() {
    return childrenOf(this.pid).filter(({ name, state }) => state !== 'Z' && name !== guardName && name !== 'mcp-sidecar');
  }

  // Sums of /metrics over labels: {name: value}; names without the prefix mcp_sidecar_.
  async metrics() {
    const sums = {};
    for (const line of (await this.get('/metrics')).text.split('\n')) {
      const [, name, value] = line.match(/^mcp_sidecar_(\w+)(?:\{.*\})? (\S+)$/) ?? [];
      if (name) sums[name] = (sums[name] ?? 0) + Number(value);
    }
    return sums;
  }

  // Sends TERM: {code, signal, left}.
  async stop() {
    this.process.kill('SIGTERM');
    const end = await within(this.#ended, () => 'the end of the sidecar after TERM');
    let left = [];
    await eventually(() => (left = processesOf(this.#mark)).length === 0, 'nothing is left').catch(() => {});
    return { ...end, left };
  }

  kill() {
    if (this.running && this.pid) this.process.kill('SIGKILL');
    for (const { pid } of processesOf(this.#mark)) process.kill(pid, 'SIGKILL');
  }

  async *logLines() {
    yield* createInterface({ input: createReadStream(this.logFile) });
  }

  async *runs() {
    if (!existsSync(this.journal)) return;
    for await (const line of createInterface({ input: createReadStream(this.journal) })) yield Number(line);
  }
}
