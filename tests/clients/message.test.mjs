// Legacy SSE by hand: the stream's first bytes, the ways to post, and the curl commands of the
// predecessor's deployment guide.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';

import { eventually } from './lib/guard.mjs';
import { EventStream, RawSession, curl, post, request } from './lib/http.mjs';
import { Sidecar, scope } from './lib/sidecar.mjs';

const ping = (id) => ({ jsonrpc: '2.0', id, method: 'ping' });
const pong = (id) => ({ jsonrpc: '2.0', id, result: {} });

test('message: a stream begins with its comment and its endpoint, under headers that proxies heed', async (t) => {
  const sidecar = await Sidecar.start(t);
  const session = await RawSession.open(sidecar.url);
  const { headers } = session.stream.response;
  assert.match(headers['content-type'], /^text\/event-stream/);
  assert.match(headers['cache-control'], /no-cache/);
  assert.equal(headers.connection, 'keep-alive');
  assert.equal(headers['x-accel-buffering'], 'no');
  assert.match(session.stream.raw, /^: connected\n\nevent: endpoint\ndata: \/message\?sessionId=[^\s]+\n\n/);
  await session.call(1, 'ping');
  assert.ok(session.stream.raw.endsWith('event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'), session.stream.raw);
  session.close();
  await sidecar.stop();
});

test('message: the three ways to name a session', async (t) => {
  const sidecar = await Sidecar.start(t);
  const session = await RawSession.open(sidecar.url);
  const id = new URL(session.endpoint).searchParams.get('sessionId');
  for (const [n, path] of [`/message?sessionId=${id}`, `/messages?sessionId=${id}`, `/messages/${id}`].entries()) {
    const accepted = await post(sidecar.url + path, ping(n));
    assert.equal(accepted.status, 202, path);
    assert.equal(accepted.text, 'Accepted');
    assert.deepEqual(await session.stream.answer(n), pong(n));
  }
  session.close();
  await sidecar.stop();
});

test('message: unknown sessions get 404, whatever their id looks like', async (t) => {
  const sidecar = await Sidecar.start(t);
  for (const id of ['nope', 'constructor', '__proto__', '..%2f..', 'x'.repeat(1000), "'%20OR%201=1"]) {
    for (const path of [`/message?sessionId=${id}`, `/messages?sessionId=${id}`, `/messages/${id}`]) {
      const answer = await post(sidecar.url + path, ping(1));
      assert.equal(answer.status, 404, `${path}: ${answer.text}`);
    }
  }
  await sidecar.stop();
});

test("message: without a session id and without a client the 503 has the predecessor's exact body", async (t) => {
  const sidecar = await Sidecar.start(t);
  const error = '"error":{"code":-32000,"message":"No active MCP session. Connect to /sse first."}';
  for (const [body, id] of [
    ['{"jsonrpc":"2.0","id":7,"method":"ping"}', ',"id":7'],
    ['{"jsonrpc":"2.0","id":"a\\u0062","method":"ping"}', ',"id":"a\\u0062"'],
    ['{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}', ',"id":12345678901234567890'],
    ['{"jsonrpc":"2.0","method":"notifications/initialized"}', ''],
  ]) {
    const answer = await post(`${sidecar.url}/message`, body);
    assert.equal(answer.status, 503);
    assert.equal(answer.text, `{"jsonrpc":"2.0",${error}${id}}`);
  }
  await sidecar.stop();
});

test('message: broken JSON gets 400, also where no session would take it', async (t) => {
  const sidecar = await Sidecar.start(t);
  for (const path of ['/message', '/messages', '/message?sessionId=made-up', '/messages/made-up']) {
    const answer = await post(sidecar.url + path, '{"jsonrpc":"2.0","id":1,');
    assert.deepEqual([answer.status, answer.json().error.code], [400, -32700], path);
  }
  await sidecar.stop();
});

