// The official SDK's client, v1, over SSE and over Streamable HTTP.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { Feed, within } from './guard.mjs';

// `listening` resolves when the stream for messages that belong to no call is open or refused.
const transports = {
  sse: (base, options, path = '/sse') => ({
    transport: new SSEClientTransport(new URL(path, base), options),
    listening: Promise.resolve(),
  }),
  streamable: (base, options, path = '/mcp') => {
    const { promise: listening, resolve } = Promise.withResolvers();
    const watched = async (url, init) => {
      const response = await fetch(url, init);
      if (init.method === 'GET') resolve();
      return response;
    };
    return { transport: new StreamableHTTPClientTransport(new URL(path, base), { ...options, fetch: watched }), listening };
  },
};

export const faces = Object.keys(transports);

// Connected and initialised; closed at the end of the test. `prepare`, if given, sets the client's
// handlers; `options` are the transport's; `path` replaces the endpoint's.
//   client.wire      Feed of all messages received after the handshake
//   client.problems  errors that the client reported
export async function connect(test, base, { headers, name = 'client-test', over = 'sse', path, capabilities = {}, prepare, options } = {}) {
  const { transport, listening } = transports[over](base, { requestInit: { headers }, ...options }, path);
  const client = new Client({ name, version: '1.0.0' }, { capabilities });
  client.problems = [];
  client.onerror = (error) => client.problems.push(error);
  prepare?.(client);
  await client.connect(transport);
  client.wire = new Feed();
  const deliver = transport.onmessage;
  transport.onmessage = (message, extra) => {
    client.wire.push(message);
    deliver(message, extra);
  };
  await within(listening, () => `the stream of ${name}`);
  test.after(() => client.close());
  return client;
}

// The notifications of a method received so far, and the next one from index `from` on.
export const heard = (client, method) => client.wire.items.filter((message) => message.method === method);
export const hears = (client, method, from) => client.wire.find((message) => message.method === method, `${method} on the wire`, from);

export const textOf = (result) => result.content.map((block) => block.text).join('');
