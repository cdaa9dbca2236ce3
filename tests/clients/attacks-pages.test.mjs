// Attacks of web pages in a browser that can reach a sidecar without keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Wire } from './lib/attacks.mjs';
import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { initialize } from './lib/mcp-http.mjs';
import { Sidecar } from './lib/sidecar.mjs';

const echo = { name: 'echo', arguments: { message: 'hi' } };

// Every request that reaches the wrapped server: [path, body].
const calls = [
  ['/call-tool', echo],
  ['/call-tool-stream', echo],
  ['/tools/echo', echo.arguments],
  ['/vapi/call', echo],
  ['/openai/call-function', echo],
  ['/mcp', initialize()],
  ['/', initialize()],
  ['/message', { jsonrpc: '2.0', id: 1, method: 'ping' }],
  ['/restart', {}],
];

test('attacks: without keys a foreign page calls no tool with any content type, and the answer names the setting', async (t) => {
  const sidecar = await Sidecar.start(t);
  for (const origin of ['https://evil.example', 'null', `http://localhost.evil.example:${sidecar.port}`, `http://127.0.0.1.nip.io:${sidecar.port}`]) {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json']) {
      for (const [path, body] of calls) {
        const refused = await post(sidecar.url + path, body, { origin, 'content-type': type });
        assert.equal(refused.status, 403, `${path} ${origin} ${type}`);
        assert.match(refused.json().message, /MCP_CORS_ORIGINS/);
        assert.equal(refused.headers['access-control-allow-origin'], undefined);
      }
    }
    for (const path of ['/tools', '/sse', '/mcp', '/sessions', '/openapi.json']) {
      assert.equal((await request(sidecar.url + path, { headers: { origin } })).status, 403, path);
    }
    const preflight = await request(`${sidecar.url}/call-tool`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  }
  await sidecar.line(/origin refused.*MCP_CORS_ORIGINS.*evil\.example/);
  assert.doesNotMatch(sidecar.output, /tool call/);
  await sidecar.stop();
});

test('attacks: without keys a page of this machine may call, but not without a preflight', async (t) => {
  const sidecar = await Sidecar.start(t);
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1:6274', sidecar.url]) {
    const answer = await post(`${sidecar.url}/call-tool`, echo, { origin });
    assert.equal(answer.status, 200, origin);
    if (origin !== sidecar.url) assert.equal(answer.headers['access-control-allow-origin'], origin);
    for (const type of ['text/plain', 'text/plain;application/json', 'multipart/form-data; boundary=x', '']) {
      for (const [path, body] of calls.filter(([one]) => one !== '/restart')) {
        const refused = await post(sidecar.url + path, body, { origin, 'content-type': type });
        assert.equal(refused.status, 415, `${path} ${type}`);
        assert.match(refused.json().message, /application\/json/);
      }
    }
  }
  // A program sends no Origin.
  assert.equal((await post(`${sidecar.url}/call-tool`, echo, { 'content-type': 'text/plain' })).status, 200);
  await sidecar.stop();
});

test('attacks: without keys a page that rebinds its name to loopback reads nothing', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_PUBLIC_URL: 'https://mcp.example.com/x', MCP_ALLOWED_HOSTS: 'behind.example' } });
  const ask = (host, path = '/tools') => request(sidecar.url + path, { headers: { host } });
  for (const host of ['evil.example', `evil.example:${sidecar.port}`, 'localhost.evil.example', '127.0.0.1.nip.io', '2130706433', '0x7f.1', '[::1%25evil]', '[::1].evil.example', 'a.behind.example']) {
    for (const path of ['/tools', '/sse', '/mcp', '/sessions', '/calls', '/openapi.json', '/']) {
      const refused = await ask(host, path);
      assert.equal(refused.status, 403, `${host} ${path}`);
      assert.match(refused.json().message, /MCP_ALLOWED_HOSTS/);
    }
  }
  for (const host of ['localhost', `localhost:${sidecar.port}`, 'LOCALHOST.', '127.0.0.1', '192.0.2.7:3001', '[::1]:3001', 'mcp.example.com', 'behind.example:8080']) {
    assert.equal((await ask(host)).status, 200, host);
  }
  for (const [head, status] of [
    ['GET http://evil.example/tools HTTP/1.1\r\nHost: localhost', 403],
    ['GET http://evil.example/tools HTTP/1.0', 403],
    ['GET /tools HTTP/1.1\r\nHost: user@localhost', 400],
    ['GET /tools HTTP/1.1\r\nHost: localhost\r\nHost: evil.example', 400],
    ['GET /tools HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nOrigin: https://evil.example', 403],
    ['GET /tools HTTP/1.0', 200], // browsers always send Host
  ]) {
    const wire = await Wire.open(sidecar.port);
    wire.send(`${head}\r\n\r\n`);
    await eventually(() => wire.statuses.length === 1, 'an answer');
    assert.deepEqual(wire.statuses, [status], head);
    wire.close();
  }
  await sidecar.stop();
});

test('attacks: with a key any page may call; without keys MCP_CORS_ORIGINS=* gives a warning', async (t) => {
  const keyed = await Sidecar.start(t, { env: { MCP_API_KEY: 'the-key' } });
  const answer = await post(`${keyed.url}/call-tool`, echo, { origin: 'https://app.example', authorization: 'Bearer the-key', 'content-type': 'text/plain' });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.doesNotMatch(keyed.output, /MCP_CORS_ORIGINS/);
  await keyed.stop();
  const open = await Sidecar.start(t, { env: { MCP_CORS_ORIGINS: '*' } });
  await open.line(/MCP_CORS_ORIGINS=\*/);
  assert.equal((await post(`${open.url}/call-tool`, echo, { origin: 'https://app.example' })).status, 200);
  assert.equal((await post(`${open.url}/call-tool`, echo, { origin: 'https://app.example', 'content-type': 'text/plain' })).status, 415);
  await open.stop();
});