test('message: without a session id the only client not yet addressed by id gets the message; of several none does', async (t) => {
  const sidecar = await Sidecar.start(t);
  const first = await RawSession.open(sidecar.url);
  const accepted = await post(`${sidecar.url}/message`, ping(1));
  assert.equal(accepted.status, 202);
  assert.equal(accepted.text, '{"accepted":true}');
  assert.deepEqual(await first.stream.answer(1), pong(1));

  const second = await RawSession.open(sidecar.url);
  const several = await post(`${sidecar.url}/message`, ping(2));
  assert.equal(several.status, 409);
  assert.match(several.text, /\?sessionId=/);

  assert.deepEqual(await second.call(3, 'ping'), pong(3)); // addressed by its id from now on
  assert.equal((await post(`${sidecar.url}/message`, ping(4))).status, 202);
  assert.deepEqual(await first.stream.answer(4), pong(4));

  first.close();
  // A client that is addressed by its id is not a candidate.
  await eventually(async () => (await post(`${sidecar.url}/message`, ping(5))).status === 503, 'the first session has ended');
  second.close();
  await sidecar.stop();
});

test("message: curl -N and a POST without initialize, as in the predecessor's deployment guide", async (t) => {
  const sidecar = await Sidecar.start(t);
  const listener = spawn('curl', ['-sN', `${sidecar.url}/sse`], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => listener.kill());
  let heard = '';
  listener.stdout.on('data', (text) => (heard += text));
  await eventually(() => heard.includes('event: endpoint'), 'curl has its endpoint event');
  const printed = await curl('-X', 'POST', `${sidecar.url}/message`, '-H', 'Content-Type: application/json',
    '-d', '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}');
  assert.equal(printed, '{"accepted":true}');
  await eventually(() => /^data: \{.*"tools":\[/m.test(heard), 'the answer is in the stream');
  const answer = JSON.parse(heard.match(/^data: (\{.*)$/m)[1]);
  assert.equal(answer.id, 1);
  assert.equal(answer.result.tools.length, 4);
  await sidecar.stop();
});

test('message: a body that is not a JSON-RPC message is refused, and the session continues', async (t) => {
  const sidecar = await Sidecar.start(t);
  const session = await RawSession.open(sidecar.url);
  for (const [body, code] of [
    ['', -32700],
    ['{', -32700],
    ['{"jsonrpc":"2.0","id":1,"method":"ping"} {}', -32700],
    ['{"jsonrpc":"2.0","id":01,"method":"ping"}', -32700],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[1,,2]}}', -32700],
    ['null', -32600],
    ['5', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":5}', -32600],
  ]) {
    const refused = await session.post(body);
    assert.equal(refused.status, 400, `${body}: ${refused.text}`);
    assert.equal(refused.json().error.code, code, `${body}: ${refused.text}`);
  }
  assert.deepEqual(await session.call('still here', 'ping'), pong('still here'));
  session.close();
  await sidecar.stop();
});

test('message: a POST to the stream path gets 404 or 405, so that clients fall back', async (t) => {
  const sidecar = await Sidecar.start(t);
  assert.ok([404, 405].includes((await post(`${sidecar.url}/sse`, ping(1))).status));
  await sidecar.stop();
});

test('message: a GET stream with an odd Content-Type, as an old nginx file sends, works', async (t) => {
  const sidecar = await Sidecar.start(t);
  const session = await RawSession.open(sidecar.url, { 'content-type': 'text/event-stream' });
  assert.deepEqual(await session.call(1, 'ping'), pong(1));
  session.close();
  await sidecar.stop();
});

test('message: hundreds of streams open and close, and none is left', async (t) => {
  const sidecar = await Sidecar.start(t);
  const count = { short: 50, normal: 300, long: 900 }[scope];
  const streams = await Promise.all(Array.from({ length: count }, () => EventStream.open(`${sidecar.url}/sse`)));
  const clients = async () => (await request(`${sidecar.url}/health`)).json().sseClients;
  assert.equal(await clients(), count);
  for (const stream of streams) stream.close();
  await eventually(async () => (await clients()) === 0, 'every session has ended');
  await sidecar.stop();
});

test('message: initialize negotiates the version with each client', async (t) => {
  const sidecar = await Sidecar.start(t);
  for (const [asked, given] of [['2024-11-05', '2024-11-05'], ['2025-03-26', '2025-03-26'], ['2099-01-01', '2025-11-25']]) {
    const session = await RawSession.open(sidecar.url);
    const params = { protocolVersion: asked, capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    const { result } = await session.call(1, 'initialize', params);
    assert.equal(result.protocolVersion, given);
    assert.equal(result.serverInfo.name, 'mcp-sidecar-demo');
    await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    await session.call(2, 'resources/read', { uri: 'demo://status' });
    session.close();
  }
  await sidecar.stop();
});
