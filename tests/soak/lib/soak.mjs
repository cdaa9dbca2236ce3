// The soak of one program: a tenth of the time to warm up, a quiet time with a first measurement,
// the rest of the time, and a quiet time after which the measurement must be the same.
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually, within } from '../../clients/lib/guard.mjs';
import { act } from './actors.mjs';
import { Books } from './books.mjs';
import { Calls } from './calls.mjs';
import { wreak } from './chaos.mjs';
import { footprint, grown, residentBytes } from './footprint.mjs';
import { LogReader } from './log.mjs';
import { Program, RESTING_PROCESSES, limits } from './program.mjs';
import { Random } from './random.mjs';

const QUIET_LIMIT_MS = 120_000; // until sessions have expired and cancelled calls have been released
const LAST_ROUND_MS = 240_000; // the longest round of an actor, on a busy machine
export const GROWTH = 12 << 20; // bytes of resident memory, from the first quiet time to the second

const idle = ['sessions', 'sse_streams', 'calls_in_flight', 'calls_waiting_bytes', 'child_stdin_queue_bytes', 'peer_requests', 'own_children', 'dashboard_readers'];

async function quiet(program, before) {
  let now;
  await eventually(async () => {
    now = await footprint(program);
    const held = [...idle.filter((name) => now[name] > 0).map((name) => `${name}: ${now[name]}`), ...(before ? grown(before, now) : [])];
    if (now.processes !== RESTING_PROCESSES) held.push(`${now.processes} processes`);
    if (held.length > 0 || !(await program.ready())) throw new Error(`not as it was: ${held.join(', ') || 'a child is not ready'}`);
    return true;
  }, 'it is at rest', QUIET_LIMIT_MS);
  return now;
}

async function stretch(world, ms, random) {
  const end = Date.now() + ms;
  world.over = () => Date.now() >= end || !world.program.running;
  const auditor = setInterval(() => world.books.lookForOverdue(), 1000);
  try {
    await within(Promise.all([act(world, random.fork('actors')), wreak(world, random.fork('chaos'))]), () => `the last rounds; ${world.books.openCalls} calls are open`, ms + LAST_ROUND_MS);
  } finally {
    clearInterval(auditor);
  }
  world.program.writeDotenv('');
  process.kill(world.program.pid, 'SIGHUP');
}

// {preset, seconds, calls, counters, runs, before, after, memory, log, metrics, faults}
export async function soak(preset, build, ms, seed) {
  const began = Date.now();
  const random = new Random(seed).fork(preset);
  const books = new Books();
  const program = await Program.start(preset, build);
  const counters = { sessions: 0, ends: 0, batches: 0, cuts: 0, resumed: 0, cancels: 0, slow: 0, expired: 0, floods: 0, looks: 0, attacks: 0 };
  const world = { program, url: program.url, keys: program.keys, books, counters, limits, calls: new Calls(books, limits.call) };
  const result = { preset, calls: books.counts, counters };
  try {
    await stretch(world, ms / 10, random.fork('first'));
    result.before = await quiet(program);
    const early = residentBytes(program.pid);
    await stretch(world, (ms * 9) / 10, random.fork('second'));
    result.after = await quiet(program, result.before);
    result.memory = { early, late: residentBytes(program.pid) };
    if (preset === 'release' && result.memory.late > early + GROWTH) books.fault(`resident memory went from ${early} to ${result.memory.late} bytes`);
    result.metrics = await program.metrics();
    const end = await program.stop();
    if (end.code !== 0) books.fault(`it ended with ${JSON.stringify({ code: end.code, signal: end.signal })} after TERM`);
    if (end.left.length > 0) books.fault(`left behind: ${JSON.stringify(end.left)}`);
  } catch (error) {
    books.fault(`${error.message}${error.cause ? `: ${error.cause.message}` : ''}`);
  } finally {
    program.kill();
  }
  await sleep(100);
  const log = new LogReader();
  for await (const line of program.logLines()) log.take(line);
  for (const line of log.bad) books.fault(`in the log: ${line}`);
  result.log = log.counts;
  const tokens = [];
  for await (const token of program.runs()) tokens.push(token);
  result.runs = books.compareRuns(tokens);
  for (const transport of ['sse', 'streamable', 'rest']) {
    if (!(books.counts[transport]?.result > 0)) books.fault(`no result over ${transport}: nothing was tested`);
  }
  result.seconds = Math.round((Date.now() - began) / 1000);
  result.faults = books.faults;
  result.faultCount = books.faultCount;
  return result;
}
