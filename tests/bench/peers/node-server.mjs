// A typical stdio MCP server: Node and the official SDK. The stand-in for the predecessor starts it
// for every call, as the predecessor ran `node dist/index.js`.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const server = new McpServer({ name: 'node-server', version: '1' });
server.registerTool('echo', { description: 'Says back the message', inputSchema: { message: z.string() } }, ({ message }) => ({
  content: [{ type: 'text', text: message }],
}));
await server.connect(new StdioServerTransport());
