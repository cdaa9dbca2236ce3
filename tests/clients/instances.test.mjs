// The process of the wrapped server that serves each session, as reported by the processes.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { connect, textOf } from './lib/sdk.mjs';
import { faces, openSession, tool } from './lib/sessions.mjs';
import { Sidecar, everything, fakeChild } from './lib/sidecar.mjs';

const SAMPLING = { sampling: {} };
const question = { messages: [{ role: 'user', content: { type: 'text', text: 'who are you?' } }], maxTokens: 10 };
const ask = tool('ask', { method: 'sampling/createMessage', params: question });

const pids = (sidecar) => sidecar.started().map(({ pid }) => pid).sort((a, b) => a - b);
const running = (sidecar, count) => eventually(() => assert.equal(pids(sidecar).length, count) ?? true, `${count} processes run`);
const pidOf = async (client) => Number(textOf((await client.callTool('pid')).result ?? assert.fail('an error')));
const pidOverRest = async (sidecar) => Number(textOf((await post(`${sidecar.url}/call-tool`, tool('pid'))).json().result));

// An official client that answers sampling with its name.
const sampling = (t, base, over, name) => connect(t, base, {
  over,
  name,
  capabilities: SAMPLING,
  prepare: (client) => client.setRequestHandler(CreateMessageRequestSchema, () => ({
    role: 'assistant',
    model: 'of the test',
    content: { type: 'text', text: `I am ${name}` },
  })),
});
const officialPid = async (client) => Number(textOf(await client.callTool(tool('pid'))));

for (const over of faces) {
  test(`instances: official clients that can be asked get a child each, which ends with its session: ${over}`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: fakeChild() });
    const [one, two] = [await sampling(t, sidecar.url, over, 'one'), await sampling(t, sidecar.url, over, 'two')];
    const plain = await connect(t, sidecar.url, { over });
    await running(sidecar, 3);
    const [first, second, shared] = await Promise.all([one, two, plain].map(officialPid));
    assert.deepEqual(pids(sidecar), [first, second, shared].sort((a, b) => a - b));
    assert.equal(await pidOverRest(sidecar), shared);
    // Both at once: each is asked for its own call only.
    const answers = await Promise.all([one, two].map((client) => client.callTool(ask)));
    assert.deepEqual(answers.map((answer) => answer.structuredContent.result.content.text), ['I am one', 'I am two']);
    for (const client of [one, two]) assert.deepEqual(client.problems, []);

    // A dedicated child is restarted like any other.
    process.kill(first, 'SIGKILL');
    await eventually(async () => (await officialPid(one)) !== first, 'its next child answers');
    assert.equal((await one.callTool(ask)).structuredContent.result.content.text, 'I am one');

    await one.transport.terminateSession?.();
    await one.close();
    await running(sidecar, 2);
    assert.equal(await officialPid(two), second);
    await two.transport.terminateSession?.();
    await two.close();
    await running(sidecar, 1);
    assert.equal(await officialPid(plain), shared);
    await plain.close();
    await sidecar.stop();
  });
}

test('instances: server-everything offers sampling to a session with a dedicated child, not to sessions that share one', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const [client, plain] = [await sampling(t, sidecar.url, 'streamable', 'official'), await connect(t, sidecar.url)];
  const name = 'trigger-sampling-request';
  const offered = async (who) => (await who.listTools()).tools.some((each) => each.name === name);
  await eventually(() => offered(client), 'the tool is offered');
  assert.equal(await offered(plain), false);
  assert.match(textOf(await client.callTool({ name, arguments: { prompt: 'who are you?', maxTokens: 10 } })), /I am official/);
  await client.transport.terminateSession();
  await client.close();
  await plain.close();
  await running(sidecar, 1);
  await sidecar.stop();
});

for (const face of faces) {
  test(`instances: beyond --max-instances a session shares and works, but cannot be asked: ${face}`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: fakeChild(), flags: ['--max-instances', '1'] });
    const owner = await openSession(face, sidecar.url, { capabilities: SAMPLING });
    const beyond = await openSession(face, sidecar.url, { capabilities: SAMPLING });
    assert.notEqual(await pidOf(owner), await pidOf(beyond));
    assert.equal(await pidOf(beyond), await pidOverRest(sidecar));
    assert.equal(pids(sidecar).length, 2);
    const refused = (await beyond.call('tools/call', ask)).result.structuredContent.error;
    assert.match(refused.message, /sampling\/createMessage.*max-instances/);
    assert.deepEqual(beyond.all('sampling/createMessage'), []);
    assert.ok((await beyond.call('tools/list')).result);

    // Once there is room, the next session gets a dedicated child.
    await owner.close();
    await running(sidecar, 1);
    const next = await openSession(face, sidecar.url, { capabilities: SAMPLING });
    assert.notEqual(await pidOf(next), await pidOf(beyond));
    await next.close();
    await beyond.close();
    await sidecar.stop();
  });
}

test('instances: a session without a stream loses its dedicated child to a new one', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), flags: ['--max-instances', '1'] });
  const left = await openSession('streamable', sidecar.url, { capabilities: SAMPLING, listen: false });
  const first = await pidOf(left);
  const next = await openSession('streamable', sidecar.url, { capabilities: SAMPLING });
  assert.notEqual(await pidOf(next), await pidOverRest(sidecar));
  await eventually(() => !pids(sidecar).includes(first), 'the first child has ended');
  assert.equal((await left.callTool('pid')).status, 404);
  await next.close();
  await running(sidecar, 1);
  await sidecar.stop();
});

