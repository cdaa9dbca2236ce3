// The gate as a table: every endpoint × credential × address × origin, with the required status.
// The status is computed here from the documented order (src/access/gate.hpp), independently of the
// program.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { Issuer } from './lib/authorization.mjs';
import { temporaryFolder } from './lib/files.mjs';
import { eventually, within } from './lib/guard.mjs';
import { RawSession, request } from './lib/http.mjs';
import { McpSession, accept, call, initialize, notification } from './lib/mcp-http.mjs';
import { Sidecar, sidecarProgram } from './lib/sidecar.mjs';

const run = promisify(execFile);
const withPages = !/without pages/.test((await run(sidecarProgram, ['--version'])).stdout);

// The status and the body, except of an event stream, which is closed after its head.
function ask(url, { method, headers, body }) {
  const data = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const type = data === undefined ? {} : { 'content-type': 'application/json' };
  const answer = new Promise((resolve, reject) => {
    const sent = http.request(url, { method, headers: { ...type, ...headers }, agent: false }, (response) => {
      const found = { status: response.statusCode, headers: response.headers, text: '' };
      response.on('error', () => {});
      if ((found.headers['content-type'] ?? '').startsWith('text/event-stream')) {
        sent.destroy();
        return resolve(found);
      }
      response.setEncoding('utf8').on('data', (part) => (found.text += part));
      response.on('end', () => resolve(found));
    });
    sent.on('error', reject);
    sent.end(data);
  });
  return within(answer, () => `the answer to ${method} ${url}`);
}

// Verdicts: `refused` (401) and `lacking` (403), for a token with the `error` of RFC 6750;
// otherwise the owner of the key: `owner` of the requested session, `other`, or `admin`, who is not
// the owner but an administrator. `query`: in the URL. `vapi`: read by some endpoints only. `plain`:
// from one address and without an origin is enough.
const credentials = (keys, tokens) => [
  { name: 'no key', headers: {}, verdict: 'refused', brings: false },
  { name: 'an empty key', headers: { authorization: 'Bearer ' }, verdict: 'refused' },
  { name: 'a wrong key, X-API-Key', headers: { 'x-api-key': 'wrong' }, verdict: 'refused' },
  { name: 'a wrong key, Bearer', headers: { authorization: 'Bearer wrong' }, verdict: 'refused' },
  { name: 'a wrong key before a right one', headers: { 'x-api-key': 'wrong', authorization: `Bearer ${keys.alice}` }, verdict: 'refused' },
  { name: 'an expired key', headers: { 'x-api-key': keys.expired }, verdict: 'refused' },
  { name: 'a revoked key', headers: { authorization: `Bearer ${keys.revoked}` }, verdict: 'refused' },
  { name: 'the right key, X-API-Key', headers: { 'x-api-key': keys.alice }, verdict: 'owner' },
  { name: 'the right key, Bearer', headers: { authorization: `Bearer ${keys.alice}` }, verdict: 'owner' },
  { name: 'the right key, bare', headers: { authorization: keys.alice }, verdict: 'owner' },
  { name: 'the right key, twice', headers: { authorization: [`Bearer ${keys.alice}`, `Bearer ${keys.bob}`] }, verdict: 'twice' },
  { name: "another's key", headers: { 'x-api-key': keys.bob }, verdict: 'other' },
  { name: "an administrator's key", headers: { 'x-api-key': keys.root }, verdict: 'admin' },
  ...Object.entries(tokens).map(([name, { token, ...rest }]) => ({ name: `a token: ${name}`, headers: { authorization: `Bearer ${token}` }, ...rest })),
  { name: 'a good token, X-API-Key', headers: { 'x-api-key': tokens.good.token }, verdict: 'refused' },
  ...[
    { name: 'the right key, X-Vapi-Secret', headers: { 'x-vapi-secret': keys.alice }, verdict: 'owner', vapi: true },
    { name: "another's key, X-Vapi-Secret", headers: { 'x-vapi-secret': keys.bob }, verdict: 'other', vapi: true },
    { name: 'a wrong key, X-Vapi-Secret', headers: { 'x-vapi-secret': 'wrong' }, verdict: 'refused', vapi: true },
    { name: 'a revoked key, X-Vapi-Secret', headers: { 'x-vapi-secret': keys.revoked }, verdict: 'refused', vapi: true },
    { name: 'a good token, X-Vapi-Secret', headers: { 'x-vapi-secret': tokens.good.token }, verdict: 'refused', vapi: true },
    { name: 'a right key before a wrong X-Vapi-Secret', headers: { authorization: keys.alice, 'x-vapi-secret': 'wrong' }, verdict: 'owner' },
    ...['api_key', 'apiKey', 'apikey', 'key', 'token'].map((name) => ({ name: `the right key, ?${name}=`, headers: {}, query: `${name}=${keys.alice}`, verdict: 'owner' })),
    { name: "another's key, ?key=", headers: {}, query: `key=${keys.bob}`, verdict: 'other' },
    { name: 'a wrong key, ?key=', headers: {}, query: 'key=wrong', verdict: 'refused' },
    { name: 'an expired key, ?token=', headers: {}, query: `token=${keys.expired}`, verdict: 'refused' },
    { name: 'a good token, ?token=', headers: {}, query: `token=${tokens.good.token}`, verdict: 'refused' },
    { name: 'a wrong key before a right one in the URL', headers: { authorization: 'wrong' }, query: `key=${keys.alice}`, verdict: 'refused' },
  ].map((credential) => ({ ...credential, plain: true })),
];

