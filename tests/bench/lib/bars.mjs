// The targets of mcp-sidecar. Each compares a median with one measured beside it in the same run.
import { peerNames } from './contenders.mjs';
import { median } from './statistics.mjs';

const LOAD = 100; // sessions at which throughput is judged
const MB = 1e6;

const atLeast = (value, bar) => ({ value, bar, pass: value >= bar, short: (bar - value) / bar, direction: '≥' });
const atMost = (value, bar) => ({ value, bar, pass: value <= bar, short: (value - bar) / bar, direction: '≤' });

// Medians of those samples; none if a sample has errors or no calls, because a wrong answer may be
// fast.
const good = (samples, wanted) => ({
  median: (name) => {
    const { items } = samples.where(wanted);
    return items.some(({ errors, calls }) => errors > 0 || calls === 0) ? undefined : samples.where(wanted).median(name);
  },
});

class Measured {
  constructor(samples) {
    this.samples = samples;
  }

  calls(contender, transport, clients, name) {
    return good(this.samples, { row: 'calls', contender, transport, clients }).median(name);
  }

  // The best of the peers: the largest or the smallest of their medians.
  bestPeer(transport, clients, name, choose) {
    const values = peerNames.map((peer) => this.calls(peer, transport, clients, name)).filter((value) => value > 0); // 0: the peer made no call
    return values.length > 0 ? choose(...values) : undefined;
  }

  row(wanted, name) {
    return good(this.samples, wanted).median(name);
  }
}

const ratio = (a, b) => (a === undefined || b === undefined ? undefined : a / b);
const own = (m, transport, clients, name) => m.calls('mcp-sidecar', transport, clients, name);

function throughput(transport, title, times, part) {
  const rate = (m, contender) => m.calls(contender, transport, LOAD, 'callsPerSecond');
  const best = (m) => m.bestPeer(transport, LOAD, 'callsPerSecond', Math.max);
  return [
    { what: `${title}, calls/s ÷ best peer's`, unit: '×', judge: (m) => [ratio(rate(m, 'mcp-sidecar'), best(m)), times, atLeast] },
    { what: `${title}, calls/s ÷ null server's`, unit: '', judge: (m) => [ratio(rate(m, 'mcp-sidecar'), rate(m, 'null server')), part, atLeast] },
  ];
}

const tail = (transport, title) => ({
  what: `${title}, p99 ÷ best peer's`, unit: '', judge: (m) => [ratio(own(m, transport, LOAD, 'p99'), m.bestPeer(transport, LOAD, 'p99', Math.min)), 0.1, atMost],
});

function addition(transport, title) {
  const direct = (m) => m.calls('direct stdio', 'direct', 1, 'p50');
  const added = (m) => {
    const [all, alone] = [own(m, transport, 1, 'p50'), direct(m)];
    return all === undefined || alone === undefined ? undefined : all - alone;
  };
  const peers = (m) => {
    const [best, alone] = [m.bestPeer(transport, 1, 'p50', Math.min), direct(m)];
    return best === undefined || alone === undefined ? undefined : best - alone;
  };
  return [
    { what: `${title}, added to direct stdio, 1 session, p50`, unit: 'µs', judge: (m) => [added(m), 80, atMost] },
    { what: `${title}, that addition ÷ best peer's`, unit: '', judge: (m) => [ratio(added(m), peers(m)), 0.25, atMost] },
  ];
}

const cpu = (transport, title) => ({ what: `${title}, the sidecar's CPU a call`, unit: 'µs', judge: (m) => [own(m, transport, LOAD, 'cpuPerCall'), 20, atMost] });

const fall = (transport, title) => ({
  what: `${title}, calls/s lost from 100 to 1,000 sessions`, unit: '%',
  judge: (m) => {
    const kept = ratio(own(m, transport, 1000, 'callsPerSecond'), own(m, transport, LOAD, 'callsPerSecond'));
    return [kept === undefined ? undefined : (1 - kept) * 100, 25, atMost];
  },
});

function memoryOfSession({ samples }) {
  const found = samples.where({ row: 'memory', contender: 'mcp-sidecar' });
  const most = Math.max(0, ...found.distinct('sessions'));
  if (most === 0) return undefined;
  return (found.where({ sessions: most }).median('ownRss') - found.where({ sessions: 0 }).median('ownRss')) / most;
}

function bigResults(over) {
  const rate = (m, contender, transport) => m.row({ row: 'big', contender, transport }, 'megabytesPerSecond');
  const others = (m) => m.row({ row: 'big, others', contender: 'mcp-sidecar', transport: over }, 'p99');
  return [
    { what: `10 MB results, ${over}, MB/s ÷ direct stdio's`, unit: '', judge: (m) => [ratio(rate(m, 'mcp-sidecar', over), rate(m, 'direct stdio', 'direct')), 0.7, atLeast] },
    { what: `10 MB results, ${over}, other sessions' p99 meanwhile`, unit: 'ms', judge: (m) => [ratio(others(m), 1000), 20, atMost] },
  ];
}

