// The OpenAPI document and its endpoints, checked by validators, code generators and importers from
// npm.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import SwaggerParser from '@apidevtools/swagger-parser';
import n8n from '@devlikeapro/n8n-openapi-node';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import openapiTS, { astToString } from 'openapi-typescript';

import { temporaryFolder } from './lib/files.mjs';
import { startFront } from './lib/front.mjs';
import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { packaged } from './lib/run.mjs';
import { textOf } from './lib/sdk.mjs';
import { Sidecar, cleanEnvironment, demo, everything, filesystem, memory, nodeModules, repository, sidecarProgram, unruly } from './lib/sidecar.mjs';

const run = promisify(execFile);
const copy = (value) => structuredClone(value);

// A server with the tools `tools`: objects, or JSON text.
async function listing(t, tools, options = {}) {
  const file = join(temporaryFolder(t), 'tools.json');
  const write = (list) => writeFileSync(file, typeof list === 'string' ? list : JSON.stringify(list));
  write(tools);
  const sidecar = await Sidecar.start(t, { command: [process.execPath, join(repository, 'tests/clients/lib/listing-child.mjs'), file], ...options });
  return { sidecar, write };
}

async function documentOf(url, headers = {}, query = '') {
  const answer = await request(`${url}/openapi.json${query}`, { headers });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

const operations = (document) => Object.entries(document.paths).map(([path, { post: operation }]) => ({ path, ...operation }));

// Every reference in a document, except inside values that are not schemas.
function references(value, found = []) {
  if (typeof value?.$ref === 'string') found.push(value.$ref);
  if (value && typeof value === 'object') {
    for (const [name, part] of Object.entries(value)) if (!['enum', 'const', 'default', 'examples', 'example'].includes(name)) references(part, found);
  }
  return found;
}

// A validator with every schema of a document, as `document#/components/schemas/NAME`.
function compiled(document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema({ ...copy(document), $id: 'document' }, 'document');
  for (const name of Object.keys(document.components.schemas)) ajv.compile({ $ref: `document#/components/schemas/${name}` });
  return ajv;
}

// Everything that typical readers of such documents examine, each with the reader's own code.
async function assertUsable(document) {
  const validator = new Validator();
  const validated = await validator.validate(copy(document));
  assert.ok(validated.valid, JSON.stringify(validated.errors));
  assert.equal(validator.version, '3.1');
  await SwaggerParser.validate(copy(document)); // resolves every reference
  await SwaggerParser.dereference(copy(document));
  assert.match(astToString(await openapiTS(copy(document), { silent: true })), /export interface paths/);
  new n8n.N8NPropertiesBuilder(copy(document)).build();

  const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    .concat(Object.keys(document.components.responses).map((name) => `#/components/responses/${name}`));
  for (const reference of references(document)) assert.ok(known.includes(reference), reference);
  const ajv = compiled(document);

  const ids = operations(document).map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const operation of operations(document)) {
    assert.match(operation.operationId, /^[A-Za-z0-9_-]{1,64}$/);
    assert.ok(operation.path.startsWith('/tools/') && !/[{} ]/.test(operation.path), operation.path);
    const input = document.components.schemas[operation.requestBody.content['application/json'].schema.$ref.split('/').at(-1)];
    assert.equal(input.type, 'object');
    assert.equal(typeof input.properties, 'object');
    assert.ok(operation.summary);
  }
  return ajv;
}

for (const [name, command] of [['the demo server', () => demo], ['server-everything', () => everything], ['server-filesystem', (t) => filesystem(temporaryFolder(t))], ['server-memory', () => memory]]) {
  test(`openapi: validators, generators and importers accept the document of ${name}`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: command(t) });
    const document = await documentOf(sidecar.url);
    await assertUsable(document);
    await assertUsable(await documentOf(sidecar.url, {}, '?for=actions'));
    const { tools } = (await request(`${sidecar.url}/tools`)).json();
    assert.ok(tools.length > 0);
    assert.deepEqual(operations(document).map((one) => one['x-mcp-tool']), tools.map((tool) => tool.name));
    for (const tool of tools) {
      const operation = document.paths[`/tools/${tool.name}`].post;
      assert.equal(operation.operationId, tool.name);
      assert.equal(operation.description, tool.description);
      assert.deepEqual(operation['x-mcp-annotations'], tool.annotations);
      const answer = operation.responses[200].content['application/json'].schema.$ref;
      assert.equal(answer, `#/components/schemas/${tool.outputSchema ? `${tool.name}_output` : 'ToolContent'}`);
    }
    const { serverInfo } = (await request(`${sidecar.url}/info`)).json().serverInfo;
    assert.equal(document.info.title, serverInfo.title ?? serverInfo.name);
    assert.equal(document.info.version, serverInfo.version);
    assert.deepEqual(document.servers, [{ url: sidecar.url }]);
    assert.equal(document.security, undefined);
    await sidecar.stop();
  });
}

