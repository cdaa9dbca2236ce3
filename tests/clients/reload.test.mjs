// SIGHUP: settings that take effect while sessions stay, settings that need a restart, and unusable
// files.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { connect, faces, hears, textOf } from './lib/sdk.mjs';
import { Sidecar, everything } from './lib/sidecar.mjs';

// Writes .env, sends SIGHUP and returns the log lines about it, including the last one.
async function reload(sidecar, dotenv, last = /(settings read again|reload rejected)/) {
  const from = sidecar.lineCount;
  sidecar.writeDotenv(dotenv);
  process.kill(sidecar.pid, 'SIGHUP');
  await sidecar.line(last, from);
  return sidecar.output.split('\n').slice(from).join('\n');
}

const add = (client) => client.callTool({ name: 'add', arguments: { a: 1, b: 2 } });
const callAdd = (sidecar, headers) => post(`${sidecar.url}/call-tool`, { name: 'add', arguments: { a: 1, b: 2 } }, headers);

for (const over of faces) {
  test(`reload: over ${over} a session stays, and the new lists apply from its next request on`, async (t) => {
    const sidecar = await Sidecar.start(t, { dotenv: '' });
    const client = await connect(t, sidecar.url, { over });
    assert.equal(textOf(await add(client)), '3');
    const told = await reload(sidecar, 'MCP_DENIED_TOOLS=add\nMCP_MAX_BODY=1MB\n');
    assert.match(told, /setting changed.*MCP_DENIED_TOOLS.*"to":"add"/);
    assert.match(told, /setting waits for a restart.*MCP_MAX_BODY.*10MB.*1MB/);
    await hears(client, 'notifications/tools/list_changed');
    await assert.rejects(add(client), /not permitted/);
    assert.ok((await client.listTools()).tools.every(({ name }) => name !== 'add'));
    const from = client.wire.items.length;
    await reload(sidecar, '');
    await hears(client, 'notifications/tools/list_changed', from);
    assert.equal(textOf(await add(client)), '3');
    await sidecar.stop();
  });
}

test('reload: addresses, proxies, origins, rates, limits and logging follow the file', async (t) => {
  const sidecar = await Sidecar.start(t, { dotenv: '' });
  const status = async (headers = {}) => (await request(`${sidecar.url}/tools`, { headers })).status;
  const forwarded = { 'x-forwarded-for': '192.0.2.7' };
  const foreign = { origin: 'https://a.example' };
  assert.deepEqual([await status(), await status(forwarded), await status(foreign)], [200, 200, 403]);

  await reload(sidecar, 'MCP_ALLOWED_IPS=127.0.0.0/8\nMCP_CORS_ORIGINS=https://b.example\n');
  assert.deepEqual([await status(), await status(forwarded), await status(foreign)], [200, 403, 403]);
  await reload(sidecar, 'MCP_ALLOWED_IPS=127.0.0.0/8\nMCP_TRUSTED_PROXIES=none\nMCP_CORS_ORIGINS=https://a.example\n');
  assert.deepEqual([await status(), await status(forwarded), await status(foreign)], [200, 200, 200]);

  await reload(sidecar, 'MCP_RATE_LIMIT_PER_IP=1/1h\n');
  assert.deepEqual([await status(), await status()], [200, 429]);
  await reload(sidecar, 'MCP_RATE_LIMIT_PER_IP=2/1h\n');
  assert.deepEqual([await status(), await status(), await status()], [200, 200, 429]);
  await reload(sidecar, 'MCP_CHILD_RATE_LIMIT=1/1h\n');
  assert.deepEqual([(await callAdd(sidecar)).status, (await callAdd(sidecar)).status], [200, 429]);

  await reload(sidecar, 'MCP_MAX_CONNECTIONS=1\n');
  await connect(t, sidecar.url);
  await assert.rejects(connect(t, sidecar.url), /503/);
  await reload(sidecar, '');
  await connect(t, sidecar.url);

  await reload(sidecar, 'MCP_DEBUG_REQUESTS=true\n');
  await callAdd(sidecar);
  await sidecar.line(/"event":"request body".*add/);
  const quiet = await reload(sidecar, 'LOG_LEVEL=error\n');
  assert.match(quiet, /LOG_LEVEL.*"from":"info","to":"error"/);
  const lines = sidecar.lineCount;
  await callAdd(sidecar);
  assert.match(await reload(sidecar, ''), /LOG_LEVEL.*"from":"error","to":"info"/);
  assert.ok(sidecar.output.split('\n').slice(lines).every((line) => !line.includes('request body')));
  await sidecar.stop();
});

