// Which endpoint a path names: slashes at its end, the base URL, prefixes of proxies.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventStream, RawSession, post, request } from './lib/http.mjs';
import { accept, call, initialize, messagesOf } from './lib/mcp-http.mjs';
import { connect, faces, textOf } from './lib/sdk.mjs';
import { Sidecar } from './lib/sidecar.mjs';

const echo = { name: 'echo', arguments: { message: 'hi' } };

test('paths: one slash behind a path is ignored, without a redirect and for every method', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: 'ann:the-key' } });
  const headers = { 'x-api-key': 'the-key' };
  const ask = (method, path, body) => request(sidecar.url + path, { method, headers, body });
  for (const path of ['/tools', '/info', '/health', '/ready', '/sessions', '/metrics', '/rate-limit-status', '/openapi.json', '/openai/functions', '/vapi/functions', '/calls', '/logs', '/docs']) {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT']) {
      const [plain, slashed] = await Promise.all([ask(method, path), ask(method, `${path}/`)]);
      assert.deepEqual([slashed.status, slashed.headers.allow, slashed.headers.location], [plain.status, plain.headers.allow, undefined], `${method} ${path}`);
      if (path !== '/docs') assert.notEqual(slashed.status, 404, path); // the pages may not be built
    }
    assert.equal((await request(`${sidecar.url}${path}/`)).status, (await request(sidecar.url + path)).status, `${path} without a key`);
  }
  for (const path of ['/call-tool/', '/call-tool-stream/', '/vapi/call/', '/openai/call-function/']) assert.equal((await ask('POST', path, echo)).status, 200, path);
  assert.equal((await ask('GET', '/tools//')).status, 404);
  assert.equal((await ask('GET', '/nothing/')).status, 404);
  await sidecar.stop();
});

test('paths: clients whose URL ends in a slash work, over both transports', async (t) => {
  const sidecar = await Sidecar.start(t);
  for (const over of faces) {
    const client = await connect(t, sidecar.url, { over, path: over === 'sse' ? '/sse/' : '/mcp/' });
    assert.equal(textOf(await client.callTool(echo)), 'hi', over);
    await client.close();
  }
  const session = await RawSession.open(sidecar.url, {}, '/sse/');
  const id = new URL(session.endpoint).searchParams.get('sessionId');
  for (const [n, path] of [`/message/?sessionId=${id}`, `/messages/?sessionId=${id}`, `/messages/${id}/`].entries()) {
    assert.equal((await post(sidecar.url + path, { jsonrpc: '2.0', id: n, method: 'ping' })).status, 202, path);
    assert.deepEqual((await session.stream.answer(n)).result, {});
  }
  session.close();
  await sidecar.stop();
});

const addressOf = async (sidecar, headers) => {
  const session = await RawSession.open(sidecar.url, headers);
  session.close();
  const { pathname, search } = new URL(session.endpoint);
  return pathname + search.replace(/=.*/, '=');
};

test('paths: the endpoint event has the prefix that the proxy of this stream strips', async (t) => {
  const sidecar = await Sidecar.start(t);
  const prefixed = (prefix) => addressOf(sidecar, { 'x-forwarded-prefix': prefix });
  assert.equal(await prefixed('/svc'), '/svc/message?sessionId=');
  assert.equal(await prefixed('/forged, /team/tools/'), '/team/tools/message?sessionId=');
  for (const text of ['//evil.example', '/a/../b', 'https://evil.example/', '/a?b=', '/a b', '/']) assert.equal(await prefixed(text), '/message?sessionId=', text);
  assert.equal(await addressOf(sidecar, {}), '/message?sessionId=', 'of another stream');
  await sidecar.stop();
  const untrusting = await Sidecar.start(t, { env: { MCP_TRUSTED_PROXIES: '192.0.2.1' } });
  assert.equal(await addressOf(untrusting, { 'x-forwarded-prefix': '/svc' }), '/message?sessionId=');
  await untrusting.stop();
});

