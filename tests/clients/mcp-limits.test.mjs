// Streamable HTTP at limits, when idle, and with a shared child: evictions, refusals, and
// independence of other sessions.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './lib/guard.mjs';
import { EventStream, RawSession, post, request } from './lib/http.mjs';
import { McpSession, NEWEST, accept, call, initialize, messagesOf, messagesOn, notification, toolCall } from './lib/mcp-http.mjs';
import { textOf } from './lib/sdk.mjs';
import { Sidecar, everything, unruly } from './lib/sidecar.mjs';

const ping = call('p', 'ping');
// Calls without an answer need no drain at the end.
const patience = { MCP_DRAIN_TIMEOUT: '100ms' };
const newest = { command: unruly(NEWEST), env: patience };
const alive = async (session) => (await session.post(ping)).status === 200;
const pidOf = async (session) => textOf((await session.call('pid', 'tools/call', { name: 'pid' })).result);

// A call that the child has received and never answers.
async function hang(sidecar, session, id) {
  const before = sidecar.output.match(/heard call hang/g)?.length ?? 0;
  session.post(toolCall(id, 'hang')).catch(() => {}); // ends with the sidecar
  await eventually(() => sidecar.output.match(/heard call hang/g)?.length === before + 1, 'the child has the call');
}

test('mcp-limits: a new session replaces the longest-idle one, never one with a stream or a call', async (t) => {
  const sidecar = await Sidecar.start(t, { ...newest, env: { ...patience, MCP_MAX_CONNECTIONS: '4' } });
  const listening = await McpSession.open(sidecar.url);
  const stream = await listening.listen();
  const calling = await McpSession.open(sidecar.url);
  await hang(sidecar, calling, 1);
  const idle = [await McpSession.open(sidecar.url), await McpSession.open(sidecar.url)];
  await idle[0].call(1, 'tools/list'); // now the other one is idle for longer
  const fresh = await McpSession.open(sidecar.url);
  assert.deepEqual(await Promise.all([listening, calling, idle[0], idle[1], fresh].map(alive)), [true, true, true, false, true]);
  const streams = [stream, await idle[0].listen(), await fresh.listen()];
  const refused = await post(`${sidecar.url}/mcp`, initialize(), accept);
  assert.equal(refused.status, 503, refused.text);
  assert.match(refused.headers['retry-after'], /^\d+$/);
  assert.equal(refused.json().id, 'first');
  streams.forEach((one) => one.close());
  await sidecar.stop();
});

test('mcp-limits: the sessions of one key are limited over both transports together, and its idle ones are closed to make room', async (t) => {
  const env = { ...patience, MCP_API_KEYS: 'alice:key-a,alice:key-a2,bob:key-b', MCP_MAX_SESSIONS_PER_KEY: '2' };
  const sidecar = await Sidecar.start(t, { ...newest, env });
  const [alice, second, bob] = ['key-a', 'key-a2', 'key-b'].map((key) => ({ 'x-api-key': key }));
  const sse = await RawSession.open(sidecar.url, alice);
  const idle = await McpSession.open(sidecar.url, { headers: second });
  const next = await McpSession.open(sidecar.url, { headers: alice });
  assert.deepEqual([await alive(idle), await alive(next)], [false, true]);
  const stream = await next.listen();

  const refused = [await request(`${sidecar.url}/sse`, { headers: second }), await post(`${sidecar.url}/mcp`, initialize(), { ...accept, ...second })];
  for (const { status, headers, text } of refused) {
    assert.equal(status, 503, text);
    assert.match(headers['retry-after'], /^\d+$/);
    assert.match(text, /Connection limit exceeded/);
  }
  assert.equal(refused[1].json().id, 'first');
  await sidecar.line(/session refused.*sessions_per_key.*alice/);

  const others = [await RawSession.open(sidecar.url, bob), await McpSession.open(sidecar.url, { headers: bob })];
  assert.equal(await alive(others[1]), true);
  assert.deepEqual(await sse.call(1, 'ping'), { jsonrpc: '2.0', id: 1, result: {} });
  stream.close();
  await next.delete();
  const again = await EventStream.open(`${sidecar.url}/sse`, second);
  assert.equal(again.status, 200);
  for (const one of [sse, again, others[0]]) one.close();
  await sidecar.stop();
});