const SCOPE = 'mcp:use';
async function tokensOf(issuer) {
  const now = Math.floor(Date.now() / 1000);
  const stranger = new Issuer();
  await stranger.rotate('first');
  const sign = (claims, by = issuer) => by.sign({ aud: PUBLIC, scope: SCOPE, ...claims });
  const good = await sign({ sub: 'carol' });
  const invalid = (token) => ({ token, verdict: 'refused', error: 'invalid_token' });
  return {
    good: { token: good, verdict: 'other' },
    'an administrator': { token: await sign({ sub: 'dave', scope: `${SCOPE} mcp:admin` }), verdict: 'admin' },
    'without the scope': { token: await sign({ scope: 'other' }), verdict: 'lacking', error: 'insufficient_scope' },
    expired: invalid(await sign({ exp: now - 60 })),
    'for another audience': invalid(await sign({ aud: 'https://other.example' })),
    'of another issuer': invalid(await sign({ iss: 'https://other.example' })),
    'signed by a stranger': invalid(await sign({}, stranger)),
    'without a signature': invalid(`${good.split('.').slice(0, 2).join('.')}.`),
  };
}

const PUBLIC = 'https://mcp.example';
const METADATA = '/.well-known/oauth-protected-resource';
const ALLOWED = '192.0.2.7'; // in MCP_ALLOWED_IPS, reported by a trusted proxy
const addresses = [
  { name: 'an allowed address', headers: { 'x-forwarded-for': ALLOWED }, allowed: true },
  { name: 'a denied address', headers: { 'x-forwarded-for': '198.51.100.7' }, allowed: false },
  // A request that names a live session counts for the address that opened it.
  { name: 'the proxy, which names nobody', headers: {}, allowed: false, local: true },
];

const LISTED = 'https://app.example.com';
const ORIGIN = 'Origin not allowed: MCP_CORS_ORIGINS names the web pages that may call';
const HOST = 'Host not allowed: name it in MCP_ALLOWED_HOSTS or MCP_PUBLIC_URL, or configure a key';
const origins = (own) => [
  { name: 'no origin', headers: {}, in: true },
  { name: 'a listed origin', headers: { origin: LISTED }, in: true, cors: LISTED },
  { name: 'its own origin', headers: { origin: own }, in: true },
  { name: 'a foreign origin', headers: { origin: 'https://evil.example' }, in: false, message: ORIGIN },
  { name: 'a page that rebinds', headers: { origin: 'http://evil.example', host: 'evil.example' }, in: false, message: HOST },
  { name: 'a listed origin under a foreign name', headers: { origin: LISTED, host: 'evil.example' }, in: false, cors: LISTED, message: HOST },
];

