// Rates of sessions, keys and addresses, the limit of calls to the child, wrong keys, and the
// address list. Windows are so long that no budget is refilled during a test.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { eventually } from './lib/guard.mjs';
import { RawSession, post, request } from './lib/http.mjs';
import { McpSession, call as message } from './lib/mcp-http.mjs';
import { Sidecar, demo } from './lib/sidecar.mjs';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const echo = { name: 'echo', arguments: { message: 'hi' } };
const via = (address, more = {}) => ({ 'x-forwarded-for': address, ...more });
const statuses = async (count, once) => {
  const seen = [];
  for (let at = 0; at < count; at += 1) seen.push((await once()).status);
  return seen;
};

function checkRefusal(answer, limit, budget) {
  assert.equal(answer.status, 429, answer.text);
  const body = answer.json();
  assert.equal(body.message, 'Rate limit exceeded');
  if (budget) assert.equal(body.budget, budget);
  assert.ok(Number.isInteger(body.retryAfter) && body.retryAfter > 0, answer.text);
  assert.equal(answer.headers['retry-after'], String(body.retryAfter));
  assert.equal(answer.headers['x-ratelimit-limit'], String(limit));
  assert.equal(answer.headers['x-ratelimit-remaining'], '0');
  assert.match(answer.headers['x-ratelimit-reset'], /^\d+$/);
}

test('limits-rate: each session has its own rate; requests without a session count for key and address', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_RATE_LIMIT_PER_MIN: '4/1h', MCP_API_KEYS: 'alice:key-a,bob:key-b' } });
  const alice = { 'x-api-key': 'key-a' };
  const one = await RawSession.open(sidecar.url, alice); // GET /sse: 1 of key and address
  const two = await RawSession.open(sidecar.url, alice); // 2
  for (let id = 1; id <= 4; id += 1) await one.call(id, 'ping');
  checkRefusal(await one.post(ping), 4, 'session');
  assert.deepEqual(await two.call(9, 'ping'), { jsonrpc: '2.0', id: 9, result: {} });
  const rest = () => request(`${sidecar.url}/tools`, { headers: alice });
  const passed = await rest(); // 3
  assert.equal(passed.status, 200);
  assert.equal(passed.headers['x-ratelimit-limit'], '4');
  assert.equal(passed.headers['x-ratelimit-remaining'], '1');
  // Made-up session ids give no fresh budget.
  assert.equal((await post(`${sidecar.url}/message?sessionId=made-up`, ping, alice)).status, 404); // 4
  for (const path of ['/message?sessionId=another', '/messages/third', '/mcp']) {
    checkRefusal(await post(sidecar.url + path, ping, { ...alice, 'mcp-session-id': 'fourth' }), 4);
  }
  checkRefusal(await rest(), 4);
  // Another key, another address and /health are not affected.
  assert.equal((await request(`${sidecar.url}/tools`, { headers: { 'x-api-key': 'key-b' } })).status, 200);
  assert.equal((await request(`${sidecar.url}/tools`, { headers: via('192.0.2.7', alice) })).status, 200);
  assert.equal((await request(`${sidecar.url}/health`, { headers: alice })).status, 200);
  await sidecar.line(/rate limit reached.*192|rate limit reached.*127\.0\.0\.1/);
  assert.doesNotMatch(sidecar.output, /key-a|key-b/, 'no key is in the log');
  one.close();
  two.close();
  await sidecar.stop();
});

test('limits-rate: a key has one rate at every address, an address one for every key, and a proxy is not the client', async (t) => {
  const sidecar = await Sidecar.start(t, {
    env: { MCP_RATE_LIMIT_PER_KEY: '5/1h', MCP_RATE_LIMIT_PER_IP: '3/1h', MCP_API_KEYS: 'alice:key-a,bob:key-b' },
  });
  const tools = (key, address) => request(`${sidecar.url}/tools`, { headers: via(address, { 'x-api-key': key }) });
  assert.deepEqual(await statuses(4, () => tools('key-a', '192.0.2.1')), [200, 200, 200, 429]);
  assert.equal((await tools('key-b', '192.0.2.1')).status, 429, 'the address, with another key');
  // An address that the client itself puts in front of the one that its proxy adds does not count.
  assert.equal((await tools('key-b', '203.0.113.5, 192.0.2.1')).status, 429);
  assert.deepEqual(await statuses(3, () => tools('key-a', '192.0.2.2')), [200, 200, 429], 'the key, at another address');
  checkRefusal(await tools('key-a', '192.0.2.3'), 5);
  assert.equal((await tools('key-b', '192.0.2.3')).status, 200);
  // An IPv6 client counts with its whole network.
  const standard = (at) => request(`${sidecar.url}/tools`, { headers: { 'x-api-key': 'key-b', forwarded: `for="[2001:db8::${at}]:443"` } });
  assert.deepEqual(await statuses(3, () => standard(1)), [200, 200, 200]);
  assert.equal((await standard(2)).status, 429);
  await sidecar.stop();
});

