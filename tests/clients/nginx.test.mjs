// The real nginx in front: the shipped file, and the locations of the predecessor's deployment
// guide (SSE wrapper).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { checkConfiguration, startFront } from './lib/front.mjs';
import { RawSession, curl, post, request } from './lib/http.mjs';
import { connect, textOf } from './lib/sdk.mjs';
import { Sidecar, repository } from './lib/sidecar.mjs';

const ourFile = readFileSync(join(repository, 'scripts/deploy/nginx.conf'), 'utf8');

// The shipped file without TLS: the tests have no certificates.
const ours = (sidecar) => (port) => ourFile
  .replace('listen 443 ssl http2;', `listen 127.0.0.1:${port};`)
  .replace(/ssl_certificate\w*\s[^;]*;/g, '')
  .replaceAll('http://127.0.0.1:3001', sidecar.url);

// The guide's locations, unchanged except for the port. They use a rate zone that the guide does
// not define.
const guide = (sidecar) => (port) => `
server {
    listen 127.0.0.1:${port};
    location /sse {
        proxy_pass http://localhost:${sidecar.port};
        proxy_http_version 1.1;
        proxy_set_header Connection '';
        proxy_buffering off;
        proxy_cache off;

        # SSE specific
        proxy_set_header Content-Type text/event-stream;
        proxy_read_timeout 86400;

        # Security headers
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }

    location /messages {
        proxy_pass http://localhost:${sidecar.port};
        proxy_http_version 1.1;

        # Rate limiting
        limit_req zone=api burst=10 nodelay;
    }
}`;
const zone = 'limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;\n';

test('nginx: our file is valid unchanged, with a certificate', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', '/CN=mcp.example.com', '-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`], { stdio: 'ignore' });
  const checked = checkConfiguration(t, 'nginx', ourFile.replaceAll('/path/to/', `${folder}/`));
  assert.ok(checked.ok, checked.text);
});

test('nginx: through our file the SDK, REST and curl work, and no event waits in a buffer', async (t) => {
  const sidecar = await Sidecar.start(t);
  const nginx = await startFront(t, 'nginx', ours(sidecar));
  const client = await connect(t, nginx.url);
  assert.equal((await client.listTools()).tools.length, 4);
  let steps = 0;
  const slept = await client.callTool({ name: 'sleep', arguments: { seconds: 0.5 } }, undefined, { onprogress: () => (steps += 1) });
  assert.equal(textOf(slept), 'slept 0.5 s');
  assert.ok(steps > 0, 'progress came before the result');
  const large = 'x'.repeat(5 << 20);
  assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message: large } })), large);
  assert.equal(JSON.parse(await curl(`${nginx.url}/tools`)).tools.length, 4);
  assert.equal((await post(`${nginx.url}/call-tool`, { name: 'echo', arguments: { message: 'x' } })).status, 200);
  await client.close();
  await sidecar.stop();
});

test('nginx: through our file the sidecar sees the address of the client, not that of nginx', async (t) => {
  const sidecar = await Sidecar.start(t);
  const nginx = await startFront(t, 'nginx', ours(sidecar));
  const session = await RawSession.open(nginx.url, { 'x-forwarded-for': '203.0.113.9' });
  await session.call(1, 'ping');
  assert.deepEqual((await request(`${sidecar.url}/health`)).json().connectionsByIP, { '203.0.113.9': 1 });
  session.close();
  await sidecar.stop();
});

test('nginx: through our file a flood of messages is limited with 429', async (t) => {
  const sidecar = await Sidecar.start(t);
  const nginx = await startFront(t, 'nginx', ours(sidecar));
  const statuses = await Promise.all(Array.from({ length: 400 }, () => post(`${nginx.url}/message`, '{"jsonrpc":"2.0","id":1,"method":"ping"}').then((a) => a.status)));
  assert.ok(statuses.includes(429));
  assert.ok(statuses.includes(503), 'those within the limit reach the sidecar, which knows no session');
  await sidecar.stop();
});

test("nginx: the locations of the predecessor's deployment guide work, for the SDK too, once the zone is defined", async (t) => {
  const sidecar = await Sidecar.start(t, { env: { SDP_API_KEYS: 'guide-key' } });
  assert.match(checkConfiguration(t, 'nginx', guide(sidecar)(1)).text, /zero size shared memory zone "api"/);
  const nginx = await startFront(t, 'nginx', (port) => zone + guide(sidecar)(port));
  const headers = { 'x-api-key': 'guide-key' };
  const session = await RawSession.open(nginx.url, headers);
  const id = new URL(session.endpoint).searchParams.get('sessionId');
  for (const [n, path] of [`/messages?sessionId=${id}`, `/messages/${id}`].entries()) {
    const accepted = await post(nginx.url + path, { jsonrpc: '2.0', id: n, method: 'tools/call', params: { name: 'echo', arguments: { message: path } } }, headers);
    assert.equal(accepted.status, 202, accepted.text);
    assert.equal(textOf((await session.stream.answer(n)).result), path);
  }
  session.close();
  const client = await connect(t, nginx.url, { headers });
  assert.equal((await client.listTools()).tools.length, 4);
  await client.close();
  await sidecar.stop();
});
