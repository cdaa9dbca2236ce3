// The files and requests of the dashboard's page: files as served, the stream of events, calls and
// log.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { Issuer } from './lib/authorization.mjs';
import { temporaryFolder } from './lib/files.mjs';
import { freePort } from './lib/free-port.mjs';
import { eventually, within } from './lib/guard.mjs';
import { EventStream, post, rawConnection, request } from './lib/http.mjs';
import { connect, faces } from './lib/sdk.mjs';
import { Sidecar, repository, sidecarProgram, unruly } from './lib/sidecar.mjs';

const withPages = !/without pages/.test(execFileSync(sidecarProgram, ['--version'], { encoding: 'utf8' }));
const needsPages = { skip: withPages ? false : 'built without pages' };

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const MOST_READERS = 16;

const admin = { 'x-api-key': 'key-a' };
// Every tick so far; the first one contains the past.
const ticksOf = (stream) => stream.events.filter(({ event }) => event === 'tick').map(({ data }) => JSON.parse(data));
const watch = async (sidecar, headers = {}) => {
  const stream = await EventStream.open(`${sidecar.url}/dashboard/events`, headers);
  assert.equal(stream.status, 200);
  await stream.find(({ event }) => event === 'tick', 'the first tick');
  return stream;
};
// The first matching tick, starting with those not yet returned.
const tick = async (stream, fits, what) => JSON.parse((await stream.find((one) => one.event === 'tick' && fits(JSON.parse(one.data)), what)).data);
const echo = (message = 'hi') => ({ name: 'echo', arguments: { message } });
const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

async function keysFile(t) {
  const file = join(temporaryFolder(t), 'keys.json');
  const make = (...args) => execFileSync(sidecarProgram, ['keys', 'new', ...args, '--keys-file', file], { encoding: 'utf8' }).trim();
  return { file, root: make('root', '--admin'), alice: make('alice') };
}

const PATHS = ['/dashboard/events', '/calls', '/logs'];

test('dashboard: events, calls and log are for administrators, and a stream ends with the key that opened it', async (t) => {
  const { file, root, alice } = await keysFile(t);
  const sidecar = await Sidecar.start(t, { env: { MCP_KEYS_FILE: file } });
  for (const path of PATHS) {
    const status = async (headers) => {
      const stream = await EventStream.open(sidecar.url + path, headers);
      stream.close();
      return stream.status;
    };
    assert.equal(await status({}), 401, path);
    assert.equal(await status({ 'x-api-key': 'wrong' }), 401, path);
    assert.equal(await status({ 'x-api-key': alice }), 403, path);
    assert.equal(await status({ authorization: `Bearer ${root}` }), 200, path);
    assert.equal((await request(`${sidecar.url}${path}?api_key=${root}`)).status, 401, path);
  }
  const stream = await watch(sidecar, { authorization: `Bearer ${root}` });
  const over = once(stream.response, 'close');
  execFileSync(sidecarProgram, ['keys', 'revoke', 'root', '--keys-file', file]);
  await within(over, () => 'the end of a stream whose key is revoked');
  assert.equal((await request(`${sidecar.url}/calls`, { headers: { 'x-api-key': root } })).status, 401);
  for (const secret of [root, alice]) assert.ok(!sidecar.output.includes(secret), 'no key is in the log');
  await sidecar.stop();
});

test('dashboard: a stream that an access token opened ends when the token expires, and that of another goes on', async (t) => {
  const base = `http://127.0.0.1:${await freePort()}`;
  const issuer = await Issuer.start(t, { audience: base });
  const sidecar = await Sidecar.start(t, { port: new URL(base).port, env: { MCP_JWT_ISSUER: issuer.issuer, MCP_JWT_JWKS: issuer.jwks, MCP_PUBLIC_URL: base } });
  await sidecar.line(/keys of access tokens read/);
  const bearing = async (claims) => ({ authorization: `Bearer ${await issuer.sign({ scope: 'mcp:admin', ...claims })}` });
  const lasting = await watch(sidecar, await bearing({}));
  const plain = await EventStream.open(`${sidecar.url}/dashboard/events`, await bearing({ scope: '' }));
  assert.equal(plain.status, 403);

  // A token is accepted for 30 s beyond its expiry. On a slow machine one may expire before its
  // stream is open.
  let [short, headers] = [];
  for (let life = 2; short?.status !== 200; life *= 2) {
    headers = await bearing({ exp: Math.floor(Date.now() / 1000) - 30 + life });
    short = await EventStream.open(`${sidecar.url}/dashboard/events`, headers);
  }
  await short.ended();
  assert.equal((await request(`${sidecar.url}/calls`, { headers })).status, 401);
  const ticks = ticksOf(lasting).length;
  await eventually(() => ticksOf(lasting).length > ticks, 'ticks go on for the other one');
  lasting.close();
  await sidecar.stop();
});

