// What runs, from /proc: tests mark what they start with an environment variable that every descendant inherits.
import { readdirSync, readFileSync } from 'node:fs';

const MARK = 'MCP_CLIENT_TEST';

export const guardName = 'sidecar-guard';
export const marked = (mark) => ({ [MARK]: mark });

// Living processes (zombies have no environment any more) with that mark: [{pid, ppid, name, command}].
export function processesOf(mark) {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${MARK}=${mark}`)) continue;
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
      const end = stat.lastIndexOf(')');
      const [name, ppid] = [stat.slice(stat.indexOf('(') + 1, end), Number(stat.slice(end + 2).split(' ')[1])];
      found.push({ pid: Number(pid), ppid, name, command });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
