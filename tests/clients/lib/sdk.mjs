// The official SDK's client, v1, over SSE.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';

// Connected and initialised; closed when the test ends.
export async function connect(test, base, { headers, name = 'client-test' } = {}) {
  const transport = new SSEClientTransport(new URL('/sse', base), { requestInit: { headers } });
  const client = new Client({ name, version: '1.0.0' });
  client.problems = [];
  client.onerror = (error) => client.problems.push(error);
  await client.connect(transport);
  test.after(() => client.close());
  return client;
}

export const textOf = (result) => result.content.map((block) => block.text).join('');
