// Disturbances of the sidecar and of the wrapped servers, one at a time.
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../../clients/lib/guard.mjs';
import { request } from '../../clients/lib/http.mjs';
import { DRAIN_MS, accountsOf } from './disturbances.mjs';
import { admin, steady, unlucky } from './keys.mjs';

const WEDGED_MS = 21_000; // until MCP_WEDGED_AFTER and MCP_PROBE_TIMEOUT have detected it
const AFTERMATH_MS = 1000; // time for clients to read the errors it caused

const post = ({ program }, path, body) => request(program.url + path, { method: 'POST', headers: program.keys.headers(admin), body });

// A disturbance that lasts until all children are ready again, and a little longer.
async function disturb(world, kind, action) {
  const disturbance = world.books.disturbances.begin(kind);
  try {
    await action();
    await eventually(() => world.program.ready(), `all children are ready after a ${kind}`);
    await sleep(AFTERMATH_MS);
  } finally {
    disturbance.end();
  }
}

const victim = async (world, random) => random.pick(await eventually(() => {
  const started = world.program.started();
  return started.length > 0 && started;
}, 'a child runs')).pid;

async function kill(world, random) {
  const pid = await victim(world, random);
  process.kill(pid, 'SIGKILL');
  await eventually(() => world.program.started().every((one) => one.pid !== pid), 'it is gone');
}

function reload(world) {
  process.kill(world.program.pid, 'SIGHUP');
}

const holds = (world, headers) => eventually(async () => (await request(`${world.url}/rate-limit-status`, { headers })).status === 200, 'the new key holds');

const acts = {
  kill: (world, random) => disturb(world, 'kill', () => kill(world, random)),
  'kill again': (world, random) => disturb(world, 'kill', async () => {
    for (let left = random.between(2, 4); left > 0; left -= 1) {
      await kill(world, random);
      await sleep(random.between(0, 150));
    }
  }),
  die: (world) => disturb(world, 'kill', () => post(world, '/call-tool', { name: 'die', arguments: { token: world.books.token('once') } })),
  freeze: (world, random) => disturb(world, 'freeze', async () => {
    const pid = await victim(world, random);
    process.kill(pid, 'SIGSTOP');
    await sleep(random.chance(0.15) ? WEDGED_MS : random.between(200, 3000));
    if (world.program.started().some((one) => one.pid === pid)) process.kill(pid, 'SIGCONT');
  }),
  restart: (world) => disturb(world, 'restart', async () => {
    const { status, text } = await post(world, '/restart');
    if (status !== 202) world.books.fault(`${status} to POST /restart: ${text}`);
    await sleep(DRAIN_MS + 1000); // the time that the old ones have to finish their calls
  }),
  reload: async (world, random) => {
    world.program.writeDotenv(random.chance(0.5) ? 'MCP_DENIED_TOOLS=fickle\n' : 'MCP_CORS_ORIGINS=https://a.example\n');
    reload(world);
  },
  'reload nonsense': async (world) => {
    world.program.writeDotenv('MCP_SESSION_TIMEOUT=soon\n');
    reload(world);
    await sleep(500);
    world.program.writeDotenv('');
    reload(world);
  },
  rotate: async (world, random) => {
    const owner = random.pick([...steady, admin]);
    const { keys } = world.program;
    const renewed = keys.renew(owner);
    reload(world);
    await holds(world, renewed);
    keys.adopt(owner);
    await sleep(8000); // requests sent with the old key have arrived, on a busy machine too
    keys.retire(owner);
    reload(world);
  },
  revoke: async (world, random) => {
    const disturbance = world.books.disturbances.begin('revoked', accountsOf(unlucky));
    const { keys } = world.program;
    keys.revoke(unlucky);
    reload(world);
    await sleep(random.between(200, 3000));
    keys.restore(unlucky);
    reload(world);
    await holds(world, keys.headers(unlucky));
    await sleep(AFTERMATH_MS);
    disturbance.end();
  },
};

const weights = { kill: 5, 'kill again': 2, die: 2, freeze: 2, restart: 3, reload: 3, 'reload nonsense': 1, rotate: 2, revoke: 2 };

export async function wreak(world, random) {
  while (!world.over()) {
    await sleep(random.between(500, 3000));
    if (world.over()) return;
    const name = random.weighted(weights);
    world.counters[name] = (world.counters[name] ?? 0) + 1;
    try {
      await acts[name](world, random);
    } catch (error) {
      world.books.fault(`${name}: ${error.stack}`);
    }
  }
}
