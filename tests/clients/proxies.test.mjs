// Tests for every supported proxy in front (nginx, HAProxy, Caddy), with the shipped files.
// nginx.test.mjs has those for nginx only.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';

import { Wire } from './lib/attacks.mjs';
import { checkConfiguration, startFront } from './lib/front.mjs';
import { eventually } from './lib/guard.mjs';
import { EventStream, RawSession, post, request } from './lib/http.mjs';
import { McpSession, NEWEST, toolCall } from './lib/mcp-http.mjs';
import { connect, faces, textOf } from './lib/sdk.mjs';
import { Sidecar, repository, scope, unruly } from './lib/sidecar.mjs';

const shipped = (name) => readFileSync(join(repository, 'scripts/deploy', name), 'utf8');
const noTls = (text) => text.replace(/ssl_certificate\w*\s[^;]*;/g, '');
const caddyOptions = '{\n\tadmin off\n\tauto_https off\n}\n';

// Each proxy's file for a port and a sidecar: `ours` is the shipped file except for TLS and the
// ports; `prefixed` strips the path prefix /tools-of/team, `told` also names it in
// X-Forwarded-Prefix, and `whole` passes it on.
const nginxBelow = (lines) => (port) => `server {
  listen 127.0.0.1:${port};
  location /tools-of/team {
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    ${lines}
  }
}`;
const haproxyWith = (sidecar, lines) => (port) => shipped('haproxy.cfg').replace(/bind :443 .*/, [`bind 127.0.0.1:${port}`, ...lines].join('\n    '))
  .replace('127.0.0.1:3001', `127.0.0.1:${sidecar.port}`);
const caddyWith = (handle, sidecar, lines = '') => (port) => `${caddyOptions}http://127.0.0.1:${port} {\n\t${handle} {\n\t\treverse_proxy 127.0.0.1:${sidecar.port} {\n${lines}\n}\n\t}\n}\n`;
const strip = 'http-request replace-path /tools-of/team(/.*) \\1';

const proxies = {
  nginx: {
    ours: (sidecar) => (port) => noTls(shipped('nginx.conf')).replace('listen 443 ssl http2;', `listen 127.0.0.1:${port};`).replaceAll('http://127.0.0.1:3001', sidecar.url),
    prefixed: (sidecar) => nginxBelow(`rewrite ^/tools-of/team(/.*) $1 break; proxy_pass ${sidecar.url};`),
    told: (sidecar) => nginxBelow(`rewrite ^/tools-of/team(/.*) $1 break; proxy_set_header X-Forwarded-Prefix /tools-of/team; proxy_pass ${sidecar.url};`),
    whole: (sidecar) => nginxBelow(`proxy_pass ${sidecar.url};`),
  },
  haproxy: {
    ours: (sidecar) => haproxyWith(sidecar, []),
    prefixed: (sidecar) => haproxyWith(sidecar, [strip]),
    told: (sidecar) => haproxyWith(sidecar, [strip, 'http-request set-header X-Forwarded-Prefix /tools-of/team']),
    whole: (sidecar) => haproxyWith(sidecar, []),
  },
  caddy: {
    ours: (sidecar) => (port) => caddyOptions + shipped('Caddyfile').replace('mcp.example.com {', `http://127.0.0.1:${port} {`).replace('127.0.0.1:3001', `127.0.0.1:${sidecar.port}`),
    prefixed: (sidecar) => caddyWith('handle_path /tools-of/team/*', sidecar),
    told: (sidecar) => caddyWith('handle_path /tools-of/team/*', sidecar, 'header_up X-Forwarded-Prefix /tools-of/team'),
    whole: (sidecar) => caddyWith('handle /tools-of/team/*', sidecar),
  },
};

