// The server of servers/case-blind, built with the machine's Go: it ignores the case of member
// names.
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { temporaryFolder } from './files.mjs';
import { Feed } from './guard.mjs';
import { cleanEnvironment, repository } from './sidecar.mjs';

// Fetches nothing: it only needs the standard library.
export function buildCaseBlind(test) {
  const folder = temporaryFolder(test);
  const program = join(folder, 'case-blind');
  execFileSync('go', ['build', '-o', program, join(repository, 'tests/clients/servers/case-blind/main.go')], {
    env: { ...cleanEnvironment(), GO111MODULE: 'off', GOPROXY: 'off', GOFLAGS: '', GOTOOLCHAIN: 'local', GOCACHE: join(folder, 'cache') },
  });
  return [program];
}

// A program at the other end of a pipe, with one answer per line.
export class Piped {
  #lines = new Feed();

  constructor(test, command) {
    this.process = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.process.stdout }).on('line', (line) => this.#lines.push(JSON.parse(line)));
    test.after(() => this.process.kill('SIGKILL'));
  }

  // Sends a line; returns the next answer under this id.
  ask(line, id) {
    const from = this.#lines.items.length;
    this.process.stdin.write(`${line}\n`);
    return this.#lines.find((message) => message.id === id, `the answer to ${line}`, from);
  }
}