test('paths: MCP_PUBLIC_URL decides the prefix of the endpoint event, whatever a proxy says', async (t) => {
  for (const [url, expected] of [['https://mcp.example.com', '/message?sessionId='], ['https://mcp.example.com/own/', '/own/message?sessionId=']]) {
    const sidecar = await Sidecar.start(t, { env: { MCP_PUBLIC_URL: url } });
    assert.equal(await addressOf(sidecar, { 'x-forwarded-prefix': '/svc' }), expected);
    await sidecar.stop();
  }
});

test('paths: below a public URL whose path is an endpoint, the endpoint stays what it is', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_PUBLIC_URL: 'https://mcp.example.com/mcp' } });
  const hello = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } } };
  for (const path of ['/mcp', '/mcp/', '/mcp/mcp']) assert.equal((await post(sidecar.url + path, hello)).json().id, 1, path);
  assert.equal((await request(`${sidecar.url}/mcp/tools`)).json().tools.length, 4);
  assert.equal((await request(`${sidecar.url}/tools`)).status, 200);
  assert.equal((await request(`${sidecar.url}/mcp/mcp/mcp`)).status, 404);
  await sidecar.stop();
});

test('paths: a client that is given the base URL works, its stream and its end too', async (t) => {
  const sidecar = await Sidecar.start(t);
  const client = await connect(t, sidecar.url, { over: 'streamable', path: '/' });
  assert.equal(textOf(await client.callTool(echo)), 'hi');
  await client.close();

  const opened = await post(`${sidecar.url}/`, initialize(), accept);
  assert.equal(messagesOf(opened)[0].result.serverInfo.name, 'mcp-sidecar-demo');
  const headers = { ...accept, 'mcp-session-id': opened.headers['mcp-session-id'] };
  assert.equal(messagesOf(await post(`${sidecar.url}/mcp`, call(1, 'ping'), headers))[0].id, 1, 'it is a session of /mcp');
  const stream = await EventStream.open(`${sidecar.url}/`, { ...headers, accept: 'text/event-stream' });
  assert.equal(stream.status, 200);
  assert.match(stream.response.headers['content-type'], /^text\/event-stream/);
  assert.equal((await request(`${sidecar.url}/`, { method: 'DELETE', headers })).status, 204);
  await stream.ended();
  const refused = await request(`${sidecar.url}/`, { headers: { accept: 'text/event-stream' } });
  assert.deepEqual([refused.status, refused.headers.allow], [405, 'POST, DELETE, OPTIONS']);
  await sidecar.stop();
});

test('paths: GET / for events needs the key that POST / needs; a browser gets the same as ever', async (t) => {
  for (const pages of ['true', 'false']) {
    const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: 'ann:the-key', MCP_DASHBOARD: pages } });
    const asked = async (headers, method = 'GET', body) => (await request(`${sidecar.url}/`, { method, headers, body })).status;
    const events = { accept: 'text/event-stream' };
    const key = { 'x-api-key': 'the-key' };
    assert.deepEqual([await asked(events), await asked(events, 'HEAD'), await asked(accept, 'POST', initialize()), await asked({}, 'DELETE')], [401, 401, 401, 401]);
    assert.deepEqual([await asked({ ...events, ...key }), await asked({ ...accept, ...key }, 'POST', initialize())], [405, 200]);
    for (const text of [undefined, '*/*', 'text/html,application/xhtml+xml,*/*;q=0.8', 'text/html, text/event-stream']) {
      const page = await request(`${sidecar.url}/`, { headers: text === undefined ? {} : { accept: text } });
      if (pages === 'false') assert.equal(page.status, 404);
      assert.notEqual(page.status, 401);
      assert.equal(page.status, (await request(`${sidecar.url}/docs`)).status, text);
    }
    await sidecar.stop();
  }
});
