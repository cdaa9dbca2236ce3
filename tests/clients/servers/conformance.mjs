// A stdio MCP server with everything that the official conformance suite requires of a server of
// 2025-11-25. Names, texts and schemas are the suite's. Uses the SDK's low-level server, which
// sends schemas unchanged.
import { setTimeout as delay } from 'node:timers/promises';

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import * as mcp from '@modelcontextprotocol/sdk/types.js';

const redPixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';
const silence = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

const text = (words) => ({ type: 'text', text: words });
const image = { type: 'image', data: redPixel, mimeType: 'image/png' };
const resource = (uri, mimeType, words) => ({ type: 'resource', resource: { uri, mimeType, text: words } });
const object = (properties = {}, required = Object.keys(properties)) => ({ type: 'object', properties, required });

const defaults = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};

const titled = (what) => ['First', 'Second', 'Third'].map((nth, i) => ({ const: `value${i + 1}`, title: `${nth} ${what}` }));
const options = ['option1', 'option2', 'option3'];
const enums = {
  untitledSingle: { type: 'string', enum: options },
  titledSingle: { type: 'string', oneOf: titled('Option') },
  legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
  untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
  titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
};

const schema2020 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

async function elicit(message, requestedSchema) {
  const { action, content } = await server.elicitInput({ message, requestedSchema });
  return `action=${action}, content=${JSON.stringify(content ?? {})}`;
}

// name → [description, function of (arguments, extra) that returns the result, inputSchema]
const tools = {
  test_simple_text: ['Answers with a text', () => [text('This is a simple text response for testing.')]],
  test_image_content: ['Answers with an image', () => [image]],
  test_audio_content: ['Answers with a sound', () => [{ type: 'audio', data: silence, mimeType: 'audio/wav' }]],
  test_embedded_resource: ['Answers with a resource', () => [
    resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ]],
  test_multiple_content_types: ['Answers with a text, an image and a resource', () => [
    text('Multiple content types test:'),
    image,
    resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ]],
  test_error_handling: ['Always fails', () => {
    throw new Error('This tool intentionally returns an error for testing');
  }],
  test_tool_with_logging: ['Logs while it runs', async () => {
    for (const [after, data] of [[0, 'Tool execution started'], [50, 'Tool processing data'], [50, 'Tool execution completed']]) {
      await delay(after);
      await server.sendLoggingMessage({ level: 'info', data });
    }
    return [text('Logged three times')];
  }],
  test_tool_with_progress: ['Reports progress', async (_args, { _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await delay(50);
      if (progressToken === undefined) continue;
      await sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
    }
    return [text('Made its way')];
  }],
  test_sampling: ['Asks the client for a completion', async ({ prompt }) => {
    const messages = [{ role: 'user', content: text(prompt) }];
    const { content } = await server.createMessage({ messages, maxTokens: 100 });
    return [text(`LLM response: ${content.text}`)];
  }, object({ prompt: { type: 'string' } })],
  test_elicitation: ['Asks the user', async ({ message }) => {
    const wanted = object({
      username: { type: 'string', description: "User's response" },
      email: { type: 'string', description: "User's email address" },
    });
    return [text(`User response: ${await elicit(message, wanted)}`)];
  }, object({ message: { type: 'string' } })],
  test_elicitation_sep1034_defaults: ['Asks the user, with defaults', async () => [
    text(`Elicitation completed: ${await elicit('Please look over these', object(defaults, []))}`),
  ]],
  test_elicitation_sep1330_enums: ['Asks the user to choose', async () => [
    text(`Elicitation completed: ${await elicit('Please choose', object(enums, []))}`),
  ]],
  // The suite wants the HTTP stream to end in the middle here; a stdio server cannot do that.
  test_reconnection: ['Says something, and answers later', async () => {
    await server.sendLoggingMessage({ level: 'info', data: 'On it' });
    await delay(100);
    return [text('Done')];
  }],
  json_schema_2020_12_tool: ['Tool with JSON Schema 2020-12 features', (args) => [text(JSON.stringify(args))], schema2020],
};

