// The official SDK's client, v1, over either face.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { within } from './guard.mjs';

// `listening` resolves when the stream for what belongs to no call is there, or refused.
const transports = {
  sse: (base, options) => ({ transport: new SSEClientTransport(new URL('/sse', base), options), listening: Promise.resolve() }),
  streamable: (base, options) => {
    let listens;
    const listening = new Promise((resolve) => (listens = resolve));
    const watched = async (url, init) => {
      const response = await fetch(url, init);
      if (init.method === 'GET') listens();
      return response;
    };
    return { transport: new StreamableHTTPClientTransport(new URL('/mcp', base), { ...options, fetch: watched }), listening };
  },
};

// Connected, initialised and listening; closed when the test ends. `prepare`, if given, sets the client's handlers.
export async function connect(test, base, { over = 'sse', headers, name = 'client-test', capabilities = {}, prepare } = {}) {
  const { transport, listening } = transports[over](base, { requestInit: { headers } });
  const client = new Client({ name, version: '1.0.0' }, { capabilities });
  client.problems = [];
  client.onerror = (error) => client.problems.push(error);
  prepare?.(client);
  await client.connect(transport);
  await within(listening, () => `the stream of ${name}`);
  test.after(() => client.close());
  return client;
}