test('dashboard: with MCP_OPEN_ADMIN and without keys it is for this machine and its own page, and for no other page', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_OPEN_ADMIN: 'true' } });
  const status = async (headers) => (await request(`${sidecar.url}/logs`, { headers })).status;
  assert.equal(await status({}), 200);
  assert.equal(await status({ origin: sidecar.url, 'sec-fetch-site': 'same-origin' }), 200);
  assert.equal(await status({ host: `localhost:${sidecar.port}` }), 200);
  assert.equal(await status({ origin: 'https://evil.example' }), 403);
  assert.equal(await status({ origin: 'http://127.0.0.1:1' }), 403);
  assert.equal(await status({ 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await status({ host: `evil.example:${sidecar.port}` }), 403);
  assert.equal(await status({ host: `evil.example:${sidecar.port}`, 'sec-fetch-site': 'same-origin' }), 403);
  assert.equal(await status({ 'x-forwarded-for': '192.0.2.1' }), 403);
  const restart = (headers) => request(`${sidecar.url}/restart`, { method: 'POST', headers });
  assert.equal((await restart({ origin: 'https://evil.example' })).status, 403);
  assert.equal((await restart({ origin: sidecar.url })).status, 202);
  await sidecar.stop();
});

test('dashboard: ticks report calls, sessions, refusals and log lines as they were', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: 'alice:key-a', MCP_LOG_FORMAT: 'json', MCP_PUBLIC_URL: 'https://mcp.example' } });
  await eventually(async () => (await request(`${sidecar.url}/ready`)).status === 200, 'the child is ready');
  await post(`${sidecar.url}/call-tool`, echo('the-argument'), admin);
  await request(`${sidecar.url}/tools`, { headers: { 'x-api-key': 'wrong' } });

  const stream = await watch(sidecar, admin);
  assert.equal(stream.response.headers['content-type'], 'text/event-stream');
  assert.equal(stream.events[0].event, 'hello');
  const hello = JSON.parse(stream.events[0].data);
  assert.match(hello.version, /^\d+\.\d+\.\d+$/);
  assert.ok(Math.abs(Date.parse(hello.startedAt) - Date.now()) < 3_600_000, hello.startedAt);
  assert.match(hello.command, /mcp-sidecar-demo$/);
  assert.deepEqual([hello.publicUrl, hello.authEnabled, hello.latencyBounds.length], ['https://mcp.example', true, 16]);
  const [first] = ticksOf(stream);
  assert.deepEqual([first.calls, first.refusals, first.sessions, first.inFlight, first.queued], [{ ok: 1 }, { wrong_key: 1 }, 0, 0, 0]);
  assert.equal(first.serverInfo.name, 'mcp-sidecar-demo');
  assert.match(first.protocolVersion, /^\d{4}-\d\d-\d\d$/);
  assert.equal(first.children.length, 1);
  const { pid, ...child } = first.children[0];
  assert.deepEqual(child, { name: 'child', own: false, state: 'ready', problem: null, restarts: 0, sessions: 0, inFlight: 0, lastExit: null, stderr: [] });
  assert.ok(pid > 1);
  assert.deepEqual({ ...first.recent[0], time: '', ms: 0, requestBytes: 0, answerBytes: 0 },
    { time: '', method: 'tools/call', subject: 'echo', outcome: 'ok', ms: 0, session: '', key: 'alice', address: '127.0.0.1', transport: 'rest', client: '', error: '', requestBytes: 0, answerBytes: 0, server: 'default' });
  assert.ok(first.recent[0].ms > 0 && first.recent[0].requestBytes > 50 && first.recent[0].answerBytes > 50);
  // The log has its own thread, which may lag behind.
  const logged = (start) => ticksOf(stream).flatMap(({ log }) => log).find(({ text }) => text.startsWith(start));
  await eventually(() => logged('tool call ') && logged('authentication failed'), 'the log tells of both');
  const line = logged('tool call ');
  assert.match(line.text, /^tool call method=tools\/call name=echo outcome=ok ms=\S+ session="" transport=rest key=alice address=127\.0\.0\.1 /);
  assert.equal(line.level, 'info');
  assert.equal(logged('authentication failed').level, 'warning');

  const clients = [];
  for (const over of faces) clients.push(await connect(t, sidecar.url, { over, headers: admin, name: `by ${over}` }));
  for (let round = 0; round < 5; round += 1) await Promise.all([...clients.map((client) => client.callTool(echo())), post(`${sidecar.url}/call-tool`, echo(), admin)]);
  await post(`${sidecar.url}/call-tool`, { name: 'no-such-tool' }, admin);
  const last = await tick(stream, ({ calls }) => calls.error === 1, 'a tick after the load');
  assert.deepEqual([last.sessions, last.calls], [2, { ok: 18, error: 1 }]); // includes initialize of both
  assert.equal(sum(last.latency), 19);
  const told = ticksOf(stream).flatMap(({ recent }) => recent);
  assert.equal(told.length, 19);
  const of = (transport) => told.filter((one) => one.transport === transport && one.method === 'tools/call');
  assert.deepEqual([of('sse').length, of('streamable-http').length, of('rest').length], [5, 5, 7]);
  assert.equal(of('sse')[0].client, 'by sse 1.0.0');
  assert.match(of('streamable-http')[0].session, /^[0-9a-f]{8}$/);
  const failed = told.find(({ outcome }) => outcome === 'error');
  assert.equal(failed.subject, 'no-such-tool');
  assert.match(failed.error, /./);
  assert.equal(sum(ticksOf(stream).map(({ recentLeftOut }) => recentLeftOut)), 0);

  const { calls } = (await request(`${sidecar.url}/calls?limit=5`, { headers: admin })).json();
  assert.equal(calls.length, 5);
  assert.equal(calls[0].subject, 'no-such-tool');
  const { lines } = (await request(`${sidecar.url}/logs?limit=500`, { headers: admin })).json();
  assert.ok(lines.findIndex(({ text }) => text.startsWith('listening ')) < lines.findIndex(({ text }) => text.startsWith('session started')), 'oldest first');
  for (const [path, status] of [['/calls?limit=x', 400], ['/logs?limit=0', 400]]) assert.equal((await request(sidecar.url + path, { headers: admin })).status, status);
  assert.ok(!stream.raw.includes('key-a') && !JSON.stringify(lines).includes('key-a'), 'no key is told');
  assert.ok(!stream.raw.includes('the-argument'), 'no argument is told');
  const metrics = (await request(`${sidecar.url}/metrics`, { headers: admin })).text;
  assert.match(metrics, /^mcp_sidecar_dashboard_readers 1$/m);
  stream.close();
  await eventually(async () => /^mcp_sidecar_dashboard_readers 0$/m.test((await request(`${sidecar.url}/metrics`, { headers: admin })).text), 'the reader is gone');
  await sidecar.stop();
});

