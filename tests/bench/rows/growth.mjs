// Growth with use, over a million calls and over sessions that are opened, used once and closed:
// the memory of the process, and the time of a call beside that of a fresh process, because the
// machine's own speed changes meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';

import { sidecar } from '../lib/contenders.mjs';
import { runLoad } from '../lib/load.mjs';
import { withServer } from '../lib/server.mjs';
import { memory } from '../lib/system.mjs';

const CLIENTS = 16;
const PARTS = 10;
const TURNS = 5;
const SETTLE_MS = 2000;

const load = (port, calls) => runLoad('sse', { port, clients: CLIENTS, calls });

// Makes that many calls of each, in turns: {microsecondsPerCall, microsecondsOfFresh, calls,
// errors}.
async function besideFresh(port, calls) {
  return withServer(sidecar(), async (fresh) => {
    await load(fresh.port, calls / 4);
    const sums = { own: 0, fresh: 0, errors: 0 };
    for (let turn = 0; turn < TURNS; ++turn) {
      const [own, beside] = [await load(port, calls / TURNS), await load(fresh.port, calls / TURNS)];
      sums.own += own.seconds;
      sums.fresh += beside.seconds;
      sums.errors += own.errors + beside.errors;
    }
    const each = (seconds) => (seconds / calls) * 1e6;
    return { microsecondsPerCall: each(sums.own), microsecondsOfFresh: each(sums.fresh), calls, errors: sums.errors };
  });
}

export async function growth({ plan, samples, note, attempt }) {
  await attempt('growth', () =>
    withServer(sidecar(), async ({ port, pid }) => {
      const part = plan.growth.calls / PARTS;
      const add = async (after, figures = {}) => {
        await sleep(SETTLE_MS);
        const used = memory(pid);
        samples.add({ row: 'growth', after, ...figures, ...used });
        const { microsecondsPerCall: own, microsecondsOfFresh: fresh } = figures;
        note(`after ${after}: ${(used.ownRss / 1e6).toFixed(2)} MB${own ? `, ${own.toFixed(1)} µs a call, a fresh process ${fresh.toFixed(1)}` : ''}, ${figures.errors ?? 0} errors`);
      };
      // Buffers reach their final size once every transport has been used under this load.
      await load(port, part / 4);
      for (const over of ['sse', 'streamable']) await runLoad('churn', { port, over, clients: CLIENTS, calls: 200 });
      await add('warm-up');
      for (let n = 1; n <= PARTS; ++n) await add(`${n * part} calls`, { part: n, ...(await besideFresh(port, part)) });
      for (const over of ['sse', 'streamable']) {
        const figures = await runLoad('churn', { port, over, clients: CLIENTS, calls: plan.growth.sessions / 2 });
        await add(`${plan.growth.sessions / 2} sessions opened and closed, ${over}`, figures);
      }
    }),
  );
}