// Over the later half of the work, each part against a fresh process in the same seconds.
function slowdown(m) {
  const part = (n, name) => m.row({ row: 'growth', part: n }, name);
  const change = median([6, 7, 8, 9, 10].map((n) => ratio(part(n, 'microsecondsPerCall'), part(n, 'microsecondsOfFresh'))));
  return change === undefined ? undefined : (change - 1) * 100;
}

function memoryGrowth({ samples }) {
  const found = samples.where({ row: 'growth' });
  if (found.items.length < 2 || found.sum('errors') > 0) return undefined;
  return (found.items.at(-1).ownRss / found.items[0].ownRss - 1) * 100;
}

// Keep-alives of idle sessions are on time if no session waits longer than the interval plus one
// second.
function lateness(m) {
  const gap = m.row({ row: 'idle' }, 'longestGapMs');
  return gap === undefined ? undefined : gap - m.row({ row: 'idle' }, 'keepaliveMs');
}

const bars = [
  ...throughput('sse', 'SSE, 100 sessions', 12, 0.6),
  ...throughput('streamable', 'Streamable HTTP, 100 sessions', 25, 0.5),
  ...throughput('rest', 'REST /call-tool, 100 connections', 1000, 0.45),
  tail('sse', 'SSE, 100 sessions'),
  tail('streamable', 'Streamable HTTP, 100 sessions'),
  ...addition('sse', 'SSE'),
  ...addition('streamable', 'Streamable HTTP'),
  cpu('sse', 'SSE, 100 sessions'),
  cpu('streamable', 'Streamable HTTP, 100 sessions'),
  cpu('rest', 'REST, 100 connections'),
  fall('sse', 'SSE'),
  fall('streamable', 'Streamable HTTP'),
  { what: 'memory of the idle process', unit: 'MB', judge: (m) => [ratio(m.row({ row: 'memory', contender: 'mcp-sidecar', sessions: 0 }, 'ownRss'), MB), 10, atMost] },
  { what: 'memory of a further idle SSE session', unit: 'bytes', judge: (m) => [memoryOfSession(m), 2048, atMost] },
  { what: 'idle SSE sessions held for long: memory', unit: 'MB', judge: (m) => [ratio(m.row({ row: 'idle' }, 'ownRss'), MB), 40, atMost] },
  { what: 'idle SSE sessions held for long: dropped', unit: '', judge: ({ samples }) => [samples.where({ row: 'idle' }).median('dropped'), 0, atMost] },
  { what: 'idle SSE sessions held for long: keep-alive late by', unit: 'ms', judge: (m) => [lateness(m), 1000, atMost] },
  ...bigResults('sse'),
  ...bigResults('streamable'),
  { what: 'broadcast to many sessions: the last has it', unit: 'ms', judge: (m) => [ratio(m.row({ row: 'broadcast' }, 'max'), 1000), 100, atMost] },
  { what: 'start to listening', unit: 'ms', judge: (m) => [m.row({ row: 'start', contender: 'mcp-sidecar' }, 'listeningMs'), 20, atMost] },
  { what: 'start to the first answered call', unit: 'ms', judge: (m) => [m.row({ row: 'start', contender: 'mcp-sidecar' }, 'answeredMs'), 100, atMost] },
  { what: 'growth: time a call, after half a million and more, against a fresh process', unit: '%', judge: (m) => [slowdown(m), 5, atMost] },
  { what: 'growth: memory after all calls and sessions', unit: '%', judge: (m) => [memoryGrowth(m), 5, atMost] },
  {
    what: '--instances 2, a child that computes, ÷ one instance', unit: '×', judge: (m) => [m.row({ row: 'instances' }, 'ratio'), 1.8, atLeast],
    excuse: (m) => {
      const ceiling = m.row({ row: 'instances' }, 'ceiling');
      return ceiling < 1.8 ? `no second core was free: two children with nothing in front reach ${ceiling.toFixed(2)} ×` : undefined;
    },
  },
];

// [{what, unit, value, bar, direction, pass, verdict}]; value and pass are undefined if nothing was
// measured or if there were errors.
export function judge(samples) {
  const measured = new Measured(samples);
  return bars.map(({ what, unit, judge: of, excuse }) => {
    const [value, bar, compare] = of(measured);
    if (value === undefined || Number.isNaN(value)) return { what, unit, bar, direction: compare === atLeast ? '≥' : '≤', verdict: 'not measured' };
    const { pass, short, direction } = compare(value, bar);
    const excused = pass ? undefined : excuse?.(measured);
    const by = Number.isFinite(short) ? `${(short * 100).toFixed(0)} %` : `${value}`;
    return { what, unit, value, bar, direction, pass, verdict: pass ? 'pass' : (excused ?? `falls short by ${by}`) };
  });
}
