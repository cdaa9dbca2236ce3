// Limits and fairness: refusals, and the independence of one session from the flood, size or
// slowness of another.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';

import { Gate, temporaryFolder } from './lib/files.mjs';
import { eventually, within } from './lib/guard.mjs';
import { EventStream, RawSession, post, rawConnection, request } from './lib/http.mjs';
import { textOf } from './lib/sdk.mjs';
import { faces, openSession, tool } from './lib/sessions.mjs';
import { Sidecar, fakeChild } from './lib/sidecar.mjs';

const MB = 1 << 20;
const BUSY = -32003;

const health = async (sidecar) => (await request(`${sidecar.url}/health`)).json();
const openSessions = async (sidecar) => (await request(`${sidecar.url}/sessions`)).json().count;
const callsInFlight = async (sidecar) => (await health(sidecar)).children.reduce((sum, child) => sum + child.calls, 0);
const inFlight = (sidecar, count) => eventually(async () => assert.equal(await callsInFlight(sidecar), count) ?? true, `${count} calls are in flight`);
const pidOf = async (client) => Number(textOf((await client.callTool('pid')).result));
const turnOf = async (answer) => Number(textOf((await answer).result));

for (const [flooder, other] of [['streamable', 'sse'], ['sse', 'streamable']]) {
  test(`flow: a flood over ${flooder} does not keep a small call over ${other} waiting until it is done`, async (t) => {
    const gate = new Gate(t, temporaryFolder(t));
    const sidecar = await Sidecar.start(t, { command: fakeChild() });
    const [flood, small] = [await openSession(flooder, sidecar.url), await openSession(other, sidecar.url)];
    const gatekeeper = await openSession('sse', sidecar.url);
    const held = gatekeeper.callTool('wait_for', { fifo: gate.path });
    await inFlight(sidecar, 1);
    // The child reads nothing now. Sends as many calls and bytes as one session may have waiting.
    const CALLS = 64;
    const padding = 'x'.repeat(48_000);
    const flooding = Array.from({ length: CALLS }, () => turnOf(flood.callTool('turn', { padding })));
    await inFlight(sidecar, 1 + CALLS);
    const first = turnOf(small.callTool('turn'));
    await inFlight(sidecar, 2 + CALLS);
    const second = turnOf(small.callTool('turn'));
    await inFlight(sidecar, 3 + CALLS);
    gate.open();
    assert.equal(textOf((await held).result), 'waited');
    // The child reports the turn of this call. Before it come the gatekeeper's call, those in the
    // pipe, those written ahead (128 KB), and the one that had begun.
    assert.ok((await first) <= 1 + 4 + 1, `it came as call ${await first}`);
    assert.ok((await second) <= (await first) + 2, `and the next one in turn, as call ${await second}`);
    assert.deepEqual((await Promise.all(flooding)).length, CALLS);
    for (const session of [flood, small, gatekeeper]) {
      assert.deepEqual(session.miscounted(), []);
      await session.close();
    }
    await sidecar.stop();
  });
}

const refusedAsBusy = (session, { error, status, retryAfter }, code) => {
  assert.equal(error.code, BUSY);
  assert.match(error.message, /too many calls/);
  if (session.kind === 'sse') {
    assert.equal(status, 202);
  } else {
    assert.equal(status, code);
    assert.match(retryAfter, /^[1-9]\d*$/);
  }
};

for (const face of faces) {
  test(`flow: a session with too many calls in flight is refused further ones, and other sessions are not: ${face}`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_MAX_CALLS_PER_SESSION: '4' } });
    const [session, other] = [await openSession(face, sidecar.url), await openSession(face, sidecar.url)];
    const held = ['a', 'b', 'c', 'd'].map((key) => session.callTool('later', { key }));
    await inFlight(sidecar, 4);
    refusedAsBusy(session, await session.callTool('pid'), 429);
    assert.deepEqual((await session.call('ping')).result, {}, 'a ping is no call');
    assert.ok(await pidOf(other));
    assert.equal((await post(`${sidecar.url}/call-tool`, tool('pid'))).status, 200);
    for (const key of ['a', 'b', 'c', 'd']) await other.callTool('release', { key });
    for (const { result } of await Promise.all(held)) assert.ok(result);
    assert.ok(await pidOf(session));
    await session.close();
    await other.close();
    await sidecar.stop();
  });
}

