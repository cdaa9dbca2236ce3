// Metrics and sessions: the figures after a load equal the clients' own counts.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { connect, faces, textOf } from './lib/sdk.mjs';
import { Sidecar, repository, unruly } from './lib/sidecar.mjs';

const promtool = () => execFileSync(join(repository, 'scripts/setup-programs'), ['--path', 'promtool'], { encoding: 'utf8' }).trim();

// Every sample by its name and labels as written in the text.
async function scrape(sidecar, headers = {}) {
  const page = await request(`${sidecar.url}/metrics`, { headers });
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const samples = page.text.split('\n').filter((line) => line && !line.startsWith('#'));
  return { text: page.text, value: (name) => Number(samples.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? NaN) };
}

const echo = (message = 'hi') => ({ name: 'echo', arguments: { message } });

test('metrics: promtool accepts the page without remarks', async (t) => {
  const sidecar = await Sidecar.start(t);
  await post(`${sidecar.url}/call-tool`, echo());
  const { text } = await scrape(sidecar);
  const checked = spawnSync(promtool(), ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.equal(checked.stdout + checked.stderr, '');
  const wrong = spawnSync(promtool(), ['check', 'metrics'], { input: 'a b\n', encoding: 'utf8' });
  assert.notEqual(wrong.status, 0, 'promtool refuses what is wrong');
  await sidecar.stop();
});

const ofServer = '{server="default"}';

test('metrics: counts match what clients over every face have counted', async (t) => {
  const sidecar = await Sidecar.start(t);
  const [sse, streamable] = [await connect(t, sidecar.url, { over: faces[0] }), await connect(t, sidecar.url, { over: faces[1] })];
  const before = await scrape(sidecar);
  assert.equal(before.value(`mcp_sidecar_sessions${ofServer}`), 2);
  for (let round = 0; round < 10; round += 1) {
    await Promise.all([sse.callTool(echo()), streamable.callTool(echo()), post(`${sidecar.url}/call-tool`, echo())]);
    await streamable.callTool({ name: 'add', arguments: { a: 1, b: 2 } });
  }
  assert.equal((await post(`${sidecar.url}/call-tool`, { name: 'no-such-tool' })).status, 500);
  assert.equal((await post(`${sidecar.url}/call-tool`, { name: 5 })).status, 400);
  const after = await scrape(sidecar);
  const grown = (name) => after.value(name) - (before.value(name) || 0);
  assert.equal(after.value('mcp_sidecar_tool_calls_total{outcome="ok",server="default",tool="echo"}'), 30);
  assert.equal(after.value('mcp_sidecar_tool_calls_total{outcome="ok",server="default",tool="add"}'), 10);
  assert.equal(after.value('mcp_sidecar_tool_calls_total{outcome="error",server="default",tool="other"}'), 1);
  assert.equal(grown(`mcp_sidecar_call_seconds_count${ofServer}`), 41);
  assert.equal(grown(`mcp_sidecar_call_overhead_seconds_count${ofServer}`), 41);
  assert.equal(after.value('mcp_sidecar_http_requests_total{endpoint="call-tool",status="200"}'), 10);
  assert.equal(after.value('mcp_sidecar_http_requests_total{endpoint="call-tool",status="400"}'), 1);
  assert.equal(after.value('mcp_sidecar_http_requests_total{endpoint="call-tool",status="500"}'), 1);
  assert.equal(after.value(`mcp_sidecar_calls_in_flight${ofServer}`), 0);
  assert.equal(after.value(`mcp_sidecar_child_ready${ofServer}`), 1);
  assert.equal(after.value(`mcp_sidecar_child_restarts_total${ofServer}`), 0);
  assert.ok(grown('mcp_sidecar_http_received_bytes_total') > 41 * 50 && grown('mcp_sidecar_http_sent_bytes_total') > 41 * 50);
  assert.ok(after.value('process_resident_memory_bytes') > 1 << 20 && after.value('process_open_fds') > 5);
  assert.match(after.text, /^mcp_sidecar_build_info\{version="\d+\.\d+\.\d+"\} 1$/m);
  await sidecar.stop();
});

test('metrics: refusals are counted by reason, and a key is needed', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'the-key' } });
  assert.equal((await request(`${sidecar.url}/metrics`)).status, 401);
  assert.equal((await request(`${sidecar.url}/metrics`, { headers: { 'x-api-key': 'wrong' } })).status, 401);
  const { value } = await scrape(sidecar, { 'x-api-key': 'the-key' });
  assert.equal(value('mcp_sidecar_refused_total{reason="no_key"}'), 1);
  assert.equal(value('mcp_sidecar_refused_total{reason="wrong_key"}'), 1);
  await sidecar.stop();
});