test('mcp-limits: a session without a sign of its client expires, one with a call does not', async (t) => {
  const sidecar = await Sidecar.start(t, { ...newest, env: { ...patience, MCP_SESSION_TIMEOUT: '1s' } });
  const [idle, calling] = [await McpSession.open(sidecar.url), await McpSession.open(sidecar.url)];
  await hang(sidecar, calling, 1);
  await sidecar.line(/session ended.*idle/);
  assert.equal(await alive(idle), false);
  assert.equal(await alive(calling), true);
  await sidecar.stop();
});

test('mcp-limits: a call beyond the limit of a session gets 429, and other sessions are not affected', async (t) => {
  const sidecar = await Sidecar.start(t, { ...newest, env: { ...patience, MCP_MAX_CALLS_PER_SESSION: '3' } });
  const [session, other] = [await McpSession.open(sidecar.url), await McpSession.open(sidecar.url)];
  for (const id of [1, 2, 3]) await hang(sidecar, session, id);
  const refused = await session.post(toolCall(4, 'pid'));
  assert.equal(refused.status, 429, refused.text);
  assert.match(refused.headers['retry-after'], /^\d+$/);
  assert.deepEqual([refused.json().id, refused.json().error.code], [4, -32003]);
  assert.match(await pidOf(other), /^\d+$/);
  await sidecar.stop();
});

test('mcp-limits: a second request under an id that is in flight is refused, and does not disturb the first', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  const first = await session.stream(toolCall(1, 'steps', { count: 40, pause: 50 }, { progressToken: 'a' }));
  await first.find((event) => event.data, 'a step');
  const second = await session.post(toolCall(1, 'pid'));
  assert.equal(second.status, 400, second.text);
  assert.equal(second.json().error.code, -32600);
  await first.ended();
  assert.equal(textOf(messagesOn(first).at(-1).result), 'done');
  await sidecar.stop();
});

test('mcp-limits: a silent stream is kept alive by comments', async (t) => {
  const sidecar = await Sidecar.start(t, { ...newest, env: { ...patience, MCP_KEEPALIVE_INTERVAL: '100ms', MCP_STREAM_AFTER: '0s' } });
  const session = await McpSession.open(sidecar.url);
  for (const stream of [await session.listen(), await session.stream(toolCall(1, 'hang'))]) {
    await eventually(() => stream.events.filter((event) => 'comment' in event).length >= 3, 'three comments');
    assert.deepEqual(messagesOn(stream), []);
    stream.close();
  }
  await sidecar.stop();
});

test('mcp-limits: resuming after dropped events is refused; no stream has a gap', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url);
  const stream = await session.stream(toolCall(1, 'steps', { count: 1000, pause: 1 }, { progressToken: 1 }));
  const { id } = await stream.find((event) => event.data, 'a step');
  stream.close();
  await sidecar.line(/did 1000 steps/);
  const back = await session.listen(id);
  assert.equal(back.status, 400);
  assert.match(await pidOf(session), /^\d+$/);
  await sidecar.stop();
});

test('mcp-limits: a server request sent while the connection was lost is delivered when the client resumes', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const session = await McpSession.open(sidecar.url, { capabilities: { sampling: {} } });
  const tools = async () => (await session.call('l', 'tools/list')).result.tools;
  await eventually(async () => (await tools()).some(({ name }) => name === 'trigger-sampling-request'), 'the tool is there');
  const posted = await session.stream(toolCall(1, 'trigger-sampling-request', { prompt: 'hello' }));
  const asked = await posted.find((event) => event.data, 'the request of the child');
  const priming = posted.events[0];
  assert.equal(priming.data, '');
  posted.close();
  const back = await session.listen(priming.id);
  const again = await back.find((event) => event.data, 'the request of the child once more');
  assert.deepEqual([again.id, again.data], [asked.id, asked.data]);
  const content = { type: 'text', text: 'after all' };
  await session.post({ jsonrpc: '2.0', id: JSON.parse(again.data).id, result: { role: 'assistant', model: 'made-up', content } });
  await back.ended();
  assert.match(textOf(messagesOn(back).at(-1).result), /after all/);
  await sidecar.stop();
});

