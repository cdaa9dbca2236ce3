// Many clients at once on one child: every answer reaches its own client.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawSession, curl, post } from './lib/http.mjs';
import { connect, faces, textOf } from './lib/sdk.mjs';
import { Sidecar, demo, everything, scope } from './lib/sidecar.mjs';

const CALLS = { short: 100, normal: 1000, long: 10_000 }[scope];
const AT_ONCE = 32; // per client; a session may have 64 in flight

// Runs `count` numbered jobs in order, some of them at the same time.
async function inParallel(count, job) {
  let next = 0;
  const worker = async () => {
    while (next < count) await job(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

// Different for the two clients, so that their reports can be distinguished.
const secondsOf = (who, i) => (1 + who + 2 * (i % 5)) / 1000;

test('together: two official clients, the same ids and tokens, no cross-talk', async (t) => {
  const sidecar = await Sidecar.start(t);
  const clients = [await connect(t, sidecar.url), await connect(t, sidecar.url)];
  await Promise.all(clients.map((client, who) => inParallel(CALLS, async (i) => {
    if (i % 4 === 0) {
      const seconds = secondsOf(who, i);
      const steps = [];
      const result = await client.callTool({ name: 'sleep', arguments: { seconds } }, undefined, { onprogress: (p) => steps.push(p) });
      assert.equal(textOf(result), `slept ${seconds} s`);
      steps.forEach((p, n) => {
        assert.match(p.message, new RegExp(` of a sleep of ${seconds} s$`));
        assert.ok(n === 0 || p.progress > steps[n - 1].progress, 'progress rises');
      });
    } else {
      const message = `client ${who} call ${i}`;
      assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message } })), message);
    }
  })));
  // This client loses progress that arrives in the same read as its result, and reports that. It
  // must never see progress of another client.
  for (const [who, client] of clients.entries()) {
    const own = Array.from({ length: 5 }, (_, i) => `unknown token.* of a sleep of ${secondsOf(who, i)} s`);
    for (const problem of client.problems) assert.match(problem.message, new RegExp(own.join('|')));
  }
  assert.equal(sidecar.children(demo).length, 1);
  for (const client of clients) await client.close();
  await sidecar.stop();
});

test('together: raw sessions that use the same ids and tokens on purpose each get exactly their own', async (t) => {
  const sidecar = await Sidecar.start(t);
  const sessions = await Promise.all([0, 1, 2].map(() => RawSession.open(sidecar.url)));
  await Promise.all(sessions.map((session, who) => inParallel(CALLS / 10, async (i) => {
    const seconds = (1 + who) / 1000;
    const id = i % 2 === 0 ? i : `${i}`;
    const params = { name: 'sleep', arguments: { seconds }, _meta: { progressToken: id } };
    const answer = await session.call(id, 'tools/call', params);
    assert.equal(textOf(answer.result), `slept ${seconds} s`);
  })));
  for (const [who, session] of sessions.entries()) {
    const messages = session.stream.events.filter((e) => e.event === 'message').map((e) => JSON.parse(e.data));
    const open = new Map();
    for (const m of messages) {
      const key = JSON.stringify(m.method ? m.params.progressToken : m.id);
      const steps = open.get(key) ?? [];
      assert.ok(!steps.done, `nothing follows the answer to ${key}`);
      if (m.method) assert.match(m.params.message, new RegExp(` ${(1 + who) / 1000} s$`));
      steps.push(m.params?.progress);
      steps.done = !m.method;
      open.set(key, steps);
    }
    assert.equal(open.size, CALLS / 10);
    for (const steps of open.values()) assert.deepEqual([...steps], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, undefined]);
    session.close();
  }
  await sidecar.stop();
});

test('together: clients over SSE and Streamable HTTP, and curl over REST, share one child', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const clients = await Promise.all(Array.from({ length: 6 }, (_, i) => connect(t, sidecar.url, { over: faces[i % 2] })));
  const overMcp = clients.map((client, who) => inParallel(CALLS / 10, async (i) => {
    const message = `mcp ${who} ${i}`;
    assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message } })), `Echo: ${message}`);
  }));
  const overRest = inParallel(CALLS / 10, async (i) => {
    const answer = await post(`${sidecar.url}/call-tool`, { name: 'echo', arguments: { message: `rest ${i}` } });
    assert.equal(textOf(answer.json().result), `Echo: rest ${i}`);
  });
  const overCurl = Promise.all(Array.from({ length: 10 }, async (_, i) => {
    const body = JSON.stringify({ name: 'get-sum', arguments: { a: i, b: 1000 } });
    const answer = JSON.parse(await curl('-X', 'POST', `${sidecar.url}/call-tool`, '-H', 'Content-Type: application/json', '-d', body));
    assert.match(textOf(answer.result), new RegExp(`\\b${1000 + i}\\b`));
  }));
  await Promise.all([...overMcp, overRest, overCurl]);
  assert.equal(sidecar.children(everything).length, 1);
  for (const client of clients) await client.close();
  await sidecar.stop();
});
