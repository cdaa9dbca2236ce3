// What work leaves behind: the time of a call and the memory of the process, over a million calls, and over sessions
// that were opened, used once and closed.
import { setTimeout as sleep } from 'node:timers/promises';

import { sidecar } from '../lib/contenders.mjs';
import { runLoad } from '../lib/load.mjs';
import { withServer } from '../lib/server.mjs';
import { memory } from '../lib/system.mjs';

const CLIENTS = 16;
const SETTLE_MS = 2000;

export async function growth({ plan, samples, note, attempt }) {
  await attempt('growth', () =>
    withServer(sidecar(), async (server) => {
      const { port, pid } = server;
      const part = plan.growth.calls / 10;
      const add = async (after, figures = {}) => {
        await sleep(SETTLE_MS);
        const used = memory(pid);
        samples.add({ row: 'growth', after, ...figures, ...used });
        note(`after ${after}: ${(used.ownRss / 1e6).toFixed(2)} MB${figures.seconds ? `, ${((figures.seconds / figures.calls) * 1e6).toFixed(1)} µs a call` : ''}, ${figures.errors ?? 0} errors`);
      };
      // Buffers have found their size when each way has been gone under this load.
      await runLoad('sse', { port, clients: CLIENTS, calls: part / 4 });
      for (const over of ['sse', 'streamable']) await runLoad('churn', { port, over, clients: CLIENTS, calls: 200 });
      await add('warm-up');
      for (let n = 1; n <= 10; ++n) {
        const figures = await runLoad('sse', { port, clients: CLIENTS, calls: part });
        await add(`${n * part} calls`, { ...figures, part: n, microsecondsPerCall: (figures.seconds / figures.calls) * 1e6 });
      }
      for (const over of ['sse', 'streamable']) {
        const figures = await runLoad('churn', { port, over, clients: CLIENTS, calls: plan.growth.sessions / 2 });
        await add(`${plan.growth.sessions / 2} sessions opened and closed, ${over}`, figures);
      }
    }),
  );
}
