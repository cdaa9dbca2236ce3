// Clients of the sidecar, which act in rounds: a round is one session from beginning to end. The
// steps of a session return the outcomes of their calls.
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../../clients/lib/guard.mjs';
import { steady, unlucky } from './keys.mjs';
import { RestClient } from './rest-client.mjs';
import { SseClient } from './sse-client.mjs';
import { attack, thief, watch } from './strangers.mjs';
import { StreamableClient } from './streamable-client.mjs';

const kinds = { sse: SseClient, streamable: StreamableClient };
const owners = [...steady, unlucky];
const SLOW_LIMIT_MS = 600_000; // the child may have megabytes to write before, on a busy machine
const EXPIRY_MS = 13_500; // a session ends up to a quarter of MCP_SESSION_TIMEOUT late

const one = async (client, wanted, options) => {
  const { entry } = await client.call(wanted, options);
  return [await entry.settled];
};

const simple = {
  say: (calls) => calls.say(),
  read: (calls, random) => calls.read(random.between(0, 300)),
  work: (calls, random) => calls.work(random.between(10, 600), random.between(1, 6)),
  big: (calls, random) => calls.big(random.between(1000, 300_000)),
  fail: (calls) => calls.fail(),
  unknown: (calls) => calls.unknown(),
  fickle: (calls) => calls.fickle(),
  tell: (calls, _random, client) => calls.tell(client.owner),
  junk: (calls) => calls.junk(),
  list: (calls) => calls.list(),
  ping: (calls) => calls.ping(),
  hang: (calls) => calls.hang(),
};

async function touch(client, calls) {
  const wanted = calls.touch(client.uri);
  const { entry } = await client.call(wanted);
  const outcome = await entry.settled;
  // Over SSE, messages written before the answer arrive before it. A process that is being replaced
  // has no subscribers.
  const replaced = client.world.books.disturbances.during(['restart'], entry.opened);
  if (outcome === 'result' && client.subscribed && client instanceof SseClient && !replaced && !client.account.hasHeard(wanted.token)) {
    client.account.fault(`no update of token ${wanted.token} came before its answer`);
  }
  return [outcome];
}

async function cancelled(client, calls, random) {
  const wanted = random.chance(0.3) ? calls.hang() : calls.work(random.between(50, 500), 5);
  const begun = client.call(wanted);
  await sleep(random.between(0, 200));
  const entry = client.account.callOf(wanted.token);
  if (entry.answers === 0) await client.cancel(entry);
  client.world.counters.cancels += 1;
  await begun;
  return [await entry.settled];
}

async function cut(client, calls, random) {
  const comesBack = client instanceof StreamableClient && client.version === '2025-11-25' && random.chance(0.7);
  const wanted = random.chance(0.3) ? calls.big(random.between(1000, 300_000)) : calls.work(random.between(100, 800), 6);
  client.world.counters.cuts += 1;
  return one(client, wanted, { cutAfter: random.between(0, 500), comesBack });
}

const together = (client, calls, random) =>
  Promise.all(Array.from({ length: random.between(2, 4) }, () => step(client, calls, random, { say: 3, read: 2, work: 2, big: 1 }))).then((all) => all.flat());

const steps = { touch, cancelled, cut, together };

function step(client, calls, random, weights) {
  const name = random.weighted(weights);
  if (steps[name]) return steps[name](client, calls, random);
  return one(client, simple[name](calls, random, client));
}

const everyday = { say: 30, read: 15, work: 10, big: 4, fail: 3, unknown: 1, fickle: 3, tell: 2, junk: 1, list: 3, ping: 3, hang: 0.2, touch: 4, cancelled: 4, cut: 5, together: 6 };

// The session ends when its owner's key is revoked.
const isOver = (outcomes) => outcomes.some((outcome) => ['no_session', 'no_key', 'stream_ended', 'broken'].includes(outcome));

async function session(world, random, name, { owner, kind, version, capabilities, weights = everyday }) {
  const { calls } = world;
  const client = await kinds[kind].open(world, owner, name, { version, capabilities });
  if (!client) return sleep(500);
  world.counters.sessions += 1;
  if (kind === 'streamable' && random.chance(0.7)) client.listen();
  if (random.chance(0.5)) client.subscribed = (await one(client, calls.subscribe(client.uri)))[0] === 'result';
  if (random.chance(0.3)) await one(client, calls.setLevel(random.pick(['debug', 'warning', 'error'])));
  for (let left = random.between(1, 60); left > 0 && client.open && !world.over(); left -= 1) {
    if (isOver(await step(client, calls, random, weights))) break;
    if (kind === 'streamable' && client.stream && random.chance(0.05)) {
      client.cutListening();
      world.counters.cuts += 1;
      await sleep(random.between(0, 100));
      if (client.open) client.listen();
    }
    await sleep(random.between(0, 120));
  }
  // Some leave before their calls are answered.
  const underWay = random.chance(0.3) && client.open ? client.call(calls.work(random.between(50, 400), 4)).catch(() => {}) : undefined;
  if (underWay) await sleep(random.between(0, 50));
  if (kind === 'streamable' && random.chance(0.7)) await client.delete();
  else client.leave();
  world.counters.ends += 1;
  await underWay;
}

