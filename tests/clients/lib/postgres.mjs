// A real PostgreSQL for one test: in a temporary folder, on its own port and socket, as packaged by
// Debian.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { temporaryFolder } from './files.mjs';
import { freePort } from './free-port.mjs';
import { eventually, within } from './guard.mjs';

const run = promisify(execFile);
const versions = '/usr/lib/postgresql';
const programs = existsSync(versions) ? join(versions, readdirSync(versions).sort((a, b) => b - a)[0], 'bin') : undefined;

export const missing = programs ? false : 'no PostgreSQL: scripts/setup installs it';

// The server refuses to run as root.
const asServer = (program, args) => (process.getuid() === 0 ? ['runuser', ['-u', 'postgres', '--', join(programs, program), ...args]] : [join(programs, program), args]);

export class Postgres {
  static async start(test) {
    const server = new Postgres();
    test.after(() => server.kill());  // before its folder is removed: without its files it could end at any moment
    const folder = temporaryFolder(test);
    if (process.getuid() === 0) {
      const entry = readFileSync('/etc/passwd', 'utf8').split('\n').find((line) => line.startsWith('postgres:')).split(':');
      chownSync(folder, Number(entry[2]), Number(entry[3]));
    }
    server.folder = join(folder, 'data');
    server.sockets = folder;
    server.port = await freePort();
    // No sync: only the server is killed, not the machine.
    await run(...asServer('initdb', ['-D', server.folder, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8']), { cwd: '/' });
    await server.up();
    return server;
  }

  url(database = 'postgres', user = 'postgres') {
    return `postgresql://${user}@127.0.0.1:${this.port}/${database}`;
  }

  // After a crash a new server does not start while the old one's processes are still ending: try
  // again.
  async up() {
    const [program, args] = asServer('postgres', ['-D', this.folder, '-k', this.sockets, '-p', String(this.port), '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off']);
    this.output = '';
    await eventually(async () => {
      if (!this.#running()) {
        this.process = spawn(program, args, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
        for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (text) => (this.output += text));
      }
      return this.sql('SELECT 1');
    }, 'PostgreSQL answers');
    this.postmaster = Number(readFileSync(join(this.folder, 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  #running() {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  // Like a crash: kills the postmaster, which ends all of its processes.
  async kill() {
    if (!this.#running()) return;
    const ended = once(this.process, 'exit');
    process.kill(this.postmaster, 'SIGKILL');
    await within(ended, () => `the end of PostgreSQL; it printed:\n${this.output}`);
  }

  // The rows as text, columns separated by |.
  async sql(statement, database = 'postgres') {
    const { stdout } = await run(join(programs, 'psql'), ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', this.url(database), '-c', statement]);
    return stdout.trim();
  }

  async dump(schema) {
    const { stdout } = await run(join(programs, 'pg_dump'), [`--schema=${schema}`, this.url()], { maxBuffer: 1 << 30 });
    return stdout;
  }

  async restore(text, database) {
    await this.sql(`CREATE DATABASE ${database}`);
    const restored = spawn(join(programs, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', this.url(database)], { stdio: ['pipe', 'ignore', 'inherit'] });
    restored.stdin.end(text);
    const [code] = await within(once(restored, 'close'), () => 'the restore');
    assert.equal(code, 0);
  }
}