const resources = {
  'test://static-text': ['static-text', 'text/plain', { text: 'This is the content of the static text resource.' }],
  'test://static-binary': ['static-binary', 'image/png', { blob: redPixel }],
  'test://watched-resource': ['watched-resource', 'text/plain', { text: 'Watch me.' }],
};
const template = 'test://template/{id}/data';

function read(uri) {
  const [, mimeType, content] = resources[uri] ?? [];
  if (content) return { uri, mimeType, ...content };
  const id = uri.match(/^test:\/\/template\/([^/]+)\/data$/)?.[1];
  if (id === undefined) throw new mcp.McpError(-32002, 'Resource not found', { uri });
  const data = { id, templateTest: true, data: `Data for ID: ${id}` };
  return { uri, mimeType: 'application/json', text: JSON.stringify(data) };
}

const says = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) });
// name → [description, messages from arguments, names of its arguments]
const prompts = {
  test_simple_prompt: ['No arguments', () => says(text('This is a simple prompt for testing.')), []],
  test_prompt_with_arguments: ['Two arguments', ({ arg1, arg2 }) => says(
    text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
  ), ['arg1', 'arg2']],
  test_prompt_with_embedded_resource: ['A resource', ({ resourceUri }) => says(
    resource(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
    text('Please process the embedded resource above.'),
  ), ['resourceUri']],
  test_prompt_with_image: ['An image', () => says(image, text('Please analyze the image above.')), []],
};

const server = new Server({ name: 'conformance', version: '1.0.0' }, {
  capabilities: {
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    prompts: { listChanged: true },
    logging: {},
    completions: {},
  },
});

function named(table, name) {
  if (!Object.hasOwn(table, name)) throw new mcp.McpError(mcp.ErrorCode.InvalidParams, `Unknown name: ${name}`);
  return table[name];
}

server.setRequestHandler(mcp.ListToolsRequestSchema, () => ({
  tools: Object.entries(tools).map(([name, [description, , inputSchema = object()]]) => ({ name, description, inputSchema })),
}));
server.setRequestHandler(mcp.CallToolRequestSchema, async ({ params }, extra) => {
  const [, run] = named(tools, params.name);
  try {
    return { content: await run(params.arguments ?? {}, extra) };
  } catch (error) {
    return { content: [text(error.message)], isError: true };
  }
});

server.setRequestHandler(mcp.ListResourcesRequestSchema, () => ({
  resources: Object.entries(resources).map(([uri, [name, mimeType]]) => ({ uri, name, description: `The ${name} resource`, mimeType })),
}));
server.setRequestHandler(mcp.ListResourceTemplatesRequestSchema, () => ({
  resourceTemplates: [{ uriTemplate: template, name: 'template', description: 'Data by id', mimeType: 'application/json' }],
}));
server.setRequestHandler(mcp.ReadResourceRequestSchema, ({ params }) => ({ contents: [read(params.uri)] }));
server.setRequestHandler(mcp.SubscribeRequestSchema, () => ({}));
server.setRequestHandler(mcp.UnsubscribeRequestSchema, () => ({}));

server.setRequestHandler(mcp.ListPromptsRequestSchema, () => ({
  prompts: Object.entries(prompts).map(([name, [description, , args]]) => ({
    name,
    description,
    arguments: args.map((arg) => ({ name: arg, description: `The argument ${arg}`, required: true })),
  })),
}));
server.setRequestHandler(mcp.GetPromptRequestSchema, ({ params }) => named(prompts, params.name)[1](params.arguments ?? {}));
server.setRequestHandler(mcp.CompleteRequestSchema, ({ params }) => {
  const values = ['paris', 'park', 'party'].filter((word) => word.startsWith(params.argument.value));
  return { completion: { values, total: values.length, hasMore: false } };
});

await server.connect(new StdioServerTransport());
