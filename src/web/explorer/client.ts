// The page's own MCP session: opened with the first use, opened anew when it has ended, ended with the page.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { effect } from '@preact/signals';
import { config } from 'zod';

import { base } from '../base/api';
import { authorization } from '../base/key';
import { access, hello } from '../live/state';

// Zod would try whether it may compile code, which the page's policy forbids and browsers report.
config({ jitless: true });

interface Open {
  client: Client;
  transport: StreamableHTTPClientTransport;
}
let open: Promise<Open> | null = null;
let settled: Open | null = null;
const watchers = new Set<() => void>();

async function connect(): Promise<Open> {
  const client = new Client({ name: 'mcp-sidecar dashboard', version: hello.value?.version ?? '0' });
  const transport = new StreamableHTTPClientTransport(new URL('mcp', base), { requestInit: { headers: authorization() } });
  client.onclose = () => {
    if (settled?.client === client) open = settled = null;
  };
  for (const method of ['notifications/tools/list_changed', 'notifications/resources/list_changed', 'notifications/prompts/list_changed'] as const) {
    client.setNotificationHandler(method, () => watchers.forEach((changed) => changed()));
  }
  await client.connect(transport);
  return (settled = { client, transport });
}

const isGone = (error: unknown): boolean => error instanceof Error && 'status' in error && (error as { status: unknown }).status === 404;

async function current(): Promise<Client> {
  open ??= connect();
  try {
    return (await open).client;
  } catch (error) {
    open = settled = null;
    throw error;
  }
}

// A session that the sidecar no longer knows is opened anew, once: what was sent to it was not done.
export async function use<T>(act: (client: Client) => Promise<T>): Promise<T> {
  const client = await current();
  try {
    return await act(client);
  } catch (error) {
    if (!isGone(error)) throw error;
    open = settled = null;
    return act(await current());
  }
}

// Called when the server says that a list has changed. Returns what takes it back.
export function onListChanged(changed: () => void): () => void {
  watchers.add(changed);
  return () => void watchers.delete(changed);
}

let lastAuthorization: Record<string, string> = {};

function end(): void {
  const sessionId = settled?.transport.sessionId;
  const client = settled?.client;
  open = settled = null;
  // The request outlives the page. At a log-out the key is gone already, so it is the last one that was good.
  if (sessionId) void fetch(new URL('mcp', base), { method: 'DELETE', keepalive: true, headers: { ...lastAuthorization, 'Mcp-Session-Id': sessionId } }).catch(() => {});
  void client?.close();
}

effect(() => {
  if (access.value.step === 'in') lastAuthorization = authorization();
  else end();
});
addEventListener('pagehide', end);