test('openapi: requests and answers of a generated client are typed, and correct', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything, env: { MCP_API_KEYS: 'ann:the-key' } });
  const folder = temporaryFolder(t);
  symlinkSync(nodeModules, join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'api.ts'), astToString(await openapiTS(await documentOf(sidecar.url, { 'x-api-key': 'the-key' }), { silent: true })));
  writeFileSync(join(folder, 'client.ts'), `
    import createClient from 'openapi-fetch';
    import type { components, paths } from './api.ts';
    const headers = { Authorization: 'Bearer the-key' };
    const client = createClient<paths>({ baseUrl: '${sidecar.url}', headers });
    const sum = await client.POST('/tools/get-sum', { body: { a: 40, b: 2 } });
    const echo = await client.POST('/tools/echo', { body: { message: 'hello' } });
    const weather = await client.POST('/tools/get-structured-content', { body: { location: 'New York' } });
    const degrees: number | undefined = weather.data?.temperature;
    const wrong = await client.POST('/tools/get-structured-content', { body: { location: 'Atlantis' as 'Chicago' } });
    const error: components['schemas']['Error'] | undefined = wrong.error;
    // @ts-expect-error: a is a number
    client.POST.bind(client, '/tools/get-sum', { body: { a: 'x', b: 2 } });
    // @ts-expect-error: there is no such tool
    client.POST.bind(client, '/tools/none', { body: {} });
    console.log(JSON.stringify({ sum: sum.data, echo: echo.data, degrees, status: wrong.response.status, error }));
  `);
  await run(process.execPath, [packaged('typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext',
    '--allowImportingTsExtensions', 'client.ts'], { cwd: folder }).catch(({ stdout }) => assert.fail(stdout));
  const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', 'client.ts'], { cwd: folder, env: cleanEnvironment() });
  const heard = JSON.parse(stdout);
  assert.match(heard.sum[0].text, /42/);
  assert.match(heard.echo[0].text, /hello/);
  assert.equal(typeof heard.degrees, 'number');
  assert.ok([400, 422].includes(heard.status), stdout);
  assert.equal(heard.error.success, false);
  await sidecar.stop();
});

test('openapi: each key has a document of the tools it may use, with its form of authentication', async (t) => {
  const file = join(temporaryFolder(t), 'keys.json');
  const keys = async (...args) => (await run(sidecarProgram, ['keys', ...args, '--keys-file', file])).stdout.trim();
  const all = { 'x-api-key': await keys('new', 'all') };
  const some = { 'x-api-key': await keys('new', 'some', '--allow-tools', 'e*,add', '--deny-tools', 'add') };
  const sidecar = await Sidecar.start(t, { env: { MCP_KEYS_FILE: file } });
  assert.equal((await request(`${sidecar.url}/openapi.json`)).status, 401);
  const whole = await documentOf(sidecar.url, all);
  assert.deepEqual(Object.keys(whole.paths), ['/tools/echo', '/tools/add', '/tools/time', '/tools/sleep']);
  const part = await documentOf(sidecar.url, some);
  assert.deepEqual(Object.keys(part.paths), ['/tools/echo']);
  assert.ok(!JSON.stringify(part).includes('add_input'), 'nothing is left of what may not be seen');
  await assertUsable(part);
  assert.deepEqual(part.security, [{ bearer: [] }, { apiKey: [] }]);
  assert.deepEqual((await documentOf(sidecar.url, all, '?for=actions')).security, [{ bearer: [] }]);
  assert.deepEqual((await request(`${sidecar.url}/openai/functions`, { headers: some })).json().map((one) => one.function.name), ['echo']);
  assert.equal((await post(`${sidecar.url}/tools/add`, { a: 1, b: 2 }, some)).status, 403);
  assert.equal((await request(`${sidecar.url}/tools/add`, { headers: some })).status, 404);
  assert.deepEqual((await post(`${sidecar.url}/tools/add`, { a: 1, b: 2 }, all)).json(), { sum: 3 });
  await sidecar.stop();
});

