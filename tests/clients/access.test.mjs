// Keys and CORS.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { exchange } from './lib/attacks.mjs';
import { temporaryFolder } from './lib/files.mjs';
import { eventually } from './lib/guard.mjs';
import { RawSession, curl, post, rawConnection, request } from './lib/http.mjs';
import { connect, textOf } from './lib/sdk.mjs';
import { Sidecar, cleanEnvironment, sidecarProgram } from './lib/sidecar.mjs';

const call = { name: 'echo', arguments: { message: 'hi' } };

test('access: without a valid key only /health answers', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'the-key', MCP_FAILED_KEYS_LIMIT: 'off' } });
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'the-ke' }, { 'x-api-key': 'the-keyy' }, { authorization: 'Bearer ' }]) {
    for (const [path, method] of [['/tools', 'GET'], ['/info', 'GET'], ['/sse', 'GET'], ['/call-tool', 'POST'], ['/message', 'POST'], ['/messages?sessionId=x', 'POST']]) {
      const refused = await request(sidecar.url + path, { method, headers, body: method === 'POST' ? '{}' : undefined });
      assert.equal(refused.status, 401, `${method} ${path}`);
      assert.equal(refused.headers['www-authenticate'], 'Bearer');
      assert.equal(refused.json().error, 'Unauthorized');
      assert.equal(typeof refused.json().message, 'string');
    }
  }
  assert.equal((await request(`${sidecar.url}/tools`)).text, '{"error":"Unauthorized","message":"Valid API key required"}');
  const health = await request(`${sidecar.url}/health`);
  assert.equal(health.status, 200);
  assert.equal(health.json().authEnabled, true);
  assert.doesNotMatch(sidecar.output, /the-key/, 'the key is not in the log');
  await sidecar.stop();
});

test('access: a key is accepted in each place where clients put it', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: 'alice:key-a,key-b' } });
  for (const header of ['Authorization: Bearer key-a', 'Authorization: bearer key-b', 'Authorization: key-b', 'X-API-Key: key-a']) {
    const answer = JSON.parse(await curl('-H', header, '-H', 'Content-Type: application/json', '-d', JSON.stringify(call), `${sidecar.url}/call-tool`));
    assert.equal(textOf(answer.result), 'hi', header);
  }
  const client = await connect(t, sidecar.url, { headers: { Authorization: 'Bearer key-a' } });
  assert.equal((await client.listTools()).tools.length, 4);
  await client.close();
  await assert.rejects(connect(t, sidecar.url, { headers: { Authorization: 'Bearer key-c' } }));
  await sidecar.stop();
});

const printConfig = (env) => promisify(execFile)(sidecarProgram, ['--print-config'], { cwd: '/', env: { ...cleanEnvironment(), ...env } }).catch((error) => error);

test('access: a key setting that is empty is warned of, with its name and source', async (t) => {
  const told = /set but empty, which counts as not set, so that no key is needed: MCP_API_KEYS \(environment\), MCP_KEYS_FILE \(\.env line 1\)/;
  const open = await Sidecar.start(t, { env: { MCP_API_KEYS: '' }, dotenv: 'MCP_KEYS_FILE=\n' });
  await open.line(told);
  assert.equal((await request(`${open.url}/tools`)).status, 200);
  await open.stop();
  const closed = await Sidecar.start(t, { env: { MCP_API_KEYS: '', MCP_ADMIN_KEY: 'the-key' } });
  assert.equal((await request(`${closed.url}/tools`)).status, 401);
  assert.doesNotMatch(closed.output, /set but empty/);
  await closed.stop();
});

test('access: without a key beyond loopback each start warns that everybody can call the tools', async (t) => {
  const told = /no key or token is configured: everybody who reaches this address can call the tools and read the resources/;
  const open = await Sidecar.start(t, { env: { MCP_HOST: '0.0.0.0' } });
  await open.line(told);
  await open.stop();
  for (const env of [{ MCP_HOST: '0.0.0.0', MCP_API_KEY: 'the-key' }, { MCP_HOST: '127.0.0.1' }]) {
    const sidecar = await Sidecar.start(t, { env });
    assert.equal((await request(`${sidecar.url}/health`)).status, 200);
    assert.doesNotMatch(sidecar.output, told);
    await sidecar.stop();
  }
});

