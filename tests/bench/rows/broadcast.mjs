// One notification of the child to many sessions: the time until the last one has it.
import { sidecar } from '../lib/contenders.mjs';
import { runLoad } from '../lib/load.mjs';
import { withServer } from '../lib/server.mjs';

export async function broadcast({ plan, samples, note, attempt }) {
  await attempt('broadcast', () =>
    withServer(sidecar(), async ({ port }) => {
      const figures = await runLoad('broadcast', { port, clients: plan.broadcast, rounds: 5 });
      samples.add({ row: 'broadcast', contender: 'mcp-sidecar', ...figures });
      note(`a notification to ${plan.broadcast} sessions: the last has it after ${figures.p50} µs (slowest ${figures.max}), ${figures.errors} errors`);
    }),
  );
}
