// Results of 10 MB for one session: alone, against direct stdio; and what other sessions feel of it.
import { sidecar } from '../lib/contenders.mjs';
import { runLoad } from '../lib/load.mjs';
import { stub } from '../lib/programs.mjs';
import { withServer } from '../lib/server.mjs';

const BYTES = 10_000_000;
const OTHERS = 10;

export async function big({ plan, samples, note, attempt }) {
  const add = (contender, transport, round, figures) => {
    samples.add({ row: 'big', contender, transport, round, ...figures });
    note(`10 MB results, ${contender}, ${transport}: ${figures.megabytesPerSecond} MB/s${figures.others ? `, others' p99 ${figures.others.p99} µs` : ''}, ${figures.errors} errors`);
  };
  for (let round = 0; round < plan.rounds; ++round) {
    await attempt('big, direct', async () =>
      add('direct stdio', 'direct', round, await runLoad('big', { over: 'direct', bytes: BYTES, seconds: plan.seconds }, [stub])),
    );
    await attempt('big', () =>
      withServer(sidecar(), async ({ port }) => {
        for (const over of ['sse', 'streamable']) {
          add('mcp-sidecar', over, round, await runLoad('big', { port, over, bytes: BYTES, seconds: plan.seconds }));
          const shared = await runLoad('big', { port, over, bytes: BYTES, seconds: plan.seconds, others: OTHERS });
          samples.add({ row: 'big, others', contender: 'mcp-sidecar', transport: over, round, ...shared.others, errors: shared.errors + shared.others.errors });
          note(`meanwhile, ${over}: others' p99 ${shared.others.p99} µs, ${shared.others.errors} errors`);
        }
      }),
    );
  }
}
