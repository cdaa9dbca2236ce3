// Streamable HTTP without an SDK.
import assert from 'node:assert/strict';

import { EventStream, post, request } from './http.mjs';

export const NEWEST = '2025-11-25';
export const accept = { accept: 'application/json, text/event-stream' };

export const call = (id, method, params) => ({ jsonrpc: '2.0', id, method, ...(params && { params }) });
export const notification = (method, params) => ({ jsonrpc: '2.0', method, ...(params && { params }) });
export const toolCall = (id, name, args = {}, _meta = undefined) => call(id, 'tools/call', { name, arguments: args, ...(_meta && { _meta }) });
export const initialize = (version = NEWEST, capabilities = {}, id = 'first') => call(id, 'initialize', {
  protocolVersion: version,
  capabilities,
  clientInfo: { name: 'raw', version: '1' },
});

export class McpSession {
  // `result`: the result of `initialize`.
  static async open(base, { version = NEWEST, capabilities, headers = {} } = {}) {
    const session = new McpSession();
    session.url = `${base}/mcp`;
    const answer = await post(session.url, initialize(version, capabilities), { ...accept, ...headers });
    assert.equal(answer.status, 200, answer.text);
    session.result = messagesOf(answer)[0].result;
    session.id = answer.headers['mcp-session-id'];
    session.headers = { ...accept, 'mcp-session-id': session.id, 'mcp-protocol-version': session.result.protocolVersion, ...headers };
    assert.equal((await session.post(notification('notifications/initialized'))).status, 202);
    return session;
  }

  // The complete answer to a POST.
  post(message, headers) {
    return post(this.url, message, { ...this.headers, ...headers });
  }

  // The message that answers a request.
  async call(id, method, params) {
    const answer = await this.post(call(id, method, params));
    const message = messagesOf(answer).find((one) => one.id === id && !one.method);
    assert.ok(message, `an answer to ${id} in ${answer.status} ${answer.text.slice(0, 1000)}`);
    return message;
  }

  // The answer to a POST as an open stream. Fails if it is not a stream.
  async stream(message) {
    const headers = { ...this.headers, 'content-type': 'application/json' };
    const stream = await EventStream.open(this.url, headers, { method: 'POST', body: JSON.stringify(message) });
    assert.match(stream.response.headers['content-type'], /^text\/event-stream/);
    return stream;
  }

  // A GET: for messages that belong to no call, or for those after an event.
  listen(lastEvent) {
    const resume = lastEvent === undefined ? {} : { 'last-event-id': lastEvent };
    return EventStream.open(this.url, { ...this.headers, accept: 'text/event-stream', ...resume });
  }

  delete() {
    return request(this.url, { method: 'DELETE', headers: this.headers });
  }
}

const dataOf = (text) => text.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim());

// The messages in the answer to a POST of either form.
export function messagesOf({ headers, text }) {
  if (!text) return [];
  if (!headers['content-type'].startsWith('text/event-stream')) return [JSON.parse(text)].flat();
  return dataOf(text).filter(Boolean).map((data) => JSON.parse(data));
}

// The messages received on an open stream so far.
export const messagesOn = (stream) => stream.events.filter((event) => event.data).map((event) => JSON.parse(event.data));