const sse = (world, random, name) => session(world, random, name, { kind: 'sse', owner: random.pick(owners) });

const streamable = (world, random, name) =>
  session(world, random, name, { kind: 'streamable', owner: random.pick(owners), version: random.pick(['2025-11-25', '2025-11-25', '2025-06-18']) });

// A client that offers sampling and gets a dedicated process if there is room.
const asked = (world, random, name) =>
  session(world, random, name, { kind: random.pick(Object.keys(kinds)), owner: random.pick(steady), capabilities: { sampling: {} }, weights: { ask: 5, say: 5, work: 2, read: 2 } });
simple.ask = (calls) => calls.ask();

async function batches(world, random, name) {
  const client = await StreamableClient.open(world, random.pick(steady), name, { version: '2025-03-26' });
  if (!client) return sleep(500);
  world.counters.sessions += 1;
  for (let left = random.between(1, 20); left > 0 && !world.over(); left -= 1) {
    const wanted = Array.from({ length: random.between(1, 8) }, () => simple[random.pick(['say', 'read', 'work', 'fail', 'list', 'ping'])](world.calls, random, client));
    const options = random.chance(0.1) ? { cutAfter: random.between(0, 300) } : {};
    const { entries } = await client.call(wanted, options);
    world.counters.batches += 1;
    await Promise.all(entries.map((entry) => entry.settled));
    await sleep(random.between(0, 200));
  }
  await client.delete();
}

// Makes more concurrent calls than a session may have.
async function flood(world, random, name) {
  const client = await kinds[random.pick(Object.keys(kinds))].open(world, random.pick(steady), name);
  if (!client) return sleep(500);
  for (let left = random.between(1, 3); left > 0 && !world.over(); left -= 1) {
    await Promise.all(Array.from({ length: 24 }, () => one(client, { ...world.calls.read(random.between(50, 300)), expects: ['result', 'busy'] })));
    world.counters.floods += 1;
    await sleep(random.between(500, 1500));
  }
  client.leave();
}

// Reads nothing until its session is ended for that reason.
async function slow(world, random, name) {
  const client = await SseClient.open(world, random.pick(steady), name);
  if (!client) return sleep(500);
  client.open = false; // the end is expected
  client.stream.stall();
  let ended = false;
  await eventually(async () => {
    const wanted = world.calls.big(300_000);
    const { entry } = await client.call({ ...wanted, expects: ['result', 'no_session', 'busy', 'unavailable', 'child_died'] });
    client.account.leave(entry);
    await sleep(50);
    ended = entry.answers > 0; // over HTTP: with 404
    return ended || world.over();
  }, `${name} is ended as a slow reader`, SLOW_LIMIT_MS);
  if (ended) world.counters.slow += 1;
  client.leave();
  await sleep(random.between(500, 3000));
}

// Sends nothing for longer than MCP_SESSION_TIMEOUT. A session with an open stream does not expire.
async function idle(world, random, name) {
  const client = await kinds[random.pick(Object.keys(kinds))].open(world, random.pick(steady), name);
  if (!client) return sleep(500);
  const lasts = client instanceof SseClient;
  client.open = lasts;
  await sleep(EXPIRY_MS);
  await one(client, { ...world.calls.say(), ...(lasts ? {} : { expects: ['no_session'] }) });
  if (!lasts) world.counters.expired += 1;
  client.leave();
}

async function rest(world, random, name) {
  const client = new RestClient(world, random.pick(owners), name);
  for (let left = random.between(1, 40); left > 0 && !world.over(); left -= 1) {
    const what = random.weighted({ say: 30, read: 10, work: 8, big: 4, fail: 3, unknown: 1, fickle: 3, junk: 1, hang: 0.2, page: 8, stream: 4 });
    const options = random.chance(0.08) ? { cutAfter: random.between(0, 300) } : {};
    if (options.cutAfter !== undefined) world.counters.cuts += 1;
    if (what === 'page') await client.page(random.pick(['/tools', '/tools/say', '/openapi.json', '/openai/functions', '/vapi/functions', '/info']));
    else if (what === 'stream') await client.stream(world.calls.work(random.between(10, 400), 3), options);
    else await client.call(simple[what](world.calls, random, client), { ...options, ownPath: random.chance(0.4) });
    await sleep(random.between(0, 120));
  }
  client.close();
}

// The number of concurrent actors of each kind.
const cast = [[sse, 5], [streamable, 6], [asked, 2], [batches, 1], [flood, 1], [slow, 1], [idle, 2], [rest, 4], [watch, 1], [attack, 2], [thief, 1]];

// Runs all of them until world.over(); resolves when the last has ended its round.
export async function act(world, random) {
  const playing = cast.flatMap(([actor, count]) => Array.from({ length: count }, async (_, at) => {
    const name = `${actor.name} ${at}`;
    const own = random.fork(name);
    for (let round = 0; !world.over(); round += 1) {
      try {
        await actor(world, own, `${name}.${round}`);
      } catch (error) {
        world.books.fault(`${name}, round ${round}: ${error.stack}`);
        await sleep(1000);
      }
    }
  }));
  await Promise.all(playing);
}
