// Keys of a keys file: access, visible and callable tools over each face, and the sessions of
// revoked keys.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';

import { eventually } from './lib/guard.mjs';
import { EventStream, RawSession, post, request } from './lib/http.mjs';
import { keysFile } from './lib/keys.mjs';
import { McpSession, accept, initialize } from './lib/mcp-http.mjs';
import { connect, faces, hears, textOf } from './lib/sdk.mjs';
import { Sidecar, everything, sidecarProgram, unruly } from './lib/sidecar.mjs';

const run = promisify(execFile);

const withKey = (key) => ({ 'x-api-key': key });
const names = async (client) => (await client.listTools()).tools.map(({ name }) => name);
const callTool = (sidecar, key, name, args = {}) => post(`${sidecar.url}/call-tool`, { name, arguments: args }, withKey(key));

for (const over of faces) {
  test(`keys: over ${over} a key sees and uses what its file says, and no more`, async (t) => {
    const { keys, env } = keysFile(t);
    const some = await keys('new', 'some', '--allow-tools', 'echo,get-*', '--deny-tools', 'get-env', '--allow-prompts', 'simple-prompt', '--deny-resources', '*static*');
    const all = await keys('new', 'all');
    const sidecar = await Sidecar.start(t, { command: everything, env });
    const limited = await connect(t, sidecar.url, { over, headers: withKey(some) });
    const free = await connect(t, sidecar.url, { over, headers: withKey(all) });

    const tools = await names(limited);
    assert.ok(tools.includes('echo') && tools.includes('get-sum'), `${tools}`);
    assert.ok(tools.every((name) => name !== 'get-env' && (name === 'echo' || name.startsWith('get-'))), `${tools}`);
    assert.ok((await names(free)).includes('get-env'));

    assert.match(textOf(await limited.callTool({ name: 'echo', arguments: { message: 'hi' } })), /hi/);
    await assert.rejects(limited.callTool({ name: 'get-env', arguments: {} }), /not permitted/);
    assert.match(textOf(await free.callTool({ name: 'get-env', arguments: {} })), /PATH/);

    assert.deepEqual((await limited.listPrompts()).prompts.map(({ name }) => name), ['simple-prompt']);
    await limited.getPrompt({ name: 'simple-prompt' });
    await assert.rejects(limited.getPrompt({ name: 'args-prompt', arguments: { city: 'x' } }), /not permitted/);

    const { resources } = await free.listResources();
    const withheld = resources.filter(({ uri }) => uri.includes('static'));
    assert.ok(withheld.length > 0, JSON.stringify(resources));
    assert.equal((await limited.listResources()).resources.length, resources.length - withheld.length);
    await assert.rejects(limited.readResource({ uri: withheld[0].uri }), /not permitted/);
    await free.readResource({ uri: withheld[0].uri });
    await sidecar.stop();
  });

  test(`keys: over ${over} a key that may only read calls only what is annotated as read-only`, async (t) => {
    const { keys, env } = keysFile(t);
    const key = await keys('new', 'reader', '--read-only');
    const sidecar = await Sidecar.start(t, { env });
    const client = await connect(t, sidecar.url, { over, headers: withKey(key) });
    // Before it has requested any list.
    assert.equal(textOf(await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })), '3');
    const { tools } = await client.listTools();
    assert.ok(tools.length > 0 && tools.every(({ annotations }) => annotations.readOnlyHint === true));
    await assert.rejects(client.callTool({ name: 'no-such-tool', arguments: {} }), /may only read/);
    await sidecar.stop();
  });

  test(`keys: over ${over} a revoked key is refused and its sessions end, others go on`, async (t) => {
    const { keys, env } = keysFile(t);
    const [gone, stays] = [await keys('new', 'gone'), await keys('new', 'stays')];
    const sidecar = await Sidecar.start(t, { env });
    const [first, second] = [await connect(t, sidecar.url, { over, headers: withKey(gone) }), await connect(t, sidecar.url, { over, headers: withKey(stays) })];
    await names(first);
    await keys('revoke', 'gone');
    await sidecar.line(/its key is revoked or has expired/);
    await assert.rejects(names(first));
    assert.equal((await callTool(sidecar, gone, 'echo', { message: 'hi' })).status, 401);
    assert.ok((await names(second)).length > 0);
    await sidecar.stop();
  });
}

