// Harmless visitors and attackers, with the expected answers.
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { within } from '../../clients/lib/guard.mjs';
import { admin, steady } from './keys.mjs';
import { StreamableClient } from './streamable-client.mjs';
import { Exchange } from './wire.mjs';

async function expectStatus(world, what, exchange, allowed) {
  try {
    const { status } = await exchange.whole;
    if (!allowed.includes(status)) world.books.fault(`${status} to ${what}, not ${allowed.join(' or ')}`);
  } catch (error) {
    if (!allowed.includes('broken')) world.books.fault(`${error.message}: ${what}`);
  }
}

export async function watch(world, random) {
  const path = random.pick(['/health', '/ready', '/metrics', '/sessions', '/rate-limit-status', '/calls?limit=20', '/logs?limit=20', '/docs', '/dashboard/events']);
  const exchange = new Exchange(world.url + path, { headers: world.keys.headers(admin) });
  world.counters.looks += 1;
  if (path === '/dashboard/events') {
    const { statusCode } = await exchange.head;
    if (statusCode !== 200) world.books.fault(`${statusCode} to ${path}`);
    await sleep(random.between(0, 3000));
    exchange.cut();
  } else await expectStatus(world, path, exchange, path === '/ready' ? [200, 503] : [200]);
  await sleep(random.between(50, 400));
}

const attacks = {
  'a wrong key': (world) => new Exchange(`${world.url}/tools`, { headers: { 'x-api-key': 'wrong' } }),
  'broken JSON': (world, random, headers) => new Exchange(`${world.url}/call-tool`, { method: 'POST', headers, body: random.pick(['{"name":', '[]', 'null', '{"name":7}', '[[[[', '\u0000']) }),
  'an unknown session': (world, _random, headers) => new Exchange(`${world.url}/mcp`, { method: 'POST', headers: { ...headers, accept: 'application/json, text/event-stream', 'mcp-session-id': '__proto__' }, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' }),
  'a huge body': (world, _random, headers) => new Exchange(`${world.url}/call-tool`, { method: 'POST', headers, body: `{"name":"say","arguments":{"x":"${'x'.repeat(2 << 20)}"}}` }),
  'deep nesting': (world, _random, headers) => new Exchange(`${world.url}/call-tool`, { method: 'POST', headers, body: `{"name":"say","arguments":{"x":${'['.repeat(5000)}${']'.repeat(5000)}}}` }),
  'no such page': (world, _random, headers) => new Exchange(`${world.url}/none/such`, { headers }),
};
const refusals = { 'a wrong key': [401, 429], 'broken JSON': [400], 'an unknown session': [404], 'a huge body': [413, 'broken'], 'deep nesting': [400], 'no such page': [404] };

export async function attack(world, random) {
  const headers = world.keys.headers(random.pick(steady));
  const what = random.pick([...Object.keys(attacks), 'half a body', 'half a head']);
  world.counters.attacks += 1;
  if (what === 'half a body') {
    const exchange = new Exchange(`${world.url}/call-tool`, { method: 'POST', headers, body: '{"name":"say","arguments":{}}', send: 12 });
    await sleep(random.between(0, 1000));
    exchange.cut();
  } else if (what === 'half a head') {
    const socket = net.connect({ port: Number(new URL(world.url).port), host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.write('POST /call-tool HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half');
    if (random.chance(0.5)) await within(once(socket.resume(), 'close'), () => 'the end of a connection with half a head');
    socket.destroy();
  } else await expectStatus(world, what, attacks[what](world, random, headers), refusals[what]);
  await sleep(random.between(50, 500));
}

// A session can only be used by its owner.
export async function thief(world, random, name) {
  const client = await StreamableClient.open(world, 'alpha', name);
  if (!client) return sleep(500);
  const headers = { ...client.postHeaders, ...world.keys.headers('beta') };
  await expectStatus(world, "another's session", new Exchange(client.postUrl, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' }), [403]);
  world.counters.attacks += 1;
  await client.delete();
  await sleep(random.between(500, 2000));
}
