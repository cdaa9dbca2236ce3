// Sessions over Streamable HTTP that last, that outlive the sidecar, and clients that have none.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';

import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';

import { temporaryFolder } from './lib/files.mjs';
import { Feed, eventually, within } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { McpSession, accept, call, initialize, messagesOf, notification, toolCall } from './lib/mcp-http.mjs';
import { connect, textOf } from './lib/sdk.mjs';
import { Sidecar, everything, fakeChild } from './lib/sidecar.mjs';

const tool = (name, args = {}) => ({ name, arguments: args });
const sessionsOf = async (sidecar) => (await request(`${sidecar.url}/sessions`)).json().sessions;
const readyAgain = (sidecar) => eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');

async function killed(sidecar) {
  sidecar.process.kill('SIGKILL');
  await sidecar.end();
  await sidecar.nothingLeft();
}

// A port that another start can use again.
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// The official clients v1 and v2 with the same interface.
const clients = {
  v1: async (t, base, heard) => {
    const client = await connect(t, base, { over: 'streamable' });
    client.fallbackNotificationHandler = async (message) => heard.push(message);
    return client;
  },
  v2: async (t, base, heard) => {
    const client = new ClientV2({ name: 'v2', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
    client.fallbackNotificationHandler = async (message) => heard.push(message);
    client.onerror = () => {};
    await client.connect(new TransportV2(new URL('/mcp', base)));
    t.after(() => client.close());
    return client;
  },
};

for (const [name, start] of Object.entries(clients)) {
  test(`sessions: ${name} with an open stream is not idle, however long it is silent`, async (t) => {
    const sidecar = await Sidecar.start(t, { env: { MCP_SESSION_TIMEOUT: '1s' } });
    const client = await start(t, sidecar.url, new Feed());
    await eventually(async () => (await sessionsOf(sidecar)).length === 1, 'the session is there');
    // Another session of the same age without a stream shows when the time is over.
    await McpSession.open(sidecar.url);
    await sidecar.line(/session ended.*idle/);
    assert.equal(textOf(await client.callTool(tool('echo', { message: 'still here' }))), 'still here');
    assert.equal((await sessionsOf(sidecar)).length, 1);
    await client.close();
    await sidecar.stop();
  });

  test(`sessions: ${name} goes on after the sidecar is killed and started again`, async (t) => {
    const options = { command: fakeChild(), port: await freePort(), env: { MCP_STATE_DIR: temporaryFolder(t) } };
    const first = await Sidecar.start(t, options);
    const heard = new Feed();
    const client = await start(t, first.url, heard);
    assert.ok((await client.listTools()).tools.length > 0);
    await killed(first);
    const second = await Sidecar.start(t, options);
    await readyAgain(second);
    assert.ok((await client.listTools()).tools.length > 0);
    assert.equal((await sessionsOf(second)).length, 1);
    // The client opens its stream again and hears that the lists may differ, then what follows.
    const changed = 'notifications/tools/list_changed';
    await heard.find((message) => message.method === changed, 'the first list_changed');
    const before = heard.items.length;
    await client.callTool(tool('list_changed'));
    await heard.find((message) => message.method === changed, 'the second list_changed', before);
    const uri = 'file:///watched';
    await client.subscribeResource({ uri });
    await client.callTool(tool('update', { uri }));
    await heard.find((message) => message.method === 'notifications/resources/updated', 'the update');
    await client.close();
    await second.stop();
  });
}

test('sessions: a client that only pings is not idle', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_SESSION_TIMEOUT: '1s' } });
  const pinging = await McpSession.open(sidecar.url);
  const silent = await McpSession.open(sidecar.url);
  let ended = false;
  const end = sidecar.line(/session ended.*idle/).then(() => (ended = true));
  while (!ended) {
    assert.deepEqual((await pinging.call('p', 'ping')).result, {});
    await sleep(50);
  }
  await end;
  assert.equal((await silent.post(call(1, 'ping'))).status, 404);
  assert.equal((await pinging.post(call(1, 'ping'))).status, 200);
  await sidecar.stop();
});