const secret = 'a secret that two processes of this test share';
const echo = { name: 'echo', arguments: { message: 'hi' } };
const ping = call('p', 'ping');
const notNeeded = { keyless: true, anyOrigin: true };
const unread = { keyless: true, unread: true };
const page = withPages ? { keyless: true } : unread;

// {method, path, body, headers, session, status}: the status of each verdict that passes the gate;
// `other` also applies to `admin` if that is missing. `session`: names a live one. `fresh`: opens
// one for each request. `unread`: looks at no key. `standsIn`: its session stands for the owner's
// key. `vapi`: reads X-Vapi-Secret.
function endpoints({ sse, byUrl, mcp, mcpByUrl, ended }, fresh, { closed, forged, former }) {
  const get = (path, status = 200, more = {}) => ({ method: 'GET', path, status, ...more });
  const posted = (path, body, status = 200, more = {}) => ({ method: 'POST', path, body, status, ...more });
  const owned = (status) => ({ owner: status, other: 403 });
  return [
    get('/health', 200, { ...notNeeded, evenIfDenied: true }),
    get('/ready', 200, { ...notNeeded, evenIfDenied: true }),
    { method: 'HEAD', path: '/health', status: 200, ...notNeeded, evenIfDenied: true },
    get(METADATA, 200, unread),
    get(`${METADATA}/mcp`, 200, unread),
    get(`${METADATA}/other`, 404, unread),
    get('/tools'),
    { method: 'HEAD', path: '/tools', status: 200 },
    get('/vapi/functions', 200, { vapi: true }),
    get('/openai/functions'),
    get('/openapi.json'),
    { method: 'HEAD', path: '/openapi.json', status: 200 },
    get('/tools/echo'),
    get('/tools/no-such-tool', 404),
    get('/tools/'),
    get('/tools//', 404),
    posted('/tools/echo', echo.arguments),
    posted('/tools/echo', '[]', 422),
    posted('/tools/no-such-tool', {}, 404),
    { method: 'PUT', path: '/tools/echo', status: 405 },
    get('/info'),
    get('/rate-limit-status'),
    get('/metrics', { owner: 403, other: 403, admin: 200 }),
    get('/sessions'),
    { method: 'DELETE', path: '/sessions/made-up', status: { owner: 403, other: 403, admin: 404 } },
    posted('/call-tool', echo),
    posted('/call-tool', {}, 400),
    posted('/call-tool-stream', echo),
    posted('/vapi/call', echo, 200, { vapi: true }),
    get('/vapi/call', 405, { vapi: true }),
    posted('/openai/call-function', echo),
    posted('/restart', undefined, { owner: 403, other: 403, admin: 202 }),
    get('/restart', 405),
    get('/sessions/made-up', 405),
    posted('/metrics', {}, 405),
    // Without a route no key is asked for.
    get('/no-such-path', 404, unread),
    posted('/no-such-path', {}, 404, unread),
    get('/health/x', 404, unread),
    get('/.well-known/other', 404, unread),
    get('/.well-known/oauth-authorization-server', 404, unread),
    get('/.well-known/openid-configuration/mcp', 404, unread),
    get('/mcp/.well-known/openid-configuration', 404, unread),
    posted('/register', {}, 404, unread), // the authorization server is elsewhere
    get('/authorize', 404, unread),
    get('/', withPages ? 200 : 404, page),
    { method: 'HEAD', path: '/', status: withPages ? 200 : 404, ...page },
    get('/docs', withPages ? 200 : 404, page),
    get('/assets/none-12345678.js', 404, page),
    posted('/docs', {}, 405, { keyless: true }),
    get('/assets', 404, unread),
    get('/docs/', withPages ? 200 : 404, page),
    get('/dashboard/events', { owner: 403, other: 403, admin: 200 }),
    get('/calls', { owner: 403, other: 403, admin: 200 }),
    get('/logs', { owner: 403, other: 403, admin: 200 }),
    { method: 'PUT', path: '/tools', status: 405 },
    { method: 'DELETE', path: '/sse', status: 405 },
    posted('/sse', {}, 405),
    posted('/health', {}, 405, { ...notNeeded, evenIfDenied: true }),
    ...['/tools', '/tools/', '/tools/echo', '/openapi.json', '/mcp', '/sse', '/health', '/no-such-path'].map((path) => ({ method: 'OPTIONS', path, preflight: true, evenIfDenied: path === '/health' })),

    posted(`/message?sessionId=${sse}`, ping, owned(202), { session: true }),
    posted(`/messages?sessionId=${sse}`, ping, owned(202), { session: true }),
    posted(`/messages/${sse}`, ping, owned(202), { session: true }),
    posted('/message?sessionId=made-up', ping, 404),
    posted('/messages/made-up', ping, 404),
    ...[`/message?sessionId=${byUrl}`, `/messages?sessionId=${byUrl}`, `/messages/${byUrl}`].map((path) => posted(path, ping, owned(202), { session: true, standsIn: true })),
    { method: 'PUT', path: `/messages/${byUrl}`, status: 405, session: true },
    get(`/rate-limit-status?sessionId=${byUrl}`, 200, { session: true }),
    posted(`/message?sessionId=${mcpByUrl}`, ping, 404, { session: true }), // of another transport
    posted(`/messages/${ended}?sessionId=${byUrl}`, ping, 404),
    posted('/message', ping, 503), // alice's sessions were addressed by their ids
    posted('/messages', ping, 503),

    posted('/mcp', ping, owned(200), { session: true, headers: { ...accept, 'mcp-session-id': mcp }, vapi: true }),
    get('/mcp', owned(200), { session: true, headers: { accept: 'text/event-stream', 'mcp-session-id': mcp }, vapi: true }),
    { method: 'DELETE', path: '/mcp', status: owned(204), session: true, fresh, vapi: true },
    posted('/mcp', initialize(), 200, { headers: accept, vapi: true }),
    // Without a session.
    posted('/mcp', ping, 200, { headers: accept, vapi: true }),
    posted('/mcp', call('c', 'tools/call', echo), 200, { headers: accept, vapi: true }),
    posted('/mcp', notification('notifications/initialized'), 202, { headers: accept, vapi: true }),
    posted('/mcp', call('s', 'resources/subscribe', { uri: 'demo://readme' }), 400, { headers: accept, vapi: true }),
    // With an id that is no session's here; the last one is revived for its owner.
    ...[closed, forged].flatMap((id) => [
      posted('/mcp', ping, 404, { headers: { ...accept, 'mcp-session-id': id }, vapi: true }),
      get('/mcp', 404, { headers: { accept: 'text/event-stream', 'mcp-session-id': id }, vapi: true }),
      { method: 'DELETE', path: '/mcp', status: 404, headers: { 'mcp-session-id': id }, vapi: true },
    ]),
    posted('/mcp', ping, { owner: 200, other: 404 }, { headers: accept, fresh: former, vapi: true }),
    { method: 'DELETE', path: '/mcp', status: { owner: 204, other: 404 }, fresh: former, vapi: true },
    get('/mcp', 405, { headers: { accept: 'text/event-stream' }, vapi: true }),
    { method: 'DELETE', path: '/mcp', status: 400, vapi: true },
    posted('/mcp', ping, 404, { headers: { ...accept, 'mcp-session-id': 'made-up' }, vapi: true }),
    get('/mcp', 404, { headers: { accept: 'text/event-stream', 'mcp-session-id': 'made-up' }, vapi: true }),
    { method: 'DELETE', path: '/mcp', status: 404, headers: { 'mcp-session-id': 'made-up' }, vapi: true },
    { method: 'PUT', path: '/mcp', status: 405, vapi: true },
    posted('/mcp/', ping, owned(200), { session: true, headers: { ...accept, 'mcp-session-id': mcp }, vapi: true }),
    { method: 'PUT', path: '/mcp/', status: 405, vapi: true },
    posted('/', ping, owned(200), { session: true, headers: { ...accept, 'mcp-session-id': mcp }, vapi: true }),
    posted('/', ping, 200, { headers: accept, vapi: true }),
    get('/', owned(200), { session: true, headers: { accept: 'text/event-stream', 'mcp-session-id': mcp }, vapi: true }),
    get('/', 405, { headers: { accept: 'text/event-stream' }, vapi: true }),
    get('/', withPages ? 200 : 404, { headers: { accept: 'text/html, text/event-stream' }, ...page }),
    { method: 'DELETE', path: '/', status: owned(204), session: true, fresh, vapi: true },
    posted('/', initialize(), 200, { headers: accept, vapi: true }),
    posted('/', ping, 404, { headers: { ...accept, 'mcp-session-id': 'made-up' }, vapi: true }),
    { method: 'DELETE', path: '/', status: 404, headers: { 'mcp-session-id': 'made-up' }, vapi: true },
    { method: 'PUT', path: '/', status: 405, vapi: true },

    get('/sse'), // last, because its streams take a moment to close
    { method: 'HEAD', path: '/sse', status: 200 },
  ];
}

