// The bundled demo server by itself over stdio: with the official client, and its output against
// the official schema.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

import { Feed, within } from './lib/guard.mjs';
import { textOf } from './lib/sdk.mjs';
import { demo, repository } from './lib/sidecar.mjs';

async function connectStdio(t) {
  const client = new Client({ name: 'demo-test', version: '1.0.0' });
  await client.connect(new StdioClientTransport({ command: demo[0] }));
  t.after(() => client.close());
  return client;
}

// The demo as a process: lines in, lines out.
function start(t) {
  const child = spawn(demo[0], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = new Feed();
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  t.after(() => child.kill('SIGKILL'));
  return {
    child,
    lines,
    send: (message) => child.stdin.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`),
    message: async (fits) => JSON.parse(await lines.find((line) => fits(JSON.parse(line)), 'a message of the demo')),
  };
}

const schema = JSON.parse(readFileSync(join(repository, 'tests/data/schema/2025-11-25.schema.json'), 'utf8'));
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(schema, 'mcp');
function assertFits(definition, value) {
  const fits = ajv.compile({ $ref: `mcp#/$defs/${definition}` });
  assert.ok(fits(value), `${definition}: ${ajv.errorsText(fits.errors)}\n${JSON.stringify(value)}`);
}

test('demo: the official client lists and calls its tools', async (t) => {
  const client = await connectStdio(t);
  assert.equal(client.getServerVersion().name, 'mcp-sidecar-demo');
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name), ['echo', 'add', 'time', 'sleep']);
  for (const tool of tools) assert.equal(tool.annotations.readOnlyHint, true);

  const call = (name, args) => client.callTool({ name, arguments: args });
  assert.equal(textOf(await call('echo', { message: 'hello \u2028 \u{1f600}' })), 'hello \u2028 \u{1f600}');
  assert.deepEqual((await call('add', { a: 2, b: 40 })).structuredContent, { sum: 42 });
  assert.equal(textOf(await call('add', { a: 0.5, b: -1 })), '-0.5');
  assert.equal(textOf(await call('add', { a: Number.MAX_SAFE_INTEGER, b: 1 })), '9007199254740992');
  assert.match(textOf(await call('time', {})), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/);
  assert.match(textOf(await call('time', { format: 'rfc2822', timezone: 'UTC' })), /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} .* \+0000$/);
  assert.match(textOf(await call('time', { format: 'unix' })), /^\d{10}$/);
});

test('demo: arguments that do not fit give a result with isError', async (t) => {
  const client = await connectStdio(t);
  for (const [name, args, says] of [
    ['echo', {}, /'message' is missing/],
    ['echo', { message: 1 }, /'message' must be a string/],
    ['add', { a: '1', b: 2 }, /'a' must be a number/],
    ['add', { a: 1e308, b: 1e308 }, /too large/],
    ['time', { timezone: '../../etc/passwd' }, /unknown timezone/],
    ['time', { timezone: 'Nowhere/City' }, /unknown timezone/],
    ['time', { format: '%s' }, /unknown time format/],
    ['sleep', { seconds: -1 }, /from 0 to 3600/],
    ['sleep', { seconds: 3601 }, /from 0 to 3600/],
  ]) {
    const result = await client.callTool({ name, arguments: args });
    assert.equal(result.isError, true, name);
    assert.match(textOf(result), says);
  }
});

test('demo: a sleep reports ten rising steps, then answers', async (t) => {
  const { send, message, lines } = start(t);
  const params = { name: 'sleep', arguments: { seconds: 0.05 }, _meta: { progressToken: 'p' } };
  send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  await message((m) => m.id === 1);
  const messages = lines.items.map((line) => JSON.parse(line));
  assert.deepEqual(messages.slice(0, -1).map((m) => [m.params.progressToken, m.params.progress, m.params.total]),
    Array.from({ length: 10 }, (_, step) => ['p', step, 10]));
  for (const m of messages.slice(0, -1)) assertFits('ProgressNotification', m);
});

test('demo: a cancelled sleep is never answered, and others go on', async (t) => {
  const client = await connectStdio(t);
  const sleeping = async () => JSON.parse((await client.readResource({ uri: 'demo://status' })).contents[0].text).sleepingCalls;
  const cancel = new AbortController();
  const long = client.callTool({ name: 'sleep', arguments: { seconds: 3000 } }, undefined, { signal: cancel.signal, timeout: 3_600_000 });
  assert.equal(await sleeping(), 1);
  cancel.abort('enough');
  await assert.rejects(long, /enough/);
  assert.equal(await sleeping(), 0);
  assert.equal(textOf(await client.callTool({ name: 'sleep', arguments: { seconds: 0 } })), 'slept 0 s');
});

