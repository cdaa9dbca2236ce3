// Streamable HTTP with the official SDK's client: sessions that come and go, broken connections,
// many at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { CuttingProxy } from './lib/proxy.mjs';
import { connect as connectOver, faces, heard, hears, textOf } from './lib/sdk.mjs';
import { Sidecar, demo, everything, scope, unruly } from './lib/sidecar.mjs';

const MB = 1 << 20;
const tool = (name, args = {}) => ({ name, arguments: args });
const connect = (t, base, options) => connectOver(t, base, { over: 'streamable', ...options });
const results = (client) => client.wire.items.filter((message) => message.result || message.error);

test('streamable: a session that its client deleted gets 404 afterwards', async (t) => {
  const sidecar = await Sidecar.start(t);
  const client = await connect(t, sidecar.url);
  const other = await connect(t, sidecar.url);
  const { sessionId } = client.transport;
  assert.match(sessionId, /^[\x21-\x7e]{22,}$/);
  assert.notEqual(other.transport.sessionId, sessionId);
  await client.transport.terminateSession();
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const headers = { accept: 'application/json, text/event-stream', 'mcp-session-id': sessionId };
  assert.equal((await post(`${sidecar.url}/mcp`, ping, headers)).status, 404);
  assert.equal((await request(`${sidecar.url}/mcp`, { headers: { ...headers, accept: 'text/event-stream' } })).status, 404);
  assert.equal(textOf(await other.callTool(tool('echo', { message: 'undisturbed' }))), 'undisturbed');
  await client.close();
  await other.close();
  await sidecar.stop();
});

// Cuts every connection of the client after each `steps` steps of its call.
async function callThroughCuts(client, proxy, { seconds, cuts, steps }) {
  const done = client.callTool(tool('sleep', { seconds }), undefined, { timeout: 60_000, onprogress: () => {} });
  const progress = () => heard(client, 'notifications/progress');
  for (let cut = 1; cut <= cuts; cut += 1) {
    await eventually(() => progress().length >= cut * steps, `step ${cut * steps} of the call`);
    proxy.cut();
  }
  const result = await done;
  return { text: textOf(result), steps: progress().map(({ params }) => params.progress) };
}

test('streamable: a call survives cut connections, without lost or repeated messages', async (t) => {
  const sidecar = await Sidecar.start(t);
  const proxy = await CuttingProxy.start(t, sidecar.port);
  const client = await connect(t, proxy.url);
  const { text, steps } = await callThroughCuts(client, proxy, { seconds: 4, cuts: 2, steps: 3 });
  assert.equal(text, 'slept 4 s');
  assert.deepEqual(steps, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(results(client).length, 1);
  // The session is the same, and a later call needs no new initialize.
  const { sessionId } = client.transport;
  assert.equal(textOf(await client.callTool(tool('echo', { message: 'after' }))), 'after');
  assert.equal(client.transport.sessionId, sessionId);
  await client.close();
  await sidecar.stop();
});

test('streamable: connections that are cut at any step of many calls lose nothing', { skip: scope !== 'long' && 'long' }, async (t) => {
  const sidecar = await Sidecar.start(t);
  const proxy = await CuttingProxy.start(t, sidecar.port);
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    const client = await connect(t, proxy.url);
    const seconds = 15 + i / 10;
    const { text, steps } = await callThroughCuts(client, i === 0 ? proxy : { cut: () => {} }, { seconds, cuts: 4, steps: 2 });
    assert.equal(text, `slept ${seconds} s`);
    assert.deepEqual(steps, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(results(client).length, 1);
    await client.close();
  }));
  await sidecar.stop();
});

test('streamable: an error at the end of a stream ends the call, and the client does not resume forever', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly('2025-11-25') });
  const proxy = await CuttingProxy.start(t, sidecar.port);
  const client = await connect(t, proxy.url);
  for (let round = 1; round <= 3; round += 1) {
    await assert.rejects(client.callTool(tool('steps', { count: 2, then: 'fail' }), undefined, { onprogress: () => {} }), { code: -32099 });
  }
  assert.equal(results(client).length, 3);
  assert.equal(heard(client, 'notifications/progress').length, 6);
  // SDK v1 treats a stream that ended with an error as broken and requests its rest: once for each,
  // after the two POSTs and the GET of the handshake and the three calls.
  await eventually(() => proxy.requests >= 9, 'the client has asked for the rest of each stream');
  assert.equal(textOf(await client.callTool(tool('steps', { count: 30, pause: 100 }), undefined, { onprogress: () => {} })), 'done');
  assert.equal(proxy.requests, 10, 'the last call is the only request of its three seconds');
  assert.equal(results(client).length, 4);
  await client.close();
  await sidecar.stop();
});