// The order of the gate: address, preflight, origin and host, key; then the endpoint's own status.
function expected(endpoint, credential, address, origin) {
  const known = address.allowed || (address.local && endpoint.session);
  if (!known && !(endpoint.evenIfDenied && address.local)) return { status: 403, message: 'IP not allowed' };
  if (endpoint.preflight) return { status: 204 };
  if (credential.verdict === 'twice' && !endpoint.unread) return { status: 400, message: 'More than one Authorization field' };
  if (!origin.in && !endpoint.anyOrigin) return { status: 403, message: origin.message };
  const { error, headers } = credential;
  const shown = !(credential.vapi && !endpoint.vapi);
  const brings = shown && credential.brings !== false;
  const verdict = !brings ? (endpoint.standsIn ? 'owner' : 'refused') : credential.verdict;
  if (verdict === 'lacking' && !endpoint.keyless) return { status: 403, message: 'The access token lacks a scope', challenge: challenge(endpoint, error) };
  if (verdict === 'refused' && !endpoint.keyless) {
    const message = error ? 'The access token is not valid' : headers['x-api-key'] ? 'Invalid API key' : 'Valid API key required';
    return { status: 401, message, challenge: challenge(endpoint, error) };
  }
  const { status } = endpoint;
  if (typeof status === 'number') return { status };
  return { status: status[verdict] ?? status.other };
}

