// Resources of processes, from /proc.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import os from 'node:os';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

// The fields of /proc/PID/stat after the name, from `state` on; undefined if the process is gone.
function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

const field = { ppid: 1, utime: 11, stime: 12 };

// A process and all its living descendants.
export function tree(root) {
  const children = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const fields = stat(name);
    if (!fields) continue;
    const parent = Number(fields[field.ppid]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [root];
  for (let i = 0; i < found.length; ++i) found.push(...(children.get(found[i]) ?? []));
  return found;
}

function kilobytes(path, pattern) {
  try {
    return Number(readFileSync(path, 'utf8').match(pattern)?.[1] ?? 0);
  } catch {
    return 0; // gone, or not readable for this user
  }
}

export const residentBytes = (pid) => kilobytes(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB/m) * 1024;
// Pages that several processes share are divided among them. 0 if the kernel does not report it.
export const proportionalBytes = (pid) => kilobytes(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB/m) * 1024;

// Seconds of CPU time, user and system; the resolution is a clock tick (10 ms).
export function cpuSeconds(pid) {
  const fields = stat(pid);
  return fields ? (Number(fields[field.utime]) + Number(fields[field.stime])) / ticksPerSecond : 0;
}

const sum = (values) => values.reduce((all, value) => all + value, 0);

// {processes, rss, pss, ownRss, ownPss}: of the tree and of its root alone, in bytes.
export function memory(root) {
  const pids = tree(root);
  return {
    processes: pids.length,
    rss: sum(pids.map(residentBytes)),
    pss: sum(pids.map(proportionalBytes)),
    ownRss: residentBytes(root),
    ownPss: proportionalBytes(root),
  };
}

export function machine() {
  return {
    cpu: os.cpus()[0]?.model.trim(),
    cores: os.availableParallelism(),
    memoryMB: Math.round(os.totalmem() / 1e6),
    kernel: os.release(),
    node: process.version,
    loadAverageBefore: os.loadavg()[0],
  };
}
