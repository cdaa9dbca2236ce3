// Running processes, from /proc. Tests mark the processes that they start with an environment
// variable, which all descendants inherit.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const MARK = 'MCP_CLIENT_TEST';

export const guardName = 'sidecar-guard';
export const marked = (mark) => ({ [MARK]: mark });

// Living processes with that mark (zombies have no environment): [{pid, ppid, name, command}].
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
      // It has ended meanwhile.
    }
  }
  return found;
}

// The children of a process, including those not yet reaped: [{pid, name, state}].
export function childrenOf(parent) {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const end = stat.lastIndexOf(')');
      const [state, ppid] = stat.slice(end + 2).split(' ');
      if (Number(ppid) === parent) found.push({ pid: Number(pid), name: stat.slice(stat.indexOf('(') + 1, end), state });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

// The open descriptors of a process: {sockets, others}.
export function openDescriptors(pid) {
  const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return undefined; // closed meanwhile
    }
  });
  const sockets = targets.filter((target) => target?.startsWith('socket:')).length;
  return { sockets, others: targets.filter(Boolean).length - sockets };
}

// `of`: a field name of proc_pid_status(5); RssFile: pages of files only.
export const residentBytes = (pid, of = 'VmRSS') => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${of}:\\s+(\\d+) kB`, 'm'))[1]) * 1024;