// The beginning of WWW-Authenticate, before the description.
const challenge = ({ path }, error) =>
  `Bearer resource_metadata="${PUBLIC}${METADATA}${path.match(/^(\/mcp|\/sse)\/?$/)?.[1] ?? ''}", scope="${SCOPE}"${error ? `, error="${error}", ` : ''}`;

function check(answer, wanted, endpoint, origin) {
  assert.equal(answer.status, wanted.status, answer.text);
  assert.equal(answer.headers['access-control-allow-origin'], origin.cors, 'CORS');
  assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  const told = answer.headers['www-authenticate'];
  assert.equal(told?.slice(0, wanted.challenge?.length), wanted.challenge);
  assert.equal(told?.includes('error_description'), wanted.challenge?.includes('error='));
  if (wanted.message && endpoint.method !== 'HEAD') assert.equal(JSON.parse(answer.text).message, wanted.message);
}

async function keysFile(t) {
  const file = join(temporaryFolder(t), 'keys.json');
  const command = async (...args) => (await run(sidecarProgram, ['keys', ...args, '--keys-file', file])).stdout.trim();
  const keys = { root: await command('new', 'root', '--admin') };
  for (const name of ['alice', 'bob', 'expired', 'revoked']) keys[name] = await command('new', name);
  const stored = JSON.parse(readFileSync(file, 'utf8'));
  stored.keys.find(({ name }) => name === 'expired').expires = '2001-01-01';
  writeFileSync(file, JSON.stringify(stored));
  return { file, keys, revoke: () => command('revoke', 'revoked') };
}