test('proxies: the files for HAProxy and Caddy are valid unchanged, with a certificate', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', '/CN=mcp.example.com', '-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`], { stdio: 'ignore' });
  writeFileSync(`${folder}/both.pem`, readFileSync(`${folder}/cert.pem`, 'utf8') + readFileSync(`${folder}/key.pem`, 'utf8'));
  for (const [kind, text] of [['haproxy', shipped('haproxy.cfg').replace('/path/to/cert-and-key.pem', `${folder}/both.pem`)], ['caddy', shipped('Caddyfile')]]) {
    const checked = checkConfiguration(t, kind, text);
    assert.ok(checked.ok, checked.text);
  }
});

for (const [kind, { ours, ...others }] of Object.entries(proxies)) {
  test(`proxies: through ${kind} the SDK and REST work, and no event waits in a buffer`, async (t) => {
    const sidecar = await Sidecar.start(t);
    const front = await startFront(t, kind, ours(sidecar));
    for (const over of faces) {
      const client = await connect(t, front.url, { over });
      assert.equal((await client.listTools()).tools.length, 4);
      let steps = 0;
      const slept = await client.callTool({ name: 'sleep', arguments: { seconds: 0.5 } }, undefined, { onprogress: () => (steps += 1) });
      assert.equal(textOf(slept), 'slept 0.5 s');
      assert.ok(steps > 0, `${over}: progress came before the result`);
      const large = 'x'.repeat(2 << 20);
      assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message: large } })), large);
      await client.close();
    }
    assert.equal((await request(`${front.url}/tools`)).json().tools.length, 4);
    const body = JSON.stringify({ name: 'sleep', arguments: { seconds: 1 } });
    const stream = await EventStream.open(`${front.url}/call-tool-stream`, { 'content-type': 'application/json' }, { method: 'POST', body });
    await stream.find((event) => event.event === 'progress', 'progress');
    assert.equal(stream.events.some((event) => event.event === 'result'), false, 'while the call goes on');
    await stream.find((event) => event.event === 'result', 'the result');
    await sidecar.stop();
  });

  // The client is at 127.0.0.77, which is not a trusted proxy: only 127.0.0.1 is. HAProxy notices
  // that a client has left when it next sends something, hence the short interval.
  test(`proxies: through ${kind} the client's address arrives, whatever forwarded fields the client sends`, async (t) => {
    const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: 'ann:the-key', MCP_TRUSTED_PROXIES: '127.0.0.1', MCP_KEEPALIVE_INTERVAL: '200ms' } });
    const front = await startFront(t, kind, ours(sidecar));
    const key = 'X-API-Key: the-key\r\n';
    const spoofs = [
      '',
      'X-Forwarded-For: 203.0.113.9\r\n',
      'X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 203.0.113.10\r\n',
      'X-Forwarded-For: 127.0.0.1, 127.0.0.1\r\n',
      'X-Forwarded-For: \r\n',
      'X-Forwarded-For: 203.0.113.9, [::1], unknown, "\r\n',
      'X-Real-IP: 203.0.113.9\r\n',
      'Forwarded: for=203.0.113.9\r\n',
      'Forwarded: for=203.0.113.9;by="\r\nX-Real-IP: 203.0.113.9\r\nX-Forwarded-For: 203.0.113.9\r\n',
    ];
    const wires = [];
    for (const spoof of spoofs) {
      const from = sidecar.lineCount;
      const stranger = await Wire.open(front.port, { from: '127.0.0.77' });
      stranger.send(`GET /tools HTTP/1.1\r\nHost: 127.0.0.1\r\n${spoof}\r\n`);
      await eventually(() => stranger.statuses.length === 1, 'an answer');
      assert.deepEqual(stranger.statuses, [401]);
      assert.match(await sidecar.line(/authentication failed/, from), /"address":"127\.0\.0\.77"/, spoof);
      stranger.close();
      const wire = await Wire.open(front.port, { from: '127.0.0.77' });
      wire.send(`GET /sse HTTP/1.1\r\nHost: 127.0.0.1\r\n${key}${spoof}\r\n`);
      await eventually(() => wire.text.includes('event: endpoint'), `the endpoint; so far: ${wire.text}`);
      wires.push(wire);
    }
    const health = await request(`${sidecar.url}/health`, { headers: { 'x-api-key': 'the-key' } });
    assert.deepEqual(health.json().connectionsByIP, { '127.0.0.77': spoofs.length });
    for (const wire of wires) wire.close();
    await eventually(async () => (await request(`${sidecar.url}/health`)).json().sseClients === 0, 'the sidecar hears that they left');
    await sidecar.stop();
  });

  for (const [how, file, env] of [
    ['strips, every face works with MCP_PUBLIC_URL', 'prefixed', { MCP_PUBLIC_URL: 'https://mcp.example.com/tools-of/team' }],
    ['strips and names in X-Forwarded-Prefix, every face works without MCP_PUBLIC_URL', 'told', {}],
    ['passes on, every face works with MCP_PUBLIC_URL', 'whole', { MCP_PUBLIC_URL: 'https://mcp.example.com/tools-of/team' }],
  ]) {
    test(`proxies: behind a path prefix that ${kind} ${how}`, async (t) => {
      // The proxy needs the sidecar's port, and the sidecar the proxy's path.
      const sidecar = await Sidecar.start(t, { env });
      const front = await startFront(t, kind, others[file](sidecar));
      const base = `${front.url}/tools-of/team`;
      const session = await RawSession.open(base);
      assert.match(new URL(session.endpoint).pathname, /^\/tools-of\/team\/message$/);
      assert.equal(textOf((await session.call(1, 'tools/call', { name: 'echo', arguments: { message: 'hi' } })).result), 'hi');
      session.close();
      for (const over of faces) {
        const client = await connect(t, front.url, { over, path: over === 'sse' ? '/tools-of/team/sse' : '/tools-of/team/mcp' });
        assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message: over } })), over);
        await client.close();
      }
      const mcp = await McpSession.open(base);
      assert.equal((await mcp.call(1, 'tools/list')).result.tools.length, 4);
      assert.equal((await mcp.delete()).status, 204);
      assert.equal((await request(`${base}/tools`)).json().tools.length, 4);
      assert.equal((await post(`${base}/call-tool`, { name: 'echo', arguments: { message: 'x' } })).status, 200);
      assert.equal((await post(`${base}/tools/echo`, { message: 'x' })).status, 200);
      assert.equal((await request(`${base}/health`)).status, 200);
      await sidecar.stop();
    });
  }
}