test('access: a mistyped list of keys is refused with the right form, and shows no key', async () => {
  for (const keys of ['hunter2:admin', 'a:hunter2:ADMIN', 'a : hunter2 : admin']) {
    const { code, stderr } = await printConfig({ MCP_API_KEYS: keys });
    assert.equal(code, 2, keys);
    assert.match(stderr, /^mcp-sidecar: MCP_API_KEYS \(environment\): key 1 .*NAME:KEY:admin.*\n$/);
    assert.doesNotMatch(stderr, /hunter2/);
  }
  for (const name of ['MCP_API_KEY', 'MCP_API_KEYS', 'MCP_ADMIN_KEY', 'SDP_API_KEYS', 'MCP_AUDIT_HASH_KEY', 'MCP_AUDIT_DB']) {
    const { code, stderr } = await printConfig({ [name]: '"hunter2-hunter2-hunter2"' });
    assert.equal(code, 2, name);
    assert.match(stderr, /is in quotes/);
    assert.doesNotMatch(stderr, /hunter2/);
  }
});

test('access: among several keys only those marked administrate; a single key does', async (t) => {
  const restart = async (sidecar, key) => (await request(`${sidecar.url}/restart`, { method: 'POST', headers: { 'x-api-key': key } })).status;
  const statuses = (sidecar, ...keys) => Promise.all(keys.map((key) => restart(sidecar, key)));
  const told = /none is an administrator's: mark one as NAME:KEY:admin, or set MCP_ADMIN_KEY/;

  const single = await Sidecar.start(t, { env: { MCP_API_KEY: 'a:key:admin' } });
  assert.deepEqual(await statuses(single, 'a:key:admin', 'key'), [202, 401]);
  assert.doesNotMatch(single.output, told);
  await single.stop();

  const several = await Sidecar.start(t, { env: { MCP_API_KEYS: 'ann:key-a,bob:key-b' } });
  assert.deepEqual(await statuses(several, 'key-a', 'key-b'), [403, 403]);
  assert.match(several.output, told);
  await several.stop();

  const marked = await Sidecar.start(t, { env: { MCP_API_KEYS: 'ann:key-a:admin,bob:b:2' } });
  assert.deepEqual(await statuses(marked, 'key-a', 'b:2', 'key-a:admin'), [202, 403, 401]);
  await marked.stop();

  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'admin'), 'root,key\n');
  const beside = await Sidecar.start(t, { env: { MCP_API_KEYS: 'ann:key-a,bob:key-b', MCP_ADMIN_KEY_FILE: join(folder, 'admin') } });
  assert.deepEqual(await statuses(beside, 'root,key', 'key-a', 'key-b'), [202, 403, 403]);
  assert.doesNotMatch(beside.output, told);
  for (const { pid } of beside.started()) assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /MCP_ADMIN_KEY/);
  await beside.stop();
  const { stdout } = await promisify(execFile)(sidecarProgram, ['--print-config'], { env: { ...process.env, MCP_ADMIN_KEY: 'the-root-key' } });
  assert.doesNotMatch(stdout, /the-root-key/);
});

test('access: two fields of a key are refused', async (t) => {
  for (const env of [{ MCP_API_KEY: 'the-key' }, {}]) {
    const sidecar = await Sidecar.start(t, { env });
    for (const fields of ['Authorization: Bearer the-key\r\nAuthorization: Bearer other', 'X-API-Key: other\r\nX-API-Key: the-key', 'Authorization:\r\nAuthorization: Bearer the-key']) {
      const { statuses, text } = await exchange(sidecar.port, `GET /tools HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${fields}\r\n\r\n`);
      assert.deepEqual(statuses, [400], fields);
      assert.match(text, /More than one/);
    }
    await sidecar.stop();
  }
});