test('flow: at the total limit of calls in flight every session is refused', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_MAX_CALLS: '5' } });
  const holder = await openSession('streamable', sidecar.url);
  const others = [await openSession('streamable', sidecar.url), await openSession('sse', sidecar.url)];
  const held = ['a', 'b', 'c', 'd', 'e'].map((key) => holder.callTool('later', { key }));
  await inFlight(sidecar, 5);
  for (const session of others) refusedAsBusy(session, await session.callTool('pid'), 503);
  const rest = await post(`${sidecar.url}/call-tool`, tool('pid'));
  assert.equal(rest.status, 503);
  assert.match(rest.headers['retry-after'], /^[1-9]\d*$/);
  assert.match(rest.json().error, /too many calls/);
  // Cancelled calls free their places.
  for (const [id, count] of [...holder.answers]) if (count === 0) await holder.cancel(id);
  await inFlight(sidecar, 0);
  assert.ok((await Promise.all(held)).every(({ cancelled }) => cancelled));
  for (const session of others) assert.ok(await pidOf(session));
  for (const session of [holder, ...others]) await session.close();
  await sidecar.stop();
});

test('flow: waiting bytes for a child that does not read are limited, per session (429) and in total (503)', async (t) => {
  const gate = new Gate(t, temporaryFolder(t));
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_STDIN_QUEUE: '400KB', MCP_MAX_BODY: '100KB' } });
  const gatekeeper = await openSession('sse', sidecar.url);
  const accepted = [gatekeeper.callTool('wait_for', { fifo: gate.path })];
  await inFlight(sidecar, 1);
  // Makes calls of one session until one is refused, and returns that answer. Each call is either
  // answered at once or waits.
  const fill = async (session) => {
    for (;;) {
      const answer = session.callTool('turn', { padding: 'x'.repeat(30_000) });
      let refused;
      answer.then((it) => (refused = it));
      await eventually(async () => refused || (await callsInFlight(sidecar)) === accepted.length + 1, 'it is refused, or waits');
      if (refused) return refused;
      accepted.push(answer);
    }
  };
  const sessions = [];
  let refused;
  do {
    sessions.push(await openSession('streamable', sidecar.url, { listen: false }));
    refused = await fill(sessions.at(-1));
    assert.equal(refused.error.code, BUSY);
    assert.match(refused.retryAfter, /^[1-9]\d*$/);
    if (refused.status === 429) assert.match(refused.error.message, /a quarter/);
  } while (refused.status === 429);
  assert.equal(refused.status, 503);
  assert.match(refused.error.message, /does not read/);
  assert.ok(sessions.length >= 4, 'a session alone cannot fill it');
  const rest = await post(`${sidecar.url}/call-tool`, tool('echo', { padding: 'x'.repeat(30_000) }));
  assert.equal(rest.status, 503);
  assert.match(rest.headers['retry-after'], /^[1-9]\d*$/);
  gate.open();
  for (const { result } of await Promise.all(accepted)) assert.ok(result, 'what was taken is answered');
  for (const session of [gatekeeper, ...sessions]) await session.close();
  await sidecar.stop();
});

test('flow: an SSE client that does not read is ended once too much waits for it, and others continue', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_STREAM_QUEUE: '1MB' } });
  const slow = await RawSession.open(sidecar.url);
  const other = await openSession('sse', sidecar.url);
  slow.stream.response.pause();
  const from = sidecar.lineCount;
  // More than the sockets' buffers, which the kernel grows, and the queue can hold.
  for (let id = 1; id <= 24; id += 1) {
    const { status } = await slow.post({ jsonrpc: '2.0', id, method: 'tools/call', params: tool('big', { bytes: MB }) });
    if (status === 404) break;
    assert.ok(await pidOf(other), 'others go on meanwhile');
  }
  await sidecar.line(/session ended.*slow reader/, from);
  assert.equal((await slow.post({ jsonrpc: '2.0', id: 99, method: 'ping' })).status, 404);
  assert.equal((await health(sidecar)).sseClients, 1);
  assert.ok(await pidOf(other));
  assert.deepEqual(other.miscounted(), []);
  slow.close();
  await other.close();
  await sidecar.stop();
});

