// The result of a soak as text.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { docs, withFigures } from '../../bench/lib/pages.mjs';

const markers = { begin: '<!-- soak: begin (scripts/soak --write) -->', end: '<!-- soak: end -->' };

const mb = (bytes) => `${(bytes / (1 << 20)).toFixed(1)} MB`;
const sum = (values) => values.reduce((all, value) => all + value, 0);
const listed = (counts) => Object.entries(counts).sort(([, a], [, b]) => b - a).map(([name, count]) => `${count} ${name}`).join(', ');

function runReport({ preset, seconds, calls, counters, runs, before, memory, faultCount }) {
  const all = sum(Object.values(calls).flatMap(Object.values));
  return [
    `**${preset}**, ${seconds} s: ${all} calls, ${faultCount === 0 ? 'no faults' : `${faultCount} faults`}.`,
    '',
    '| Transport | Calls, by how they ended |',
    '| --- | --- |',
    ...Object.entries(calls).map(([transport, counts]) => `| ${transport} | ${listed(counts)} |`),
    '',
    `Disturbances: ${listed(counters)}. Calls that a child began: ${runs.run}, of which twice: ${runs.repeated}.`,
    before && memory ? `At rest: ${before.sockets + before['other descriptors']} descriptors, ${before.threads} threads, ${before.processes} processes, before and after; ${mb(memory.early)} resident after the first tenth, ${mb(memory.late)} at the end.` : 'It did not come to rest.',
  ].join('\n');
}

export const report = ({ when, minutes, seed, runs }) =>
  [`${when} UTC, ${minutes} minutes, seed ${seed}.`, ...runs.map(runReport)].join('\n\n');

export function writeToDocs(results) {
  const path = join(docs, 'performance.md');
  writeFileSync(path, withFigures(readFileSync(path, 'utf8'), report(results), markers));
}
