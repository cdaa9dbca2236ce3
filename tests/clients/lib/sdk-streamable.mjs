// The official SDK's client, v1, over Streamable HTTP.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { within } from './guard.mjs';

// Connected, initialised and listening; closed when the test ends. `prepare`, if given, sets the client's handlers.
export async function connectStreamable(test, base, { headers, name = 'client-test', capabilities = {}, prepare } = {}) {
  let listens;
  const listening = new Promise((resolve) => (listens = resolve));
  const watched = async (url, init) => {
    const response = await fetch(url, init);
    if (init.method === 'GET') listens();
    return response;
  };
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', base), { requestInit: { headers }, fetch: watched });
  const client = new Client({ name, version: '1.0.0' }, { capabilities });
  client.problems = [];
  client.onerror = (error) => client.problems.push(error);
  prepare?.(client);
  await client.connect(transport);
  await within(listening, () => `the stream of ${name}`);
  test.after(() => client.close());
  return client;
}
