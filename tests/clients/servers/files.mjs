// A stdio MCP server of the official SDK with files in memory as resources. It resolves URIs like
// typical servers: the SDK parses them with `new URL()`, and fileURLToPath() makes the path. A tool
// sends a resources/updated for any URI to test subscriptions.
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema, SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const files = { '/public/a.txt': 'public a', '/public/a b.txt': 'public a b', '/public/sub/é.txt': 'public é', '/public/key': 'public key', '/secret/b': 'SECRET' };

const server = new McpServer({ name: 'files', version: '1.0.0' }, { capabilities: { resources: { subscribe: true }, tools: {} } });
const complete = { path: (typed) => Object.keys(files).map((path) => path.slice(1)).filter((path) => path.startsWith(typed)) };
const list = () => ({ resources: Object.keys(files).map((path) => ({ name: path, uri: `file://${encodeURI(path)}` })) });
server.registerResource('files', new ResourceTemplate('file:///{+path}', { list, complete }), {}, (uri) => {
  const text = files[posix.normalize(fileURLToPath(uri))];
  if (text === undefined) throw new Error(`no such file: ${uri}`);
  return { contents: [{ uri: uri.href, text }] };
});

const subscribed = new Set();
server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => (subscribed.add(params.uri), {}));
server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => (subscribed.delete(params.uri), {}));
server.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [{ name: 'update', inputSchema: { type: 'object' } }, { name: 'subscribed', inputSchema: { type: 'object' } }] }));
server.server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
  if (params.name === 'update') await server.server.sendResourceUpdated({ uri: params.arguments.uri });
  return { content: [{ type: 'text', text: JSON.stringify([...subscribed]) }] };
});

await server.connect(new StdioServerTransport());