test('keys: keys new refuses what the sidecar would not read, and leaves the file readable', async (t) => {
  const { file, keys } = keysFile(t);
  await keys('new', 'good');
  const before = readFileSync(file, 'utf8');
  const flags = ['--allow-tools', '--deny-tools', '--allow-resources', '--deny-resources', '--allow-prompts', '--deny-prompts'];
  const bad = [...flags.flatMap((flag) => [[flag, ''], [flag, 'a,,b']]), ['--expires', ''], ['--expires', '2020-01-01']];
  for (const [flag, value] of bad) {
    const { code, stderr } = await keys('new', 'bad', flag, value).catch((error) => error);
    assert.equal(code, 2, `${flag} '${value}'`);
    assert.ok(stderr.includes(flag) && stderr.trim().split('\n').length === 1, stderr);
  }
  assert.equal(readFileSync(file, 'utf8'), before);
  assert.match(await keys('list'), /^good/);
});

test('keys: over REST a key sees and uses what its file says', async (t) => {
  const { keys, env } = keysFile(t);
  const key = await keys('new', 'some', '--deny-tools', 'add');
  const sidecar = await Sidecar.start(t, { env });
  const listed = (await request(`${sidecar.url}/tools`, { headers: withKey(key) })).json().tools.map(({ name }) => name);
  assert.ok(listed.includes('echo') && !listed.includes('add'), `${listed}`);
  const functions = (await request(`${sidecar.url}/vapi/functions`, { headers: withKey(key) })).json();
  assert.equal(functions.count, listed.length);
  assert.equal((await callTool(sidecar, key, 'echo', { message: 'hi' })).status, 200);
  for (const path of ['/call-tool', '/vapi/call', '/openai/call-function']) {
    const refused = await post(sidecar.url + path, { name: 'add', arguments: { a: 1, b: 2 } }, withKey(key));
    assert.equal(refused.status, 403, path);
    assert.match(refused.json().error, /not permitted/);
  }
  assert.match((await post(`${sidecar.url}/call-tool-stream`, { name: 'add', arguments: { a: 1, b: 2 } }, withKey(key))).text, /event: error\ndata: .*not permitted/);
  await sidecar.stop();
});

test('keys: tools withheld from all are withheld from callers without a key too', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_DENIED_TOOLS: 'add,sleep' } });
  const client = await connect(t, sidecar.url);
  assert.deepEqual((await names(client)).filter((name) => ['add', 'sleep'].includes(name)), []);
  await assert.rejects(client.callTool({ name: 'add', arguments: { a: 1, b: 2 } }), /not permitted/);
  assert.equal((await post(`${sidecar.url}/call-tool`, { name: 'add', arguments: { a: 1, b: 2 } })).status, 403);
  await sidecar.stop();
});

test('keys: only administrators restart the server', async (t) => {
  const { keys, env } = keysFile(t);
  const [admin, user] = [await keys('new', 'root', '--admin'), await keys('new', 'user')];
  const sidecar = await Sidecar.start(t, { env: { ...env, MCP_API_KEYS: 'env:of-the-environment' } });
  for (const [key, status] of [[user, 403], ['of-the-environment', 403], ['wrong', 401], [admin, 202]]) {
    assert.equal((await request(`${sidecar.url}/restart`, { method: 'POST', headers: withKey(key) })).status, status, key);
  }
  await sidecar.stop();

  const alone = await Sidecar.start(t, { env: { MCP_API_KEYS: 'env:of-the-environment' } });
  assert.equal((await request(`${alone.url}/restart`, { method: 'POST', headers: withKey('of-the-environment') })).status, 202);
  await alone.stop();

  const open = await Sidecar.start(t);
  assert.equal((await request(`${open.url}/restart`, { method: 'POST', headers: { 'x-forwarded-for': '127.0.0.1' } })).status, 403);
  assert.equal((await request(`${open.url}/restart`, { method: 'POST' })).status, 202);
  await open.stop();
});