test('reload: an unusable file changes nothing, and the log has the reason', async (t) => {
  const sidecar = await Sidecar.start(t, { dotenv: 'MCP_API_KEY=very-secret-key\nMCP_DENIED_TOOLS=sleep\n' });
  const withKey = { 'x-api-key': 'very-secret-key' };
  for (const [dotenv, why] of [
    ['MCP_API_KEY=other-secret-key\nMCP_DENIED_TOOLS=add\nMCP_MAX_CONNECTIONS=many\n', /MCP_MAX_CONNECTIONS=many \(\.env line 3\)/],
    ['MCP_API_KEY=other-secret-key\nMCP_ALLOWED_IPS=127.0.0.1/99\n', /MCP_ALLOWED_IPS/],
    ['MCP_DENIED_TOOLS=add\n', /no key is configured any more/],
    ['\u0000', /\.env:1/],
  ]) {
    const told = await reload(sidecar, dotenv);
    assert.match(told, /reload rejected; settings unchanged/);
    assert.match(told, why);
    assert.equal((await callAdd(sidecar, withKey)).status, 200, dotenv);
    assert.equal((await callAdd(sidecar, { 'x-api-key': 'other-secret-key' })).status, 401, dotenv);
  }
  const told = await reload(sidecar, 'MCP_API_KEY=other-secret-key\n');
  assert.match(told, /MCP_API_KEYS.*\(hidden\)/);
  assert.equal((await callAdd(sidecar, withKey)).status, 401);
  assert.equal((await callAdd(sidecar, { 'x-api-key': 'other-secret-key' })).status, 200);
  assert.doesNotMatch(sidecar.output, /secret-key/);
  await sidecar.stop();
});

test('reload: the first key closes an open sidecar and ends sessions opened without one', async (t) => {
  const sidecar = await Sidecar.start(t, { dotenv: '' });
  const client = await connect(t, sidecar.url);
  assert.equal((await request(`${sidecar.url}/health`)).json().authEnabled, false);
  await reload(sidecar, 'MCP_API_KEYS=alice:first-secret-key\n', /settings read again/);
  await sidecar.line(/session ended.*a key is needed now/);
  assert.equal((await callAdd(sidecar)).status, 401);
  assert.equal((await request(`${sidecar.url}/health`)).json().authEnabled, true);
  await assert.rejects(add(client));

  // A removed key ends its sessions; those of other keys stay.
  const [alice, bob] = [{ 'x-api-key': 'first-secret-key' }, { 'x-api-key': 'second-secret-key' }];
  await reload(sidecar, 'MCP_API_KEYS=alice:first-secret-key,bob:second-secret-key\n', /settings read again/);
  const [first, second] = [await connect(t, sidecar.url, { headers: alice }), await connect(t, sidecar.url, { headers: bob })];
  await reload(sidecar, 'MCP_API_KEYS=bob:second-secret-key\n', /settings read again/);
  await sidecar.line(/session ended.*its key is revoked/);
  await assert.rejects(add(first));
  assert.equal(textOf(await add(second)), '3');
  await sidecar.stop();
});

test("reload: the wrapped server's variables reach it with its next start", async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything, dotenv: 'OF_THE_SERVER=one\n' });
  const variable = async () => textOf((await post(`${sidecar.url}/call-tool`, { name: 'get-env' })).json().result).match(/"OF_THE_SERVER": "(\w+)"/)?.[1];
  assert.equal(await variable(), 'one');
  assert.match(await reload(sidecar, 'OF_THE_SERVER=two\n'), /variables of the wrapped server changed.*"OF_THE_SERVER"/);
  assert.equal(await variable(), 'one');
  assert.equal((await post(`${sidecar.url}/restart`)).status, 202);
  await eventually(async () => (await variable()) === 'two', 'the new server answers');
  // A restarted child gets the variables read last.
  await reload(sidecar, 'OF_THE_SERVER=three\n');
  for (const { pid } of sidecar.children(everything)) process.kill(pid, 'SIGKILL');
  await eventually(async () => (await variable()) === 'three', 'the server that was started again answers');
  await sidecar.stop();
});