test('openapi: the document follows the list, and its tag with it', async (t) => {
  const { sidecar, write } = await listing(t, [{ name: 'changed' }]);
  const first = await request(`${sidecar.url}/openapi.json`);
  const tag = first.headers.etag;
  assert.deepEqual(Object.keys(first.json().paths), ['/tools/changed']);
  assert.equal((await request(`${sidecar.url}/openapi.json`, { headers: { 'if-none-match': tag } })).status, 304);
  write([{ name: 'changed' }, { name: 'new' }]);
  assert.equal((await request(`${sidecar.url}/openapi.json`, { headers: { 'if-none-match': tag } })).status, 304, 'nothing was said of a change');
  assert.equal((await post(`${sidecar.url}/tools/changed`)).status, 200);
  await eventually(async () => (await request(`${sidecar.url}/openapi.json`, { headers: { 'if-none-match': tag } })).status === 200, 'the new document');
  assert.deepEqual(Object.keys((await documentOf(sidecar.url)).paths), ['/tools/changed', '/tools/new']);
  const head = await request(`${sidecar.url}/openapi.json`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  assert.notEqual(head.headers.etag, tag);
  await sidecar.stop();
});

test('openapi: through nginx the document names the URL that clients use, and a call to it arrives', async (t) => {
  const sidecar = await Sidecar.start(t);
  const front = await startFront(t, 'nginx', (port) => `server {
    listen 127.0.0.1:${port};
    location /tools-of/team/ {
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Prefix /tools-of/team;
      proxy_pass ${sidecar.url}/;
    }
  }`);
  const document = await documentOf(`${front.url}/tools-of/team`);
  assert.deepEqual(document.servers, [{ url: `${front.url}/tools-of/team` }]);
  const answer = await post(`${document.servers[0].url}/tools/add`, { a: 1, b: 2 });
  assert.deepEqual(answer.json(), { sum: 3 });
  await sidecar.stop();
});

test('openapi: forwarded fields count from trusted proxies only, and nothing hostile in them reaches the document', async (t) => {
  const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'mcp.example.com', 'x-forwarded-prefix': '/p' };
  const trusting = await Sidecar.start(t);
  const server = async (sidecar, headers) => (await documentOf(sidecar.url, headers)).servers[0].url;
  assert.equal(await server(trusting, proxied), 'https://mcp.example.com/p');
  assert.equal(await server(trusting, { forwarded: 'for=192.0.2.1;host="mcp.example.com:8443";proto=https' }), 'https://mcp.example.com:8443');
  for (const host of ['evil.example/<script>', '"},{"url":"https://evil.example', 'a b', '{variable}', 'user@evil.example', 'ä.example', `${'a'.repeat(300)}.example`]) {
    assert.equal(await server(trusting, { 'x-forwarded-host': Buffer.from(host).toString('latin1') }), trusting.url, host);
  }
  assert.equal(await server(trusting, { 'x-forwarded-prefix': '//evil.example', host: trusting.url.slice(7) }), trusting.url);
  await trusting.stop();
  const wary = await Sidecar.start(t, { env: { MCP_TRUSTED_PROXIES: '192.0.2.1' } });
  assert.equal(await server(wary, proxied), wary.url);
  await wary.stop();
  const told = await Sidecar.start(t, { env: { MCP_PUBLIC_URL: 'https://public.example/mcp' } });
  assert.equal(await server(told, proxied), 'https://public.example/mcp');
  await told.stop();
});