test('dashboard: the end of the wrapped server is shown with its cause and last output', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const stream = await watch(sidecar);
  const before = await tick(stream, ({ children: [child] }) => child.state === 'ready', 'the child is ready');
  await post(`${sidecar.url}/call-tool`, { name: 'exit', arguments: { code: 7 } });
  const after = await tick(stream, ({ children: [child] }) => child.state === 'ready' && child.restarts === 1, 'it is ready again');
  const [child] = after.children;
  assert.match(child.lastExit, /code 7/);
  assert.ok(child.stderr.includes('exiting as told'), child.stderr);
  assert.notEqual(child.pid, before.children[0].pid);
  assert.equal(after.calls.child_died, 1);
  await tick(stream, ({ log }) => log.some(({ text }) => text.startsWith('child ended ')), 'the log says it');
  await sidecar.stop();
});

test('dashboard: a server that does not start is shown with the reason', async (t) => {
  const command = [process.execPath, '-e', 'console.error("no \\u001b[31mconfiguration\\ud83d"); process.exit(5)'];
  const sidecar = await Sidecar.start(t, { command, env: { MCP_RESTART_DELAY: '1ms', MCP_RESTART_DELAY_MAX: '10ms' } });
  const stream = await watch(sidecar);
  const told = await tick(stream, ({ children: [child] }) => child.restarts > 3, 'it was tried again');
  const [child] = told.children;
  assert.match(child.problem, /exited with code 5/);
  assert.ok(child.stderr[0].startsWith('no \u001b[31mconfiguration'), child.stderr[0]);
  assert.deepEqual([told.serverInfo, told.protocolVersion], [null, null]);
  await sidecar.stop();
});

