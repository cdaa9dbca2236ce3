// The soak: hours of use in minutes, with books of every call. Usually run by scripts/soak; see
// there.
//   node run.mjs --minutes N --presets release,asan-ubsan [--seed N] [--write]
import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { repository } from '../clients/lib/sidecar.mjs';
import { soakFolder } from './lib/program.mjs';
import { soak } from './lib/soak.mjs';
import { report, writeToDocs } from './lib/report.mjs';

const { values } = parseArgs({ options: { minutes: { type: 'string' }, presets: { type: 'string' }, seed: { type: 'string' }, write: { type: 'boolean' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes}: not a number above 0`);
const presets = values.presets.split(',');
const seed = values.seed ?? String(randomInt(2 ** 31));
console.log(`seed ${seed}`);

// Started processes end with this one.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const results = { when: new Date().toISOString().slice(0, 16), minutes, seed, runs: [] };
for (const preset of presets) {
  console.log(`${preset}: ${minutes / presets.length} minutes`);
  results.runs.push(await soak(preset, join(repository, 'build', preset), (minutes * 60_000) / presets.length, seed));
}
mkdirSync(soakFolder, { recursive: true });
writeFileSync(join(soakFolder, 'report.json'), `${JSON.stringify(results, null, 1)}\n`);
console.log(report(results));
if (values.write) writeToDocs(results);
const faults = results.runs.flatMap(({ preset, faults: texts }) => texts.map((text) => `${preset}: ${text}`));
if (faults.length > 0) {
  console.error(`\nWrong (scripts/soak ${minutes} --seed ${seed}; logs in build/soak):\n${faults.map((text) => `  ${text}`).join('\n')}`);
  process.exitCode = 1;
}
