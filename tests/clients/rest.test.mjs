// REST as clients of the predecessor use it, with curl and with plain requests, compared exactly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { eventually } from './lib/guard.mjs';
import { EventStream, RawSession, curl, post, request } from './lib/http.mjs';
import { McpSession, accept, initialize } from './lib/mcp-http.mjs';
import { textOf } from './lib/sdk.mjs';
import { Sidecar, everything, unruly } from './lib/sidecar.mjs';

const json = ['-H', 'Content-Type: application/json'];

test('rest: GET /tools holds every page of tools/list', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const body = JSON.parse(await curl(`${sidecar.url}/tools`));
  assert.deepEqual(Object.keys(body), ['success', 'tools']);
  assert.equal(body.success, true);
  assert.ok(body.tools.length > 8, 'more than one page');
  assert.equal(new Set(body.tools.map((tool) => tool.name)).size, body.tools.length);
  assert.deepEqual(body.tools[0], { name: 'mirror', description: 'unruly: mirror', inputSchema: { type: 'object', properties: {} } });
  await sidecar.stop();
});

test('rest: POST /call-tool gives the result or the reason of the failure', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const call = (body) => post(`${sidecar.url}/call-tool`, body);

  const good = await call({ name: 'raw', arguments: { json: '{"content":[],"structuredContent":{"n":1.10}}' } });
  assert.equal(good.status, 200);
  assert.match(good.headers['content-type'], /^application\/json/);
  assert.equal(good.text, '{"success":true,"result":{"content":[],"structuredContent":{"n":1.10}}}');

  assert.equal((await call({ name: 'pid' })).status, 200, 'arguments may be left out');

  for (const body of [{}, { arguments: {} }, { name: '' }]) {
    const nameless = await call(body);
    assert.equal(nameless.status, 400);
    assert.equal(nameless.text, '{"success":false,"error":"Tool name is required"}');
  }

  const toolError = await call({ name: 'is-error' });
  assert.equal(toolError.status, 200);
  assert.deepEqual(toolError.json(), { success: true, result: { content: [{ type: 'text', text: 'tool said no' }], isError: true } });

  const failure = await call({ name: 'fail' });
  assert.equal(failure.status, 500);
  assert.equal(failure.json().success, false);
  assert.match(failure.json().error, /no luck/);

  const unknown = await call({ name: 'no-such-tool' });
  assert.equal(unknown.status, 500);
  assert.match(unknown.json().error, /Unknown tool: no-such-tool/);
  await sidecar.stop();
});

test('rest: bodies that are not JSON or have wrong types get a 400 with the reason', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  for (const path of ['/call-tool', '/vapi/call', '/openai/call-function', '/call-tool-stream']) {
    for (const body of ['', '{"name":', '[]', '"pid"', '{"name":5}', '{"name":"pid","arguments":[1]}', '{"name":"pid","arguments":3}', '\u0000']) {
      const answer = await request(sidecar.url + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
      assert.equal(answer.status, 400, `${path} ${body}: ${answer.text}`);
      assert.equal(answer.json().success, false);
      assert.equal(typeof answer.json().error, 'string');
    }
  }
  assert.equal((await post(`${sidecar.url}/call-tool`, { name: 'pid' })).status, 200);
  await sidecar.stop();
});