test('flow: a Streamable client that does not read its stream loses the stream, not the session, and others go on', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_STREAM_QUEUE: '1MB' } });
  const slow = await openSession('streamable', sidecar.url);
  const other = await openSession('sse', sidecar.url);
  slow.stream.response.pause();
  const uri = 'test://large';
  assert.ok((await slow.call('resources/subscribe', { uri })).result);
  let ended = false;
  slow.stream.ended().then(() => (ended = true));
  // Caused by another session's call: the messages belong to no call of this one.
  for (let i = 0; i < 24; i += 1) await other.callTool('update', { uri, bytes: MB });
  slow.stream.response.resume();
  await eventually(() => ended, 'the stream has ended');
  assert.ok(slow.all('notifications/resources/updated').length < 24, 'what did not fit is lost');
  assert.ok(await pidOf(slow));
  await slow.listen();
  await other.callTool('update', { uri });
  const from = slow.heard.items.length;
  await slow.heard.find(({ method }) => method === 'notifications/resources/updated', 'the next update', from === 0 ? 0 : from - 1);
  await slow.close();
  await other.close();
  await sidecar.stop();
});

test('flow: a line of 70 MB costs only the call that it answers', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild() });
  for (const face of faces) {
    const [session, other] = [await openSession(face, sidecar.url), await openSession(face, sidecar.url)];
    const pid = await pidOf(session);
    const large = session.callTool('big', { bytes: 70 * MB });
    assert.equal(await pidOf(other), pid);
    const { error } = await large;
    assert.match(error.message, /too large|limit/i);
    assert.equal(await pidOf(session), pid, 'it is the same child');
    await session.close();
    await other.close();
  }
  const rest = await post(`${sidecar.url}/call-tool`, tool('big', { bytes: 70 * MB }));
  assert.ok(rest.status >= 500 && rest.status < 600, `${rest.status}`);
  assert.equal(rest.json().success, false);
  assert.equal((await health(sidecar)).child.restarts, 0);
  await sidecar.stop();
});

// Reads a response in two halves and calls `between` after the first. Returns the whole text.
async function inHalves(response, size, between) {
  let text = '';
  response.setEncoding('latin1');
  for await (const part of response) {
    const before = text.length;
    text += part;
    if (before < size / 2 && text.length >= size / 2) await between();
  }
  return text;
}

test('flow: a body of 10 MB, slowly sent, and a result of 10 MB, slowly read, go through while others are answered', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild() });
  const [session, other] = [await openSession('streamable', sidecar.url, { listen: false }), await openSession('sse', sidecar.url)];
  const othersGoOn = async () => {
    for (let i = 0; i < 20; i += 1) assert.ok(await pidOf(other));
  };
  const head = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-session-id': session.id, 'mcp-protocol-version': session.version };
  const frame = JSON.stringify({ jsonrpc: '2.0', id: 'large', method: 'tools/call', params: tool('echo', { text: '' }) });
  const text = 'abcdefghij'.repeat(MB).slice(0, 10 * MB - frame.length);
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'large', method: 'tools/call', params: tool('echo', { text }) });
  assert.equal(body.length, 10 * MB);

  const sending = http.request(`${sidecar.url}/mcp`, { method: 'POST', agent: false, headers: { ...head, 'content-length': body.length } });
  const answered = once(sending, 'response');
  await new Promise((resolve) => sending.write(body.slice(0, body.length / 2), resolve));
  await othersGoOn();
  sending.end(body.slice(body.length / 2));
  const [response] = await within(answered, () => 'the answer to 10 MB');
  assert.equal(response.statusCode, 200);
  const whole = await within(inHalves(response, body.length, othersGoOn), () => 'all of 10 MB');
  const data = whole.startsWith('{') ? whole : whole.split('\n').find((line) => line.startsWith('data: {')).slice(6);
  assert.equal(JSON.parse(data).result.structuredContent.text === text, true);

  // The same result over SSE, for a session whose stream is read late.
  const reader = await RawSession.open(sidecar.url);
  reader.stream.response.pause();
  await reader.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: tool('big', { bytes: 10 * MB }) });
  await othersGoOn();
  reader.stream.response.resume();
  assert.equal(textOf((await reader.stream.answer(1)).result).length, 10 * MB);
  reader.close();
  await session.close();
  await other.close();
  await sidecar.stop();
});

