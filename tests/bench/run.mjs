// Measures mcp-sidecar, its limits and its peers side by side; see docs/performance.md. Usually run
// by scripts/bench.
//   node run.mjs [--quick] [--only ROW,…] [--without-peers] [--write]
// Rows: sse streamable rest memory idle big broadcast start growth instances. --quick: short and
// small, only to show that everything works. --write: the report and the plots go into docs/. Exit
// code 1 if something could not be measured or mcp-sidecar gave a wrong answer; a missed target is
// no failure.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { contenders } from './lib/contenders.mjs';
import { repository } from './lib/programs.mjs';
import { plans } from './lib/plans.mjs';
import { Samples } from './lib/statistics.mjs';
import { machine } from './lib/system.mjs';
import { report } from './lib/tables.mjs';
import { big } from './rows/big.mjs';
import { broadcast } from './rows/broadcast.mjs';
import { calls } from './rows/calls.mjs';
import { growth } from './rows/growth.mjs';
import { instances } from './rows/instances.mjs';
import { manyIdle, memoryOverSessions } from './rows/memory.mjs';
import { start } from './rows/start.mjs';

const faces = ['sse', 'streamable', 'rest'];
const rows = { start, memory: memoryOverSessions, big, broadcast, instances, growth, idle: manyIdle };
const names = [...faces, ...Object.keys(rows)];

function options() {
  const flag = { type: 'boolean' };
  const { values } = parseArgs({ options: { quick: flag, write: flag, 'without-peers': flag, only: { type: 'string' } } });
  const only = values.only?.split(',') ?? names;
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`no such row: ${unknown.join(', ')}; there are ${names.join(', ')}`);
  const chosen = contenders.filter(({ peer }) => !(peer && values['without-peers']));
  return { only, contenders: chosen, write: values.write, plan: values.quick ? plans.quick : plans.full };
}

async function measure({ only, contenders: measured, plan }) {
  const results = { machine: { when: new Date().toISOString().slice(0, 16), ...machine() }, plan, samples: new Samples(), failed: [] };
  const context = {
    plan,
    contenders: measured,
    samples: results.samples,
    note: (text) => console.error(`  ${text}`),
    // A row that fails is named in the report; the others continue.
    attempt: async (what, action) => {
      try {
        await action();
      } catch (error) {
        console.error(`  ${what}: ${error.message}`);
        results.failed.push({ what, why: error.message });
      }
    },
  };
  const wantedFaces = faces.filter((face) => only.includes(face));
  if (wantedFaces.length > 0) await calls(context, wantedFaces);
  for (const [name, row] of Object.entries(rows)) {
    if (only.includes(name)) await row(context);
  }
  return results;
}

const chosen = options();
const results = await measure(chosen);
const folder = join(repository, 'build/bench');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'results.json'), `${JSON.stringify({ ...results, samples: results.samples.items }, null, 1)}\n`);
const text = report(results);
writeFileSync(join(folder, 'report.md'), `${text}\n`);
console.log(text);
const { drawPlots } = await import('./lib/plots.mjs');
await drawPlots(results.samples, folder);
if (chosen.write) {
  const { plotFolder, writeFigures } = await import('./lib/pages.mjs');
  writeFigures(text, await drawPlots(results.samples, plotFolder));
}
const wrong = results.samples.items.filter(({ contender, errors, foreign }) => contender === 'mcp-sidecar' && errors + (foreign ?? 0) > 0);
for (const { row, transport, firstError } of wrong) console.error(`mcp-sidecar, ${row} ${transport ?? ''}: ${firstError}`);
process.exitCode = results.failed.length + wrong.length > 0 ? 1 : 0;