test('keys: metrics are for administrators and for keys with the permission', async (t) => {
  const { keys, env } = keysFile(t);
  const scraper = await keys('new', 'scraper', '--metrics', '--deny-tools', '*');
  const guest = await keys('new', 'guest', '--deny-tools', 'sleep');
  const root = await keys('new', 'root', '--admin');
  assert.match(await keys('list'), /scraper .*metrics/);
  const sidecar = await Sidecar.start(t, { env });
  await callTool(sidecar, root, 'sleep', { seconds: 0 });
  for (const key of [scraper, root]) {
    const page = await request(`${sidecar.url}/metrics`, { headers: withKey(key) });
    assert.equal(page.status, 200);
    assert.match(page.text, /tool_calls_total\{.*tool="sleep"/);
  }
  const refused = await request(`${sidecar.url}/metrics`, { headers: withKey(guest) });
  assert.equal(refused.status, 403);
  assert.match(refused.json().message, /permission metrics or admin/);
  assert.equal((await request(`${sidecar.url}/calls`, { headers: withKey(scraper) })).status, 403);
  await sidecar.stop();
});

test("keys: only an administrator is told the server's stderr; a limited key does not get its last line", async (t) => {
  const { keys, env } = keysFile(t);
  const root = await keys('new', 'root', '--admin');
  const free = await keys('new', 'free');
  const limited = await keys('new', 'limited', '--deny-tools', 'nothing');
  const sidecar = await Sidecar.start(t, { command: unruly(), env: { ...env, MCP_RESTART_DELAY: '1ms' } });
  const health = async (key) => (await request(`${sidecar.url}/health`, { headers: key ? withKey(key) : {} })).json().children[0];
  for (const [key, line, tail] of [[root, true, true], [free, true, false], [limited, false, false]]) {
    await eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');
    const session = await McpSession.open(sidecar.url, { headers: withKey(key) });
    const { error } = await session.call(1, 'tools/call', { name: 'exit', arguments: { code: 7 } });
    assert.equal(error.data.reason, 'exited with code 7');
    assert.equal(error.data.exitCode, 7);
    assert.equal(typeof error.data.restarts, 'number');
    assert.equal(/exiting as told/.test(error.message), line, error.message);
    assert.equal('stderr' in error.data, tail);
    assert.equal('calls' in (await health(key)), line);
    assert.equal('sessions' in (await health(key)), line);
  }
  assert.ok(!('calls' in (await health())));
  await sidecar.line(/tool call.*exiting as told/);
  await sidecar.stop();
});

test('keys: calls over REST of a key that is revoked while they run end with 401, others go on', async (t) => {
  const { keys, env } = keysFile(t);
  const gone = await keys('new', 'gone');
  const other = await keys('new', 'other');
  const sidecar = await Sidecar.start(t, { env: { ...env, MCP_REST_TIMEOUT: '10m', LOG_LEVEL: 'debug' } });
  await eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');
  const body = (seconds) => ({ name: 'sleep', arguments: { seconds } });
  const calls = [post(`${sidecar.url}/call-tool`, body(600), withKey(gone)), post(`${sidecar.url}/tools/sleep`, body(600).arguments, withKey(gone))];
  const stream = await EventStream.open(`${sidecar.url}/call-tool-stream`, { ...withKey(gone), 'content-type': 'application/json' }, { method: 'POST', body: JSON.stringify(body(600)) });
  const others = post(`${sidecar.url}/call-tool`, body(3), withKey(other));
  await eventually(async () => (await request(`${sidecar.url}/health`, { headers: withKey(other) })).json().children[0].calls === 4, 'all are at the child');
  await keys('revoke', 'gone');
  for (const call of calls) {
    const answer = await call;
    assert.equal(answer.status, 401, answer.text);
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    assert.match(answer.json().error, /revoked or has expired/);
  }
  await stream.find((event) => event.event === 'error' && /revoked/.test(event.data), 'the end of the stream');
  assert.equal((await others).status, 200);
  await sidecar.stop();
});

test('keys: SIGHUP reads the file, and one that cannot be used changes nothing', async (t) => {
  const { file, keys, env } = keysFile(t);
  const key = await keys('new', 'alice');
  const sidecar = await Sidecar.start(t, { env });
  const client = await connect(t, sidecar.url, { headers: withKey(key) });
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, '{"keys":[');
  process.kill(sidecar.pid, 'SIGHUP');
  await sidecar.line(/(settings|keys) unchanged/);
  assert.ok((await names(client)).includes('echo'));

  const less = JSON.parse(good);
  less.keys[0].tools = { deny: ['echo'] };
  writeFileSync(file, JSON.stringify(less));
  await hears(client, 'notifications/tools/list_changed');
  assert.ok(!(await names(client)).includes('echo'));

  writeFileSync(file, good.replace('"alice"', '"alice2"'));
  process.kill(sidecar.pid, 'SIGHUP');
  await eventually(async () => (await callTool(sidecar, key, 'echo', { message: 'hi' })).status === 200, 'the key has another name');
  await sidecar.line(/its key is revoked or has expired/);
  await sidecar.stop();
});