test('access: a session belongs to its key', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: 'alice:key-a,bob:key-b' } });
  const alice = await RawSession.open(sidecar.url, { 'x-api-key': 'key-a' });
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const foreign = await post(alice.endpoint, ping, { 'x-api-key': 'key-b' });
  assert.equal(foreign.status, 403, foreign.text);
  // Also without an id: bob has no session, although alice's is the only one.
  assert.equal((await post(`${sidecar.url}/message`, ping, { 'x-api-key': 'key-b' })).status, 503);
  assert.deepEqual(await alice.call(1, 'ping'), { jsonrpc: '2.0', id: 1, result: {} });
  alice.close();
  await sidecar.stop();
});

test('access: preflights need no key and say what browsers may send', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'the-key' } });
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type, authorization' };
  for (const path of ['/call-tool', '/sse', '/message', '/tools']) {
    const preflight = await request(sidecar.url + path, { method: 'OPTIONS', headers });
    assert.equal(preflight.status, 204, path);
    assert.equal(preflight.headers['access-control-allow-origin'], '*');
    assert.equal(preflight.headers['access-control-allow-credentials'], undefined);
    assert.equal(preflight.headers['access-control-max-age'], '86400');
    assert.match(preflight.headers['access-control-allow-methods'], /POST/);
    const allowed = preflight.headers['access-control-allow-headers'].toLowerCase().split(/,\s*/);
    for (const name of ['Content-Type', 'Authorization', 'X-Requested-With', 'Accept', 'Origin', 'Cache-Control', 'X-MCP-Session-Id',
      'Mcp-Session-Id', 'MCP-Protocol-Version', 'Last-Event-ID', 'Mcp-Method', 'Mcp-Name', 'X-API-Key']) {
      assert.ok(allowed.includes(name.toLowerCase()), `${name} is allowed`);
    }
  }
  const refused = await request(`${sidecar.url}/tools`, { headers: { origin: 'https://app.example.com' } });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers['access-control-allow-origin'], '*', 'a page can read why it was refused');
  const exposed = refused.headers['access-control-expose-headers'].toLowerCase();
  for (const name of ['content-type', 'cache-control', 'x-mcp-session-id', 'mcp-session-id']) assert.ok(exposed.includes(name), name);
  await sidecar.stop();
});

test('access: a preflight of an allowed origin may ask for any field', async (t) => {
  const app = 'https://app.example.com';
  const ask = async (sidecar, origin, asked) => {
    const headers = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked };
    const answer = await request(`${sidecar.url}/mcp`, { method: 'OPTIONS', headers });
    assert.equal(answer.status, 204);
    return { vary: answer.headers.vary ?? '', allowed: answer.headers['access-control-allow-headers'].toLowerCase().split(/,\s*/) };
  };
  const wanted = ['x-custom-header', 'traceparent', 'ngrok-skip-browser-warning'];
  for (const [env, vary] of [[{ MCP_API_KEY: 'the-key' }, ['Access-Control-Request-Headers']], [{ MCP_CORS_ORIGINS: app }, ['Access-Control-Request-Headers', 'Origin']]]) {
    const sidecar = await Sidecar.start(t, { env });
    const told = await ask(sidecar, app, wanted.join(','));
    for (const name of [...wanted, 'authorization', 'mcp-session-id']) assert.ok(told.allowed.includes(name), name);
    assert.deepEqual(told.vary.split(/,\s*/).sort(), vary);
    const many = Array.from({ length: 60 }, (_, at) => `x-${at}`);
    const { allowed: fixed } = await ask(sidecar, app, 'content-type');
    assert.equal((await ask(sidecar, app, many.join(','))).allowed.length, fixed.length + 32);
    assert.deepEqual((await ask(sidecar, app, `x y,x:z,${'x'.repeat(3000)}`)).allowed, fixed);
    await sidecar.stop();
  }
  const sidecar = await Sidecar.start(t, { env: { MCP_CORS_ORIGINS: app } });
  const { allowed } = await ask(sidecar, 'https://evil.example.com', wanted.join(','));
  for (const name of wanted) assert.ok(!allowed.includes(name), name);
  await sidecar.stop();
});