test('instances: 50 clients that can be asked come and go, without DELETE, and processes do not pile up', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild() });
  for (let i = 0; i < 50; i += 1) {
    const session = await openSession(faces[i % 2], sidecar.url, { capabilities: SAMPLING });
    assert.ok(await pidOf(session));
    assert.ok(pids(sidecar).length <= 1 + 2 * 8, 'those that end count too');
    session.stream.close();
    session.agent.destroy();
  }
  await eventually(() => pids(sidecar).length <= 1 + 4, 'no more are left than one owner may have');
  await sidecar.stop();
});

test('instances: one key gets no more than its share of them', async (t) => {
  const env = { MCP_API_KEYS: 'ada:key-of-ada,bob:key-of-bob', MCP_MAX_INSTANCES_PER_OWNER: '1' };
  const sidecar = await Sidecar.start(t, { command: fakeChild(), env });
  const open = (face, key) => openSession(face, sidecar.url, { capabilities: SAMPLING, headers: { authorization: `Bearer ${key}` } });
  const sessions = [await open('streamable', 'key-of-ada'), await open('sse', 'key-of-ada'), await open('streamable', 'key-of-bob')];
  const [first, second, third] = await Promise.all(sessions.map(pidOf));
  assert.equal(new Set([first, second, third]).size, 3);
  assert.equal(pids(sidecar).length, 3, 'the second session of ada has the shared one');
  assert.match((await sessions[1].call('tools/call', ask)).result.structuredContent.error.message, /max-instances/);
  for (const session of sessions) await session.close();
  await running(sidecar, 1);
  await sidecar.stop();
});

test('instances: with --sessions isolated every session has a child, with shared nobody has one and all can be asked', async (t) => {
  const isolated = await Sidecar.start(t, { command: fakeChild(), flags: ['--sessions', 'isolated'] });
  const sessions = await Promise.all(['streamable', 'sse', 'streamable'].map((face) => openSession(face, isolated.url)));
  const own = await Promise.all(sessions.map(pidOf));
  assert.equal(new Set([...own, await pidOverRest(isolated)]).size, 4);
  for (const session of sessions) await session.close();
  await running(isolated, 1);
  await isolated.stop();

  const shared = await Sidecar.start(t, { command: fakeChild(), flags: ['--sessions', 'shared'] });
  const [one, two] = [await sampling(t, shared.url, 'streamable', 'one'), await sampling(t, shared.url, 'sse', 'two')];
  assert.equal(await officialPid(one), await officialPid(two));
  assert.equal(pids(shared).length, 1);
  assert.equal((await one.callTool(ask)).structuredContent.result.content.text, 'I am one');
  assert.equal((await two.callTool(ask)).structuredContent.result.content.text, 'I am two');
  await one.close();
  await two.close();
  await shared.stop();
});

test('instances: --instances 2 spreads sessions over two children, each stays with its own, and only they notice its death', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), flags: ['--instances', '2'] });
  await eventually(async () => (await request(`${sidecar.url}/health`)).json().children.every(({ state }) => state === 'ready'), 'both are ready');
  const sessions = [];
  for (let i = 0; i < 6; i += 1) sessions.push(await openSession(faces[i % 2], sidecar.url));
  const before = await Promise.all(sessions.map(pidOf));
  const [first, second] = pids(sidecar);
  assert.deepEqual([first, second].map((pid) => before.filter((each) => each === pid).length), [3, 3]);
  assert.deepEqual(await Promise.all(sessions.map(pidOf)), before);

  process.kill(first, 'SIGKILL');
  await running(sidecar, 2);
  await eventually(() => !pids(sidecar).includes(first), 'the first has ended');
  await running(sidecar, 2);
  const after = await Promise.all(sessions.map(pidOf));
  assert.equal(new Set(after).size, 2);
  for (const [i, pid] of before.entries()) {
    if (pid === second) assert.equal(after[i], second);
    else assert.notEqual(after[i], first);
  }
  assert.deepEqual((await request(`${sidecar.url}/health`)).json().children.map(({ restarts }) => restarts).sort(), [0, 1]);
  for (const session of sessions) await session.close();
  await sidecar.stop();
});

test('instances: --warm 1 keeps a process ready, which the next session that needs one gets', async (t) => {
  const sidecar = await Sidecar.start(t, { command: fakeChild(), flags: ['--warm', '1'] });
  await running(sidecar, 2);
  const shared = await pidOverRest(sidecar);
  const [warm] = pids(sidecar).filter((pid) => pid !== shared);
  const plain = await openSession('sse', sidecar.url);
  assert.equal(await pidOf(plain), shared);
  assert.deepEqual(pids(sidecar), [shared, warm].sort((a, b) => a - b), 'a session that shares takes none');

  const session = await openSession('streamable', sidecar.url, { capabilities: SAMPLING });
  assert.equal(await pidOf(session), warm);
  await running(sidecar, 3); // and the next one waits
  const [next] = pids(sidecar).filter((pid) => pid !== shared && pid !== warm);
  const another = await openSession('sse', sidecar.url, { capabilities: SAMPLING });
  assert.equal(await pidOf(another), next);
  await running(sidecar, 4);
  for (const each of [session, another]) await each.close();
  await running(sidecar, 2);
  await plain.close();
  await sidecar.stop();
});
