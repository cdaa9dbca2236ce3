// One key uses as much as it can of shared resources: sessions, connections, buffered bytes.
// Another key, behind the same address, keeps working over every face. Limits are the defaults,
// except where a smaller one is reached sooner.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { Wire, besides, each, served, statusesIn } from './lib/attacks.mjs';
import { eventually, within } from './lib/guard.mjs';
import { RawSession, post, request } from './lib/http.mjs';
import { McpSession, accept, initialize, toolCall } from './lib/mcp-http.mjs';
import { Sidecar, hostile } from './lib/sidecar.mjs';

const MB = 1 << 20;
const env = { MCP_API_KEYS: 'alice:key-a,bob:key-b:admin' };
const [alice, bob] = ['key-a', 'key-b'].map((key) => ({ 'x-api-key': key }));
const open = (t, more = {}) => Sidecar.start(t, { command: hostile, env: { ...env, ...more } });
const head = (method, path, more = '') => `${method} ${path} HTTP/1.1\r\nHost: a\r\nX-API-Key: key-a\r\n${more}`;
const posted = (path, body) => `${head('POST', path, 'Content-Type: application/json\r\n')}Content-Length: ${body.length}\r\n\r\n${body}`;
const big = (size) => JSON.stringify({ name: 'big', arguments: { size } });
const beside = (sidecar, attack) => besides(sidecar, async () => {
  await attack();
  for (let n = 0; n < 20; n += 1) await served(sidecar, bob);
}, { headers: bob });
const buffered = async (sidecar) => {
  const { text } = await request(`${sidecar.url}/metrics`, { headers: bob });
  return Number(text.match(/^mcp_sidecar_buffered_bytes (\S+)/m)[1]);
};

test('attacks-shares-http: a key that opens sessions over SSE until it is refused keeps no other key out', async (t) => {
  const sidecar = await open(t);
  const wires = [];
  await beside(sidecar, async () => {
    await each(1_100, 50, async () => {
      const wire = await Wire.open(sidecar.port);
      wire.send(`${head('GET', '/sse')}\r\n`);
      wires.push(wire);
      await eventually(() => wire.statuses.length > 0, 'an answer');
    });
    const refused = wires.filter((wire) => wire.statuses[0] === 503);
    assert.ok(refused.length > 0);
    for (const wire of refused) assert.match(wire.text, /your key holds \d+ of \d+ (sessions|TCP connections)/);
  });
  for (const wire of wires) wire.close();
  await sidecar.stop();
});

test('attacks-shares-http: a key that endlessly initializes sessions keeps no other key out', async (t) => {
  const sidecar = await open(t);
  await beside(sidecar, () => each(1_500, 20, async () => {
    const made = await post(`${sidecar.url}/mcp`, initialize(), { ...accept, ...alice });
    assert.ok([200, 503].includes(made.status), made.text);
    if (made.status === 503) assert.match(made.text, /your key holds \d+ of 1000 sessions/);
  }));
  await sidecar.stop();
});

test('attacks-shares-http: streams of one key and idle connections, more than an address may have, keep no client out', async (t) => {
  const sidecar = await open(t);
  const wires = [];
  await beside(sidecar, async () => {
    await each(900, 50, async () => {
      const wire = await Wire.open(sidecar.port);
      wire.send(`${head('GET', '/sse')}\r\n`);
      wires.push(wire);
      await eventually(() => wire.statuses.length > 0, 'an answer');
    });
    await each(2_000, 50, async (n) => {
      const wire = await Wire.open(sidecar.port);
      if (n % 3 === 1) wire.send('GET /tools HTTP/1.1\r\nX-Half: ');
      if (n % 3 === 2) wire.send('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
      wires.push(wire);
    });
  });
  for (const wire of wires) wire.close();
  await sidecar.stop();
});

test('attacks-shares-http: streams of one key under a low limit of open files keep no other key out', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile, env, under: ['prlimit', '--nofile=160'] });
  const wires = [];
  await beside(sidecar, async () => {
    await each(200, 10, async () => {
      const wire = await Wire.open(sidecar.port);
      wire.send(`${head('GET', '/sse')}\r\n`);
      wires.push(wire);
      await eventually(() => wire.statuses.length > 0 || wire.socket.destroyed, 'an answer or the end');
    });
    const refused = wires.filter((wire) => wire.statuses[0] === 503);
    assert.ok(refused.length > 0);
    for (const wire of refused) assert.match(wire.text, /your key holds \d+ of \d+ TCP connections.*RLIMIT_NOFILE/);
  });
  for (const wire of wires) wire.close();
  await sidecar.stop();
});

test('attacks-shares-http: unread answers of one key cut no other client, and the error names the held bytes', async (t) => {
  const sidecar = await open(t, { MCP_MAX_BUFFERED: '64MB' });
  const wires = [];
  await beside(sidecar, async () => {
    for (let n = 0; n < 12; n += 1) {
      const wire = await Wire.open(sidecar.port, { listens: false });
      wire.send(posted('/call-tool', big(16 * MB)));
      await within(once(wire.socket, 'readable'), () => 'the first bytes of an answer');
      wires.push(wire);
    }
    assert.ok(await buffered(sidecar) <= 64 * MB);
    const first = wires.map((wire) => wire.socket.read()?.toString('latin1') ?? '');
    const refused = first.filter((text) => statusesIn(text)[0] === 503);
    assert.ok(refused.length > 0, 'some are refused');
    for (const text of refused) assert.match(text, /your key holds \d+ of \d+ buffered bytes, \d+ are in use \(MCP_MAX_BUFFERED\)/);
  });
  for (const wire of wires) wire.close();
  await sidecar.stop();
});

