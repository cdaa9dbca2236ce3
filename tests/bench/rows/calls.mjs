// Calls per second and their latency, for every transport of every contender, by number of clients.
// Contenders take turns within each round, so that a slow minute of the machine affects all of
// them.
import { runLoad } from '../lib/load.mjs';
import { stub } from '../lib/programs.mjs';
import { withServer } from '../lib/server.mjs';
import { cpuSeconds, memory, tree } from '../lib/system.mjs';

// Only for contenders that can hold that many: the stateful peer starts a process for each.
const MANY = 1000;
const SLOW_SECONDS = 30;
const holdsMany = ({ name }) => name === 'mcp-sidecar' || name === 'null server';

const treeCpu = (pid) => tree(pid).reduce((sum, one) => sum + cpuSeconds(one), 0);

async function measure(server, face, clients, seconds) {
  const before = { own: cpuSeconds(server.pid), all: treeCpu(server.pid) };
  const load = runLoad(face, { port: server.port, clients, seconds });
  // The maximum seen: sessions and processes appear gradually and end with the load.
  let used;
  const look = setInterval(() => {
    const now = memory(server.pid);
    if (!used || now.rss > used.rss) used = now;
  }, seconds * 300);
  const figures = await load;
  clearInterval(look);
  const own = cpuSeconds(server.pid) - before.own;
  const all = treeCpu(server.pid) - before.all;
  return {
    ...figures,
    ...used,
    cpuPerCall: figures.calls > 0 ? (own / figures.calls) * 1e6 : undefined,
    treeCpuPerCall: figures.calls > 0 ? (all / figures.calls) * 1e6 : undefined,
  };
}

async function measureFace(contender, face, round, { plan, samples, note }) {
  const add = (clients, figures) => {
    samples.add({ row: 'calls', contender: contender.name, transport: face, clients, round, ...figures });
    note(`${contender.name}, ${face}, ${clients}: ${figures.callsPerSecond} calls/s, p50 ${figures.p50} µs, ${figures.errors} errors`);
  };
  if (face === 'direct') {
    for (const clients of plan.clients.filter((count) => count < MANY)) {
      add(clients, await runLoad('direct', { clients, seconds: plan.seconds }, [stub]));
    }
    return;
  }
  await withServer(contender, async (server) => {
    const seconds = contender.slow ? Math.max(SLOW_SECONDS, plan.seconds) : plan.seconds;
    await runLoad(face, { port: server.port, clients: 4, seconds: seconds / 4 }); // warms everything up
    for (const clients of plan.clients.filter((count) => count < MANY || holdsMany(contender))) {
      add(clients, await measure(server, face, clients, seconds));
    }
  });
}

export async function calls(context, faces) {
  for (let round = 0; round < context.plan.rounds; ++round) {
    for (const contender of context.contenders) {
      for (const face of contender.faces.filter((one) => one === 'direct' || faces.includes(one))) {
        await context.attempt(`${contender.name}, ${face}`, () => measureFace(contender, face, round, context));
      }
    }
  }
}
