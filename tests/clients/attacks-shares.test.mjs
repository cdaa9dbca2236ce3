// One key takes all it can get; calls of another key still succeed, and soon, with default limits.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { each } from './lib/attacks.mjs';
import { eventually } from './lib/guard.mjs';
import { post } from './lib/http.mjs';
import { accept, initialize, notification, toolCall } from './lib/mcp-http.mjs';
import { Poster, as, beside, counted, metrics, openMcp, openSse, start } from './lib/shares.mjs';

const KB = 1 << 10;
const MB = 1 << 20;
const kSessions = 64;
const kCalls = 64; // per session

const held = /this key or address holds \d+ of \d+/;
const gone = /ended to make room for the call of another key or address: this one held \d+ of \d+/;

// The first matching text, once there is one.
function texts() {
  const all = new Set();
  return {
    add: (text) => all.size < 10_000 && all.add(String(text).replace(/"id":\d+/, '')),
    has: (pattern) => [...all].some((text) => pattern.test(text)),
    see: (pattern) => assert.ok([...all].some((text) => pattern.test(text)), `no ${pattern} in:\n${[...all].slice(0, 20).join('\n')}`),
  };
}

// A file that releases a child that was told to hold.
function latch(t) {
  const folder = mkdtempSync(join(tmpdir(), 'sidecar-latch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'go');
  return { file, release: () => writeFileSync(file, '') };
}

test('shares: all calls asleep over SSE; others are served, and further calls are refused with the reason', async (t) => {
  const sidecar = await start(t);
  const poster = new Poster(t);
  const heard = texts();
  const urls = [];
  for (let n = 0; n < kSessions; n += 1) urls.push(await openSse(t, sidecar, 'a', heard.add));
  let full;
  const filled = new Promise((resolve) => (full = resolve));
  await beside(sidecar, {
    filled,
    attack: async (rounds) => {
      await each(kSessions * kCalls, 64, (n) => poster.post(urls[n % kSessions], toolCall(n, 'wait'), as('a')));
      full();
      for await (const round of rounds) {
        const id = kSessions * kCalls + round;
        await poster.post(urls[round % kSessions], toolCall(id, 'wait'), as('a'));
      }
    },
  });
  heard.see(gone);
  assert.ok((await counted(sidecar, 'refused', 'call_ended_for_others')) > 0);
  await sidecar.stop();
});

test('shares: all calls asleep over /mcp; others are served', async (t) => {
  const sidecar = await start(t, { env: { MCP_MAX_CALLS: '1000' } });
  const poster = new Poster(t);
  const heard = texts();
  const sessions = [];
  for (let n = 0; n < 20; n += 1) sessions.push(await openMcp(sidecar, 'a'));
  let inFlight = 0;
  const call = (n) => {
    inFlight += 1;
    return poster.post(`${sidecar.url}/mcp`, toolCall(n, 'wait'), sessions[n % sessions.length]).then((answer) => {
      inFlight -= 1;
      if (answer) heard.add(`${answer.status} ${answer.text}`);
    });
  };
  for (let n = 0; n < 1000; n += 1) call(n);
  await beside(sidecar, {
    filled: eventually(() => heard.has(/holds 1000 of 1000/) || (call(5000 + inFlight), false), 'A has all calls'),
    attack: async (rounds) => {
      for await (const round of rounds) await Promise.race([call(10_000 + round), new Promise((resolve) => setTimeout(resolve, 5))]);
    },
  });
  heard.see(/^429 /);
  heard.see(gone);
  heard.see(held);
  await sidecar.stop();
});

test('shares: all calls asleep over REST; others are served', async (t) => {
  const sidecar = await start(t, { env: { MCP_MAX_CALLS: '1000' } });
  const poster = new Poster(t);
  const heard = texts();
  const call = () => poster.post(`${sidecar.url}/call-tool`, { name: 'wait', arguments: {} }, as('a')).then((answer) => answer && heard.add(answer.text));
  for (let n = 0; n < 1000; n += 1) call();
  await beside(sidecar, {
    filled: eventually(() => heard.has(/holds 1000 of 1000/) || (call(), false), 'A has all calls'),
    attack: async (rounds) => {
      for await (const _ of rounds) await Promise.race([call(), new Promise((resolve) => setTimeout(resolve, 5))]);
    },
  });
  heard.see(gone);
  heard.see(held);
  await sidecar.stop();
});

test('shares: all calls asleep in batches; others are served', async (t) => {
  const sidecar = await start(t);
  const poster = new Poster(t);
  const heard = texts();
  const version = '2025-03-26';
  const batch = (round) => JSON.stringify(Array.from({ length: kCalls }, (_, n) => toolCall(round * 100 + n, 'wait')));
  const sessions = [];
  for (let n = 0; n < 2 * kSessions; n += 1) sessions.push(await openMcp(sidecar, 'a', version));
  const send = (round) => {
    poster.post(`${sidecar.url}/mcp`, batch(round), sessions[round % sessions.length]).then((answer) => answer && heard.add(answer.text.slice(0, 1000)));
  };
  let full;
  const filled = new Promise((resolve) => (full = resolve));
  await beside(sidecar, {
    filled,
    attack: async (rounds) => {
      for (let n = 0; n < kSessions; n += 1) send(n);
      await eventually(async () => Number((await metrics(sidecar)).match(/^mcp_sidecar_calls_in_flight\{.*\} (\d+)/m)[1]) === kSessions * kCalls, 'A has all calls');
      full();
      for await (const round of rounds) {
        send(kSessions + round);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  });
  assert.ok((await counted(sidecar, 'refused', 'call_ended_for_others')) > 0);
  assert.ok((await counted(sidecar, 'refused', 'calls')) > 0);
  await sidecar.stop();
});

test('shares: notifications that the child does not read are dropped beyond their share; others are served', async (t) => {
  const sidecar = await start(t);
  const poster = new Poster(t);
  const { file, release } = latch(t);
  const sessions = [];
  for (let n = 0; n < 16; n += 1) sessions.push(await openMcp(sidecar, 'a'));
  const flood = JSON.stringify(notification('notifications/flood', { text: 'x'.repeat(256 * KB) }));
  const send = (n) => poster.post(`${sidecar.url}/mcp`, flood, sessions[n % sessions.length]);
  poster.post(`${sidecar.url}/mcp`, toolCall(1, 'hold', { file }), sessions[0]);
  let sent = 0;
  await eventually(async () => {
    await each(100, 8, () => send(sent++));
    return (await counted(sidecar, 'messages_dropped', 'message_beyond_share')) > 0;
  }, 'notifications are dropped');
  // B's call only waits for a place, which A's notifications free.
  const waiting = post(`${sidecar.url}/call-tool`, { name: 'echo', arguments: { message: 'x'.repeat(3 * MB) } }, as('b'));
  release();
  assert.equal((await waiting).status, 200);
  await beside(sidecar, {
    attack: async (rounds) => {
      for await (const round of rounds) await each(2, 2, (n) => send(2 * round + n));
    },
  });
  await sidecar.stop();
});

test('shares: calls too large to be read at once wait in turn, and are refused to make room for others', async (t) => {
  const sidecar = await start(t);
  const poster = new Poster(t);
  const heard = texts();
  const { file, release } = latch(t);
  const sessions = [];
  for (let n = 0; n < kSessions; n += 1) sessions.push(await openMcp(sidecar, 'a'));
  const message = 'x'.repeat(MB);
  let id = 1;
  const call = (n) =>
    poster.post(`${sidecar.url}/mcp`, toolCall(id++, 'hold', { file, message }), sessions[n % sessions.length])
      .then((answer) => answer && heard.add(`${answer.status} ${answer.text.slice(0, 300)}`));
  poster.post(`${sidecar.url}/mcp`, toolCall('hold', 'hold', { file }), sessions[0]);
  for (let n = 0; n < 24; n += 1) call(n);
  await eventually(() => heard.has(/MCP_STDIN_QUEUE\): this key or address holds/), 'A is refused');
  const waiting = post(`${sidecar.url}/call-tool`, { name: 'echo', arguments: { message } }, as('b'));
  await eventually(() => heard.has(gone), 'one of A is ended');
  release();
  assert.equal((await waiting).status, 200);
  await beside(sidecar, {
    attack: async (rounds) => {
      for await (const round of rounds) await each(2, 2, (n) => call(2 * round + n));
    },
  });
  await sidecar.stop();
});

test('shares: subscriptions have a budget; an owner that has all of it loses some to others', async (t) => {
  const sidecar = await start(t);
  const poster = new Poster(t);
  const subscribe = (id, uri) => ({ jsonrpc: '2.0', id, method: 'resources/subscribe', params: { uri } });
  const uri = (n) => `demo://${n}/${'u'.repeat(4 * KB - 100)}`;
  const heard = texts();
  await eventually(async () => {
    const headers = await openMcp(sidecar, 'a', '2025-03-26');
    for (let n = 0; n < 1000; n += 50) {
      const batch = Array.from({ length: 50 }, (_, each) => subscribe(n + each, uri(`${headers['mcp-session-id']}-${n + each}`)));
      heard.add((await poster.post(`${sidecar.url}/mcp`, JSON.stringify(batch), headers)).text.slice(0, 20_000));
    }
    return heard.has(/too many bytes of subscriptions: this key or address holds/);
  }, 'A has all that subscriptions may take');
  const b = await openMcp(sidecar, 'b');
  for (let n = 0; n < 50; n += 1) {
    const answer = await post(`${sidecar.url}/mcp`, subscribe(n, uri(`b-${n}`)), b);
    assert.deepEqual(answer.json().result, {}, answer.text);
  }
  assert.ok((await counted(sidecar, 'refused', 'subscription_ended_for_others')) > 0);
  await beside(sidecar, {
    attack: async (rounds) => {
      const headers = await openMcp(sidecar, 'a');
      for await (const round of rounds) await poster.post(`${sidecar.url}/mcp`, subscribe(round, uri(`more-${round}`)), headers);
    },
  });
  await sidecar.stop();
});

test('shares: isolated sessions beyond the bounds are refused, never shared, and closed for an owner with fewer', async (t) => {
  const sidecar = await start(t, { env: { MCP_SESSIONS: 'isolated' } });
  const poster = new Poster(t);
  const refusals = texts();
  const occupy = async (owner) => {
    const answer = await post(`${sidecar.url}/mcp`, initialize(), { ...accept, ...as(owner) });
    if (answer.status !== 200) {
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers['retry-after']) > 0);
      assert.equal(answer.json().error.code, -32003);
      refusals.add(answer.text);
      return false;
    }
    const headers = { ...accept, 'mcp-session-id': answer.headers['mcp-session-id'], 'mcp-protocol-version': '2025-11-25', ...as(owner) };
    poster.post(`${sidecar.url}/mcp`, toolCall(1, 'wait'), headers);
    await eventually(async () => Number((await metrics(sidecar)).match(/mcp_sidecar_calls_in_flight\{.*\} (\d+)/)[1]) > 0, 'the call is in flight');
    return true;
  };
  for (const owner of ['a', 'c']) {
    for (let n = 0; n < 4; n += 1) assert.ok(await occupy(owner));
  }
  // Over SSE the error answers the first request.
  const told = texts();
  const url = await openSse(t, sidecar, 'a', told.add);
  assert.equal((await poster.post(url, initialize(), as('a'))).status, 202);
  await eventually(() => told.has(/no dedicated process for this session: MCP_MAX_INSTANCES_PER_OWNER/), 'the error over SSE');
  await beside(sidecar, {
    attack: async (rounds) => {
      for await (const _ of rounds) {
        await occupy('a');
        await occupy('c');
      }
    },
  });
  refusals.see(/no dedicated process for this session: MCP_MAX_INSTANCES/);
  await sidecar.stop();
});