test('sessions: of a client with capabilities, the child of its own is started again after a restart', async (t) => {
  const options = { command: everything, port: await freePort(), env: { MCP_STATE_DIR: temporaryFolder(t) } };
  const first = await Sidecar.start(t, options);
  const session = await McpSession.open(first.url, { capabilities: { sampling: {}, elicitation: {} } });
  const names = async () => (await session.call('l', 'tools/list')).result.tools.map((one) => one.name);
  const before = await names();
  assert.ok(before.includes('trigger-sampling-request'));
  await killed(first);
  const second = await Sidecar.start(t, options);
  assert.deepEqual(await names(), before);
  const [row] = await sessionsOf(second);
  assert.deepEqual([row.protocolVersion, row.child], ['2025-11-25', 'own-1']);
  assert.equal((await session.delete()).status, 204);
  await second.stop();
});

test('sessions: without a place for the secret they end with the process, and the log says so', async (t) => {
  const env = { MCP_STATE_DIR: '/dev/null/none', MCP_API_KEY: 'a key of twenty characters' };
  const port = await freePort();
  const headers = { authorization: `Bearer ${env.MCP_API_KEY}` };
  const first = await Sidecar.start(t, { port, env });
  assert.match(await first.line(/sessions end with this process/), /warn.*MCP_STATE_DIR/i);
  const session = await McpSession.open(first.url, { headers });
  await killed(first);
  const second = await Sidecar.start(t, { port, env });
  assert.equal((await session.post(call(1, 'ping'))).status, 404);
  await second.stop();
});

test('sessions: replicas with the same MCP_SECRET know each other’s sessions, others do not', async (t) => {
  const env = { MCP_SECRET: 'a secret that both replicas of this test share' };
  const [one, two] = await Promise.all([Sidecar.start(t, { env }), Sidecar.start(t, { env })]);
  const other = await Sidecar.start(t, { env: { MCP_SECRET: 'a secret that only the third sidecar has' } });
  const session = await McpSession.open(one.url);
  const at = (sidecar) => post(`${sidecar.url}/mcp`, call(1, 'tools/list'), session.headers);
  assert.equal((await at(two)).status, 200);
  assert.equal((await at(other)).status, 404);
  for (const sidecar of [one, two, other]) await sidecar.stop();
});

test('secret: it reaches neither the child, nor the log, nor a page, and a short one is refused', async (t) => {
  const secret = 'the-secret-of-this-test-0123456789';
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_SECRET: secret, LOG_LEVEL: 'debug' } });
  const session = await McpSession.open(sidecar.url);
  await session.call(1, 'tools/list');
  for (const { pid } of sidecar.started()) assert.ok(!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(secret));
  for (const path of ['/health', '/sessions', '/info', '/logs', '/metrics']) {
    const { text } = await request(`${sidecar.url}${path}`);
    assert.ok(!text.includes(secret), path);
  }
  await sidecar.stop();
  assert.ok(!sidecar.output.includes(secret));
  const short = new Sidecar(t, { env: { MCP_SECRET: 'too short' } });
  assert.equal((await short.end()).code, 2);
  assert.match(short.output, /MCP_SECRET.*24 characters/);
});