test('keys: a file without keys admits no client, and an unusable file stops the start', async (t) => {
  const { file, env } = keysFile(t);
  writeFileSync(file, '{"keys":[]}');
  const sidecar = await Sidecar.start(t, { env });
  assert.equal((await request(`${sidecar.url}/tools`)).status, 401);
  assert.equal((await request(`${sidecar.url}/health`)).json().authEnabled, true);
  await sidecar.stop();
  writeFileSync(file, '{"keys":[{"name":"a","sha256":"x"}]}');
  await assert.rejects(run(sidecarProgram, ['--keys-file', file, '--', 'true']), (error) => {
    assert.equal(error.code, 2);
    assert.match(error.stderr, /^mcp-sidecar: MCP_KEYS_FILE=.*keys\[0\]\.sha256.*\n$|^mcp-sidecar: --keys-file=.*keys\[0\]\.sha256.*\n$/);
    return true;
  });
});

const inUrl = ['api_key', 'apiKey', 'apikey', 'key', 'token'];

test('keys: a key in the URL is accepted only if that is allowed, and is in no log', async (t) => {
  const key = 'very-secret-key';
  const env = { MCP_API_KEY: key, MCP_DEBUG_REQUESTS: 'true', MCP_FAILED_KEYS_LIMIT: 'off', MCP_RATE_LIMIT_PER_IP: '1000/1h' };
  const flags = ['--log-level', 'debug'];
  const untold = async (sidecar) => {
    // As a client sends it that percent-encodes path and query together, or that repeats it in the body.
    for (const name of inUrl) {
      for (const path of [`/tools%3F${name}=${key}`, `/sse%26${name}%3D${key}`, `/tools/echo;${name}=${key}`]) {
        await request(sidecar.url + path);
        await request(sidecar.url + path, { headers: { origin: `https://evil.example/?${name}=${key}` } });
        await post(sidecar.url + path, {}, withKey('wrong'));
      }
      await post(`${sidecar.url}/call-tool?${name}=${key}`, { name: 'echo', arguments: { message: `a ${key} b`.repeat(1000) } }, { 'x-api-key': key });
    }
    await sidecar.line(/request body.*a \*\*\* b/);
    for (const path of ['/logs', '/calls', '/metrics', '/sessions']) assert.ok(!(await request(sidecar.url + path, { headers: withKey(key) })).text.includes(key), path);
    assert.doesNotMatch(sidecar.output, new RegExp(key));
  };
  const open = await Sidecar.start(t, { env: { ...env, MCP_ALLOW_QUERY_KEY: 'true' }, flags });
  for (const name of inUrl) {
    assert.equal((await request(`${open.url}/tools?${name}=${key}`)).status, 200, name);
    assert.equal((await request(`${open.url}/tools?x=1&${name}=${key}&y`)).status, 200, name);
    assert.equal((await request(`${open.url}/tools?${name}=wrong`)).status, 401, name);
    assert.equal((await request(`${open.url}/tools?${name}=${key}`, { headers: withKey('wrong') })).status, 401, name);
  }
  assert.equal((await request(`${open.url}/tools?API-KEY=${key}`)).status, 401);
  await untold(open);
  await open.stop();
  const closed = await Sidecar.start(t, { env, flags });
  for (const name of inUrl) {
    assert.equal((await request(`${closed.url}/tools?${name}=${key}`)).status, 401, name);
    assert.equal((await request(`${closed.url}/tools?${name}=wrong`, { headers: withKey(key) })).status, 200, name);
  }
  await untold(closed);
  await closed.stop();
});