test('mcp-limits: the progress of a batch comes before its one array', async (t) => {
  const sidecar = await Sidecar.start(t, newest);
  const session = await McpSession.open(sidecar.url, { version: '2025-03-26' });
  const steps = (id) => toolCall(id, 'steps', { count: 3, pause: 20 }, { progressToken: id });
  const stream = await session.stream([steps(1), notification('notifications/of/my/own'), steps('1')]);
  await stream.ended();
  const messages = messagesOn(stream);
  const answers = messages.pop();
  assert.deepEqual(answers.map(({ id, result }) => [id, textOf(result)]), [[1, 'done'], ['1', 'done']]);
  for (const token of [1, '1']) {
    assert.deepEqual(messages.filter(({ params }) => params.progressToken === token).map(({ params }) => params.progress), [1, 2, 3]);
  }
  assert.equal(messages.length, 6);
  await sidecar.stop();
});

test('mcp-limits: a shared child that works for two clients gets an error for its server request', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything, flags: ['--sessions', 'shared'], env: patience });
  const sessions = [await McpSession.open(sidecar.url, { capabilities: { sampling: {} } }), await McpSession.open(sidecar.url, { capabilities: { sampling: {} } })];
  const streams = await Promise.all(sessions.map((session) => session.listen()));
  const long = await sessions[0].stream(toolCall('long', 'trigger-long-running-operation', { duration: 600, steps: 6000 }, { progressToken: 1 }));
  await long.find((event) => event.data, 'a step of the first session');
  const { result } = await sessions[1].call('ask', 'tools/call', { name: 'trigger-sampling-request', arguments: { prompt: 'whose?' } });
  assert.equal(result.isError, true);
  assert.ok(textOf(result).length > 40, textOf(result));
  assert.deepEqual(messagesOn(long).filter(({ method }) => method !== 'notifications/progress'), []);
  for (const stream of streams) assert.deepEqual(messagesOn(stream).filter((message) => message.id !== undefined), []);
  long.close();
  streams.forEach((stream) => stream.close());
  await sidecar.stop();
});

test('mcp-limits: with --instances 3 sessions are spread evenly, and each stays where it is', async (t) => {
  const command = unruly(NEWEST);
  const sidecar = await Sidecar.start(t, { command, flags: ['--instances', '3'] });
  const sessions = [];
  for (let i = 0; i < 9; i += 1) sessions.push(await McpSession.open(sidecar.url));
  const pids = await Promise.all(sessions.map(pidOf));
  const counts = Map.groupBy(pids, (pid) => pid);
  assert.deepEqual([...counts.values()].map((same) => same.length), [3, 3, 3]);
  assert.deepEqual(await Promise.all(sessions.map(pidOf)), pids);
  assert.equal(sidecar.children(command).length, 3);
  await sidecar.stop();
});

test('mcp-limits: with --sessions isolated each session has a child, which ends with it', async (t) => {
  const command = unruly(NEWEST);
  const sidecar = await Sidecar.start(t, { command, flags: ['--sessions', 'isolated'] });
  const [one, two] = [await McpSession.open(sidecar.url), await McpSession.open(sidecar.url)];
  const pids = [await pidOf(one), await pidOf(two)];
  assert.notEqual(pids[0], pids[1]);
  const running = () => sidecar.children(command).map(({ pid }) => String(pid));
  assert.ok(pids.every((pid) => running().includes(pid)));
  await one.delete();
  await eventually(() => !running().includes(pids[0]), 'its child has ended');
  assert.equal(await pidOf(two), pids[1]);
  const answer = await two.post(toolCall(2, 'exit'));
  assert.equal(typeof messagesOf(answer)[0].error.data.reason, 'string');
  assert.notEqual(await pidOf(two), pids[1]);
  await sidecar.stop();
});