test('without a session: lists and calls are served, also with a claim of a later revision', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const url = `${sidecar.url}/mcp`;
  const told = await post(url, notification('notifications/initialized'), { ...accept, 'mcp-protocol-version': '2026-07-28' });
  assert.equal(told.status, 202);
  const listed = await post(url, call(0, 'tools/list'), accept);
  assert.equal(listed.headers['mcp-session-id'], undefined);
  assert.ok(messagesOf(listed)[0].result.tools.length > 5);
  const summed = await post(url, toolCall('s', 'get-sum', { a: 19, b: 23 }), { ...accept, 'mcp-protocol-version': '2025-06-18' });
  assert.match(textOf(messagesOf(summed)[0].result), /42/);
  const long = await post(url, toolCall('l', 'trigger-long-running-operation', { duration: 1, steps: 2 }, { progressToken: 'p' }), accept);
  const messages = messagesOf(long);
  assert.ok(messages.some(({ method, params }) => method === 'notifications/progress' && params.progressToken === 'p'));
  assert.equal(messages.at(-1).id, 'l');
  const refused = await post(url, call('r', 'resources/subscribe', { uri: 'a://b' }), accept);
  assert.equal(refused.status, 400);
  assert.match(messagesOf(refused)[0].error.message, /needs a session: send initialize first/);
  assert.equal((await sessionsOf(sidecar)).length, 0);
  await sidecar.stop();
});

test('without a session: key, rate and the books of calls apply', async (t) => {
  const key = 'a key of twenty characters';
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: `one:${key}:admin`, MCP_RATE_LIMIT_PER_KEY: '5/1h', MCP_DENIED_TOOLS: 'sleep' } });
  const url = `${sidecar.url}/mcp`;
  assert.equal((await post(url, call(1, 'tools/list'), accept)).status, 401);
  const headers = { ...accept, authorization: `Bearer ${key}` };
  assert.match(messagesOf(await post(url, toolCall(1, 'sleep', { seconds: 1 }), headers))[0].error.message, /not permitted/);
  assert.ok(messagesOf(await post(url, toolCall(2, 'echo', { message: 'hi' }), headers))[0].result);
  const { calls } = (await request(`${sidecar.url}/calls`, { headers })).json();
  assert.deepEqual(calls.map(({ transport, subject, outcome }) => [transport, subject, outcome]), [['streamable-http', 'echo', 'ok'], ['streamable-http', 'sleep', 'forbidden']]);
  const statuses = [];
  for (let i = 0; i < 6; ++i) statuses.push((await post(url, call(3, 'ping'), headers)).status);
  assert.equal(statuses.at(-1), 429);
  await sidecar.stop();
});

test('stateless: a client that lists, ends its session and goes on with the old id is served', async (t) => {
  const run = async (env) => {
    const sidecar = await Sidecar.start(t, { env });
    const url = `${sidecar.url}/mcp`;
    const opened = await post(url, initialize(), accept);
    const id = opened.headers['mcp-session-id'] ?? 'an id of long ago';
    const headers = { ...accept, 'mcp-session-id': id };
    assert.equal((await post(url, notification('notifications/initialized'), headers)).status, 202);
    assert.ok(messagesOf(await post(url, call(1, 'tools/list'), headers))[0].result);
    const ended = await request(url, { method: 'DELETE', headers });
    const called = await post(url, toolCall(2, 'echo', { message: 'hi' }), headers);
    await sidecar.stop();
    return { opened, ended, called };
  };
  const without = await run({ MCP_STATELESS: 'true' });
  assert.equal(without.opened.headers['mcp-session-id'], undefined);
  assert.equal(without.ended.status, 405);
  assert.equal(textOf(messagesOf(without.called)[0].result), 'hi');
  const withSessions = await run({});
  assert.equal(withSessions.ended.status, 204);
  assert.equal(withSessions.called.status, 404);
  assert.match(withSessions.called.text, /this session was ended; for clients that go on all the same: MCP_STATELESS=true/);
});

for (const [name, start] of Object.entries(clients)) {
  test(`stateless: ${name} connects, lists and calls`, async (t) => {
    const sidecar = await Sidecar.start(t, { env: { MCP_STATELESS: 'true' } });
    const client = await start(t, sidecar.url, new Feed());
    assert.equal((await client.listTools()).tools.length, 4);
    assert.equal(textOf(await client.callTool(tool('echo', { message: 'hi' }))), 'hi');
    await within(client.close(), () => 'the end of the client');
    await sidecar.stop();
  });
}