const oddNames = ['a b', 'fs/read', 'fs.read', 'a{b}', '{a}', 'a?b#c', 'a%2Fb', '日本語', '.', '..', 'a/../b', '/', 'a//b', 'a\\b', 'a"b', "a'b", 'a+b', 'a&b=c',
  'x'.repeat(65), 'y'.repeat(5000), '\n', '😀', '__proto__', 'constructor', '0', '-', 'a:b@c', '<b>', 'a_b'];

test('openapi: tools of any name are called by their path, directly and through nginx, and by their function name', async (t) => {
  const { sidecar } = await listing(t, oddNames.map((name) => ({ name, inputSchema: { type: 'object', properties: { n: { type: 'number' } } } })));
  const front = await startFront(t, 'nginx', (port) => `server { listen 127.0.0.1:${port}; location /p/ { proxy_pass ${sidecar.url}/; } }`);
  const document = await documentOf(sidecar.url);
  await assertUsable(document);
  assert.deepEqual(operations(document).map((one) => one['x-mcp-tool']), oddNames);
  for (const { path, operationId, 'x-mcp-tool': name } of operations(document)) {
    for (const url of [sidecar.url + path, `${front.url}/p${path}`, `${sidecar.url}/tools/${operationId}`]) {
      const answer = await fetch(url, { method: 'POST', body: '{"n":1}', headers: { 'content-type': 'application/json' } });
      assert.deepEqual(await answer.json(), { name, arguments: { n: 1 } }, url);
    }
    for (const face of ['/openai/call-function', '/vapi/call', '/call-tool']) {
      const called = await post(sidecar.url + face, { name: operationId, arguments: '{"n":2}' });
      assert.equal(called.json().function, face === '/call-tool' ? undefined : operationId);
      assert.deepEqual(called.json().result.structuredContent, { name, arguments: { n: 2 } });
    }
    const vapi = await post(`${sidecar.url}/vapi/call`, { message: { type: 'tool-calls', toolCallList: [{ id: '1', name: operationId }] } });
    assert.equal(vapi.json().results[0].result, JSON.stringify({ name, arguments: {} }).replace(/\s+/g, ' '));
    const told = await fetch(sidecar.url + path);
    assert.equal((await told.json()).tool.name, name);
  }
  for (const name of ['a b', 'fs/read', '日本語', 'a{b}', 'a%2Fb']) {
    const encoded = await fetch(`${sidecar.url}/tools/${encodeURIComponent(name)}`, { method: 'POST' });
    assert.deepEqual(await encoded.json(), { name, arguments: {} });
  }
  await sidecar.stop();
});

test('openapi: a slash behind a tool\'s name is ignored, unless a tool is named so', async (t) => {
  const { sidecar } = await listing(t, [{ name: 'a' }, { name: 'b/' }, { name: 'b' }, { name: 'fs/read' }]);
  for (const [path, name] of [['a/', 'a'], ['a%2F', 'a'], ['b/', 'b/'], ['b', 'b'], ['fs/read/', 'fs/read']]) {
    assert.equal((await post(`${sidecar.url}/tools/${path}`, {})).json().name, name, path);
    assert.equal((await request(`${sidecar.url}/tools/${path}`)).json().tool.name, name, path);
  }
  assert.equal((await request(`${sidecar.url}/tools/none/`)).status, 404);
  await sidecar.stop();
});

