// Attacks on the administration of a sidecar without keys behind a proxy on the same machine, which
// makes all clients look local.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { startFront } from './lib/front.mjs';
import { request } from './lib/http.mjs';
import { McpSession } from './lib/mcp-http.mjs';
import { Sidecar } from './lib/sidecar.mjs';

// Minimal proxy configurations, which do not forward the client's address.
const plain = {
  nginx: (sidecar) => (port) => `server { listen 127.0.0.1:${port}; location / { proxy_pass ${sidecar.url}; } }`,
  haproxy: (sidecar) => (port) => `defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend in
    bind 127.0.0.1:${port}
    default_backend out
backend out
    server sidecar 127.0.0.1:${sidecar.port}
`,
};

const administration = [['GET', '/calls'], ['GET', '/logs'], ['GET', '/metrics'], ['GET', '/dashboard/events'], ['DELETE', '/sessions/made-up'], ['POST', '/restart']];
const closed = { MCP_OPEN_ADMIN: 'false' };

for (const [kind, configuration] of Object.entries(plain)) {
  test(`attacks: without keys a client behind a plain ${kind} administrates nothing without the start token`, async (t) => {
    const sidecar = await Sidecar.start(t, { env: closed });
    const token = await sidecar.startToken();
    const front = await startFront(t, kind, configuration(sidecar));
    const session = await McpSession.open(sidecar.url);
    for (const headers of [{}, { authorization: 'Bearer ' }, { origin: front.url }, { authorization: `Bearer ${token.slice(1)}` }]) {
      for (const [method, path] of administration) {
        const refused = await request(front.url + path, { method, headers });
        assert.ok([401, 403, 429].includes(refused.status), `${method} ${path} ${refused.status}`);
        assert.ok(!refused.text.includes(token));
      }
    }
    assert.match((await request(`${front.url}/logs`)).json().message, /start token.*MCP_OPEN_ADMIN/);
    const authorization = { authorization: `Bearer ${token}` };
    assert.equal((await request(`${front.url}/sessions`, { headers: authorization })).json().count, 1);
    for (const path of ['/calls', '/logs', '/metrics']) assert.equal((await request(front.url + path, { headers: authorization })).status, 200, path);
    assert.equal((await request(`${front.url}/sessions/${session.id}`, { method: 'DELETE', headers: authorization })).status, 204);
    assert.equal((await request(`${front.url}/restart`, { method: 'POST', headers: authorization })).status, 202);
    await sidecar.stop();
  });
}

test('attacks: the start token differs at each start and appears in one log line only', async (t) => {
  const tokens = [];
  for (const [format, dashboard] of [['json', 'true'], ['text', 'true'], ['json', 'false']]) {
    const sidecar = await Sidecar.start(t, { env: { ...closed, MCP_LOG_FORMAT: format, MCP_DASHBOARD: dashboard, LOG_LEVEL: 'trace', MCP_DEBUG_REQUESTS: 'true' } });
    const token = await sidecar.startToken();
    tokens.push(token);
    // A program on this machine is not an administrator.
    assert.ok([403, 404].includes((await request(`${sidecar.url}/logs`)).status));
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await request(`${sidecar.url}/metrics`, { headers })).status, 200);
    for (const path of ['/health', '/ready', '/metrics', '/sessions', '/openapi.json', '/nothing', '/tools']) {
      assert.ok(!(await request(sidecar.url + path, { headers })).text.includes(token), path);
    }
    assert.equal((await request(`${sidecar.url}/restart`, { method: 'POST', headers: { authorization: 'Bearer wrong' } })).status, 401);
    await sidecar.line(/authentication failed.*start token/);
    const environments = sidecar.started().map(({ pid }) => readFileSync(`/proc/${pid}/environ`, 'utf8'));
    assert.ok(environments.length > 0 && environments.every((text) => !text.includes(token)));
    await sidecar.stop();
    assert.equal(sidecar.output.split('\n').filter((line) => line.includes(token)).length, 1);
    assert.match(sidecar.output, dashboard === 'true' ? new RegExp(`http://127\\.0\\.0\\.1:${sidecar.port}/#token=`) : /start_token/);
  }
  assert.equal(new Set(tokens).size, tokens.length);
});

test('attacks: guesses at the start token count as wrong keys, and with keys there is no start token', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { ...closed, MCP_FAILED_KEYS_LIMIT: '3' } });
  const ask = (key, path = '/restart') => request(sidecar.url + path, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: {} });
  const statuses = [];
  for (let n = 0; n < 5; ++n) statuses.push((await ask(`guess-${n}`)).status);
  assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
  assert.equal((await ask('a-key-of-another-service', '/call-tool')).status, 400, 'elsewhere it may be meant for others');
  assert.equal((await ask(await sidecar.startToken())).status, 202);
  await sidecar.stop();
  const keyed = await Sidecar.start(t, { env: { ...closed, MCP_API_KEY: 'the-key' } });
  assert.doesNotMatch(keyed.output, /#token=/);
  assert.equal((await request(`${keyed.url}/logs`, { headers: { 'x-api-key': 'the-key' } })).status, 200);
  await keyed.stop();
});