test('rest: a body may be gzipped or begin with a byte order mark, also over SSE and Streamable HTTP', async (t) => {
  const sidecar = await Sidecar.start(t);
  const mark = '\uFEFF';
  const gzipped = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const call = JSON.stringify({ name: 'echo', arguments: { message: 'hé' } });
  for (const body of [call, mark + call]) {
    assert.equal(textOf((await post(`${sidecar.url}/call-tool`, body)).json().result), 'hé');
    assert.equal(textOf((await post(`${sidecar.url}/call-tool`, gzipSync(body), gzipped)).json().result), 'hé');
  }
  assert.deepEqual((await post(`${sidecar.url}/tools/add`, gzipSync('{"a":1,"b":2}'), gzipped)).status, 200);
  const session = await RawSession.open(sidecar.url);
  for (const [id, prefix] of ['', mark].entries()) {
    const accepted = await post(session.endpoint, gzipSync(`${prefix}{"jsonrpc":"2.0","id":${id},"method":"ping"}`), gzipped);
    assert.equal(accepted.status, 202, accepted.text);
    assert.deepEqual((await session.stream.answer(id)).result, {});
  }
  session.close();
  const opened = await post(`${sidecar.url}/mcp`, gzipSync(mark + JSON.stringify(initialize())), { ...accept, ...gzipped });
  assert.equal(opened.status, 200, opened.text);

  for (const coding of ['br', 'deflate', 'zstd', 'gzip, gzip']) {
    const refused = await post(`${sidecar.url}/call-tool`, 'x', { 'content-encoding': coding });
    assert.deepEqual([refused.status, refused.headers['accept-encoding']], [415, 'gzip, identity'], coding);
  }
  const malformed = await post(`${sidecar.url}/call-tool`, call, gzipped);
  assert.equal(malformed.status, 400);
  assert.match(malformed.json().message, /not valid gzip/);
  await sidecar.stop();
});

test('rest: GET /info holds the whole InitializeResult under serverInfo', async (t) => {
  const sidecar = await Sidecar.start(t);
  const info = JSON.parse(await curl(`${sidecar.url}/info`));
  assert.deepEqual(Object.keys(info), ['success', 'serverInfo']);
  assert.equal(info.success, true);
  assert.equal(info.serverInfo.serverInfo.name, 'mcp-sidecar-demo');
  assert.equal(typeof info.serverInfo.protocolVersion, 'string');
  assert.ok(info.serverInfo.capabilities.tools);
  await sidecar.stop();
});

test('rest: GET /health has the keys of both predecessors', async (t) => {
  const sidecar = await Sidecar.start(t);
  const health = async () => (await request(`${sidecar.url}/health`)).json();
  const idle = await health();
  assert.equal(idle.status, 'ok');
  assert.equal(new Date(idle.timestamp).toISOString(), idle.timestamp);
  assert.equal(idle.sseClients, 0);
  assert.equal(idle.authEnabled, false);
  assert.equal(idle.transport, 'sse');
  assert.equal(typeof idle.uptime, 'number');
  assert.equal(typeof idle.totalConnections, 'number');
  assert.equal(typeof idle.connectionsByIP, 'object');
  const session = await RawSession.open(sidecar.url);
  const busy = await health();
  assert.equal(busy.sseClients, 1);
  assert.equal(busy.connectionsByIP['127.0.0.1'], 1);
  // A session of Streamable HTTP counts while its GET stream is open, not while it is idle.
  const mcp = await McpSession.open(sidecar.url);
  assert.equal((await health()).sseClients, 1);
  const listening = await mcp.listen();
  assert.deepEqual([(await health()).sseClients, (await health()).totalConnections], [2, 2]);
  assert.equal((await health()).connectionsByIP['127.0.0.1'], 2);
  listening.close();
  session.close();
  await eventually(async () => (await health()).totalConnections === 0, 'both streams have ended');
  assert.deepEqual((await health()).connectionsByIP, {});
  await sidecar.stop();
});