test('flow: at the limit of sessions the longest-idle Streamable one without stream and call is closed; without one it is 503', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_MAX_CONNECTIONS: '4' } });
  const listening = await openSession('streamable', sidecar.url);
  const busy = await openSession('streamable', sidecar.url, { listen: false });
  const held = busy.callTool('later', { key: 'busy' });
  await inFlight(sidecar, 1);
  const older = await openSession('streamable', sidecar.url, { listen: false });
  const newer = await openSession('streamable', sidecar.url, { listen: false });
  assert.ok(await pidOf(older)); // now `newer` is idle for longer
  const third = await openSession('sse', sidecar.url);
  assert.equal((await newer.callTool('pid')).status, 404);
  assert.ok(await pidOf(older));
  const fourth = await openSession('streamable', sidecar.url);
  assert.equal((await older.callTool('pid')).status, 404);
  assert.equal(await openSessions(sidecar), 4);
  assert.equal((await health(sidecar)).sseClients, 3, 'those with a stream');

  // All others have a stream or a call.
  for (const answer of [await request(`${sidecar.url}/sse`), await post(`${sidecar.url}/mcp`, {
    jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  }, { accept: 'application/json, text/event-stream' })]) {
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
    assert.match(answer.text, /Connection limit exceeded/);
  }
  assert.ok((await listening.callTool('release', { key: 'busy' })).result);
  assert.equal(textOf((await held).result), 'busy');
  for (const session of [third, fourth, listening]) assert.ok(await pidOf(session));
  const fifth = await openSession('sse', sidecar.url);
  assert.equal((await busy.callTool('pid')).status, 404, 'it had no call any more');
  for (const session of [listening, third, fourth, fifth]) await session.close();
  await sidecar.stop();
});

test('flow: 50 clients that come and go from one address, without DELETE, are all served under a small limit', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_MAX_CONNECTIONS: '10' } });
  for (let i = 0; i < 50; i += 1) {
    const session = await openSession(faces[i % 2], sidecar.url);
    assert.ok(await pidOf(session));
    session.stream.close(); // no DELETE
    session.agent.destroy();
  }
  assert.ok(await openSessions(sidecar) <= 10);
  await sidecar.stop();
});

test('flow: MCP_MAX_CONNECTIONS_PER_IP limits the event streams of an address, over both faces together', async (t) => {
  const env = { MCP_MAX_CONNECTIONS_PER_IP: '2', MCP_TRUSTED_PROXIES: '127.0.0.1' };
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env });
  const of = (address) => ({ headers: { 'x-forwarded-for': address } });
  const [first, second] = [await openSession('sse', sidecar.url, of('192.0.2.1')), await openSession('streamable', sidecar.url, of('192.0.2.1'))];
  const third = await openSession('streamable', sidecar.url, { ...of('192.0.2.1'), listen: false });
  assert.ok(await pidOf(third), 'a session without a stream is none');
  const named = { 'mcp-session-id': third.id, accept: 'text/event-stream', 'mcp-protocol-version': third.version };
  for (const answer of [await request(`${sidecar.url}/sse`, of('192.0.2.1')), await request(`${sidecar.url}/mcp`, { headers: { ...named, ...of('192.0.2.1').headers } })]) {
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
  }
  const elsewhere = await openSession('sse', sidecar.url, of('192.0.2.2'));
  await first.close();
  await eventually(() => third.listen().then(() => true), 'there is room again');
  for (const session of [second, third, elsewhere]) {
    assert.ok(await pidOf(session));
    await session.close();
  }
  await sidecar.stop();
});

test('flow: a GET stream that takes the place of another counts once', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env: { MCP_MAX_CONNECTIONS_PER_IP: '1' } });
  const session = await openSession('streamable', sidecar.url);
  const before = session.stream;
  await session.listen();
  await before.ended();
  assert.ok(await pidOf(session));
  await session.close();
  await sidecar.stop();
});