test('limits-rate: wrong keys are answered 429 once there are too many, and a right one behind the same proxy passes', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_FAILED_KEYS_LIMIT: '3/1h', MCP_API_KEY: 'the-key' } });
  const tools = (key, address = '192.0.2.1') => request(`${sidecar.url}/tools`, { headers: via(address, key && { authorization: `Bearer ${key}` }) });
  assert.deepEqual(await statuses(4, () => tools('guess')), [401, 401, 401, 429]);
  checkRefusal(await tools('guess'), 3, 'wrong_keys');
  assert.equal((await tools('the-key')).status, 200);
  assert.equal((await tools(undefined)).status, 401, 'no key is no guess');
  assert.equal((await tools('guess', '192.0.2.2')).status, 401);
  assert.match(sidecar.output, /authentication failed/);
  assert.doesNotMatch(sidecar.output, /the-key|guess/);
  await sidecar.stop();
});

test('limits-rate: calls that reach the wrapped server are capped for all, over every transport', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_CHILD_RATE_LIMIT: '3/1h' } });
  const streamable = await McpSession.open(sidecar.url);
  const legacy = await RawSession.open(sidecar.url);
  const rest = () => post(`${sidecar.url}/call-tool`, echo);
  assert.equal((await rest()).status, 200);
  assert.ok((await streamable.call(1, 'tools/call', echo)).result);
  assert.ok((await legacy.call(1, 'tools/call', echo)).result);
  const refused = await rest();
  assert.equal(refused.status, 429);
  assert.equal(refused.json().success, false);
  assert.match(refused.json().error, /^Rate limit exceeded/);
  assert.equal(refused.headers['retry-after'], String(refused.json().retryAfter));
  const posted = await streamable.post(message(2, 'tools/call', echo));
  assert.equal(posted.status, 429);
  assert.match(posted.headers['retry-after'], /^\d+$/);
  assert.equal(posted.json().id, 2);
  assert.ok(posted.json().error.data.retryAfter > 0, posted.text);
  const told = await legacy.call(2, 'tools/call', echo);
  assert.equal(told.error.code, -32003);
  assert.ok(told.error.data.retryAfter > 0, JSON.stringify(told));
  assert.deepEqual((await legacy.call(3, 'ping')).result, {}, 'what does not reach it is not counted');
  legacy.close();
  await sidecar.stop();
});

test("limits-rate: /rate-limit-status reports the caller's budget, and pages may read the fields", async (t) => {
  const sidecar = await Sidecar.start(t, { env: { SSE_RATE_LIMIT_PER_MIN: '60', SDP_RATE_LIMIT_PER_KEY: '100/15m', SDP_API_KEYS: 'the-key' } });
  const ask = (headers, query = '') => request(`${sidecar.url}/rate-limit-status${query}`, { headers });
  assert.equal((await ask({})).status, 401);
  const key = { 'x-api-key': 'the-key' };
  const session = await RawSession.open(sidecar.url, key);
  await session.call(1, 'ping');
  const own = (await ask(key, new URL(session.endpoint).search)).json();
  assert.equal(own.enabled, true);
  assert.deepEqual(own.limits.map(({ scope, limit, remaining, window }) => [scope, limit, remaining, window]), [
    ['session', 60, 59, 60],
    ['key', 100, 98, 900],
  ]);
  const answer = await ask({ ...key, origin: 'https://app.example.com' });
  const exposed = answer.headers['access-control-expose-headers'].toLowerCase();
  for (const name of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'retry-after']) assert.ok(exposed.includes(name), name);
  session.close();
  await sidecar.stop();
});

