// Streamable HTTP in the terms of the specification, from a client without an SDK.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { McpSession, NEWEST, accept, call, initialize, messagesOf, messagesOn, notification, toolCall } from './lib/mcp-http.mjs';
import { textOf } from './lib/sdk.mjs';
import { Sidecar, everything, unruly } from './lib/sidecar.mjs';

const revisions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const ping = call('p', 'ping');
const newest = { command: unruly(NEWEST) };

const post_ = (headers, body = ping) => ({ method: 'POST', headers: { ...accept, 'content-type': 'application/json', ...headers }, body });
const get = (headers) => ({ method: 'GET', headers: { accept: 'text/event-stream', ...headers } });

for (const [what, status, ask] of [
  ['a GET without a session', 405, () => get()],
  ['a DELETE without a session', 400, () => ({ method: 'DELETE' })],
  ['a body that is called text', 415, (session) => post_({ ...session, 'content-type': 'text/plain' })],
  ['a body that is called a form', 415, () => post_({ 'content-type': 'application/x-www-form-urlencoded' }, initialize())],
  ['a POST that accepts neither JSON nor event streams', 406, (session) => post_({ ...session, accept: 'text/html, image/*' })],
  ['a POST that refuses both by quality', 406, () => post_({ accept: 'application/json;q=0, text/event-stream;q=0' }, initialize())],
  ['a GET that accepts no event stream', 406, (session) => get({ ...session, accept: 'application/json' })],
  ['a revision that never was', 400, (session) => post_({ ...session, 'mcp-protocol-version': '1999-12-31' })],
  ['a revision that is none', 400, (session) => get({ ...session, 'mcp-protocol-version': 'new' })],
  ['text that is no JSON', 400, (session) => post_(session, '{"jsonrpc":"2.0",')],
  ['JSON that is no message', 400, (session) => post_(session, '{"hello":"world"}')],
  ['no body at all', 400, (session) => post_(session, '')],
  ['a second initialize in a session', 400, (session) => post_(session, initialize())],
  ['a stream after an event that nobody sent', 400, (session) => get({ ...session, 'last-event-id': '99-99' })],
  ['a stream after an event that is none', 400, (session) => get({ ...session, 'last-event-id': 'constructor' })],
  ['another method', 405, (session) => ({ method: 'PUT', headers: session, body: ping })],
]) {
  test(`mcp-http: ${what} gets ${status}, and the session goes on`, async (t) => {
    const sidecar = await Sidecar.start(t, newest);
    const session = await McpSession.open(sidecar.url);
    const answer = await request(session.url, ask({ 'mcp-session-id': session.id, 'mcp-protocol-version': NEWEST }));
    assert.equal(answer.status, status, answer.text);
    if (status === 405) assert.match(answer.headers.allow, /POST/);
    else assert.equal(typeof answer.json().error.code, 'number', answer.text);
    assert.deepEqual((await session.call(1, 'ping')).result, {});
    await sidecar.stop();
  });
}

test('mcp-http: an unknown session gets 404, whatever its id looks like', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  await McpSession.open(sidecar.url);
  const ids = ['0e9a4a6c-9d3c-4f7c-8f62-0d4f6a3c9b11', 'constructor', '__proto__', 'toString', 'hasOwnProperty', 'null', '0', '-1',
    '%00', '%2e%2e%2f', '../../etc/passwd', 'a b', '"', "' or 1=1 --", '<script>', '{}', '*', '\u00e9', '\u00ff\u00fe', 'x'.repeat(4000)];
  for (const id of ids) {
    const headers = { ...accept, 'mcp-session-id': id };
    for (const [method, body] of [['POST', ping], ['POST', notification('notifications/initialized')], ['POST', initialize()], ['GET'], ['DELETE']]) {
      const answer = await request(`${sidecar.url}/mcp`, { method, headers, body });
      assert.equal(answer.status, 404, `${method} with the session ${id}: ${answer.text}`);
    }
  }
  await sidecar.stop();
});

test('mcp-http: a key reaches the sessions that were opened with it, and no others', async (t) => {
  const sidecar = await Sidecar.start(t, { ...newest, env: { MCP_API_KEYS: 'ada:key-of-ada,ben:key-of-ben' } });
  const key = (of) => ({ authorization: `Bearer key-of-${of}` });
  assert.equal((await post(`${sidecar.url}/mcp`, initialize(), accept)).status, 401);
  const session = await McpSession.open(sidecar.url, { headers: key('ada') });
  for (const method of ['POST', 'GET', 'DELETE']) {
    const body = method === 'POST' ? ping : undefined;
    const ask = (headers) => request(session.url, { method, headers: { ...session.headers, ...headers }, body });
    assert.equal((await ask(key('ben'))).status, 403);
    assert.equal((await ask(key('eve'))).status, 401);
  }
  assert.deepEqual((await session.call(1, 'ping')).result, {});
  await sidecar.stop();
});