test('rest: VAPI and OpenAI find and call functions', async (t) => {
  const sidecar = await Sidecar.start(t);
  const listed = JSON.parse(await curl(`${sidecar.url}/vapi/functions`));
  assert.deepEqual(Object.keys(listed), ['success', 'count', 'functions']);
  assert.equal(listed.success, true);
  assert.equal(listed.count, 4);
  const echo = listed.functions.find((f) => f.name === 'echo');
  assert.deepEqual(Object.keys(echo), ['name', 'description', 'parameters']);
  assert.equal(echo.parameters.properties.message.type, 'string');

  const vapi = await post(`${sidecar.url}/vapi/call`, { name: 'add', arguments: { a: 1, b: 2 } });
  assert.equal(vapi.status, 200);
  assert.deepEqual(Object.keys(vapi.json()), ['success', 'function', 'result']);
  assert.equal(vapi.json().function, 'add');
  assert.equal(textOf(vapi.json().result), '3');
  const nameless = await post(`${sidecar.url}/vapi/call`, {});
  assert.equal(nameless.status, 400);
  assert.equal(nameless.text, '{"success":false,"error":"Function name is required"}');

  for (const args of [{ a: 20, b: 22 }, '{"a":20,"b":22}']) {
    const openai = await post(`${sidecar.url}/openai/call-function`, { name: 'add', arguments: args });
    assert.equal(openai.status, 200, openai.text);
    assert.equal(openai.json().success, true);
    assert.equal(textOf(openai.json().result), '42');
  }
  for (const args of ['{"a":20,', '[1]', '7']) {
    assert.equal((await post(`${sidecar.url}/openai/call-function`, { name: 'add', arguments: args })).status, 400, args);
  }
  await sidecar.stop();
});

test('rest: VAPI\'s Function Tool posts its calls to /vapi/call and reads their results', async (t) => {
  const sidecar = await Sidecar.start(t);
  const send = async (message) => {
    const answer = await post(`${sidecar.url}/vapi/call`, { message: { timestamp: 1700000000000, call: { id: 'x', type: 'webCall' }, assistant: { name: 'a' }, ...message } });
    assert.equal(answer.status, 200, answer.text);
    return answer.json();
  };
  const add = { id: 'call_1', type: 'function', function: { name: 'add', arguments: { a: 1, b: 2 } } };
  const sum = { results: [{ toolCallId: 'call_1', result: '3' }] };
  assert.deepEqual(await send({ type: 'tool-calls', toolCallList: [{ id: 'call_1', name: 'add', arguments: { a: 1, b: 2 } }] }), sum);
  assert.deepEqual(await send({
    type: 'tool-calls', toolCallList: [add], toolCalls: [add], toolWithToolCallList: [{ type: 'function', name: 'add', parameters: {}, toolCall: add }],
  }), sum, 'three lists of one call are one call');
  assert.deepEqual(await send({ type: 'tool-calls', toolWithToolCallList: [{ type: 'function', name: 'add', toolCall: { id: 'call_1', parameters: { a: 1, b: 2 } } }] }), sum);
  assert.equal((await send({ type: 'function-call', functionCall: { name: 'add', parameters: { a: 1, b: 2 } } })).result, '3');

  const several = await send({ type: 'tool-calls', toolCallList: [
    { id: '1', name: 'echo', arguments: '{"message":"two\\nlines"}' }, { id: '2', name: 'none' }, { id: '3', name: 'add', arguments: 'x' }, { id: '4', name: 'add', arguments: { a: 2, b: 2 } }] });
  assert.deepEqual(several.results.map((one) => one.toolCallId), ['1', '2', '3', '4']);
  assert.equal(several.results[0].result, 'two lines');
  assert.match(several.results[1].error, /none/);
  assert.match(several.results[2].error, /JSON object/);
  assert.equal(several.results[3].result, '4');
  for (const type of ['status-update', 'end-of-call-report', 'transcript']) assert.deepEqual(await send({ type, toolCalls: [add] }), {});
  await sidecar.stop();
});

test('rest: each call of a message of VAPI counts for the rates', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: 'vapi:key-1', MCP_RATE_LIMIT_PER_MIN: '4' } });
  const send = (count) => post(`${sidecar.url}/vapi/call`, { message: { type: 'tool-calls', toolCallList: Array(count).fill({ id: '1', name: 'time' }) } }, { 'x-api-key': 'key-1' });
  const passed = await send(3);
  assert.equal(passed.json().results.length, 3);
  assert.equal(passed.headers['x-ratelimit-remaining'], '1');
  const over = await send(2);
  assert.ok([400, 429].includes(over.status) && over.json().success === false, over.text);
  await sidecar.stop();
});

