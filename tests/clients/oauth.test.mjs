// Access tokens of an authorization server: the official client's own flow, refusals, and changes
// of the server's key set.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';

import { ClientCredentialsProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import * as jose from 'jose';

import { Issuer, realIssuer, secret } from './lib/authorization.mjs';
import { temporaryFolder } from './lib/files.mjs';
import { freePort } from './lib/free-port.mjs';
import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { McpSession } from './lib/mcp-http.mjs';
import { connect, faces, textOf } from './lib/sdk.mjs';
import { Sidecar } from './lib/sidecar.mjs';

const echo = { name: 'echo', arguments: { message: 'hi' } };
const bearing = (token) => ({ authorization: `Bearer ${token}` });
const metadata = '/.well-known/oauth-protected-resource';

// A sidecar that accepts the issuer's tokens. Its URL is known before it starts.
async function startFor(t, issuer, { env = {}, ...options } = {}) {
  const port = new URL(issuer.audience ?? issuer.resource).port;
  return Sidecar.start(t, {
    port,
    env: { MCP_JWT_ISSUER: issuer.issuer, MCP_JWT_JWKS: issuer.jwks, MCP_PUBLIC_URL: `http://127.0.0.1:${port}`, MCP_FAILED_KEYS_LIMIT: 'off', ...env },
    ...options,
  });
}

const own = async () => `http://127.0.0.1:${await freePort()}`;

// Until the keys are loaded, requests with tokens are asked to retry.
async function ready(sidecar, token) {
  await eventually(async () => {
    assert.equal((await post(`${sidecar.url}/call-tool`, echo, bearing(token))).status, 200);
    return true;
  }, 'a good token is accepted');
}

for (const over of faces) {
  test(`oauth: over ${over} the official client finds the authorization server by itself, and calls with its token`, async (t) => {
    const base = await own();
    const endpoint = `${base}/${over === 'sse' ? 'sse' : 'mcp'}`;
    const { issuer, jwks } = await realIssuer(t, { resource: endpoint, scopes: ['mcp:use'] });
    const sidecar = await startFor(t, { issuer, jwks, resource: base }, { env: { MCP_JWT_SCOPES: 'mcp:use' } });
    await sidecar.line(/keys of access tokens read/);
    const authProvider = new ClientCredentialsProvider({ clientId: 'app', clientSecret: secret, scope: 'mcp:use', expectedIssuer: issuer });
    const client = await connect(t, sidecar.url, { over, options: { authProvider } });
    assert.equal(textOf(await client.callTool(echo)), 'hi');
    assert.doesNotMatch(sidecar.output, new RegExp(authProvider.tokens().access_token.slice(-40)), 'the token is not in the log');

    const stranger = new ClientCredentialsProvider({ clientId: 'app', clientSecret: 'wrong', expectedIssuer: issuer });
    await assert.rejects(connect(t, sidecar.url, { over, options: { authProvider: stranger } }));
    await sidecar.stop();
  });
}

test('oauth: the metadata names the authorization server, and each 401 names the metadata', async (t) => {
  const issuer = await Issuer.start(t, { audience: await own() });
  const sidecar = await startFor(t, issuer, { env: { MCP_PUBLIC_URL: 'https://mcp.example.com/tools', MCP_JWT_AUDIENCE: issuer.audience, MCP_JWT_SCOPES: 'a,b' } });
  for (const [path, resource] of [['', ''], ['/mcp', '/mcp'], ['/sse', '/sse'], ['/tools', ''], ['/tools/mcp', '/mcp']]) {
    const answer = await request(sidecar.url + metadata + path);
    assert.equal(answer.status, 200, path);
    assert.deepEqual(answer.json(), {
      resource: `https://mcp.example.com/tools${resource}`,
      authorization_servers: ['https://as.example'],
      bearer_methods_supported: ['header'],
      resource_name: 'mcp-sidecar',
      scopes_supported: ['a', 'b'],
    });
  }
  assert.equal((await request(`${sidecar.url}${metadata}/other`)).status, 404);
  const place = `Bearer resource_metadata="https://mcp.example.com/tools${metadata}`;
  for (const [method, path, suffix] of [['GET', '/mcp', '/mcp'], ['POST', '/mcp', '/mcp'], ['DELETE', '/mcp', '/mcp'], ['GET', '/sse', '/sse'], ['POST', '/message', ''], ['GET', '/tools', ''], ['POST', '/call-tool', '']]) {
    const refused = await request(sidecar.url + path, { method, body: method === 'POST' ? '{}' : undefined });
    assert.equal(refused.status, 401, path);
    assert.equal(refused.headers['www-authenticate'], `${place}${suffix}", scope="a b"`, path);
  }
  await sidecar.stop();
});

test('oauth: an invalid token is refused, whatever is wrong with it', async (t) => {
  const issuer = await Issuer.start(t, { audience: await own() });
  const sidecar = await startFor(t, issuer, { env: { MCP_JWT_SCOPES: 'mcp:use' } });
  const now = Math.floor(Date.now() / 1000);
  const good = await issuer.sign({ scope: 'mcp:use' });
  await ready(sidecar, good);
  const foreign = await jose.generateKeyPair('ES256');
  const rsa = await jose.generateKeyPair('RS256');
  const shared = new TextEncoder().encode(JSON.stringify(await issuer.publicKey()));
  const [head, body, signature] = good.split('.');
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const rows = {
    'expired': [401, await issuer.sign({ scope: 'mcp:use', exp: now - 60 })],
    'without an end': [401, await issuer.sign({ scope: 'mcp:use', exp: undefined })],
    'not yet': [401, await issuer.sign({ scope: 'mcp:use', nbf: now + 600 })],
    'another issuer': [401, await issuer.sign({ scope: 'mcp:use', iss: 'https://other.example' })],
    'another audience': [401, await issuer.sign({ scope: 'mcp:use', aud: 'https://other.example' })],
    'no audience': [401, await issuer.sign({ scope: 'mcp:use', aud: undefined })],
    'no subject': [401, await issuer.sign({ scope: 'mcp:use', sub: undefined })],
    'no scope': [403, await issuer.sign()],
    'another scope': [403, await issuer.sign({ scope: 'mcp:user mcp' })],
    "another's signature": [401, await issuer.sign({ scope: 'mcp:use' }, {}, foreign.privateKey)],
    'a key that is not known': [401, await issuer.sign({ scope: 'mcp:use' }, { kid: 'other' })],
    'another kind of key': [401, await issuer.sign({ scope: 'mcp:use' }, { alg: 'RS256' }, rsa.privateKey)],
    'the public key as a secret': [401, await issuer.sign({ scope: 'mcp:use' }, { alg: 'HS256' }, shared)],
    'no signature': [401, `${part({ alg: 'none' })}.${body}.`],
    'signature taken off': [401, `${head}.${body}.`],
    'claims exchanged': [401, `${head}.${part({ scope: 'mcp:use', sub: 'admin' })}.${signature}`],
    'another type': [401, await issuer.sign({ scope: 'mcp:use' }, { typ: 'logout+jwt' })],
    'an unknown extension': [401, `${part({ ...issuer.header, crit: ['x'], x: 1 })}.${body}.${signature}`],
    'nonsense': [401, 'ey.ey.ey'],
  };
  for (const [what, [status, token]] of Object.entries(rows)) {
    for (const [path, options] of [['/call-tool', { method: 'POST', body: echo }], ['/sse', {}], ['/mcp', { method: 'POST', body: {} }]]) {
      const refused = await request(sidecar.url + path, { ...options, headers: bearing(token) });
      assert.equal(refused.status, status, `${what}, ${path}: ${refused.text}`);
      assert.match(refused.headers['www-authenticate'], new RegExp(`error="${status === 403 ? 'insufficient_scope' : 'invalid_token'}"`), what);
    }
  }
  assert.equal((await post(`${sidecar.url}/call-tool`, echo, { 'x-api-key': good })).status, 401, 'only in Authorization');
  assert.equal((await post(`${sidecar.url}/call-tool?api_key=${good}`, echo)).status, 401, 'not in the URL');
  await ready(sidecar, good);
  assert.doesNotMatch(sidecar.output, new RegExp(signature));
  await sidecar.stop();
});

test('oauth: a session belongs to subject and client: a refreshed token goes on with it, others and keys do not', async (t) => {
  const issuer = await Issuer.start(t, { audience: await own() });
  const sidecar = await startFor(t, issuer, { env: { MCP_API_KEYS: 'alice:key-a' } });
  await ready(sidecar, await issuer.sign());
  const session = await McpSession.open(sidecar.url, { headers: bearing(await issuer.sign()) });
  const ping = { jsonrpc: '2.0', id: 7, method: 'ping' };
  assert.equal((await session.post(ping, bearing(await issuer.sign({ jti: 'refreshed' })))).status, 200);
  for (const headers of [bearing(await issuer.sign({ sub: 'other' })), bearing(await issuer.sign({ client_id: 'other' })), bearing('key-a')])
    assert.equal((await session.post(ping, headers)).status, 403);
  const keyed = await McpSession.open(sidecar.url, { headers: bearing('key-a') });
  assert.equal((await keyed.post(ping, bearing(await issuer.sign()))).status, 403);
  await sidecar.stop();
});

test('oauth: scopes give a token its permissions', async (t) => {
  const issuer = await Issuer.start(t, { audience: await own() });
  const sidecar = await startFor(t, issuer);
  const tools = async (scope) => (await request(`${sidecar.url}/tools`, { headers: bearing(await issuer.sign({ scope })) })).json().tools.map(({ name }) => name);
  const restart = async (scope) => (await request(`${sidecar.url}/restart`, { method: 'POST', headers: bearing(await issuer.sign({ scope })) })).status;
  await ready(sidecar, await issuer.sign());
  const all = await tools('');
  assert.deepEqual(await tools('mcp:tools:ec* mcp:tools:add'), all.filter((name) => ['echo', 'add'].includes(name)));
  assert.equal((await post(`${sidecar.url}/call-tool`, echo, bearing(await issuer.sign({ scope: 'mcp:tools:add' })))).status, 403);
  assert.deepEqual(await tools('mcp:tools:none'), []);
  assert.equal(await restart(''), 403);
  assert.equal(await restart('mcp:admin'), 202);
  await sidecar.stop();
});

test('oauth: keys of the authorization server are read again for a new one, and old ones end', async (t) => {
  const issuer = await Issuer.start(t, { audience: await own() });
  const sidecar = await startFor(t, issuer);
  const old = await issuer.sign();
  await ready(sidecar, old);
  assert.equal(issuer.requests, 1);
  issuer.keys = [];
  await issuer.rotate('second');
  await ready(sidecar, await issuer.sign());
  assert.equal((await post(`${sidecar.url}/call-tool`, echo, bearing(old))).status, 401);
  await sidecar.stop();
});

test("oauth: while the key set cannot be read, tokens are asked to retry and the sidecar's keys are accepted", async (t) => {
  const port = await freePort();
  const audience = await own();
  const early = { issuer: 'https://as.example', audience, jwks: `http://127.0.0.1:${port}/keys` };
  const sidecar = await startFor(t, early, { env: { MCP_API_KEY: 'the-key' } });
  await sidecar.line(/no access token can be checked.*no answer from 127\.0\.0\.1/);
  const waits = await post(`${sidecar.url}/call-tool`, echo, bearing('eyJhbGciOiJSUzI1NiJ9.e30.AAAA'));
  assert.equal(waits.status, 503);
  assert.equal(waits.headers['retry-after'], '5');
  assert.equal((await post(`${sidecar.url}/call-tool`, echo, bearing('the-key'))).status, 200);
  const issuer = await Issuer.start(t, { audience, port });
  await ready(sidecar, await issuer.sign());
  await sidecar.stop();
});

test('oauth: a key set in a file is read when it changes; one that is broken leaves the keys as they are', async (t) => {
  const file = join(temporaryFolder(t), 'jwks.json');
  const issuer = await Issuer.start(t, { audience: await own() });
  const write = (text) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  write(JSON.stringify({ keys: issuer.keys }));
  const sidecar = await startFor(t, { ...issuer, jwks: file });
  const old = await issuer.sign();
  await ready(sidecar, old);
  write('{"keys":');
  await sidecar.line(/keys of access tokens not updated.*not a JSON object/);
  await ready(sidecar, old);
  issuer.keys = [];
  await issuer.rotate('second', { algorithm: 'RS256' });
  write(JSON.stringify({ keys: issuer.keys }));
  await ready(sidecar, await issuer.sign());
  assert.equal(issuer.requests, 0);
  await sidecar.stop();
});

test('oauth: keys come over TLS from a server whose certificate is trusted, and from no other', async (t) => {
  const folder = temporaryFolder(t);
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
  const issuer = await Issuer.start(t, { audience: await own(), server });
  issuer.jwks = `https://localhost:${issuer.port}/keys`;
  const wary = await startFor(t, issuer);
  await wary.line(/no access token can be checked.*SSL/);
  assert.equal(issuer.requests, 0);
  await wary.stop();
  const sidecar = await startFor(t, issuer, { env: { SSL_CERT_FILE: cert } });
  await ready(sidecar, await issuer.sign());
  await sidecar.stop();
});

test('oauth: unusable settings stop the start with one line that has the reason', async (t) => {
  const file = join(temporaryFolder(t), 'jwks.json');
  const whole = { MCP_JWT_ISSUER: 'https://as.example', MCP_JWT_JWKS: file, MCP_PUBLIC_URL: 'https://mcp.example' };
  const ends = async (env, pattern) => {
    const sidecar = new Sidecar(t, { env });
    assert.deepEqual(await sidecar.end(), { code: 2, signal: null });
    assert.match(sidecar.output, pattern);
  };
  await ends(whole, /MCP_JWT_JWKS=.*jwks\.json \(environment\): keys of tokens .*there is no such file/);
  writeFileSync(file, '{"keys":[]}');
  await ends(whole, /no RSA or EC key for signatures/);
  await ends({ ...whole, MCP_PUBLIC_URL: '' }, /MCP_JWT_ISSUER=https:\/\/as\.example \(environment\) needs MCP_PUBLIC_URL/);
  await ends({ ...whole, MCP_JWT_ISSUER: 'as.example' }, /MCP_JWT_ISSUER=as\.example \(environment\): not a URL/);
  await ends({ MCP_JWT_SCOPES: 'a' }, /no token is accepted without MCP_JWT_ISSUER/);
});