test('access: where OAuth clients look for an authorization server, a wrong key gets 404 and counts for nothing', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'the-key', MCP_FAILED_KEYS_LIMIT: '1/1h' } });
  const documents = ['oauth-protected-resource', 'oauth-authorization-server', 'openid-configuration'].flatMap((name) => ['', '/mcp', '/sse'].flatMap((at) => [`/.well-known/${name}${at}`, `${at}/.well-known/${name}`]));
  const shown = [{}, { authorization: 'Bearer wrong' }, { 'x-api-key': 'wrong' }, { 'x-vapi-secret': 'wrong' }, { authorization: 'Bearer the-key' }];
  for (const headers of shown) {
    for (const path of [...documents, '/authorize', '/token', '/favicon.ico', '/no/such/path']) {
      for (const method of ['GET', 'POST']) {
        const answer = await request(sidecar.url + path, { method, headers, body: method === 'POST' ? '{}' : undefined });
        assert.deepEqual([answer.status, answer.json()], [404, { error: 'Not Found', message: 'no endpoint at this path' }], `${method} ${path}`);
        assert.equal(answer.headers['www-authenticate'], undefined);
      }
    }
    const refused = await post(`${sidecar.url}/register`, { redirect_uris: ['http://localhost:1/callback'] }, headers);
    assert.equal(refused.status, 400);
    assert.deepEqual(refused.json(), { error: 'invalid_request', error_description: 'this server takes an API key: send it as Authorization: Bearer KEY' });
  }
  assert.equal((await request(`${sidecar.url}/register`)).status, 405);
  const metrics = (await request(`${sidecar.url}/metrics`, { headers: { 'x-api-key': 'the-key' } })).text;
  assert.doesNotMatch(metrics, /refused_total\{reason="(no_key|wrong_key|rate_wrong_keys)"\} [1-9]/);
  assert.doesNotMatch(sidecar.output, /authentication failed/);
  // The budget of guesses is still whole.
  assert.equal((await request(`${sidecar.url}/tools`, { headers: { 'x-api-key': 'wrong' } })).status, 401);
  assert.equal((await request(`${sidecar.url}/tools`, { headers: { 'x-api-key': 'wrong' } })).status, 429);
  await sidecar.stop();

  const open = await Sidecar.start(t);
  assert.equal((await post(`${open.url}/register`, {})).status, 404, 'no key is needed');
  await open.stop();
});

test('access: only configured origins are allowed', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_CORS_ORIGINS: 'https://app.example.com,https://b.example.com' } });
  const good = await request(`${sidecar.url}/tools`, { headers: { origin: 'https://b.example.com' } });
  assert.equal(good.status, 200);
  assert.equal(good.headers['access-control-allow-origin'], 'https://b.example.com');
  assert.match(good.headers.vary, /origin/i);
  const bad = await request(`${sidecar.url}/tools`, { headers: { origin: 'https://evil.example.com' } });
  assert.equal(bad.status, 403);
  assert.notEqual(bad.headers['access-control-allow-origin'], '*');
  assert.equal((await request(`${sidecar.url}/tools`)).status, 200, 'no Origin passes');
  await sidecar.stop();
});

test('access: a page that rebinds its name to loopback is refused', async (t) => {
  const sidecar = await Sidecar.start(t);
  const headers = { host: 'evil.example.com', origin: 'http://evil.example.com' };
  assert.equal((await request(`${sidecar.url}/tools`, { headers })).status, 403);
  await sidecar.stop();
});