test('dashboard: names and errors of a hostile client and child arrive unchanged, and break no event', async (t) => {
  const sidecar = await Sidecar.start(t);
  const stream = await watch(sidecar);
  const names = ['</script><script>alert(1)</script>', 'a\r\n\r\nevent: tick\r\ndata: {}', '\u0000\u001b[31m\u2028\u2029\u202e\ufeff', '"\\', 'x'.repeat(5000), '\ud83d\ude00'.repeat(300)];
  for (const name of names) await post(`${sidecar.url}/call-tool`, { name });
  await tick(stream, ({ calls }) => sum(Object.values(calls)) === names.length, 'all calls were told of');
  const subjects = ticksOf(stream).flatMap(({ recent }) => recent).map(({ subject }) => subject);
  for (const [at, name] of names.entries()) assert.ok(subjects[at].length <= 200 && name.startsWith(subjects[at].replace(/\ufffd+$/, '')), subjects[at]);
  assert.deepEqual(subjects.slice(0, 4), names.slice(0, 4));
  for (const event of stream.events) assert.ok(event.comment || ['hello', 'tick'].includes(event.event), JSON.stringify(event));
  await sidecar.stop();
});

test('dashboard: more readers than the limit are asked to retry, and one that leaves makes room', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'key-a' } });
  const readers = [];
  for (let n = 0; n < MOST_READERS; n += 1) readers.push(await watch(sidecar, admin));
  const refused = await request(`${sidecar.url}/dashboard/events`, { headers: admin });
  assert.equal(refused.status, 503);
  assert.equal(refused.headers['retry-after'], '5');
  readers.pop().close();
  await eventually(async () => {
    const stream = await EventStream.open(`${sidecar.url}/dashboard/events`, admin);
    if (stream.status === 200) readers.push(stream);
    return stream.status === 200;
  }, 'there is room again');
  assert.match((await request(`${sidecar.url}/metrics`, { headers: admin })).text, /refused_total\{reason="dashboard_readers"\} [1-9]/);
  await Promise.all(readers.map((reader) => tick(reader, ({ refusals }) => refusals.dashboard_readers >= 1, 'a tick for everybody')));
  await sidecar.stop(); // with all of them open
});

test('dashboard: a reader that takes nothing is ended as a slow reader, and the others continue', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_STREAM_STALL: '1s' } });
  const good = await watch(sidecar);
  const socket = await rawConnection(sidecar.port);
  socket.pause();
  socket.write(`GET /dashboard/events HTTP/1.1\r\nHost: 127.0.0.1:${sidecar.port}\r\n\r\n`);
  const gone = new Promise((resolve) => socket.once('close', resolve).once('end', resolve).once('error', resolve));
  const value = async (name) => Number((await request(`${sidecar.url}/metrics`)).text.match(new RegExp(`^${name} (\\S+)$`, 'm'))?.[1] ?? 0);
  const most = '\u0001'.repeat(200); // escaped, six times as long
  await eventually(async () => {
    await Promise.all(Array.from({ length: 100 }, () => post(`${sidecar.url}/call-tool`, { name: most })));
    return (await value('mcp_sidecar_slow_readers_total')) === 1;
  }, 'it is a slow reader', 120_000);
  socket.resume();
  await within(gone, () => 'the end of its connection');
  assert.equal(await value('mcp_sidecar_dashboard_readers'), 1);
  const count = ticksOf(good).length;
  await eventually(() => ticksOf(good).length > count, 'ticks go on for the other one');
  await sidecar.stop();
});

