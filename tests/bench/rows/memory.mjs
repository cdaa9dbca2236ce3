// Memory by number of idle SSE sessions, for every contender; and many sessions held for long.
import { setTimeout as sleep } from 'node:timers/promises';

import { sidecar } from '../lib/contenders.mjs';
import { holdIdle, runLoad } from '../lib/load.mjs';
import { withServer } from '../lib/server.mjs';
import { memory } from '../lib/system.mjs';

const SETTLE_MS = 500;

export async function memoryOverSessions({ contenders, plan, samples, note, attempt }) {
  for (const contender of contenders.filter(({ faces }) => faces.includes('sse'))) {
    await attempt(`memory of ${contender.name}`, () =>
      withServer(contender, async (server) => {
        const add = (sessions) => {
          const used = memory(server.pid);
          samples.add({ row: 'memory', contender: contender.name, sessions, ...used });
          note(`${contender.name}: ${(used.rss / 1e6).toFixed(1)} MB in ${used.processes} processes with ${sessions} idle sessions`);
        };
        await runLoad('sse', { port: server.port, clients: 1, calls: 100 });
        await sleep(SETTLE_MS);
        add(0);
        for (const sessions of plan.sessions) {
          const held = await holdIdle({ port: server.port, clients: sessions }, async (open) => {
            if (open !== sessions) throw new Error(`only ${open} of ${sessions} sessions opened`);
            await sleep(SETTLE_MS);
            add(sessions);
          });
          if (held.errors > 0) throw new Error(held.firstError);
          await sleep(SETTLE_MS);
        }
      }),
    );
  }
}

export async function manyIdle({ plan, samples, note, attempt }) {
  const { sessions, seconds, keepaliveMs } = plan.idle;
  await attempt('many idle sessions', () =>
    withServer(sidecar([], { env: { MCP_KEEPALIVE_INTERVAL: String(keepaliveMs) } }), async (server) => {
      let used;
      const held = await holdIdle({ port: server.port, clients: sessions, seconds }, async () => {
        await sleep(SETTLE_MS);
        used = memory(server.pid);
        // Measured again shortly before the end: memory must not grow.
        setTimeout(() => (used = memory(server.pid)), seconds * 900).unref();
      });
      samples.add({ row: 'idle', contender: 'mcp-sidecar', sessions, keepaliveMs, ...held, ...used });
      note(`${sessions} idle sessions for ${seconds} s: ${(used.ownRss / 1e6).toFixed(1)} MB, ${held.dropped} dropped, longest gap ${held.longestGapMs} ms`);
    }),
  );
}