test('openapi: schemas that OpenAI refuses are cleaned in the document and in every list of functions, and the log says once what changed', async (t) => {
  const schemas = {
    items: { type: 'object', properties: { ids: { type: 'array' } } },
    union: { type: 'object', oneOf: [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, { properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a', 'b'] }] },
    required: { type: 'object', properties: { f: { type: 'string', description: null } }, required: null },
    dangling: { type: 'object', properties: { f: { $ref: '#/$defs/None' } } },
    draft4: { $schema: 'http://json-schema.org/draft-04/schema#', type: 'object', properties: { n: { type: 'number', minimum: 1, exclusiveMinimum: true } } },
    list: { type: 'object', properties: [] },
    nothing: null,
    'd/e': { type: 'object', properties: {} },
  };
  const { sidecar } = await listing(t, [...Object.entries(schemas).map(([name, inputSchema]) => ({ name, inputSchema, description: null })), { name: 'items', description: 'again' }]);
  const document = await documentOf(sidecar.url);
  const ajv = await assertUsable(document);
  const lists = [
    (await request(`${sidecar.url}/openai/functions`)).json().map((one) => one.function),
    (await request(`${sidecar.url}/openai/functions?format=responses`)).json(),
    (await request(`${sidecar.url}/vapi/functions`)).json().functions,
  ];
  for (const functions of lists) {
    assert.equal(functions.length, Object.keys(schemas).length);
    for (const { name, description, parameters } of functions) {
      assert.match(name, /^[A-Za-z0-9_-]{1,64}$/);
      assert.notEqual(description, null);
      assert.equal(parameters.type, 'object');
      assert.equal(parameters.properties?.constructor, Object, name);
      for (const keyword of ['anyOf', 'oneOf', 'allOf', 'enum', 'not', '$ref']) assert.equal(parameters[keyword], undefined, `${name} ${keyword}`);
      ajv.compile(parameters);
    }
    const of = (name) => functions.find((one) => one.name === name).parameters;
    assert.deepEqual(of('items').properties, { ids: { type: 'array', items: {} } });
    assert.deepEqual(of('union'), { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a'] });
    assert.deepEqual(of('required'), { type: 'object', properties: { f: { type: 'string' } } });
    assert.deepEqual(of('dangling').properties, { f: {} });
    assert.deepEqual(of('draft4'), { type: 'object', properties: { n: { type: 'number', exclusiveMinimum: 1 } } });
  }
  assert.deepEqual(document.components.schemas.items_input.properties, { ids: { type: 'array', items: {} } });
  for (const line of [/tool changed .*items: added to an array/, /tool changed .*union.*oneOf/, /tool changed .*d\/e.*name: now d_e_/]) {
    await sidecar.line(line);
    assert.equal(sidecar.output.split('\n').filter((one) => line.test(one)).length, 1, String(line));
  }
  await sidecar.stop();
});

test('openapi: references inside schemas hold: what they allow and refuse stays the same', async (t) => {
  const schemas = {
    defs: { type: 'object', $defs: { Point: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] } }, properties: { at: { $ref: '#/$defs/Point' } }, required: ['at'] },
    draft7: { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', definitions: { Name: { type: 'string', minLength: 2 } }, properties: { at: { $ref: '#/definitions/Name' } }, required: ['at'] },
    recursive: { type: 'object', properties: { at: { type: 'number' }, children: { type: 'array', items: { $ref: '#' } } }, required: ['at'] },
    mutual: { type: 'object', $defs: { A: { type: 'object', properties: { b: { $ref: '#/$defs/B' } } }, B: { type: 'object', properties: { at: { $ref: '#/$defs/A' } }, required: ['at'] } }, properties: { at: { $ref: '#/$defs/B' } }, required: ['at'] },
    pointer: { type: 'object', properties: { first: { type: 'object', properties: { 'a/b~c': { type: 'boolean' } } }, at: { $ref: '#/properties/first/properties/a~1b~0c' } }, required: ['at'] },
    anchor: { type: 'object', $defs: { x: { $anchor: 'here', type: 'integer' } }, properties: { at: { $ref: '#here' } }, required: ['at'] },
    identified: { $id: 'https://tools.example/t.json', type: 'object', $defs: { x: { type: 'integer' } }, properties: { at: { $ref: 'https://tools.example/t.json#/$defs/x' } }, required: ['at'] },
    tuple: { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: { at: { type: 'array', items: [{ type: 'string' }], additionalItems: false } }, required: ['at'] },
  };
  // Some readers take these for references.
  const misleading = {
    named: { type: 'object', properties: { at: { type: 'object', properties: { $ref: { type: 'string' }, $defs: { type: 'number' } }, required: ['$ref'], default: { $ref: '#/nowhere' } } }, required: ['at'] },
  };
  const values = [{ at: { x: 1 } }, { at: {} }, { at: 'ab' }, { at: 'a' }, { at: 1 }, { at: 1.5 }, { at: true }, { at: ['a'] }, { at: ['a', 'b'] }, { at: [1] }, { at: { at: { b: { at: {} } } } },
    { at: { at: { b: {} } } }, { at: 1, children: [{ at: 2, children: [{}] }] }, { at: 1, children: [{ at: 2 }] }, { at: { $ref: 'a', $defs: 1 } }, { at: { $ref: 1 } }, {}];
  const toolsOf = (all) => Object.entries(all).map(([name, inputSchema]) => ({ name, inputSchema, outputSchema: inputSchema }));
  const { sidecar, write } = await listing(t, [...toolsOf(schemas), { name: 'changed' }]);
  await assertUsable(await documentOf(sidecar.url));
  const all = { ...schemas, ...misleading };
  write(toolsOf(all));
  await post(`${sidecar.url}/tools/changed`);
  await eventually(async () => (await request(`${sidecar.url}/tools`)).json().tools.length === Object.keys(all).length, 'the other list');
  const document = await documentOf(sidecar.url);
  const ajv = compiled(document);
  for (const [name, schema] of Object.entries(all)) {
    const original = (schema.$schema ? new Ajv({ strict: false }) : new Ajv2020({ strict: false })).compile(copy(schema));
    for (const part of ['input', 'output']) {
      const rewritten = ajv.compile({ $ref: `document#/components/schemas/${name}_${part}` });
      for (const value of values) assert.equal(rewritten(value), original(value), `${name}_${part}: ${JSON.stringify(value)}`);
    }
    assert.ok(values.some((value) => original(value)) && values.some((value) => !original(value)), name);
  }
  assert.deepEqual(document.components.schemas.named_input.properties.at.default, { $ref: '#/nowhere' });
  await sidecar.stop();
});

test('openapi: numbers in schemas keep their digits', async (t) => {
  const { sidecar } = await listing(t, '[{"name":"n","inputSchema":{"type":"object","properties":{"a":{"type":"number","default":1.10,"maximum":1e400,"minimum":-123456789012345678901234567890}}}}]');
  const { text } = await request(`${sidecar.url}/openapi.json`);
  assert.match(text, /"default":1\.10,"maximum":1e400,"minimum":-123456789012345678901234567890/);
  assert.match((await request(`${sidecar.url}/openai/functions`)).text, /"default":1\.10,"maximum":1e400,"minimum":-123456789012345678901234567890/);
  await sidecar.stop();
});

test('openapi: definitions that make no sense or are harmful do not affect other tools', async (t) => {
  const nested = (levels, open, inner, close) => open.repeat(levels) + inner + close.repeat(levels);
  const tools = [
    '{"name":"good","inputSchema":{"type":"object","properties":{"a":{"type":"number"}},"required":["a"]}}',
    '{}', 'null', '5', '[]', '"text"', '{"name":""}', '{"name":5}', '{"name":"twice"}', '{"name":"twice"}', '{"name":"a","name":"b"}',
    '{"name":"missing"}', '{"name":"null","inputSchema":null}', '{"name":"array","inputSchema":[]}', '{"name":"string","inputSchema":"x"}', '{"name":"true","inputSchema":true}',
    '{"name":"wrong","title":5,"description":{"a":1},"annotations":"x","inputSchema":{"type":"banana","properties":[1],"required":"a","items":7,"allOf":{},"enum":{},"$ref":5,"additionalProperties":"no","format":1}}',
    '{"name":"doubled","inputSchema":{"type":"object","type":"array","properties":{"a":{"type":"string"},"a":{"type":"number"}},"properties":{}}}',
    '{"name":"outside","inputSchema":{"properties":{"a":{"$ref":"file:///etc/passwd"},"b":{"$ref":"http://127.0.0.1:1/x"},"c":{"$ref":"#/components/schemas/good_input"},"d":{"$ref":"#/paths"}}}}',
    '{"name":"circles","inputSchema":{"$defs":{"A":{"$ref":"#/$defs/B"},"B":{"$ref":"#/$defs/A"}},"properties":{"a":{"$ref":"#/$defs/A"}},"$ref":"#"}}',
    `{"name":"deep","inputSchema":${nested(450, '{"type":"object","properties":{"a":', '{}', '}}')}}`,
    `{"name":"deep-value","inputSchema":{"default":${nested(900, '[', '1', ']')}}}`,
    `{"name":"wide","inputSchema":{"properties":{${Array.from({ length: 3000 }, (_, n) => `"p${n}":{"$ref":"#/properties/p${n + 1}"}`).join(',')},"p3000":{"type":"string"}}}}`,
    '{"name":"\\ud800"}', '{"name":"control\\u0000\\u001b\\u2028"}', '{"name":"a/b"}', '{"name":"a b"}', '{"name":"a:b"}', '{"name":"A_B"}', '{"name":"a_b"}',
    '{"name":"output","outputSchema":{"$ref":"#/nowhere"}}', '{"name":"output2","outputSchema":[]}',
    '{"name":"good_input"}', '{"name":"ContentBlock"}', '{"name":"Error"}',
  ];
  const { sidecar } = await listing(t, `[${tools.join(',')}]`);
  const document = await documentOf(sidecar.url);
  await assertUsable(document);
  const named = operations(document).map((one) => one['x-mcp-tool']);
  for (const name of ['good', 'missing', 'array', 'wrong', 'deep', 'wide', 'outside', 'a/b', 'a b', 'a:b', 'good_input', 'Error']) assert.ok(named.includes(name), name);
  assert.equal(named.filter((name) => name === 'twice').length, 1);
  assert.ok(!JSON.stringify(document).includes('etc/passwd'));
  assert.deepEqual(document.components.schemas.good_input, { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] });
  assert.deepEqual((await post(`${sidecar.url}/tools/good`, { a: 1 })).json(), { name: 'good', arguments: { a: 1 } });
  for (const format of ['chat', 'responses']) {
    for (const tool of (await request(`${sidecar.url}/openai/functions?format=${format}`)).json()) {
      const { name, parameters } = tool.function ?? tool;
      assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
      assert.equal(parameters.type, 'object');
      assert.equal(typeof parameters.properties, 'object');
    }
  }
  await sidecar.stop();
});

test('openapi: a huge list is served as far as the limit goes, and then refused', async (t) => {
  const tools = (count, size) => Array.from({ length: count }, (_, n) => ({ name: `t${n}`, description: 'x'.repeat(size), inputSchema: { type: 'object', properties: { a: { type: 'string' } } } }));
  const { sidecar, write } = await listing(t, [...tools(5000, 100), { name: 'changed' }]);
  assert.equal(Object.keys((await documentOf(sidecar.url)).paths).length, 5001);
  write([...tools(34, 500_000), { name: 'changed' }]);
  await post(`${sidecar.url}/tools/changed`);
  await eventually(async () => (await request(`${sidecar.url}/openapi.json`)).status === 500, 'the list is too large');
  assert.match((await request(`${sidecar.url}/openapi.json`)).json().error, /too large for a document/);
  assert.equal((await request(`${sidecar.url}/tools`)).json().tools.length, 35);
  assert.equal((await post(`${sidecar.url}/tools/t7`, {})).status, 200, 'its tools are there all the same');
  await sidecar.stop();
});

test('openapi: a call answers with structured content, otherwise with content; raw with the whole result', async (t) => {
  const sidecar = await Sidecar.start(t);
  assert.equal((await post(`${sidecar.url}/tools/add`, { a: 1, b: 2 })).text, '{"sum":3}');
  assert.deepEqual((await post(`${sidecar.url}/tools/echo`, { message: 'hi' })).json(), [{ type: 'text', text: 'hi' }]);
  const raw = (await post(`${sidecar.url}/tools/add?raw=1`, { a: 1, b: 2 })).json();
  assert.deepEqual(raw.structuredContent, { sum: 3 });
  assert.equal(textOf(raw), '3');
  assert.equal((await request(`${sidecar.url}/tools/time`, { method: 'POST' })).status, 200, 'no body is no arguments');
  await sidecar.stop();
});

test('openapi: each failure of a call has the documented status and body', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly(), env: { MCP_MAX_BODY: '1KB' } });
  const document = await documentOf(sidecar.url);
  const ajv = await assertUsable(document);
  const isError = ajv.compile({ $ref: 'document#/components/schemas/Error' });
  const fails = async (status, name, body = '{}', query = '', headers = {}) => {
    const answer = await request(`${sidecar.url}/tools/${name}${query}`, { method: 'POST', body, headers });
    assert.equal(answer.status, status, `${name} ${body}: ${answer.text}`);
    assert.ok(document.paths['/tools/pid'].post.responses[status], `${status} is in the document`);
    assert.ok(isError(answer.json()), JSON.stringify(isError.errors));
    return answer;
  };
  for (const body of ['[1]', '5', '"x"', '{', '{}{}', 'a=1']) assert.match((await fails(400, 'pid', body)).json().error, /JSON object/);
  await fails(400, 'pid', '{}', '?raw=perhaps');
  assert.match((await fails(404, 'no-such-tool')).json().error, /no-such-tool/);
  await fails(415, 'pid', 'a=1', '', { 'content-type': 'application/x-www-form-urlencoded' });
  await fails(413, 'pid', JSON.stringify({ x: 'y'.repeat(2000) }));
  const failed = (await fails(422, 'is-error')).json();
  assert.equal(failed.error, 'tool said no');
  assert.deepEqual(failed.content, [{ type: 'text', text: 'tool said no' }]);
  assert.equal((await post(`${sidecar.url}/tools/is-error?raw=1`)).json().isError, true);
  const structured = (await fails(422, 'raw', '{"json":"{\\"content\\":[],\\"structuredContent\\":{\\"code\\":7},\\"isError\\":true}"}')).json();
  assert.deepEqual(structured.structuredContent, { code: 7 });
  assert.match((await fails(502, 'raw', '{"json":"{\\"content\\":\\"text\\"}"}')).json().error, /is a string, not an array/);
  assert.match((await fails(500, 'fail')).json().error, /no luck/);
  const died = await fails(503, 'exit');
  assert.match(died.json().error, /exited with code 3/);
  await sidecar.stop();

  const impatient = await Sidecar.start(t, { command: unruly(), env: { MCP_REST_TIMEOUT: '500ms' } });
  const late = await post(`${impatient.url}/tools/hang`);
  assert.equal(late.status, 504);
  assert.ok(document.paths['/tools/hang'].post.responses[504] && isError(late.json()));
  await impatient.stop();

  const limited = await Sidecar.start(t, { env: { MCP_CHILD_RATE_LIMIT: '1/1m' } });
  await eventually(async () => (await post(`${limited.url}/tools/echo`, { message: 'x' })).status === 429, 'the limit is reached');
  const over = await post(`${limited.url}/tools/echo`, { message: 'x' });
  assert.equal(over.json().success, false);
  assert.ok(Number(over.headers['retry-after']) > 0);
  await limited.stop();
});

