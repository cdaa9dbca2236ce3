// Tables of the measurements, as Markdown, which is readable in a terminal too.
import { peerNames } from './contenders.mjs';
import { judge } from './bars.mjs';

// Three significant digits, thousands separated by commas.
export function figure(value) {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.max(0, 2 - size);
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const milliseconds = (microseconds) => (microseconds === undefined ? '–' : microseconds < 1000 ? `${figure(microseconds)} µs` : `${figure(microseconds / 1000)} ms`);
const megabytes = (bytes) => (bytes ? figure(bytes / 1e6) : '–');

function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(3, ...all.map((row) => [...String(row[i])].length)));
  const line = (row) => `| ${row.map((cell, i) => String(cell).padEnd(widths[i])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

const titles = { sse: 'HTTP+SSE', streamable: 'Streamable HTTP', rest: 'REST `/call-tool`' };

function callRows(samples, transport, clients) {
  const here = samples.where({ row: 'calls', clients });
  const direct = here.where({ transport: 'direct' });
  const found = here.where({ transport });
  const speed = (contender) => found.where({ contender }).median('callsPerSecond');
  const best = Math.max(...peerNames.map((peer) => speed(peer) ?? 0)) || undefined;
  const nothing = speed('null server');
  const row = (contender, set) => {
    const rate = set.median('callsPerSecond');
    const times = [rate, rate / best, rate / nothing, rate / direct.median('callsPerSecond')].map(figure);
    const latencies = ['p50', 'p99', 'p999'].map((name) => milliseconds(set.median(name)));
    const used = [figure(set.median('cpuPerCall')), megabytes(set.median('pss') || set.median('rss')), set.median('processes') ?? '–'];
    return [clients, contender, ...times, ...latencies, ...used, set.sum('errors'), set.sum('foreign')];
  };
  const rows = found.distinct('contender').map((contender) => row(contender, found.where({ contender })));
  return direct.items.length > 0 && rows.length > 0 ? [...rows, row('direct stdio', direct)] : rows;
}

function callTables(samples) {
  const found = samples.where({ row: 'calls' });
  const speed = ['calls/s', '÷ best peer', '÷ null', '÷ direct', 'p50', 'p99', 'p99.9'];
  const head = ['clients', '', ...speed, 'CPU µs a call', 'MB, all processes', 'processes', 'errors', 'answers to others'];
  return Object.keys(titles).flatMap((transport) => {
    const rows = found.where({ transport }).distinct('clients').sort((a, b) => a - b).flatMap((clients) => callRows(samples, transport, clients));
    return rows.length > 0 ? [`### ${titles[transport]}\n\n${table(head, rows)}`] : [];
  });
}

function memoryTable(samples) {
  const found = samples.where({ row: 'memory' });
  if (found.items.length === 0) return [];
  const sessions = found.distinct('sessions');
  const rows = found.distinct('contender').map((contender) => {
    const own = found.where({ contender });
    return [contender, ...sessions.map((count) => megabytes(own.where({ sessions: count }).median('rss'))), own.median('processes'), megabytes(own.where({ sessions: 0 }).median('pss'))];
  });
  return [`### Memory: MB resident of all processes, over idle SSE sessions\n\n${table(['', ...sessions.map(String), 'processes', 'Pss with none'], rows)}`];
}

function bigTable(samples) {
  const [alone, others] = ['big', 'big, others'].map((row) => samples.where({ row }));
  if (alone.items.length === 0) return [];
  const rows = alone.distinct('transport').map((transport) => {
    const [own, meanwhile] = [alone, others].map((found) => found.where({ transport }));
    return [own.items[0].contender, transport, figure(own.median('megabytesPerSecond')), milliseconds(meanwhile.median('p50')), milliseconds(meanwhile.median('p99')), own.sum('errors') + meanwhile.sum('errors')];
  });
  return [`### Results of 10 MB\n\n${table(['', 'over', 'MB/s', "others' p50 meanwhile", "others' p99 meanwhile", 'errors'], rows)}`];
}

function startTable(samples) {
  const found = samples.where({ row: 'start' });
  if (found.items.length === 0) return [];
  const rows = found.items.map(({ contender, listeningMs, answeredMs, rounds }) => [contender, figure(listeningMs), figure(answeredMs), rounds]);
  return [`### Start, ms\n\n${table(['', 'listens', 'first call answered', 'median of'], rows)}`];
}

function growthTable(samples) {
  const found = samples.where({ row: 'growth' });
  if (found.items.length === 0) return [];
  const rows = found.items.map(({ after, microsecondsPerCall, microsecondsOfFresh, ownRss, errors }) => [after, figure(microsecondsPerCall), figure(microsecondsOfFresh), figure(ownRss / 1e6), errors ?? 0]);
  return [`### Growth\n\n${table(['after', 'µs a call, 16 sessions', 'a fresh process beside it', 'MB', 'errors'], rows)}`];
}

function barTable(samples) {
  const bars = judge(samples);
  const rows = bars.map(({ what, unit, value, bar, direction, verdict }) => [what, value === undefined ? '–' : `${figure(value)} ${unit}`.trim(), `${direction} ${figure(bar)} ${unit}`.trim(), verdict]);
  const count = (wanted) => bars.filter(({ pass }) => pass === wanted).length;
  return [`### Targets\n\n${table(['', 'measured', 'bar', 'verdict'], rows)}\n\n${count(true)} pass, ${count(false)} fall short, ${count(undefined)} not measured.`];
}

function failures(failed) {
  return failed.length === 0 ? [] : [`### Not measured\n\n${failed.map(({ what, why }) => `- ${what}: ${why.split('\n')[0]}`).join('\n')}`];
}

export function report({ machine, plan, samples, failed }) {
  const about = `Measured ${machine.when} on ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node}; load average before: ${machine.loadAverageBefore.toFixed(2)}. ` +
    `Medians of ${plan.rounds}, ${plan.seconds} s each.`;
  return [about, ...barTable(samples), ...callTables(samples), ...memoryTable(samples), ...bigTable(samples), ...startTable(samples), ...growthTable(samples), ...failures(failed)].join('\n\n');
}