test('attacks-shares-http: unread event streams of one key cut no other client', async (t) => {
  const sidecar = await open(t, { MCP_MAX_BUFFERED: '64MB' });
  const wires = [];
  await beside(sidecar, async () => {
    for (let n = 0; n < 12; n += 1) {
      const wire = await Wire.open(sidecar.port);
      wire.send(`${head('GET', '/sse')}\r\n`);
      await eventually(() => /sessionId=[\w-]+/.test(wire.text), 'the endpoint');
      wire.socket.pause();
      wires.push(wire);
      const path = wire.text.match(/data: (\S+)/)[1];
      const call = toolCall(n, 'big', { size: 16 * MB });
      assert.equal((await post(sidecar.url + path, call, alice)).status, 202);
    }
    await sidecar.line(/request refused.*buffers_full.*alice/);
    assert.ok(await buffered(sidecar) <= 64 * MB);
  });
  for (const wire of wires) wire.close();
  await sidecar.stop();
});

test('attacks-shares-http: endless uploads of one key are closed to make room for those of another', async (t) => {
  const sidecar = await open(t, { MCP_MAX_BUFFERED: '64MB' });
  const wires = [];
  await beside(sidecar, async () => {
    await each(12, 12, async () => {
      const wire = await Wire.open(sidecar.port);
      wire.send(`${head('POST', '/call-tool', 'Content-Type: application/json\r\n')}Content-Length: ${10 * MB}\r\n\r\n`);
      wire.send(Buffer.alloc(9 * MB, ' '));
      wires.push(wire);
    });
    await eventually(() => wires.some((wire) => wire.statuses[0] === 503), 'some are refused');
    for (const wire of wires.filter(({ statuses }) => statuses[0] === 503)) assert.match(wire.text, /your key holds \d+ of \d+ buffered bytes/);
    for (let n = 0; n < 5; n += 1) {
      const message = 'x'.repeat(8 * MB);
      const answer = await post(`${sidecar.url}/call-tool`, { name: 'echo', arguments: { message } }, bob);
      assert.equal(answer.status, 200, answer.text.slice(0, 500));
      assert.equal(answer.json().result.content[0].text.length, message.length);
    }
  });
  for (const wire of wires) wire.close();
  await sidecar.stop();
});

test('attacks-shares-http: answers of a batch beyond what may be buffered are errors that name the limit', async (t) => {
  const sidecar = await open(t, { MCP_MAX_BUFFERED: '16MB' });
  await beside(sidecar, async () => {
    const session = await McpSession.open(sidecar.url, { version: '2025-03-26', headers: { ...alice, accept: 'application/json' } });
    const answer = await session.post(Array.from({ length: 50 }, (_, n) => toolCall(n, 'big', { size: 2 * MB })));
    assert.ok([200, 503].includes(answer.status), answer.text.slice(0, 500));
    if (answer.status === 200) {
      const answers = answer.json();
      assert.equal(answers.length, 50);
      const refused = answers.filter(({ error }) => error);
      assert.ok(refused.length >= 42, `${refused.length}`);
      for (const { error } of refused) assert.match(error.message, /your key holds \d+ of \d+ buffered bytes.*MCP_MAX_BUFFERED/);
    }
    assert.ok(await buffered(sidecar) <= 16 * MB);
  });
  await sidecar.stop();
});

test('attacks-shares-http: each message of a batch counts for the rates, all of them or none', async (t) => {
  const sidecar = await open(t, { MCP_RATE_LIMIT_PER_KEY: '20/1h' });
  const session = await McpSession.open(sidecar.url, { version: '2025-03-26', headers: alice }); // 2
  const batch = (size) => session.post(Array.from({ length: size }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' })));
  const first = await batch(10); // 12
  assert.equal(first.status, 200, first.text);
  assert.equal(first.headers['x-ratelimit-remaining'], '8');
  const refused = await batch(10); // 13: the POST itself
  assert.equal(refused.status, 429, refused.text);
  assert.match(refused.json().error.message, /^Rate limit exceeded: a batch counts as its 10 messages/);
  assert.match(refused.headers['retry-after'], /^\d+$/);
  assert.equal(refused.headers['x-ratelimit-remaining'], '7');
  const never = await batch(21); // 14
  assert.equal(never.status, 400, never.text);
  assert.equal(never.headers['retry-after'], undefined);
  assert.equal(never.json().error.code, -32600);
  assert.match(never.json().error.message, /^a batch of 21 messages never passes: MCP_RATE_LIMIT_PER_KEY allows 20 in 3600 s/);
  assert.equal((await batch(6)).status, 200); // 20
  assert.equal((await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 429);
  await sidecar.line(/rate limit reached.*alice/);

  const over = await RawSession.open(sidecar.url, bob); // 1
  await over.call('first', 'initialize', initialize('2025-03-26').params); // 2
  const calls = Array.from({ length: 19 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
  assert.equal((await over.post(calls)).status, 429);
  assert.equal((await over.post(calls.slice(0, 10))).status, 202);
  over.close();
  await sidecar.stop();
});
