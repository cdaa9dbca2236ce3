// The plots, drawn as SVG by Vega-Lite without a browser.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as vega from 'vega';
import { compile } from 'vega-lite';

const config = { background: 'white', font: 'sans-serif', axis: { gridColor: '#e4e4e4' }, view: { stroke: null } };
const log = { type: 'log' };

async function svg(spec) {
  return new vega.View(vega.parse(compile({ config, ...spec }).spec), { renderer: 'none' }).toSVG();
}

// Median latencies by number of clients: a line for each contender, a panel for each transport.
export function latencyPlot(samples) {
  const found = samples.where({ row: 'calls' });
  const values = found.distinct('transport').filter((transport) => transport !== 'direct').flatMap((transport) => {
    const here = found.where({ transport });
    return here.distinct('contender').flatMap((contender) =>
      here.where({ contender }).distinct('clients').flatMap((clients) => {
        const p50 = here.where({ contender, clients }).median('p50');
        return p50 > 0 ? [{ transport, contender, clients, ms: p50 / 1000 }] : []; // 0: no call was made
      }));
  });
  return values.length === 0 ? undefined : svg({
    title: 'Latency over load: median, closed loop',
    data: { values },
    facet: { column: { field: 'transport', sort: ['sse', 'streamable', 'rest'], title: null } },
    spec: {
      width: 240,
      height: 260,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'clients', type: 'quantitative', scale: log, title: 'clients' },
        y: { field: 'ms', type: 'quantitative', scale: log, title: 'ms' },
        color: { field: 'contender', type: 'nominal', title: null },
      },
    },
  });
}

export function memoryPlot(samples) {
  const values = samples.where({ row: 'memory' }).items.map(({ contender, sessions, rss }) => ({ contender, sessions, MB: rss / 1e6 }));
  return values.length === 0 ? undefined : svg({
    title: 'Memory over idle SSE sessions: resident, all processes',
    data: { values },
    width: 420,
    height: 260,
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'sessions', type: 'quantitative', title: 'sessions' },
      y: { field: 'MB', type: 'quantitative', scale: log, title: 'MB' },
      color: { field: 'contender', type: 'nominal', title: null },
    },
  });
}

// Returns the names of the files written into `folder`.
export async function drawPlots(samples, folder) {
  mkdirSync(folder, { recursive: true });
  const written = [];
  for (const [name, plot] of [['latency.svg', latencyPlot(samples)], ['memory.svg', memoryPlot(samples)]]) {
    const text = await plot;
    if (!text) continue;
    writeFileSync(join(folder, name), `${text}\n`);
    written.push(name);
  }
  return written;
}