function checkFields({ headers }, what) {
  assert.equal(headers['content-security-policy'], POLICY, what);
  assert.equal(headers['x-content-type-options'], 'nosniff', what);
  assert.equal(headers['x-frame-options'], 'DENY', what);
  assert.equal(headers['referrer-policy'], 'no-referrer', what);
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin', what);
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin', what);
  assert.match(headers['permissions-policy'], /camera=\(\)/, what);
}

// The answer with its body as bytes.
async function fetched(url, headers = {}, method = 'GET') {
  const response = await fetch(url, { method, headers: { 'accept-encoding': 'identity', ...headers } });
  const raw = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: Object.fromEntries(response.headers), raw };
}

test('pages: every file that they name is served, gzipped or not, and not sent again if it is cached', needsPages, async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'key-a' } });
  const paths = ['/', '/docs'];
  for (const page of ['/', '/docs']) {
    const { raw } = await fetched(sidecar.url + page);
    for (const [, name] of raw.toString('utf8').matchAll(/(?:src|href)="(assets\/[^"]+)"/g)) paths.push(`/${name}`);
  }
  assert.ok(paths.length > 2, 'the pages have assets');
  for (const path of new Set(paths)) {
    const plain = await fetched(sidecar.url + path);
    assert.equal(plain.status, 200, path);
    checkFields(plain, path);
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(Number(plain.headers['content-length']), plain.raw.length);
    // At / a client that accepts an event stream gets another answer.
    assert.equal(plain.headers.vary, path === '/' ? 'Accept, Accept-Encoding' : 'Accept-Encoding');
    assert.equal(plain.headers['cache-control'], path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    const type = { html: /^text\/html/, css: /^text\/css/, js: /^text\/javascript/, svg: /^image\/svg/, txt: /^text\/plain/ }[path.startsWith('/assets/') ? path.split('.').pop() : 'html'];
    assert.match(plain.headers['content-type'], type);

    // node:http does not decode the body.
    const gzipped = await rawBody(sidecar.url + path, { 'accept-encoding': 'gzip, deflate, br' });
    assert.equal(gzipped.headers['content-encoding'], 'gzip');
    assert.deepEqual(gunzipSync(gzipped.raw), plain.raw, path);
    assert.notEqual(gzipped.headers.etag, plain.headers.etag);
    checkFields(gzipped, path);

    const same = await fetched(sidecar.url + path, { 'if-none-match': plain.headers.etag });
    assert.deepEqual([same.status, same.raw.length, same.headers.etag], [304, 0, plain.headers.etag]);
    checkFields(same, path);
    assert.equal((await fetched(sidecar.url + path, { 'if-none-match': '"other"' })).status, 200);
    const head = await fetched(sidecar.url + path, {}, 'HEAD');
    assert.deepEqual([head.status, head.raw.length, head.headers['content-length']], [200, 0, plain.headers['content-length']]);
    checkFields(head, path);
  }
  await sidecar.stop();
});

async function rawBody(url, headers) {
  const { default: http } = await import('node:http');
  const [response] = await once(http.get(url, { headers, agent: false }), 'response');
  const parts = [];
  for await (const part of response) parts.push(part);
  return { headers: response.headers, raw: Buffer.concat(parts) };
}