test('mcp-http: a deleted session is gone, and so are its streams', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  const other = await McpSession.open(sidecar.url);
  assert.notEqual(session.id, other.id);
  for (const { id } of [session, other]) assert.match(id, /^[\x21-\x7e]{22,}$/);
  const listening = await session.listen();
  const open = await session.stream(toolCall(1, 'steps', { count: 1000, pause: 100 }, { progressToken: 1 }));
  await open.find((event) => event.data, 'the first step');
  const deleted = await session.delete();
  assert.ok(deleted.status >= 200 && deleted.status < 300, `${deleted.status}`);
  await listening.ended();
  await open.ended();
  await sidecar.line(/heard cancelled/); // the child was asked to stop
  assert.equal((await session.post(ping)).status, 404);
  assert.equal((await session.listen()).status, 404);
  assert.equal((await session.delete()).status, 404);
  assert.deepEqual((await other.call(1, 'ping')).result, {});
  await sidecar.stop();
});

test('mcp-http: a client and the child agree on the older of their revisions', async (t) => {
  for (const child of ['2025-11-25', '2025-06-18']) {
    const sidecar = await Sidecar.start(t, { command: unruly(child) });
    for (const asked of [...revisions, '2099-01-01', 'nonsense']) {
      const { result } = await McpSession.open(sidecar.url, { version: asked });
      const older = revisions.includes(asked) && asked < child ? asked : child;
      assert.equal(result.protocolVersion, older, `asked for ${asked}, the child speaks ${child}`);
      assert.equal(result.serverInfo.name, 'unruly');
    }
    await sidecar.stop();
  }
});

test('mcp-http: notifications and answers get 202 without a body', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  for (const message of [
    notification('notifications/initialized'),
    notification('notifications/cancelled', { requestId: 'never made' }),
    notification('notifications/of/my/own', { a: 1 }),
    { jsonrpc: '2.0', id: 'never asked', result: {} },
    { jsonrpc: '2.0', id: 7, error: { code: -1, message: 'no' } },
  ]) {
    const answer = await session.post(message);
    assert.deepEqual([answer.status, answer.text], [202, ''], JSON.stringify(message));
  }
  await sidecar.stop();
});