test('access: pages are served under the names in MCP_ALLOWED_HOSTS only', async (t) => {
  const ask = (sidecar, host, origin = 'https://app.example.com', method = 'GET', path = '/tools') => request(sidecar.url + path, { method, headers: { host, ...(origin && { origin }) } });
  const statuses = (sidecar, hosts) => Promise.all(hosts.map(async (host) => (await ask(sidecar, host)).status));
  const MCP_ALLOWED_HOSTS = 'mcp.example.com:443, *.example.org';

  const sidecar = await Sidecar.start(t, { env: { MCP_ALLOWED_HOSTS, MCP_CORS_ORIGINS: '*' } });
  const ours = ['mcp.example.com', 'MCP.example.com:8443', 'a.b.example.org', `localhost:${sidecar.port}`, '127.0.0.1', '10.0.0.1'];
  const foreign = ['evil.example.com', 'example.org', 'mcp.example.com.evil.net', '10.0.0.1.nip.io'];
  assert.deepEqual(await statuses(sidecar, ours), ours.map(() => 200));
  assert.deepEqual(await statuses(sidecar, foreign), foreign.map(() => 403));
  const refused = await ask(sidecar, 'evil.example.com');
  assert.deepEqual(refused.json(), { error: 'Forbidden', message: 'Host not allowed: name it in MCP_ALLOWED_HOSTS or MCP_PUBLIC_URL, or configure a key' });
  assert.equal(refused.headers['access-control-allow-origin'], '*', 'the page can read why');
  assert.equal((await ask(sidecar, 'evil.example.com', undefined, 'POST', '/mcp')).status, 403);
  assert.equal((await ask(sidecar, 'evil.example.com', '')).status, 403, 'without keys on loopback, no Origin does not help');
  await sidecar.line(/origin refused.*MCP_ALLOWED_HOSTS.*evil\.example\.com/);
  await sidecar.stop();

  // Listed names apply on every address, not on loopback only.
  const everywhere = await Sidecar.start(t, { env: { MCP_ALLOWED_HOSTS, MCP_HOST: '0.0.0.0', MCP_CORS_ORIGINS: 'none' }, flags: ['--log-format', 'json'] });
  assert.equal((await ask(everywhere, 'evil.example.com', 'http://evil.example.com')).status, 403);
  assert.equal((await ask(everywhere, 'mcp.example.com', 'https://app.example.com')).status, 403);
  assert.equal((await ask(everywhere, 'mcp.example.com', 'https://mcp.example.com')).status, 200, 'a page of its own');
  await everywhere.stop();
});

test('access: a flood of refusals gives a few log lines whose counts add up', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'the-key', MCP_LOG_FORMAT: 'json', MCP_FAILED_KEYS_LIMIT: 'off' } });
  const ask = (at) => request(`${sidecar.url}/tools?${at}`, { headers: { 'x-api-key': `guess-${at}`, 'x-forwarded-for': `192.0.2.${at % 2}` } });
  const asked = 400;
  for (let at = 0; at < asked; at += 20) await Promise.all(Array.from({ length: 20 }, (_, more) => ask(at + more)));
  const told = (address) => sidecar.output.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
    .filter((line) => line.event === 'authentication failed' && line.address === address);
  const sum = (lines) => lines.reduce((all, line) => all + (line.repeated ?? 1), 0);
  for (const address of ['192.0.2.0', '192.0.2.1']) {
    await eventually(() => sum(told(address)) === asked / 2, 'all are told');
    assert.ok(told(address).length < asked / 4, `${told(address).length} lines`);
    assert.ok(told(address).every(({ reason }) => reason === 'wrong_key'));
  }
  await sidecar.stop();
});

test('access: requests refused for their form or size are logged with reason and address', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_LOG_FORMAT: 'json', MCP_MAX_TCP_CONNECTIONS_PER_IP: '3', MCP_RECEIVE_TIMEOUT: '200ms' } });
  const head = 'POST /call-tool HTTP/1.1\r\nHost: localhost\r\n';
  for (const [bytes, status, reason] of [
    [`${head}Content-Length: 99999999\r\n\r\n`, 413, 'too_large'],
    [`${head}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'too_large'],
    ['what is this\r\n\r\n', 400, 'bad_request'],
    [`${head}Content-Length: 5\r\n\r\nab`, 408, 'receive_timeout'],
  ]) {
    assert.deepEqual((await exchange(sidecar.port, bytes)).statuses, [status]);
    const line = JSON.parse(await sidecar.line(new RegExp(`"event":"request refused".*"reason":"${reason}"`)));
    assert.deepEqual([line.level, line.address], ['warning', '127.0.0.1']);
    assert.ok(line.why.length > 5);
  }
  const held = await Promise.all(Array.from({ length: 6 }, () => rawConnection(sidecar.port)));
  await sidecar.line(/"event":"request refused".*"reason":"connections_per_address".*"address":"127.0.0.1"/);
  for (const connection of held) connection.destroy();
  await sidecar.stop();
});