test('pages: errors at their paths have their header fields too', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'key-a', MCP_ALLOWED_IPS: '192.0.2.0/24', MCP_RATE_LIMIT_PER_IP: '6/1h' } });
  const from = { 'x-forwarded-for': '192.0.2.1' };
  for (const [path, status, options] of [
    ['/assets/none-12345678.js', 404, { headers: from }],
    ['/assets/', 404, { headers: from }],
    ['/assets/..%2f..%2fetc/passwd', 404, { headers: from }],
    ['/docs', 405, { method: 'POST', body: {}, headers: from }],
    ['/docs', 204, { method: 'OPTIONS', headers: from }],
    ['/', 403, {}],
    ['/', 403, { headers: { ...from, origin: 'http://evil.example', host: 'evil.example' } }],
  ]) {
    const answer = await request(sidecar.url + path, options);
    assert.equal(answer.status, status, `${path} ${answer.text}`);
    checkFields(answer, path);
  }
  let answer;
  for (let n = 0; n < 7; n += 1) answer = await request(`${sidecar.url}/assets/none-12345678.js`, { headers: from });
  assert.equal(answer.status, 429);
  checkFields(answer, 'over the rate');
  assert.equal((await request(`${sidecar.url}/health`)).headers['content-security-policy'], undefined);
  await sidecar.stop();
});

test('pages: a wrong key in a request for a page counts as a wrong key', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'key-a', MCP_FAILED_KEYS_LIMIT: '2' } });
  for (let n = 0; n < 3; n += 1) assert.notEqual((await request(`${sidecar.url}/`, { headers: { 'x-api-key': 'wrong' } })).status, 401);
  assert.equal((await request(`${sidecar.url}/tools`, { headers: { 'x-api-key': 'wrong' } })).status, 429);
  await sidecar.stop();
});

test('pages: each links to a file with the licences of its parts', needsPages, async (t) => {
  const sidecar = await Sidecar.start(t);
  const { dependencies: { esbuild: _, ...dependencies } } = JSON.parse(readFileSync(join(repository, 'src/web/package.json'), 'utf8'));
  for (const page of ['/', '/docs']) {
    const [, path] = (await request(sidecar.url + page)).text.match(/<link rel="license" href="([^"]+)">/);
    const { status, headers, text } = await request(`${sidecar.url}/${path}`);
    assert.deepEqual([status, headers['content-type']], [200, 'text/plain; charset=utf-8']);
    // Build-time packages are not listed.
    assert.doesNotMatch(text, /^@?esbuild/m);
    for (const [name, version] of Object.entries(dependencies)) {
      const told = text.split('\n').find((line) => line.startsWith(`${name} ${version}: `));
      assert.match(told ?? '', /: (MIT|Apache-2\.0), \S/, name);
      assert.ok(text.includes(`\n${name} ${version}\n\n`), `the licence of ${name}`);
    }
  }
  await sidecar.stop();
});

test('pages: with MCP_DASHBOARD=false neither pages nor their data are served', async (t) => {
  const open = await Sidecar.start(t, { env: { MCP_DASHBOARD: 'false' } });
  for (const path of ['/', '/docs', '/assets/a', ...PATHS]) assert.equal((await request(open.url + path)).status, 404, path);
  assert.equal((await post(`${open.url}/call-tool`, echo())).status, 200);
  await open.stop();
  const closed = await Sidecar.start(t, { env: { MCP_DASHBOARD: 'false', MCP_API_KEY: 'key-a' } });
  for (const path of ['/', '/docs', '/assets/a', ...PATHS]) {
    assert.equal((await request(closed.url + path)).status, 404, path);
    assert.equal((await request(closed.url + path, { headers: admin })).status, 404, path);
  }
  await closed.stop();
});

test('pages: many clients that take nothing of a page use up no buffers', needsPages, async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_MAX_BODY: '64KB', MCP_MAX_BUFFERED: '128KB' } });
  const { raw } = await fetched(`${sidecar.url}/`);
  const [, asset] = raw.toString('utf8').match(/src="(assets\/[^"]+)"/) ?? raw.toString('utf8').match(/href="(assets\/[^"]+)"/);
  const sockets = [];
  for (let n = 0; n < 10; n += 1) {
    const socket = await rawConnection(sidecar.port);
    socket.pause();
    socket.write(`GET /${asset} HTTP/1.1\r\nHost: 127.0.0.1:${sidecar.port}\r\n\r\n`.repeat(40)); // more than the kernel's buffers hold
    sockets.push(socket);
  }
  for (let n = 0; n < 20; n += 1) assert.equal((await post(`${sidecar.url}/call-tool`, echo())).status, 200);
  for (const socket of sockets) socket.destroy();
  await sidecar.stop();
});