test('limits-rate: /rate-limit-status answers while a budget is used up, and says which', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_RATE_LIMIT_PER_KEY: '2/1h', MCP_RATE_LIMIT_PER_IP: '50/1h', MCP_API_KEY: 'the-key' } });
  const ask = (path, key = 'the-key') => request(sidecar.url + path, { headers: { 'x-api-key': key } });
  assert.deepEqual(await statuses(2, () => ask('/tools')), [200, 200]);
  checkRefusal(await ask('/tools'), 2, 'key');
  assert.deepEqual(await statuses(5, () => ask('/rate-limit-status')), [200, 200, 200, 200, 200]);
  const { limits } = (await ask('/rate-limit-status')).json();
  assert.deepEqual(limits.map(({ scope, remaining }) => [scope, remaining]), [['key', 0], ['address', 48]]);
  assert.equal((await ask('/rate-limit-status', 'wrong')).status, 401);
  await sidecar.stop();
});

test('limits-rate: only listed addresses are admitted, except for the health check from this machine', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { SDP_ALLOWED_IPS: '192.0.2.0/24,2001:db8::/32' } });
  const tools = (headers) => request(`${sidecar.url}/tools`, { headers });
  for (const headers of [via('192.0.2.9'), via('203.0.113.1, 192.0.2.9'), { forwarded: 'for="[2001:db8::1]"' }, { 'x-real-ip': '192.0.2.1' }]) {
    assert.equal((await tools(headers)).status, 200, JSON.stringify(headers));
  }
  for (const headers of [{}, via('203.0.113.1'), via('192.0.2.9, 203.0.113.1'), via('unknown'), { forwarded: 'for=192.0.2.9, for=_gazonk' }]) {
    const refused = await tools(headers);
    assert.equal(refused.status, 403, JSON.stringify(headers));
    assert.deepEqual(refused.json(), { error: 'Forbidden', message: 'IP not allowed' });
  }
  assert.equal((await request(`${sidecar.url}/health`)).status, 200);
  assert.equal((await request(`${sidecar.url}/health`, { headers: via('203.0.113.1') })).status, 403);
  await sidecar.line(/address refused/);
  await sidecar.stop();
});

test('limits-rate: a message through a proxy without forwarded fields counts for the address that opened its session', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_RATE_LIMIT_PER_IP: '4/1h', MCP_ALLOWED_IPS: '192.0.2.0/24' } });
  const one = await RawSession.open(sidecar.url, via('192.0.2.1'));
  const two = await RawSession.open(sidecar.url, via('192.0.2.2'));
  const unsaid = (session) => post(session.endpoint, ping);
  assert.deepEqual(await statuses(4, () => unsaid(one)), [202, 202, 202, 429]);
  assert.deepEqual(await statuses(4, () => unsaid(two)), [202, 202, 202, 429]);
  one.close();
  two.close();
  await sidecar.stop();
});

test('limits-rate: a malformed network stops the start with its text and place', async (t) => {
  for (const [name, value] of [['MCP_ALLOWED_IPS', '10.0.0.0/33'], ['SDP_ALLOWED_IPS', '10.0.0.0/8,fe80::1%lo']]) {
    const sidecar = new Sidecar(t, { env: { [name]: value } });
    assert.deepEqual(await sidecar.end(), { code: 2, signal: null });
    assert.match(sidecar.output, new RegExp(`${name}=.*\\(environment\\): ".*" is neither an address nor a network`));
  }
});

test('limits-rate: the sidecar raises its limit of open files, and the child keeps the original one', async (t) => {
  const soft = (pid) => readFileSync(`/proc/${pid}/limits`, 'utf8').match(/Max open files\s+(\S+)\s+(\S+)/).slice(1);
  const sidecar = await Sidecar.start(t);
  const [own] = soft('self');
  const [now, hard] = soft(sidecar.pid);
  assert.equal(now, hard);
  await sidecar.line(/open files/);
  const child = await eventually(() => sidecar.children(demo)[0], 'the child runs');
  assert.deepEqual(soft(child.pid), [own, hard]);
  await sidecar.stop();
});
