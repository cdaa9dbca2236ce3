// The time from the start of a process until it listens, and until its first call is answered, with
// the demo server as child.
import { freePort } from '../../clients/lib/free-port.mjs';
import { runLoad } from '../lib/load.mjs';
import { demo, mcpProxy, sidecar, supergateway } from '../lib/programs.mjs';

const programs = [
  { name: 'mcp-sidecar', peer: false, command: (port) => [sidecar, '--port', port, '--', demo] },
  { name: 'supergateway', peer: true, command: (port) => [process.execPath, supergateway, '--stdio', demo, '--port', port, '--logLevel', 'none', '--outputTransport', 'sse'] },
  { name: 'mcp-proxy', peer: true, command: (port) => [process.execPath, mcpProxy, '--host', '127.0.0.1', '--port', port, '--', demo] },
];

export async function start({ contenders, plan, samples, note, attempt }) {
  const wanted = programs.filter(({ name }) => contenders.some((contender) => contender.name === name));
  for (const { name, peer, command } of wanted) {
    await attempt(`start of ${name}`, async () => {
      const port = await freePort();
      const rounds = peer ? Math.min(plan.starts, 5) : plan.starts;
      const figures = await runLoad('start', { port, over: 'sse', rounds }, command(String(port)));
      if (figures.errors > 0) throw new Error(figures.firstError);
      samples.add({ row: 'start', contender: name, ...figures });
      note(`${name}: listens after ${figures.listeningMs.toFixed(1)} ms, answers after ${figures.answeredMs.toFixed(1)} ms`);
    });
  }
}