test('demo: resources and the prompt', async (t) => {
  const client = await connectStdio(t);
  assert.deepEqual((await client.listResources()).resources.map((r) => r.uri), ['demo://readme', 'demo://status']);
  assert.match((await client.readResource({ uri: 'demo://readme' })).contents[0].text, /^# mcp-sidecar-demo/);
  await assert.rejects(client.readResource({ uri: 'demo://nothing' }), { code: -32002 });
  assert.deepEqual((await client.listPrompts()).prompts.map((p) => p.name), ['introduce']);
  const prompt = await client.getPrompt({ name: 'introduce', arguments: { name: 'Ada' } });
  assert.match(prompt.messages[0].content.text, /Ada/);
  await assert.rejects(client.getPrompt({ name: 'introduce', arguments: {} }), { code: -32602 });
});

test('demo: every answer fits the official schema', async (t) => {
  const { send, message } = start(t);
  const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  for (const [method, params, definition] of [
    ['initialize', initialize, 'InitializeResult'],
    ['ping', undefined, 'EmptyResult'],
    ['tools/list', {}, 'ListToolsResult'],
    ['tools/call', { name: 'add', arguments: { a: 1, b: 2 } }, 'CallToolResult'],
    ['tools/call', { name: 'add', arguments: {} }, 'CallToolResult'],
    ['resources/list', {}, 'ListResourcesResult'],
    ['resources/templates/list', {}, 'ListResourceTemplatesResult'],
    ['resources/read', { uri: 'demo://status' }, 'ReadResourceResult'],
    ['prompts/list', {}, 'ListPromptsResult'],
    ['prompts/get', { name: 'introduce', arguments: { name: 'x' } }, 'GetPromptResult'],
  ]) {
    const id = `${method} ${definition}`;
    send({ jsonrpc: '2.0', id, method, params });
    const answer = await message((m) => m.id === id);
    assertFits('JSONRPCResultResponse', answer);
    assertFits(definition, answer.result);
  }
});

test('demo: wrong messages get the error that the specification names, and service goes on', async (t) => {
  const { send, message, lines } = start(t);
  const request = (method, params) => ({ jsonrpc: '2.0', id: 'x', method, params });
  for (const [sent, code] of [
    ['{"jsonrpc":', -32700],
    ['{"jsonrpc":"2.0","id":1,"method":"ping"} x', -32700],
    ['"text"', -32600],
    ['3', -32600],
    [{ jsonrpc: '1.0', id: 'x', method: 'ping' }, -32600],
    [{ jsonrpc: '2.0', id: {}, method: 'ping' }, -32600],
    [{ jsonrpc: '2.0', id: null, method: 'ping' }, -32600],
    [{ jsonrpc: '2.0', id: 'x' }, -32600],
    ['[]', -32600],
    [request('no/such'), -32601],
    [request('ping', []), -32602],
    [request('initialize', {}), -32602],
    [request('tools/call', {}), -32602],
    [request('tools/call', { name: 'nope' }), -32602],
    [request('tools/call', { name: 'add', arguments: [] }), -32602],
    [request('resources/read', {}), -32602],
    [`{"jsonrpc":"2.0","id":"x","method":"tools/call","params":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, -32602],
  ]) {
    const before = lines.items.length;
    send(sent);
    send({ jsonrpc: '2.0', id: `after ${before}`, method: 'ping' });
    await message((m) => m.id === `after ${before}`);
    const answers = lines.items.slice(before).map((line) => JSON.parse(line));
    assert.equal(answers.length, 2, JSON.stringify(sent).slice(0, 100));
    assert.equal(answers[0].error.code, code);
    assertFits('JSONRPCErrorResponse', answers[0]);
  }
});

test('demo: version negotiation, and batches only where they belong', async (t) => {
  const { send, message, lines } = start(t);
  for (const [asked, given] of [
    ['2024-11-05', '2024-11-05'], ['2025-06-18', '2025-06-18'], ['2025-11-25', '2025-11-25'],
    ['1999-01-01', '2025-11-25'], ['2025-03-26', '2025-03-26'],
  ]) {
    send({ jsonrpc: '2.0', id: asked, method: 'initialize', params: { protocolVersion: asked, capabilities: {}, clientInfo: { name: 't', version: '1' } } });
    assert.equal((await message((m) => m.id === asked)).result.protocolVersion, given);
  }
  send([
    { jsonrpc: '2.0', id: 'slow', method: 'tools/call', params: { name: 'sleep', arguments: { seconds: 0.02 } } },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 'fast', method: 'ping' },
  ]);
  const answers = JSON.parse(await lines.find((line) => line.startsWith('['), 'the answer to the batch'));
  assert.deepEqual(answers.map((answer) => answer.id), ['fast', 'slow']);
});

test('demo: it exits with 0 at the end of its input, also with a call asleep', async (t) => {
  const { child, send, message } = start(t);
  const params = { name: 'sleep', arguments: { seconds: 3000 }, _meta: { progressToken: 1 } };
  send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  await message((m) => m.method === 'notifications/progress');
  child.stdin.end();
  assert.deepEqual(await within(once(child, 'exit'), () => 'the end of the demo'), [0, null]);
});
