// Results of 10 MB for one session, alone and while other sessions make small calls; compared with
// direct stdio, whose child also finishes writing one result before it answers the next call.
import { sidecar } from '../lib/contenders.mjs';
import { runLoad } from '../lib/load.mjs';
import { stub } from '../lib/programs.mjs';
import { withServer } from '../lib/server.mjs';

const BYTES = 10_000_000;
const OTHERS = 10;

export async function big({ plan, samples, note, attempt }) {
  const measure = async (contender, over, round, target, command) => {
    const load = { ...target, over, bytes: BYTES, seconds: plan.seconds };
    const alone = await runLoad('big', load, command);
    samples.add({ row: 'big', contender, transport: over, round, ...alone });
    note(`10 MB results, ${contender}, ${over}: ${alone.megabytesPerSecond} MB/s, ${alone.errors} errors`);
    const { others, errors, firstError } = await runLoad('big', { ...load, others: OTHERS }, command);
    if (!others) throw new Error(firstError);
    samples.add({ row: 'big, others', contender, transport: over, round, ...others, errors: errors + others.errors });
    note(`meanwhile, ${over}: others' p99 ${others.p99} µs, ${others.errors} errors`);
  };
  for (let round = 0; round < plan.rounds; ++round) {
    await attempt('big, direct', () => measure('direct stdio', 'direct', round, {}, [stub]));
    await attempt('big', () =>
      withServer(sidecar(), async ({ port }) => {
        for (const over of ['sse', 'streamable']) await measure('mcp-sidecar', over, round, { port });
      }),
    );
  }
}