test('gate-table: every endpoint answers each credential, address and origin in the order of the gate', async (t) => {
  const { file, keys, revoke } = await keysFile(t);
  const issuer = await Issuer.start(t);
  const tokens = await tokensOf(issuer);
  const sidecar = await Sidecar.start(t, {
    env: { MCP_JWT_ISSUER: issuer.issuer, MCP_JWT_JWKS: issuer.jwks, MCP_JWT_SCOPES: SCOPE, MCP_PUBLIC_URL: PUBLIC, MCP_KEYS_FILE: file, MCP_SECRET: secret, MCP_FAILED_KEYS_LIMIT: 'off', MCP_ALLOW_QUERY_KEY: 'true', MCP_ALLOWED_IPS: '192.0.2.0/24', MCP_CORS_ORIGINS: LISTED },
  });
  const from = { 'x-forwarded-for': ALLOWED };
  const alice = { 'x-api-key': keys.alice, ...from };
  assert.equal((await request(`${sidecar.url}/tools`, { headers: { 'x-api-key': keys.revoked, ...from } })).status, 200);
  await revoke();
  await sidecar.line(/keys read/);
  await sidecar.line(/keys of access tokens read/);
  await eventually(async () => (await request(`${sidecar.url}/ready`, { headers: from })).status === 200, 'the child is ready');

  const sse = await RawSession.open(sidecar.url, alice);
  assert.equal((await sse.call(1, 'ping')).id, 1);
  const mcp = await McpSession.open(sidecar.url, { headers: alice });
  const byUrl = await RawSession.open(sidecar.url, from, `/sse?token=${keys.alice}`);
  assert.equal((await byUrl.call(1, 'ping')).id, 1);
  const begun = await request(`${sidecar.url}/mcp?token=${keys.alice}`, { method: 'POST', body: initialize(), headers: { ...accept, ...from } });
  const gone = await RawSession.open(sidecar.url, from, `/sse?token=${keys.alice}`);
  gone.close();
  await sidecar.line(/session ended.*client gone/);
  const idOf = (session) => new URL(session.endpoint).searchParams.get('sessionId');
  const named = { sse: idOf(sse), byUrl: idOf(byUrl), ended: idOf(gone), mcp: mcp.id, mcpByUrl: begun.headers['mcp-session-id'] };
  const fresh = async () => ({ 'mcp-session-id': (await McpSession.open(sidecar.url, { headers: alice })).id });
  // Ids that another process has made.
  const earlier = await Sidecar.start(t, { env: { MCP_SECRET: secret, MCP_KEYS_FILE: file } });
  const former = async () => ({ 'mcp-session-id': (await McpSession.open(earlier.url, { headers: alice })).id });
  const closed = await McpSession.open(sidecar.url, { headers: alice });
  assert.equal((await closed.delete()).status, 204);
  const { 'mcp-session-id': known } = await former();
  const strange = { closed: closed.id, forged: known.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')), former };

  const problems = [];
  let combinations = 0;
  for (const endpoint of endpoints(named, fresh, strange)) {
    const all = credentials(keys, tokens).flatMap((credential) => addresses.slice(0, credential.plain ? 1 : undefined).flatMap((address) => origins(sidecar.url).slice(0, credential.plain ? 1 : undefined).map((origin) => [credential, address, origin])));
    await Promise.all(all.map(async ([credential, address, origin]) => {
      combinations += 1;
      const headers = { ...endpoint.headers, ...(await endpoint.fresh?.()), ...credential.headers, ...address.headers, ...origin.headers };
      const query = credential.query ? `${endpoint.path.includes('?') ? '&' : '?'}${credential.query}` : '';
      const answer = await ask(sidecar.url + endpoint.path + query, { method: endpoint.method, body: endpoint.body, headers });
      try {
        check(answer, expected(endpoint, credential, address, origin), endpoint, origin);
      } catch (error) {
        problems.push(`${endpoint.method} ${endpoint.path}, ${credential.name}, ${address.name}, ${origin.name}: ${error.message}`);
      }
    }));
  }
  assert.deepEqual(problems.slice(0, 20), [], `${problems.length} of ${combinations}`);
  assert.ok(combinations > 5000, `${combinations}`);

  // Afterwards the owner's sessions still work, and no key is in the log.
  assert.equal((await sse.call(2, 'ping')).id, 2);
  assert.equal((await mcp.post(ping)).status, 200);
  assert.equal((await byUrl.call(2, 'ping')).id, 2);
  for (const secret of [...Object.values(keys), ...Object.values(tokens).map(({ token }) => token)]) assert.ok(!sidecar.output.includes(secret), 'no key is in the log');
  sse.close();
  await earlier.stop();
  byUrl.close();
  await sidecar.stop();
});