const ping = (id) => ({ jsonrpc: '2.0', id, method: 'ping' });

for (const name of inUrl) {
  test(`keys: the official client works over SSE with ?${name}= in its URL and nothing else`, async (t) => {
    const { keys, env } = keysFile(t);
    const key = await keys('new', 'alice', '--allow-tools', 'add');
    const sidecar = await Sidecar.start(t, { env: { ...env, MCP_ALLOW_QUERY_KEY: 'true' } });
    const client = new Client({ name: 'by-url', version: '1.0.0' });
    await client.connect(new SSEClientTransport(new URL(`/sse?${name}=${key}`, sidecar.url)));
    t.after(() => client.close());
    assert.deepEqual(await names(client), ['add']);
    assert.equal(textOf(await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })), '3');
    await assert.rejects(client.callTool({ name: 'echo', arguments: { message: 'hi' } }), /not permitted/);
    await client.close();
    await sidecar.stop();
  });
}

test('keys: a session stands for the key in the URL of its stream, as long as the stream and that key last', async (t) => {
  const { file, keys, env } = keysFile(t);
  const [alice, twin, bob] = [await keys('new', 'alice'), await keys('new', 'alice'), await keys('new', 'bob')];
  const sidecar = await Sidecar.start(t, { env: { ...env, MCP_LOG_FORMAT: 'json' }, dotenv: 'MCP_ALLOW_QUERY_KEY=true\n' });
  const mine = await RawSession.open(sidecar.url, {}, `/sse?api_key=${alice}`);
  const foreign = await RawSession.open(sidecar.url, withKey(bob));
  assert.doesNotMatch(mine.stream.raw, new RegExp(alice));
  assert.equal((await mine.call(1, 'ping')).id, 1);
  const id = new URL(mine.endpoint).searchParams.get('sessionId');
  const addresses = [`/message?sessionId=${id}`, `/messages?sessionId=${id}`, `/messages/${id}`];
  const statuses = (headers = {}) => Promise.all(addresses.map(async (address, at) => (await post(sidecar.url + address, ping(100 + at), headers)).status));
  assert.deepEqual(await statuses(), [202, 202, 202]);

  // What is brought is judged alone.
  assert.deepEqual(await statuses(withKey('wrong')), [401, 401, 401]);
  assert.deepEqual(await statuses({ authorization: 'Bearer wrong' }), [401, 401, 401]);
  assert.deepEqual(await statuses(withKey(bob)), [403, 403, 403]);
  assert.equal((await post(`${mine.endpoint}&key=wrong`, ping(2))).status, 401);
  assert.equal((await post(`${mine.endpoint}&key=${bob}`, ping(2))).status, 403);
  assert.equal((await post(`${mine.endpoint}&key=${alice}`, ping(2))).status, 202);

  // Neither for another stream, nor elsewhere, nor for a session of /mcp that a key in the URL opened.
  const other = new URL(foreign.endpoint).searchParams.get('sessionId');
  const begun = await post(`${sidecar.url}/mcp?api_key=${alice}`, initialize(), accept);
  assert.equal(begun.status, 200);
  const streamable = begun.headers['mcp-session-id'];
  const unheld = [
    `/message?sessionId=${other}`, `/message?sessionId=${other}&sessionId=${id}`, `/messages/${other}?sessionId=${id}`,
    `/message?sessionId=${streamable}`, `/messages/${streamable}`, `/message?sessionId=${id.slice(0, 8)}`, '/message', `/mcp?sessionId=${id}`, `/call-tool?sessionId=${id}`, `/restart?sessionId=${id}`,
  ];
  for (const address of unheld) assert.equal((await post(sidecar.url + address, ping(3))).status, 401, address);
  for (const session of [id, streamable]) assert.equal((await post(`${sidecar.url}/mcp`, ping(3), { ...accept, 'mcp-session-id': session })).status, 401);
  assert.equal((await request(`${sidecar.url}/rate-limit-status?sessionId=${id}`)).status, 401);
  assert.equal((await request(sidecar.url + addresses[2])).status, 401, 'GET');
  assert.equal((await foreign.call(4, 'ping')).id, 4);

  // Without the setting it counts for nothing.
  for (const [dotenv, wanted] of [['', 401], ['MCP_ALLOW_QUERY_KEY=true\n', 202]]) {
    const from = sidecar.lineCount;
    sidecar.writeDotenv(dotenv);
    process.kill(sidecar.pid, 'SIGHUP');
    await sidecar.line(/settings read again/, from);
    assert.deepEqual(await statuses(), [wanted, wanted, wanted]);
  }

  // It goes with that key, although its name has another one; and with the stream.
  const second = await RawSession.open(sidecar.url, {}, `/sse?api_key=${twin}`);
  assert.equal((await second.post(ping(5))).status, 202);
  const stored = JSON.parse(readFileSync(file, 'utf8'));
  const from = sidecar.lineCount;
  writeFileSync(file, JSON.stringify({ ...stored, keys: stored.keys.filter((_, at) => at !== 1) }));
  await sidecar.line(/keys read/, from);
  assert.equal((await second.post(ping(6))).status, 401);
  assert.deepEqual(await statuses(), [202, 202, 202]);
  mine.close();
  await sidecar.line(/session ended.*client gone/);
  assert.deepEqual(await statuses(), [401, 401, 401]);
  assert.deepEqual(await statuses(withKey(alice)), [404, 404, 404]);
  await keys('revoke', 'alice');
  await sidecar.line(/its key is revoked or has expired/);
  await second.stream.ended();
  for (const session of [id, streamable, other]) assert.ok(!sidecar.output.includes(session), 'no id that could stand for a key is in the log');
  foreign.close();
  await sidecar.stop();
});