for (const over of faces) {
  test(`streamable: 20 clients at once with equal ids each get their own answers, over ${over}`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(t, sidecar.url, { over })));
    await Promise.all(clients.map(async (client, who) => {
      for (let i = 0; i < 10; i += 1) {
        const message = `client ${who} call ${i}`;
        const calls = [
          client.callTool(tool('echo', { message })),
          client.callTool(tool('get-sum', { a: who * 1000, b: i })),
          client.callTool(tool('trigger-long-running-operation', { duration: 0.02, steps: 2 + (who % 3) }), undefined, { onprogress: () => {} }),
        ];
        const [echo, sum, steps] = (await Promise.all(calls)).map(textOf);
        assert.equal(echo, `Echo: ${message}`);
        assert.match(sum, new RegExp(`\\b${who * 1000 + i}\\b`));
        assert.match(steps, new RegExp(`Steps: ${2 + (who % 3)}\\.`));
      }
    }));
    for (const [who, client] of clients.entries()) {
      assert.equal(results(client).length, 30);
      const progress = heard(client, 'notifications/progress').map(({ params }) => params);
      assert.equal(progress.length, 10 * (2 + (who % 3)));
      assert.ok(progress.every(({ total }) => total === 2 + (who % 3)));
    }
    assert.equal(sidecar.children(everything).length, 1);
    await Promise.all(clients.map((client) => client.close()));
    await sidecar.stop();
  });

  test(`streamable: a result of 10 MB reaches its session, over ${over}`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: unruly() });
    const client = await connect(t, sidecar.url, { over });
    assert.equal(textOf(await client.callTool(tool('big', { size: 10 * MB }))).length, 10 * MB);
    assert.match(textOf(await client.callTool(tool('pid'))), /^\d+$/);
    await client.close();
    await sidecar.stop();
  });

  test(`streamable: a line of 70 MB costs its own call only, over ${over}`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: unruly() });
    const [client, other] = [await connect(t, sidecar.url, { over }), await connect(t, sidecar.url, { over })];
    const pid = textOf(await client.callTool(tool('pid')));
    const huge = assert.rejects(client.callTool(tool('big', { size: 70 * MB })), (error) => typeof error.code === 'number');
    const meanwhile = [client, other].map((one) => one.callTool(tool('mirror')));
    await huge;
    for (const result of await Promise.all(meanwhile)) assert.ok(textOf(result).length > 0);
    for (const one of [client, other]) assert.equal(textOf(await one.callTool(tool('pid'))), pid);
    for (const one of [client, other]) await one.close();
    await sidecar.stop();
  });
}

test('streamable: 50 clients come and leave one after the other without DELETE', async (t) => {
  const sidecar = await Sidecar.start(t);
  for (let i = 0; i < 50; i += 1) {
    const client = await connect(t, sidecar.url);
    assert.equal(textOf(await client.callTool(tool('echo', { message: `${i}` }))), `${i}`);
    await client.close(); // without DELETE
  }
  assert.equal(sidecar.children(demo).length, 1);
  await sidecar.stop();
});

test('streamable: clients that can sample come and leave one after the other, and each is asked', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  for (let i = 0; i < 10; i += 1) {
    const client = await connect(t, sidecar.url, {
      capabilities: { sampling: {} },
      prepare: (one) => one.setRequestHandler(CreateMessageRequestSchema, () => (
        { role: 'assistant', model: 'made-up', content: { type: 'text', text: `sample ${i}` } }
      )),
    });
    assert.match(textOf(await client.callTool(tool('trigger-sampling-request', { prompt: 'go' }))), new RegExp(`sample ${i}`));
    await client.close(); // without DELETE
  }
  await sidecar.stop();
});

test('streamable: messages sent while the stream was cut arrive when it is back', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const proxy = await CuttingProxy.start(t, sidecar.port);
  // By default the client gives up after two attempts.
  const reconnectionOptions = { initialReconnectionDelay: 100, maxReconnectionDelay: 1000, reconnectionDelayGrowFactor: 1.5, maxRetries: 100 };
  const client = await connect(t, proxy.url, { options: { reconnectionOptions } });
  const other = await connect(t, sidecar.url);
  proxy.refuse();
  const data = `data:text/plain;base64,${Buffer.from('new').toString('base64')}`;
  await other.callTool(tool('gzip-file-as-resource', { name: 'new.gz', data }));
  await hears(other, 'notifications/resources/list_changed');
  proxy.accept();
  await hears(client, 'notifications/resources/list_changed');
  assert.equal(heard(client, 'notifications/resources/list_changed').length, 1);
  for (const one of [client, other]) await one.close();
  await sidecar.stop();
});
