// Two instances of a CPU-bound child against one; and two such children without a sidecar, which
// shows whether a second core was free.
import { sidecar } from '../lib/contenders.mjs';
import { runLoad } from '../lib/load.mjs';
import { stub } from '../lib/programs.mjs';
import { withServer } from '../lib/server.mjs';

const CPU_MICROSECONDS = 2000;
const CLIENTS = 16;

export async function instances({ plan, samples, note, attempt }) {
  const { seconds } = plan;
  const alone = () => runLoad('direct', { clients: CLIENTS / 2, seconds, cpu: CPU_MICROSECONDS }, [stub]);
  for (let round = 0; round < plan.rounds; ++round) {
    await attempt('instances', async () => {
      const one = await alone();
      const two = await Promise.all([alone(), alone()]);
      const ceiling = two.reduce((sum, { callsPerSecond }) => sum + callsPerSecond, 0) / one.callsPerSecond;
      const reached = [];
      for (const count of [1, 2]) {
        const figures = await withServer(sidecar(['--instances', String(count)]), ({ port }) =>
          runLoad('sse', { port, clients: CLIENTS, seconds, cpu: CPU_MICROSECONDS }));
        if (figures.errors > 0) throw new Error(figures.firstError);
        reached.push(figures.callsPerSecond);
      }
      samples.add({ row: 'instances', round, one: reached[0], two: reached[1], ratio: reached[1] / reached[0], ceiling });
      note(`two instances: ${(reached[1] / reached[0]).toFixed(2)} × one; two children alone ${ceiling.toFixed(2)} ×`);
    });
  }
}