test('metrics: names of tools that a client makes up do not grow the page', async (t) => {
  const sidecar = await Sidecar.start(t);
  const sizes = [];
  await scrape(sidecar); // which counts itself in later scrapes
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < 20; i += 1) await post(`${sidecar.url}/call-tool`, { name: `made-up-${round}-${i}` });
    sizes.push((await scrape(sidecar)).text.split('\n').length);
  }
  assert.equal(sizes[1], sizes[0]);
  await sidecar.stop();
});

for (const over of faces) {
  test(`sessions: over ${over} a session is listed with its client and traffic, and can be ended`, async (t) => {
    const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: 'alice:key-a' } });
    const headers = { 'x-api-key': 'key-a' };
    const client = await connect(t, sidecar.url, { over, headers, name: 'the-client' });
    for (let i = 0; i < 3; i += 1) await client.callTool(echo());
    const { count, sessions } = (await request(`${sidecar.url}/sessions`, { headers })).json();
    assert.equal(count, 1);
    const [session] = sessions;
    assert.match(session.id, /^[0-9a-f]{8}$/);
    assert.deepEqual(
      { ...session, id: '', child: '', age: 0, idle: 0, bytesIn: 0, bytesOut: 0 },
      { id: '', key: 'alice', address: '127.0.0.1', client: { name: 'the-client', version: '1.0.0' }, transport: over === 'sse' ? 'sse' : 'streamable-http', protocolVersion: '2025-11-25', child: '', age: 0, idle: 0, calls: 4, inFlight: 0, bytesIn: 0, bytesOut: 0, server: 'default' },
    );
    assert.ok(session.child && session.bytesIn > 300 && session.bytesOut > 300, JSON.stringify(session));
    assert.equal((await request(`${sidecar.url}/sessions/${session.id}`, { method: 'DELETE' })).status, 401);
    assert.equal((await request(`${sidecar.url}/sessions/${session.id}`, { method: 'DELETE', headers })).status, 204);
    await sidecar.line(/session ended.*ended by hand/);
    await eventually(async () => (await request(`${sidecar.url}/sessions`, { headers })).json().count === 0, 'it is gone');
    assert.equal((await request(`${sidecar.url}/sessions/${session.id}`, { method: 'DELETE', headers })).status, 404);
    await assert.rejects(client.callTool(echo()));
    await sidecar.stop();
  });
}

test('log: tool calls are logged with name, outcome, key and client, without arguments', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEYS: 'alice:key-a', MCP_LOG_FORMAT: 'json' } });
  const headers = { 'x-api-key': 'key-a' };
  const client = await connect(t, sidecar.url, { headers, name: 'the-client' });
  await client.callTool(echo('the-argument'));
  await post(`${sidecar.url}/call-tool`, { name: 'no-such-tool', arguments: { message: 'the-argument' } }, headers);
  const good = JSON.parse(await sidecar.line(/"event":"tool call".*"outcome":"ok"/));
  assert.deepEqual(
    { level: good.level, method: good.method, name: good.name, transport: good.transport, key: good.key, address: good.address, client: good.client },
    { level: 'info', method: 'tools/call', name: 'echo', transport: 'sse', key: 'alice', address: '127.0.0.1', client: 'the-client' },
  );
  assert.ok(good.ms >= 0 && good.session.length === 8);
  const bad = JSON.parse(await sidecar.line(/"event":"tool call".*"outcome":"error"/));
  assert.equal(bad.level, 'warning');
  assert.equal(bad.transport, 'rest');
  assert.match(bad.error, /./);
  assert.doesNotMatch(sidecar.output, /the-argument/);
  await sidecar.stop();
});

test('trace: traceparent of a request reaches the wrapped server in _meta, over every face, and the log', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly(), env: { MCP_LOG_FORMAT: 'json' } });
  const parent = (digit) => `00-${digit.repeat(32)}-00f067aa0ba902b7-01`;
  const meta = (result) => JSON.parse(textOf(result)).params._meta;
  const mirror = { name: 'mirror', arguments: {} };
  for (const [over, digit] of [[faces[0], 'a'], [faces[1], 'b']]) {
    const client = await connect(t, sidecar.url, { over, headers: { traceparent: parent(digit) } });
    assert.equal(meta(await client.callTool(mirror)).traceparent, parent(digit));
  }
  const rest = async (headers) => meta((await post(`${sidecar.url}/call-tool`, mirror, headers)).json().result);
  assert.deepEqual(await rest({ traceparent: parent('c'), tracestate: 'x=1' }), { traceparent: parent('c'), tracestate: 'x=1' });
  assert.equal(await rest({ traceparent: 'nonsense' }), undefined);
  for (const digit of ['a', 'b', 'c']) await sidecar.line(new RegExp(`"event":"tool call".*"trace":"${digit.repeat(32)}"`));
  await sidecar.stop();
});