// HAProxy's default: a field of its own after the client's, not a longer list.
test('proxies: an address that a proxy adds in a separate field counts, not the first one', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_TRUSTED_PROXIES: '127.0.0.1' } });
  const front = await startFront(t, 'haproxy', (port) => proxies.haproxy.ours(sidecar)(port)
    .replace('http-request set-header X-Forwarded-For %[src]', 'option forwardfor').replace(/.*(del-header|X-Real-IP).*/g, ''));
  const wire = await Wire.open(front.port, { from: '127.0.0.77' });
  wire.send('GET /sse HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n');
  await eventually(() => wire.text.includes('event: endpoint'), 'the endpoint');
  assert.deepEqual((await request(`${sidecar.url}/health`)).json().connectionsByIP, { '127.0.0.77': 1 });
  wire.close();
  await sidecar.stop();
});

// HAProxy's usual timeouts are far below the silence of an event stream.
test('proxies: idle streams of every kind outlive the timeouts of a proxy that cuts after 30 s', { skip: scope !== 'long' && 'long' }, async (t) => {
  const each = 20;
  const sidecar = await Sidecar.start(t, { command: unruly(NEWEST), env: { MCP_STREAM_AFTER: '0s', MCP_REST_TIMEOUT: '5m' } });
  const front = await startFront(t, 'haproxy', (port) => proxies.haproxy.ours(sidecar)(port).replace(/timeout (client|server) 1h/g, 'timeout $1 30s'));
  const many = (open) => Promise.all(Array.from({ length: each }, open));
  const body = JSON.stringify({ name: 'hang', arguments: {} });
  const kinds = {
    SSE: await many(() => RawSession.open(front.url).then((session) => session.stream)),
    REST: await many(() => EventStream.open(`${front.url}/call-tool-stream`, { 'content-type': 'application/json' }, { method: 'POST', body })),
  };
  for (const version of ['2025-06-18', NEWEST]) {
    const sessions = await many(() => McpSession.open(front.url, { version }));
    kinds[`GET ${version}`] = await Promise.all(sessions.map((session) => session.listen()));
    kinds[`POST ${version}`] = await Promise.all(sessions.map((session) => session.stream(toolCall('hangs', 'hang'))));
  }
  for (const [kind, streams] of Object.entries(kinds)) {
    await Promise.all(streams.map((stream) => stream.find(() => true, `the first bytes of ${kind}`)));
  }
  await delay(70_000);
  for (const [kind, streams] of Object.entries(kinds)) {
    assert.equal(streams.filter((stream) => !stream.response.closed).length, each, kind);
    for (const stream of streams) assert.ok(stream.events.filter((event) => 'comment' in event).length >= 4, `${kind}: comments`);
  }
  const from = await McpSession.open(front.url);
  await from.post(toolCall(1, 'notify', { method: 'notifications/tools/list_changed' }));
  for (const kind of ['SSE', 'GET 2025-06-18', `GET ${NEWEST}`]) {
    await Promise.all(kinds[kind].map((stream) => stream.message(({ method }) => method === 'notifications/tools/list_changed', `a message on ${kind}`)));
  }
  for (const stream of Object.values(kinds).flat()) stream.close();
  await sidecar.stop();
});
