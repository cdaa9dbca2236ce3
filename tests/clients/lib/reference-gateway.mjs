#!/usr/bin/env node
// A gateway made of the official SDK's own transports, with one child per session. If a test of
// this folder fails with mcp-sidecar and passes with this gateway, the test is right. Run it in
// place of the sidecar:
//   MCP_SIDECAR_BIN=$PWD/lib/reference-gateway.mjs node --test streamable.test.mjs
// Of the sidecar's flags it only uses `--port`. Tests of features that it lacks (limits, one child
// for many sessions, REST, withheld roots …) fail here.
import { randomUUID } from 'node:crypto';
import http from 'node:http';

import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

const cut = process.argv.indexOf('--');
const [command, ...args] = process.argv.slice(cut + 1);
const flags = process.argv.slice(2, cut);
const port = Number(flags[flags.indexOf('--port') + 1]);

const sessions = new Map(); // id → transport
const children = new Set();

// Every event sent, by id.
class Events {
  #events = [];

  async storeEvent(stream, message) {
    this.#events.push({ stream, message });
    return String(this.#events.length);
  }

  async getStreamIdForEventId(id) {
    return this.#events[Number(id) - 1]?.stream;
  }

  async replayEventsAfter(last, { send }) {
    const { stream } = this.#events[Number(last) - 1];
    for (const [at, event] of this.#events.entries()) {
      if (at < Number(last) || event.stream !== stream || !event.message.jsonrpc) continue;
      await send(String(at + 1), event.message);
    }
    return stream;
  }
}

// Passes the child's lines to the client and back. Progress goes with its call, everything else
// with the only open call, if there is exactly one.
async function join(transport, open = () => {}) {
  const child = new StdioClientTransport({ command, args, env: process.env, stderr: 'inherit' });
  const calls = new Map(); // id → progress token
  child.onmessage = (message) => {
    let relatedRequestId;
    if (message.method === 'notifications/progress') {
      relatedRequestId = [...calls].find(([, token]) => token === message.params.progressToken)?.[0];
    } else if (message.method && calls.size === 1) [relatedRequestId] = calls.keys();
    if (!message.method) calls.delete(message.id);
    transport.send(message, { relatedRequestId }).catch(() => {});
  };
  transport.onmessage = (message) => {
    if (message.method && message.id !== undefined) calls.set(message.id, message.params?._meta?.progressToken);
    child.send(message).catch(() => {});
  };
  child.onclose = () => children.delete(child);
  transport.onclose = () => child.close();
  await child.start();
  children.add(child);
  await open();
  return child;
}

async function streamable(request, response) {
  const known = sessions.get(request.headers['mcp-session-id']);
  if (known) return known.handleRequest(request, response);
  if (request.headers['mcp-session-id']) return response.writeHead(404).end();
  if (request.method === 'GET') return response.writeHead(405).end();
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    maxRequestBodySize: 16 << 20,
    eventStore: new Events(),
    retryInterval: 100,
    onsessioninitialized: (id) => sessions.set(id, transport),
    onsessionclosed: (id) => sessions.delete(id),
  });
  const child = await join(transport);
  await transport.handleRequest(request, response);
  if (!transport.sessionId) await child.close();
}

async function sse(request, response) {
  const transport = new SSEServerTransport('/message', response);
  const child = await join(transport, () => transport.start());
  sessions.set(transport.sessionId, transport);
  response.on('close', () => sessions.delete(transport.sessionId) && child.close());
}

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(request.headers.host)) return response.writeHead(403).end();
  if (url.pathname === '/mcp') return streamable(request, response);
  if (url.pathname === '/sse' && request.method === 'GET') return sse(request, response);
  const session = sessions.get(url.searchParams.get('sessionId'));
  if (url.pathname === '/message' && session) return session.handlePostMessage(request, response);
  return response.writeHead(url.pathname === '/sse' ? 405 : 404).end();
});
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/sse`));
process.on('SIGTERM', async () => {
  server.closeAllConnections();
  await Promise.all([...children].map((child) => child.close()));
  process.exit(0);
});