test('rest: a whole tool call of OpenAI is a call', async (t) => {
  const sidecar = await Sidecar.start(t);
  const call = await post(`${sidecar.url}/openai/call-function`, { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":20,"b":22}' } });
  assert.equal(call.json().function, 'add');
  assert.equal(textOf(call.json().result), '42');
  await sidecar.stop();
});

test('rest: arguments in the wrong place are refused, and none are none', async (t) => {
  const sidecar = await Sidecar.start(t);
  for (const member of ['params', 'args', 'input', 'parameters']) {
    for (const path of ['/call-tool', '/call-tool-stream', '/vapi/call', '/openai/call-function']) {
      const refused = await post(sidecar.url + path, { name: 'echo', [member]: { message: 'x' } });
      assert.equal(refused.status, 400, `${path} ${member}`);
      assert.match(refused.json().error, new RegExp(`"${member}"`));
    }
  }
  const inQuery = await request(`${sidecar.url}/tools/echo?message=x`, { method: 'POST' });
  assert.equal(inQuery.status, 400);
  assert.match(inQuery.json().error, /"message"/);
  for (const name of ['api_key', 'apiKey', 'apikey', 'key', 'token', 'sessionId']) {
    assert.equal((await request(`${sidecar.url}/tools/time?${name}=x`, { method: 'POST' })).status, 200, name);
  }
  for (const path of ['/call-tool', '/vapi/call', '/openai/call-function', '/tools/time']) {
    const form = await request(sidecar.url + path, { method: 'POST', body: 'name=time', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    assert.equal(form.status, 415, path);
    assert.match(form.json().error, /send JSON/);
  }
  assert.match(await curl('-X', 'POST', `${sidecar.url}/call-tool`, '-d', '{"name":"add","arguments":{"a":1,"b":2}}'), /"sum":3/, 'curl calls its JSON a form');
  for (const none of ['[]', 'null']) {
    assert.equal((await post(`${sidecar.url}/call-tool`, `{"name":"time","arguments":${none}}`)).status, 200, none);
    assert.equal((await post(`${sidecar.url}/tools/time`, none)).status, 200, none);
  }
  await sidecar.stop();
});

test('rest: POST /call-tool-stream sends progress, then the result, then ends', async (t) => {
  const sidecar = await Sidecar.start(t);
  const stream = await EventStream.open(`${sidecar.url}/call-tool-stream`, { 'content-type': 'application/json' }, {
    method: 'POST',
    body: JSON.stringify({ name: 'sleep', arguments: { seconds: 0.2 } }),
  });
  assert.equal(stream.status, 200);
  assert.match(stream.response.headers['content-type'], /^text\/event-stream/);
  await stream.ended();
  const data = stream.events.filter((e) => 'data' in e).map((e) => e.data);
  assert.match(data.at(-1), /slept 0\.2 s/);
  assert.equal(data.filter((d) => /step \d of 10/.test(d)).length, 10);
  assert.ok(data.findLastIndex((d) => /step \d of 10/.test(d)) < data.findIndex((d) => /slept/.test(d)));
  await sidecar.stop();
});

test('rest: a real server answers curl', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const tools = JSON.parse(await curl(`${sidecar.url}/tools`)).tools;
  assert.ok(tools.length >= 10);
  const sum = await curl('-X', 'POST', `${sidecar.url}/call-tool`, ...json, '-d', '{"name":"get-sum","arguments":{"a":40,"b":2}}');
  assert.match(textOf(JSON.parse(sum).result), /42/);
  await sidecar.stop();
});

test('rest: methods, paths and heads that do not fit are answered with JSON', async (t) => {
  const sidecar = await Sidecar.start(t);
  const wrong = await request(`${sidecar.url}/call-tool`);
  assert.equal(wrong.status, 405);
  assert.match(wrong.headers.allow, /POST/);
  assert.equal(typeof wrong.json().error, 'string');
  const missing = await request(`${sidecar.url}/no/such/path`);
  assert.equal(missing.status, 404);
  assert.equal(typeof missing.json().error, 'string');
  const head = await request(`${sidecar.url}/health`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  await sidecar.stop();
});