test('mcp-http: ids come back as they were sent', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  const ids = ['1', '"1"', '0', '-7', '9007199254740993', '123456789012345678901234567890', '""', '"\\u00e9 \\"quoted\\""', `"${'x'.repeat(2000)}"`];
  const step = '{"name":"steps","arguments":{"count":2,"pause":50}}';
  const answers = await Promise.all(ids.map((id) => session.post(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${step}}`)));
  for (const [at, id] of ids.entries()) assert.ok(answers[at].text.includes(`"id":${id},`), `${id} in ${answers[at].text}`);
  await sidecar.stop();
});

test('mcp-http: a session of 2025-03-26 takes a batch and answers it as one array', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url, { version: '2025-03-26' });
  const batch = [call(1, 'ping'), notification('notifications/of/my/own'), toolCall('1', 'pid'), call(2, 'no/such/method'), { no: 'message' }];
  const answer = await session.post(batch);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers['content-type'], /^application\/json/);
  const answers = answer.json();
  assert.ok(Array.isArray(answers));
  const of = (id) => answers.filter((one) => one.id === id);
  assert.equal(answers.length, 4);
  assert.deepEqual(of(1), [{ jsonrpc: '2.0', id: 1, result: {} }]);
  assert.match(textOf(of('1')[0].result), /^\d+$/);
  assert.equal(of(2)[0].error.code, -32601);
  assert.equal(of(null)[0].error.code, -32600);
  const silent = await session.post([notification('notifications/initialized'), { jsonrpc: '2.0', id: 5, result: {} }]);
  assert.deepEqual([silent.status, silent.text], [202, '']);
  assert.equal((await session.post([])).status, 400);
  await sidecar.stop();
});

for (const version of revisions.filter((one) => one !== '2025-03-26')) {
  test(`mcp-http: a session of ${version} refuses a batch`, async (t) => {
    const sidecar = await Sidecar.start(t, newest);
    const session = await McpSession.open(sidecar.url, { version });
    const answer = await session.post([ping, call(2, 'ping')]);
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.json().error.code, -32600);
    await sidecar.stop();
  });
}

for (const version of revisions) {
  const ids = version === NEWEST;
  test(`mcp-http: for ${version} streams begin with ${ids ? 'a priming event, and every event has an id' : 'a comment, and no event has an id'}`, async (t) => {
    const sidecar = await Sidecar.start(t, newest);
    const session = await McpSession.open(sidecar.url, { version });
    const posted = await session.stream(toolCall(1, 'steps', { count: 3 }, { progressToken: 'mine' }));
    await posted.ended();
    const listening = await session.listen();
    const first = await listening.find(() => true, 'something at once'); // no message was sent yet
    assert.equal('comment' in first, !ids);
    await session.call(2, 'tools/call', { name: 'notify', arguments: { method: 'notifications/tools/list_changed' } });
    await listening.find((event) => event.data, 'a notification');
    const messages = messagesOn(posted);
    assert.deepEqual(messages.slice(0, 3).map(({ params }) => params), [1, 2, 3].map((progress) => ({ progressToken: 'mine', progress })));
    assert.equal(textOf(messages[3].result), 'done');
    for (const stream of [posted, listening]) {
      const events = stream.events.filter((event) => !('comment' in event));
      assert.equal(new Set(events.map(({ id }) => id)).size, ids ? events.length : 1);
      if (ids) {
        assert.ok(events.every(({ id }) => id));
        assert.equal(events[0].data, '');
        assert.match(events[0].retry, /^\d+$/);
      } else {
        assert.ok(events.every((event) => !('id' in event) && !('retry' in event)));
        assert.ok(events[0].data);
      }
    }
    listening.close();
    await sidecar.stop();
  });
}

test('mcp-http: an immediate answer is JSON, a later one a stream if the client accepts that', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  const slow = (id) => toolCall(id, 'steps', { count: 1, pause: 2500 });
  const told = (id) => toolCall(id, 'steps', { count: 2, pause: 200 }, { progressToken: id });
  const quick = (id) => toolCall(id, 'pid');
  await Promise.all([
    [quick(1), accept.accept, 'application/json'],
    [slow(2), accept.accept, 'text/event-stream'],
    [told(3), accept.accept, 'text/event-stream'],
    [slow(4), 'application/json', 'application/json'],
    [told(5), 'application/json', 'application/json'],
    [quick(6), 'text/event-stream', 'text/event-stream'],
    [quick(7), '*/*', 'application/json'],
  ].map(async ([message, takes, type]) => {
    const answer = await session.post(message, { accept: takes });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'].split(';')[0], type, `${JSON.stringify(message)} to one who takes ${takes}`);
    assert.equal(messagesOf(answer).at(-1).id, message.id);
  }));
  await sidecar.stop();
});

test('mcp-http: progress and log of a call come on its own stream, and on no other', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const session = await McpSession.open(sidecar.url, { capabilities: { sampling: {} } });
  const listening = await session.listen();
  await eventually(async () => (await session.call('l', 'tools/list')).result.tools.some(({ name }) => name === 'trigger-sampling-request'), 'the tool is there');
  await session.call(1, 'logging/setLevel', { level: 'info' });
  const asking = await session.stream(toolCall(2, 'trigger-sampling-request', { prompt: 'hello' }));
  const event = await asking.find((one) => one.data, 'the request of the child');
  const asked = JSON.parse(event.data);
  assert.equal(asked.method, 'sampling/createMessage');
  const content = { type: 'text', text: 'hi there' };
  const taken = await session.post({ jsonrpc: '2.0', id: asked.id, result: { role: 'assistant', model: 'made-up', content } });
  assert.deepEqual([taken.status, taken.text], [202, '']);
  await asking.ended();
  assert.match(textOf(messagesOn(asking).at(-1).result), /hi there/);
  const subscribing = await session.stream(call(3, 'resources/subscribe', { uri: 'demo://resource/dynamic/text/1' }));
  await subscribing.ended();
  assert.deepEqual(messagesOn(subscribing).map(({ method, id }) => method ?? id), ['notifications/message', 3]);
  assert.deepEqual(messagesOn(listening).filter(({ method }) => !method.endsWith('/list_changed')), []);
  listening.close();
  await sidecar.stop();
});

test('mcp-http: after a lost connection a stream resumes after the event that the client names', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  const other = await McpSession.open(sidecar.url);
  const first = await session.stream(toolCall(1, 'steps', { count: 20, pause: 20 }, { progressToken: 1 }));
  await first.find((event) => event.data && JSON.parse(event.data).params?.progress === 5, 'step 5');
  first.close();
  const seen = first.events.filter((event) => event.data);
  // It was no cancellation: the child continues to the end.
  await sidecar.line(/did 20 steps/);
  const rest = await session.listen(seen.at(-1).id);
  await rest.ended();
  const messages = [...seen.map(({ data }) => JSON.parse(data)), ...messagesOn(rest)];
  assert.deepEqual(messages.map((one) => one.params?.progress ?? textOf(one.result)), [...Array.from({ length: 20 }, (_, i) => i + 1), 'done']);
  // Once more from the beginning; nothing after the end; and nothing of it for another session.
  const again = await session.listen(first.events[0].id);
  await again.ended();
  assert.deepEqual(messagesOn(again), messages);
  const after = await request(session.url, { headers: { ...session.headers, accept: 'text/event-stream', 'last-event-id': again.events.at(-1).id } });
  assert.ok([200, 204].includes(after.status), `${after.status}`);
  assert.deepEqual(messagesOf({ headers: { 'content-type': 'text/event-stream' }, text: after.text }), []);
  const foreign = await other.listen(seen.at(-1).id);
  if (foreign.status === 200) {
    foreign.close();
    assert.fail('another session was given the stream');
  }
  assert.equal(sidecar.output.includes('heard cancelled'), false);
  await sidecar.stop();
});

test('mcp-http: messages sent while no stream was open are delivered once to the next one', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  const tell = (n) => session.call(`tell ${n}`, 'tools/call', { name: 'notify', arguments: { method: `notifications/n${n}` } });
  const first = await session.listen();
  await tell(1);
  const { id } = await first.find((event) => event.data, 'the first notification');
  first.close();
  await tell(2);
  await tell(3);
  const second = await session.listen(id);
  await tell(4);
  await second.find((event) => event.data && JSON.parse(event.data).method === 'notifications/n4', 'the fourth notification');
  assert.deepEqual(messagesOn(second).map(({ method }) => method), [2, 3, 4].map((n) => `notifications/n${n}`));
  second.close();
  await sidecar.stop();
});

test('mcp-http: a cancelled call ends at the child, and its POST ends', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  const quiet = session.post(toolCall('quiet', 'hang'));
  const loud = await session.stream(toolCall('loud', 'steps', { count: 1000, pause: 100 }, { progressToken: 1 }));
  await loud.find((event) => event.data, 'a step');
  await eventually(() => sidecar.output.includes('heard call hang'), 'the child has the call');
  for (const requestId of ['quiet', 'loud']) await session.post(notification('notifications/cancelled', { requestId }));
  assert.deepEqual(messagesOf(await quiet), []);
  await loud.ended();
  assert.deepEqual(messagesOn(loud).filter((one) => 'id' in one), []);
  await eventually(() => sidecar.output.match(/heard cancelled/g)?.length === 2, 'the child has heard of both');
  assert.deepEqual((await session.call(3, 'ping')).result, {});
  await sidecar.stop();
});

test('mcp-http: when the child dies every POST that waits is answered', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  const pid = textOf((await session.call(1, 'tools/call', { name: 'pid' })).result);
  const waiting = [session.post(toolCall(2, 'hang')), session.post(toolCall(3, 'hang')), session.post(toolCall(4, 'steps', { count: 1000, pause: 50 }, { progressToken: 4 }))];
  await eventually(() => sidecar.output.match(/heard call (hang|steps)/g)?.length === 3, 'the child has the calls');
  await session.call(5, 'tools/call', { name: 'exit' });
  for (const [at, answer] of (await Promise.all(waiting)).entries()) {
    const last = messagesOf(answer).at(-1);
    assert.equal(last.id, at + 2);
    assert.equal(typeof last.error.data.reason, 'string', answer.text);
  }
  assert.notEqual(textOf((await session.call(6, 'tools/call', { name: 'pid' })).result), pid);
  await sidecar.stop();
});

test('mcp-http: a page of a foreign origin gets the headers that it needs, and the preflight needs no session', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const origin = `http://localhost:${sidecar.port}`;
  const preflight = await request(`${sidecar.url}/mcp`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'mcp-session-id, mcp-protocol-version, last-event-id' },
  });
  assert.equal(preflight.status, 204);
  const allowed = preflight.headers['access-control-allow-headers'].toLowerCase();
  for (const name of ['mcp-session-id', 'mcp-protocol-version', 'last-event-id', 'content-type', 'authorization']) assert.ok(allowed.includes(name), name);
  for (const name of ['GET', 'POST', 'DELETE']) assert.ok(preflight.headers['access-control-allow-methods'].includes(name), name);
  const answer = await post(`${sidecar.url}/mcp`, initialize(), { ...accept, origin });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(answer.headers['access-control-expose-headers'].toLowerCase().includes('mcp-session-id'));
  await sidecar.stop();
});
