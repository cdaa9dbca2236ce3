// The official v2 client, which also supports the stateless revision of 2026-07-28, against a child
// of the handshake era.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import { post } from './lib/http.mjs';
import { accept, call } from './lib/mcp-http.mjs';
import { textOf } from './lib/sdk.mjs';
import { Sidecar, everything } from './lib/sidecar.mjs';

const STATELESS = '2026-07-28';
const tool = (name, args = {}) => ({ name, arguments: args });

function client(t, mode, capabilities = {}) {
  const made = new Client({ name: 'v2', version: '1.0.0' }, { capabilities, versionNegotiation: { mode } });
  t.after(() => made.close());
  return made;
}

for (const [mode, transport] of [
  ['auto', (base) => new StreamableHTTPClientTransport(new URL('/mcp', base))],
  ['legacy', (base) => new StreamableHTTPClientTransport(new URL('/mcp', base))],
  ['legacy', (base) => new SSEClientTransport(new URL('/sse', base))],
]) {
  const face = transport('http://localhost').constructor.name;
  test(`v2: the client in its mode '${mode}' over ${face} completes the handshake and is asked`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const one = client(t, mode, { sampling: {} });
    one.setRequestHandler('sampling/createMessage', () => ({
      role: 'assistant', model: 'made-up', content: { type: 'text', text: 'said by v2' },
    }));
    await one.connect(transport(sidecar.url));
    assert.equal(one.getProtocolEra(), 'legacy');
    assert.equal(one.getNegotiatedProtocolVersion(), '2025-11-25');
    assert.equal(one.getServerVersion().name, 'mcp-servers/everything');
    assert.ok((await one.listTools()).tools.length >= 10);
    assert.match(textOf(await one.callTool(tool('get-sum', { a: 19, b: 23 }))), /42/);
    const steps = [];
    const onprogress = ({ progress }) => steps.push(progress);
    await one.callTool(tool('trigger-long-running-operation', { duration: 1, steps: 4 }), { onprogress });
    // The server sends the last step right before its answer, where this client may lose it.
    assert.deepEqual(steps.slice(0, 3), [1, 2, 3]);
    assert.match(textOf(await one.callTool(tool('trigger-sampling-request', { prompt: 'hi' }))), /said by v2/);
    const { resources } = await one.listResources();
    assert.ok((await one.readResource({ uri: resources[0].uri })).contents.length > 0);
    await one.close();
    await sidecar.stop();
  });
}

test('v2: a client that only accepts the stateless revision gets an error at once', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  await assert.rejects(client(t, { pin: STATELESS }).connect(new StreamableHTTPClientTransport(new URL('/mcp', sidecar.url))));
  await sidecar.stop();
});

test('v2: a request of the stateless era gets 400 and an error that clients of both eras fall back on', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': STATELESS,
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  for (const [method, params, headers] of [
    ['server/discover', { _meta }, { 'mcp-protocol-version': STATELESS, 'mcp-method': 'server/discover' }],
    ['tools/list', { _meta }, { 'mcp-protocol-version': STATELESS, 'mcp-method': 'tools/list' }],
    ['tools/call', { ...tool('echo', { message: 'hi' }), _meta }, { 'mcp-method': 'tools/call', 'mcp-name': 'echo' }],
    ['server/discover', { _meta }, {}],
    ['server/discover', undefined, { 'mcp-protocol-version': STATELESS }],
  ]) {
    const answer = await post(`${sidecar.url}/mcp`, call('theirs', method, params), { ...accept, ...headers });
    assert.equal(answer.status, 400, answer.text);
    const { id, error } = answer.json();
    assert.deepEqual([id, error.code], ['theirs', method === 'server/discover' ? -32601 : -32000]);
  }
  await sidecar.stop();
});
