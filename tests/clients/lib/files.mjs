// Files that tests and the fake child share.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function temporaryFolder(test) {
  const folder = mkdtempSync(join(tmpdir(), 'sidecar-files-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// A FIFO that blocks whoever opens it for reading until open().
export class Gate {
  #fd;

  constructor(test, folder, name = 'gate') {
    this.path = join(folder, name);
    execFileSync('mkfifo', [this.path]);
    test.after(() => this.#fd !== undefined && closeSync(this.#fd));
  }

  // Opens it permanently, also for reading, which Linux grants without waiting for a reader.
  open() {
    this.#fd = openSync(this.path, 'r+');
  }
}

export const linesOf = (path) => readFileSync(path, 'utf8').split('\n').filter(Boolean);