test('openapi: the endpoints treat other origins and other methods like all endpoints do', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_CORS_ORIGINS: '*' } });
  const page = { origin: 'https://app.example.com' };
  for (const path of ['/openapi.json', '/openai/functions', '/tools/echo']) {
    const answer = await request(sidecar.url + path, { headers: page });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.ok(answer.headers.etag);
    const put = await request(sidecar.url + path, { method: 'PUT' });
    assert.equal(put.status, 405);
    assert.match(put.headers.allow, path === '/tools/echo' ? /GET.*POST/ : /GET/);
  }
  await sidecar.stop();
});

test('openai functions: both formats, ready for `tools`, and the schema as the server wrote it', async (t) => {
  const sidecar = await Sidecar.start(t, { command: everything });
  const { tools } = (await request(`${sidecar.url}/tools`)).json();
  const chat = (await request(`${sidecar.url}/openai/functions`)).json();
  const responses = (await request(`${sidecar.url}/openai/functions?format=responses`)).json();
  assert.deepEqual(chat.map((one) => one.function.name), tools.map((tool) => tool.name));
  for (const [at, tool] of tools.entries()) {
    assert.deepEqual(Object.keys(chat[at]), ['type', 'function']);
    assert.deepEqual({ properties: {}, ...tool.inputSchema }, chat[at].function.parameters);
    assert.deepEqual(responses[at], { type: 'function', ...chat[at].function, strict: false });
  }
  const sum = await post(`${sidecar.url}/openai/call-function`, { name: 'get-sum', arguments: '{"a":40,"b":2}' });
  assert.match(textOf(sum.json().result), /42/);
  assert.equal((await request(`${sidecar.url}/openai/functions?format=other`)).status, 400);
  await sidecar.stop();
});
