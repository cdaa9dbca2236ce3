// Client programs from npm: mcp-remote, and the Inspector's command line.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { temporaryFolder } from './lib/files.mjs';
import { packaged, runScript } from './lib/run.mjs';
import { textOf } from './lib/sdk.mjs';
import { Sidecar, cleanEnvironment, everything, scope } from './lib/sidecar.mjs';

const tool = (name, args = {}) => ({ name, arguments: args });
// Each of these programs takes seconds to start.
const enough = (cases) => (scope === 'short' ? cases.slice(0, 1) : cases);

async function remote(t, url, strategy, { key, capabilities = {}, prepare } = {}) {
  const folder = temporaryFolder(t);
  const header = key ? ['--header', `Authorization: Bearer ${key}`] : [];
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [packaged('mcp-remote/dist/proxy.js'), url, '--transport', strategy, ...header],
    env: { ...cleanEnvironment(), HOME: folder, MCP_REMOTE_CONFIG_DIR: folder },
    stderr: 'pipe',
  });
  const client = new Client({ name: 'behind-mcp-remote', version: '1.0.0' }, { capabilities });
  prepare?.(client);
  t.after(() => client.close());
  let said = '';
  transport.stderr.on('data', (text) => (said += text));
  await client.connect(transport).catch((error) => {
    throw new Error(`mcp-remote said:\n${said}`, { cause: error });
  });
  return { client, said: () => said, keeps: () => readdirSync(folder, { recursive: true }) };
}

for (const [path, strategy, used] of enough([
  ['/mcp', 'http-first', 'StreamableHTTPClientTransport'],
  ['/mcp', 'sse-first', 'StreamableHTTPClientTransport'],
  ['/sse', 'http-first', 'SSEClientTransport'],
  ['/sse', 'sse-first', 'SSEClientTransport'],
])) {
  test(`tools: mcp-remote, ${strategy} at ${path}, comes through as ${used} and asks for no authorization`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const { client, said, keeps } = await remote(t, sidecar.url + path, strategy);
    assert.ok((await client.listTools()).tools.length >= 10);
    assert.match(textOf(await client.callTool(tool('get-sum', { a: 19, b: 23 }))), /42/);
    const steps = [];
    const onprogress = ({ progress }) => steps.push(progress);
    await client.callTool(tool('trigger-long-running-operation', { duration: 1, steps: 4 }), undefined, { onprogress });
    assert.deepEqual(steps.slice(0, 3), [1, 2, 3]);
    assert.match(said(), new RegExp(`using ${used}`));
    assert.doesNotMatch(said(), /authoriz|browser/i);
    assert.deepEqual(keeps().filter((file) => /token|client_info|verifier/.test(file)), []);
    await client.close();
    await sidecar.stop();
  });
}

test('tools: through mcp-remote a client with a key is asked by the server', async (t) => {
  const key = 'key-of-mcp-remote';
  const sidecar = await Sidecar.start(t, { command: everything, env: { MCP_API_KEYS: key } });
  const { client } = await remote(t, `${sidecar.url}/mcp`, 'http-first', {
    key,
    capabilities: { sampling: {} },
    prepare: (one) => one.setRequestHandler(CreateMessageRequestSchema, () => (
      { role: 'assistant', model: 'made-up', content: { type: 'text', text: 'said from afar' } }
    )),
  });
  assert.match(textOf(await client.callTool(tool('trigger-sampling-request', { prompt: 'hi' }))), /said from afar/);
  await client.close();
  await sidecar.stop();
});

for (const [path, strategy] of enough([['/mcp', 'http-first'], ['/mcp', 'sse-first'], ['/sse', 'http-first'], ['/sse', 'sse-first']])) {
  test(`tools: mcp-remote, ${strategy} at ${path}, with a wrong key ends within 10 s and says what the server takes`, async (t) => {
    const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'the-key' } });
    const folder = temporaryFolder(t);
    const { code, error } = await runScript('mcp-remote/dist/proxy.js', [sidecar.url + path, '--transport', strategy, '--header', 'Authorization: Bearer wrong'], {
      cwd: folder,
      env: { HOME: folder, MCP_REMOTE_CONFIG_DIR: folder },
      ms: 10_000,
    });
    assert.equal(code, 1, error);
    assert.match(error, /this server takes an API key: send it as Authorization: Bearer KEY/);
    await sidecar.stop();
  });
}

async function inspect(t, url, transport, ...args) {
  const folder = temporaryFolder(t);
  const all = ['--cli', url, '--transport', transport, '--format', 'json', ...args];
  const { code, output, error } = await runScript('@modelcontextprotocol/inspector/clients/launcher/build/index.js', all, {
    cwd: folder,
    env: { HOME: folder },
  });
  assert.equal(code, 0, output + error);
  return JSON.parse(output).result;
}

for (const [transport, path] of enough([['http', '/mcp'], ['sse', '/sse']])) {
  test(`tools: the Inspector's command line lists and calls over ${transport}`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const ask = (...args) => inspect(t, sidecar.url + path, transport, ...args);
    const { tools } = await ask('--method', 'tools/list');
    assert.ok(tools.some(({ name }) => name === 'get-sum'), JSON.stringify(tools));
    const sum = await ask('--method', 'tools/call', '--tool-name', 'get-sum', '--tool-arg', 'a=19', 'b=23');
    assert.match(textOf(sum), /42/);
    await sidecar.stop();
  });
}

test('tools: the Inspector works if it prefers the stateless era', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const { tools } = await inspect(t, `${sidecar.url}/mcp`, 'http', '--method', 'tools/list', '--protocol-era', 'auto');
  assert.ok(tools.length >= 10);
  await sidecar.stop();
});
