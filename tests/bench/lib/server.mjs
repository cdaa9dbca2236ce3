// One running contender, in its own process group and folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../../clients/lib/free-port.mjs';
import { tree } from './system.mjs';

const START_LIMIT_MS = 60_000;
const END_LIMIT_MS = 10_000;

// Settings of this machine must not reach the measured programs.
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MCP_|SDP_|SSE_|PORT$|LOG_LEVEL$|NODE_OPTIONS$)/.test(name)));
}

async function listens(port) {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export class Server {
  #folder = mkdtempSync(join(tmpdir(), 'sidecar-bench-'));
  #output = '';
  #ended;

  static async start(contender) {
    const server = new Server();
    server.port = await freePort();
    const [program, ...args] = contender.command(String(server.port));
    server.process = spawn(program, args, {
      cwd: server.#folder,
      env: { ...cleanEnvironment(), MCP_ALLOW_DEBUGGER: 'true', ...contender.env }, // smaps_rollup is read
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [server.process.stdout, server.process.stderr]) stream.on('data', (data) => server.#keep(data));
    server.#ended = once(server.process, 'exit');
    server.#ended.catch(() => {});
    await server.#listening(contender.name);
    return server;
  }

  get pid() {
    return this.process.pid;
  }

  // The end of its output, for errors.
  #keep(data) {
    this.#output = (this.#output + data).slice(-4000);
  }

  async #listening(name) {
    for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await sleep(20)) {
      if (this.process.exitCode !== null || this.process.signalCode !== null) break;
      if (await listens(this.port)) return;
    }
    await this.stop();
    throw new Error(`${name} does not listen on port ${this.port}:\n${this.#output}`);
  }

  // Sends TERM, and KILL if it has not ended in time; some peers leave their children behind.
  async stop() {
    const below = tree(this.pid).slice(1);
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGTERM');
      const late = setTimeout(() => this.process.kill('SIGKILL'), END_LIMIT_MS);
      await this.#ended;
      clearTimeout(late);
    }
    for (const pid of below) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Already ended.
      }
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

// Runs a contender for the duration of `use`.
export async function withServer(contender, use) {
  const server = await Server.start(contender);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}