test('keys: VAPI may show its key in X-Vapi-Secret, at its endpoints and at /mcp', async (t) => {
  const key = 'secret-of-vapi';
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: `vapi:${key},other:other-key`, MCP_DEBUG_REQUESTS: 'true', MCP_FAILED_KEYS_LIMIT: 'off' }, flags: ['--log-level', 'debug'] });
  const echo = { name: 'echo', arguments: { message: 'hi' } };
  const begin = { method: 'POST', body: initialize(), headers: accept };
  const places = [['/vapi/call', { method: 'POST', body: { ...echo, server: { secret: key } } }], ['/vapi/functions'], ['/mcp', begin]];
  for (const [path, { headers, ...rest } = {}] of places) {
    const ask = (more) => request(sidecar.url + path, { ...rest, headers: { ...headers, ...more } });
    assert.equal((await ask({ 'x-vapi-secret': key })).status, 200, path);
    assert.equal((await ask({ 'x-vapi-secret': 'wrong' })).status, 401, path);
    assert.equal((await ask({ 'x-vapi-secret': key, authorization: 'Bearer wrong' })).status, 401, path);
    assert.equal((await ask({ 'x-vapi-secret': 'wrong', authorization: `Bearer ${key}` })).status, 200, path);
    assert.equal((await ask({ 'x-vapi-secret': ['wrong', key] })).status, 400, path);
  }
  const client = await connect(t, sidecar.url, { over: 'streamable', headers: { 'X-Vapi-Secret': key } });
  assert.ok((await names(client)).includes('echo'));
  await client.close();
  for (const [path, body] of [['/call-tool', echo], ['/tools/echo', echo.arguments], ['/openai/call-function', echo], ['/message', ping(1)]]) {
    assert.equal((await post(sidecar.url + path, body, { 'x-vapi-secret': key })).status, 401, path);
  }
  for (const path of ['/tools', '/sse', '/metrics', '/logs']) assert.equal((await request(sidecar.url + path, { headers: { 'x-vapi-secret': key } })).status, 401, path);
  await sidecar.line(/request body.*\*\*\*/);
  assert.doesNotMatch(sidecar.output, new RegExp(key));
  await sidecar.stop();
});
