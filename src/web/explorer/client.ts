// The page's own MCP session: opened at the first use, reopened after it has ended, ended with the
// page.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { effect } from '@preact/signals';
import { config } from 'zod';

import { base } from '../base/api';
import { authorization } from '../base/key';
import { access, hello } from '../live/state';

// Zod tests whether it may compile code, which the page's policy forbids and browsers report.
config({ jitless: true });

interface Session {
  client: Client;
  transport: StreamableHTTPClientTransport; // has the session id before the session is ready
  headers: Record<string, string>; // with the key that opened it, which is gone after a log-out
  ready: Promise<void>;
}
let session: Session | null = null;
const watchers = new Set<() => void>();

function begin(): Session {
  const headers = authorization();
  const client = new Client({ name: 'mcp-sidecar dashboard', version: hello.value?.version ?? '0' });
  const transport = new StreamableHTTPClientTransport(new URL('mcp', base), { requestInit: { headers } });
  for (const method of ['notifications/tools/list_changed', 'notifications/resources/list_changed', 'notifications/prompts/list_changed'] as const) {
    client.setNotificationHandler(method, () => watchers.forEach((changed) => changed()));
  }
  const mine: Session = { client, transport, headers, ready: client.connect(transport) };
  client.onclose = () => forget(mine);
  return mine;
}

function forget(one: Session): void {
  if (session === one) session = null;
}

const isGone = (error: unknown): boolean => error instanceof Error && 'status' in error && (error as { status: unknown }).status === 404;

async function current(): Promise<Session> {
  const mine = (session ??= begin());
  try {
    await mine.ready;
    return mine;
  } catch (error) {
    forget(mine);
    throw error;
  }
}

// Reopens a session that the sidecar no longer knows, once: the failed request had no effect.
export async function use<T>(act: (client: Client) => Promise<T>): Promise<T> {
  const mine = await current();
  try {
    return await act(mine.client);
  } catch (error) {
    if (!isGone(error)) throw error;
    forget(mine);
    return act((await current()).client);
  }
}

// Calls back when the server reports a changed list. Returns a function that unsubscribes.
export function onListChanged(changed: () => void): () => void {
  watchers.add(changed);
  return () => void watchers.delete(changed);
}

// keepalive: the request outlives the page.
function leave({ client, transport, headers }: Session): void {
  const id = transport.sessionId;
  if (id) void fetch(new URL('mcp', base), { method: 'DELETE', keepalive: true, headers: { ...headers, 'Mcp-Session-Id': id } }).catch(() => {});
  void client.close();
}

function end(): void {
  const mine = session;
  session = null;
  if (!mine) return;
  if (mine.transport.sessionId) return leave(mine);
  // The id is unknown yet. A closing page aborts its initialize, and the sidecar then drops the
  // session.
  void mine.ready.catch(() => {}).then(() => leave(mine));
}

effect(() => {
  if (access.value.step !== 'in') end();
});
addEventListener('pagehide', end);
