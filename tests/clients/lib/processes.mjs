// What runs, from /proc: tests mark what they start with an environment variable that every descendant inherits.
import { readdirSync, readFileSync } from 'node:fs';

const MARK = 'MCP_CLIENT_TEST';

export const marked = (mark) => ({ [MARK]: mark });

// Living processes (zombies have no environment any more) with that mark: [{pid, ppid, command}].
export function processesOf(mark) {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${MARK}=${mark}`)) continue;
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
      found.push({ pid: Number(pid), ppid: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), command });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
