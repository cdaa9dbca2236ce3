// A stdio MCP server for the dashboard's tests: a form with every kind of field, pictures, links,
// progress, and names and results that are harmful if interpreted as HTML.
import { setTimeout as delay } from 'node:timers/promises';

import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import * as mcp from '@modelcontextprotocol/sdk/types.js';

const redPixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';
// Half a second of a tone of 440 Hz, as 8-bit samples: 8,000 a second.
const samples = Buffer.from(Array.from({ length: 4000 }, (_, at) => Math.round(128 + 100 * Math.sin((2 * Math.PI * 440 * at) / 8000))));
const field = (size, value) => {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(value, 0, size);
  return bytes;
};
// RIFF, with the chunks of a WAVE file.
const chunk = (name, ...content) => {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.from(name), field(4, bytes.length), bytes]);
};
const format = Buffer.concat([field(2, 1), field(2, 1), field(4, 8000), field(4, 8000), field(2, 1), field(2, 8)]);
const tone = chunk('RIFF', Buffer.from('WAVE'), chunk('fmt ', format), chunk('data', samples)).toString('base64');
const harmful = '<img src=x onerror="globalThis.harmed=true"><script>globalThis.harmed=true</script>';

const text = (words) => ({ type: 'text', text: words });
const answer = (...content) => ({ content });
const object = (properties = {}, required = Object.keys(properties)) => ({ type: 'object', properties, required });

const booking = object(
  {
    guest: object({ name: { type: 'string', description: 'As in the passport' }, age: { type: 'integer', minimum: 18 } }, ['name']),
    room: { type: 'string', enum: ['single', 'double', 'suite'], default: 'double' },
    nights: { type: 'integer', default: 2, minimum: 1 },
    breakfast: { type: 'boolean', default: true },
    wishes: { type: 'array', items: { type: 'string' } },
    payment: {
      oneOf: [
        { title: 'Card', type: 'object', properties: { card: { type: 'string' } }, required: ['card'] },
        { title: 'Cash', type: 'object', properties: { currency: { type: 'string', enum: ['EUR', 'USD'] } }, required: ['currency'] },
      ],
    },
  },
  ['guest'],
);

const tools = {
  book: { description: 'Books a room.', inputSchema: booking, annotations: { destructiveHint: false, openWorldHint: true }, run: (args) => answer(text(JSON.stringify(args))) },
  add: {
    description: 'Adds two numbers.',
    inputSchema: object({ a: { type: 'number' }, b: { type: 'number' } }),
    annotations: { readOnlyHint: true, idempotentHint: true },
    run: ({ a, b }) => ({ ...answer(text(String(a + b))), structuredContent: { sum: a + b } }),
  },
  picture: { description: 'A red picture.', inputSchema: object(), run: () => answer({ type: 'image', data: redPixel, mimeType: 'image/png' }) },
  tone: {
    description: 'A tone, and a sound of a kind that no browser plays.',
    inputSchema: object(),
    run: () => answer({ type: 'audio', data: tone, mimeType: 'audio/wav' }, { type: 'audio', data: 'AAAA', mimeType: 'audio/unheard-of' }),
  },
  links: {
    description: 'Links of all kinds.',
    inputSchema: object(),
    run: () =>
      answer(
        { type: 'resource_link', uri: 'test://greeting', name: 'a resource' },
        { type: 'resource_link', uri: 'https://example.com/', name: 'a page' },
        { type: 'resource_link', uri: 'javascript:globalThis.harmed=true', name: 'a script' },
      ),
  },
  fail: { description: 'Says that it failed.', inputSchema: object(), annotations: { destructiveHint: true }, run: () => ({ ...answer(text('out of order')), isError: true }) },
  [harmful]: { description: harmful, inputSchema: object({ note: { type: 'string', description: harmful } }, []), run: () => answer(text(harmful)) },
  // Runs until it is cancelled: tests wait on events, not on time.
  wait: {
    description: 'Reports progress, then waits to be cancelled.',
    inputSchema: object(),
    async run(_, { signal, sendNotification, _meta }) {
      for (let progress = 1; progress <= 3; progress += 1) {
        const params = { progressToken: _meta.progressToken, progress, total: 4, message: `step ${progress}` };
        await sendNotification({ method: 'notifications/progress', params });
      }
      await delay(3_600_000, undefined, { signal });
    },
  },
};

const server = new Server({ name: 'Hotel <b>desk</b>', version: '1.2.3' }, { capabilities: { tools: {}, resources: {}, prompts: {}, completions: {} } });

server.setRequestHandler(mcp.ListToolsRequestSchema, () => ({
  tools: Object.entries(tools).map(([name, { run: _, ...described }]) => ({ name, ...described })),
}));
server.setRequestHandler(mcp.CallToolRequestSchema, ({ params }, extra) => tools[params.name].run(params.arguments ?? {}, extra));

server.setRequestHandler(mcp.ListResourcesRequestSchema, () => ({ resources: [{ uri: 'test://greeting', name: 'greeting', mimeType: 'text/html' }] }));
server.setRequestHandler(mcp.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [{ uriTemplate: 'test://room/{number}', name: 'room' }] }));
server.setRequestHandler(mcp.ReadResourceRequestSchema, ({ params: { uri } }) => ({ contents: [{ uri, mimeType: 'text/html', text: `${uri} ${harmful}` }] }));
server.setRequestHandler(mcp.ListPromptsRequestSchema, () => ({ prompts: [{ name: 'greet', description: 'Greets somebody', arguments: [{ name: 'who', description: 'Whom', required: true }] }] }));
server.setRequestHandler(mcp.GetPromptRequestSchema, ({ params }) => ({ messages: [{ role: 'user', content: text(`Hello ${params.arguments.who}, ${harmful}`) }] }));
server.setRequestHandler(mcp.CompleteRequestSchema, ({ params: { argument } }) => ({
  completion: { values: ['101', '102', 'Anna', 'Anton'].filter((one) => one.startsWith(argument.value)) },
}));

await server.connect(new StdioServerTransport());
