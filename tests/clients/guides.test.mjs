// The commands in the Monitoring, Testing, Troubleshooting and Backup parts of the deployment
// guides of the two predecessors (http-wrapper.cjs and the Service Desk Plus SSE server), run in a
// shell as written except for the server's address.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { temporaryFolder } from './lib/files.mjs';
import { Feed, eventually } from './lib/guard.mjs';
import { Sidecar, sidecarProgram } from './lib/sidecar.mjs';

const shell = async (command, options = {}) => (await promisify(execFile)('bash', ['-c', command], { timeout: 60_000, ...options })).stdout;
const headOf = (verbose) => verbose.split('\n').filter((line) => line.startsWith('< ')).join('\n');

// A command that keeps running; its output as it arrives.
function staying(t, command) {
  const printed = new Feed();
  const process_ = spawn('bash', ['-c', `exec ${command}`], { stdio: ['ignore', 'pipe', 'ignore'] });
  process_.stdout.setEncoding('utf8').on('data', (text) => printed.push(text));
  t.after(() => process_.kill());
  const all = () => printed.items.join('');
  return { prints: (pattern) => eventually(() => pattern.test(all()), `${command} prints ${pattern}`), all, end: () => process_.kill() };
}

test('deployment guide of http-wrapper.cjs: Testing, Troubleshooting, Monitor, Check Logs', async (t) => {
  const sidecar = await Sidecar.start(t, { dotenv: 'NOWCERTS_USERNAME=somebody\nMCP_API_KEY=YOUR_KEY\n' });
  const host = sidecar.url;
  const message = `curl -sS -X POST ${host}/message \\
  -H "Authorization: Bearer YOUR_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/list",
    "params": {}
  }'`;

  await t.test('"No active MCP session": a message before /sse', async () => {
    assert.deepEqual(JSON.parse(await shell(message)), {
      jsonrpc: '2.0',
      error: { code: -32000, message: 'No active MCP session. Connect to /sse first.' },
      id: 1,
    });
  });

  const stream = staying(t, `curl -sN ${host}/sse -H "Authorization: Bearer YOUR_KEY"`);
  await t.test('the stream says ": connected" and stays open', () => stream.prints(/^: connected\n/));
  await t.test('/health shows the number of active SSE clients', async () => {
    const health = JSON.parse(await shell(`curl -sS ${host}/health`));
    assert.equal(health.status, 'ok');
    assert.equal(health.sseClients, 1);
  });
  await t.test('the answer to a message comes on the stream', async () => {
    assert.deepEqual(JSON.parse(await shell(message)), { accepted: true });
    await stream.prints(/"id":1.*"tools":\[/s);
  });
  await t.test('the tools, and a call of one', async () => {
    const { success, tools } = JSON.parse(await shell(`curl -sS ${host}/tools \\\n  -H "Authorization: Bearer YOUR_KEY"`));
    assert.ok(success);
    assert.ok(tools.some(({ name }) => name === 'echo'));
    const called = JSON.parse(
      await shell(`curl -sS -X POST ${host}/call-tool \\
  -H "Authorization: Bearer YOUR_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "echo",
    "arguments": {"message": "hello"}
  }'`),
    );
    assert.equal(called.result.content[0].text, 'hello');
  });
  await t.test('"Unauthorized" without the key', async () => {
    assert.deepEqual(JSON.parse(await shell(`curl -sS ${host}/tools`)), { error: 'Unauthorized', message: 'Valid API key required' });
  });

  stream.end();
  await sidecar.line(/session ended.*client gone/);
  await t.test('the log lines that the guide looks for can be grepped', async () => {
    const log = join(temporaryFolder(t), 'log');
    writeFileSync(log, `${sidecar.output}\n`);
    const grep = (what) => shell(`cat ${log} | grep ${what}`);
    assert.match(await grep('"Environment loaded"'), /"variables":2/);
    assert.match(await grep('"authentication failed"'), /no_key/);
    assert.match(await grep('"session ended"'), /client gone/);
    assert.match(await grep('"tool call"'), /"name":"echo".*"outcome":"ok"/);
    assert.doesNotMatch(sidecar.output, /YOUR_KEY/);
  });
  await sidecar.stop();
});

const serviceDeskEnv = `# Service Desk Plus OAuth
SDP_CLIENT_ID=your_client_id_here
SDP_CLIENT_SECRET=your_client_secret_here
SDP_INSTANCE_NAME=your_instance_name_here
# API Keys (generate with: openssl rand -hex 32)
SDP_API_KEYS=secure-key-1,secure-key-2
SDP_HTTP_PORT=3000
SDP_HTTP_HOST=127.0.0.1  # Use 0.0.0.0 for external access
SDP_ALLOWED_IPS=127.0.0.1,192.168.1.0/24,10.0.0.0/8
SSE_MAX_CONNECTIONS_PER_IP=2
SSE_MAX_TOTAL_CONNECTIONS=1000
SSE_RATE_LIMIT_PER_MIN=60
SSE_SESSION_TIMEOUT=1800000      # 30 minutes
SSE_KEEPALIVE_INTERVAL=30000     # 30 seconds
SDP_USE_DB_TOKENS=true
SDP_DB_HOST=localhost
SDP_DB_PORT=5433
SDP_DB_NAME=sdp_mcp
LOG_LEVEL=debug
SDP_DEBUG_REQUESTS=true
`;

test('deployment guide of Service Desk Plus: Monitoring, Troubleshooting', async (t) => {
  const sidecar = await Sidecar.start(t, { dotenv: serviceDeskEnv });
  const host = `http://localhost:${sidecar.port}`;
  const json = async (command) => JSON.parse(await shell(command));
  const streams = [];
  const connect = async () => {
    streams.push(staying(t, `curl -sN -H "X-API-Key: secure-key-1" ${host}/sse`));
    await streams.at(-1).prints(/event: endpoint\ndata: \/messages\?sessionId=/);
  };
  await connect();
  await connect();

  await t.test('health', async () => {
    const health = await json(`curl -sS ${host}/health`);
    assert.deepEqual([health.status, health.transport, health.totalConnections], ['ok', 'sse', 2]);
    assert.deepEqual(health.connectionsByIP, { '127.0.0.1': 2 });
    assert.equal(typeof health.uptime, 'number');
  });
  await t.test('sessions, rate limit status', async () => {
    const { count, sessions } = await json(`curl -sS -H "X-API-Key: secure-key-1" ${host}/sessions`);
    assert.equal(count, 2);
    assert.deepEqual(new Set(sessions.map(({ transport }) => transport)), new Set(['sse']));
    const { limits } = await json(`curl -sS -H "X-API-Key: secure-key-1" ${host}/rate-limit-status`);
    assert.equal(limits[0].limit, 60);
  });
  await t.test('something listens', async () => assert.match(await shell(`lsof -i :${sidecar.port} || ss -Hltn sport = :${sidecar.port}`), /LISTEN/));
  await t.test('a wrong key; no key: "API key required"', async () => {
    const wrong = await shell(`curl -v -H "X-API-Key: test-key" ${host}/sse 2>&1`);
    assert.match(headOf(wrong), /401 Unauthorized/);
    assert.match(wrong, /Invalid API key/);
    assert.match(await shell(`curl -sS ${host}/sessions`), /API key required/);
  });
  await t.test('"Connection limit exceeded"', async () => {
    const over = await shell(`curl -v -H "X-API-Key: secure-key-1" ${host}/sse 2>&1`);
    assert.match(headOf(over), /503 Service Unavailable/);
    assert.match(headOf(over), /Retry-After: \d+/);
    assert.match(over, /Connection limit exceeded/);
  });
  await t.test('"Rate limit exceeded"', async () => {
    const over = await shell(`curl -sS -i -H "X-API-Key: secure-key-2" "${host}/sessions?[1-200]" | grep -A 20 -m 1 "429 Too Many"`);
    assert.match(over, /Retry-After: \d+/);
    assert.match(over, /X-RateLimit-Remaining: 0/);
    assert.match(over, /Rate limit exceeded/);
  });
  await t.test('debug mode shows request bodies, without keys', async () => {
    const path = streams[0].all().match(/data: (\S+)/)[1];
    await shell(`curl -sS -X POST -H "X-API-Key: secure-key-1" -H "Content-Type: application/json" "${host}${path}" -d '{"jsonrpc":"2.0","id":1,"method":"ping"}'`);
    await streams[0].prints(/"result":\{\}/);
    await sidecar.line(/request body.*\\"method\\":\\"ping\\"/);
    assert.doesNotMatch(sidecar.output, /secure-key/);
  });
  await sidecar.stop();
});

test('deployment guide of Service Desk Plus: "IP not allowed"', async (t) => {
  const sidecar = await Sidecar.start(t, { dotenv: 'SDP_API_KEYS=secure-key-1\nSDP_ALLOWED_IPS=192.168.1.0/24,10.0.0.0/8\n' });
  assert.match(await shell(`curl -sS -H "X-API-Key: secure-key-1" ${sidecar.url}/sessions`), /IP not allowed/);
  await sidecar.stop();
});

test('deployment guide of Service Desk Plus: a backup of the configuration restores the same keys', async (t) => {
  const [before, after] = [temporaryFolder(t), temporaryFolder(t)];
  writeFileSync(join(before, '.env'), 'MCP_MAX_CALLS=7\n');
  const made = await shell(`"${sidecarProgram}" keys new n8n --keys-file keys.json`, { cwd: before });
  const key = made.trim().split(/\s+/).at(-1);
  await shell('tar -czf sdp-mcp-config.tar.gz .env *.json', { cwd: before });
  await shell(`tar -xzf ${join(before, 'sdp-mcp-config.tar.gz')}`, { cwd: after });
  const sidecar = await Sidecar.start(t, { flags: ['--env-file', join(after, '.env'), '--keys-file', join(after, 'keys.json')] });
  assert.match(await shell(`curl -sS -i -H "X-API-Key: ${key}" ${sidecar.url}/tools`), /^HTTP\/1.1 200/);
  assert.match(sidecar.output, /Environment loaded.*"variables":1/);
  await sidecar.stop();
});
