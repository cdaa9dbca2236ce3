// Sessions without an SDK, with one interface over Streamable HTTP and legacy SSE, that record
// their requests, the number of answers to each, and all other messages.
import assert from 'node:assert/strict';
import http from 'node:http';

import { Feed, within } from './guard.mjs';
import { EventStream, blockReader, request } from './http.mjs';

const NEWEST = '2025-11-25';
const EITHER = 'application/json, text/event-stream';

export const tool = (name, args = {}) => ({ name, arguments: args });

class Session {
  #next = 1;
  #waiting = new Map(); // id → handler of its answer
  answers = new Map(); // id → number of answers
  heard = new Feed(); // requests and notifications from the server

  constructor(base, headers) {
    this.base = base;
    this.headers = headers;
    this.agent = new http.Agent({ keepAlive: true });
  }

  // The answer to a request, {id, result} or {id, error}, with {status, retryAfter} of the POST. A
  // request with only an HTTP error is answered {error: undefined}.
  async call(method, params, id = this.#next++) {
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.answers.set(id, 0);
    const posted = this.post({ jsonrpc: '2.0', id, method, ...(params && { params }) });
    posted.then(({ status, text }) => {
      if (status >= 400 && this.answers.get(id) === 0) this.#waiting.get(id)?.({ id, error: undefined, text });
    }, () => {});
    try {
      const message = await within(Promise.race([answer, posted.then(() => answer)]), () => `the answer to ${method}, id ${id}`);
      const { status, headers } = await posted;
      return { ...message, status, retryAfter: headers['retry-after'] };
    } finally {
      this.#waiting.delete(id);
    }
  }

  // Cancels a request: it counts as answered, and must not be answered from now on.
  async cancel(requestId) {
    this.answers.set(requestId, 1);
    await this.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
    this.#waiting.get(requestId)?.({ id: requestId, cancelled: true });
  }

  callTool(name, args, id) {
    return this.call('tools/call', tool(name, args), id);
  }

  async initialize(capabilities, version) {
    const clientInfo = { name: `raw-${this.kind}`, version: '1' };
    const answer = await this.call('initialize', { protocolVersion: version, capabilities, clientInfo });
    assert.ok(answer.result, JSON.stringify(answer));
    this.version = answer.result.protocolVersion;
    assert.equal((await this.post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status, 202);
  }

  // The requests that were not answered exactly once.
  miscounted() {
    return [...this.answers].filter(([, count]) => count !== 1);
  }

  // The messages of a method received so far.
  all(method) {
    return this.heard.items.filter((message) => message.method === method);
  }

  take(message) {
    if (message.method !== undefined) return this.heard.push(message);
    this.answers.set(message.id, (this.answers.get(message.id) ?? 0) + 1);
    this.#waiting.get(message.id)?.(message);
  }

  // One POST, with its answer read to the end: {status, headers, text}. Calls `onMessage` for each
  // message in it.
  send(url, message, headers, onMessage) {
    return new Promise((resolve, reject) => {
      const sent = http.request(url, { method: 'POST', agent: this.agent, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
        const stream = (response.headers['content-type'] ?? '').startsWith('text/event-stream');
        const blocksOf = blockReader();
        let text = '';
        response.setEncoding('utf8');
        response.on('error', reject);
        response.on('data', (part) => {
          if (!stream) {
            text += part;
            return;
          }
          for (const block of blocksOf(part)) {
            const data = block.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6)).join('\n');
            if (data.trim()) onMessage?.(JSON.parse(data));
          }
        });
        response.on('end', () => {
          if (!stream && onMessage && isMessage(text)) onMessage(JSON.parse(text));
          resolve({ status: response.statusCode, headers: response.headers, text });
        });
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(message));
    });
  }
}

function isMessage(text) {
  try {
    return 'jsonrpc' in JSON.parse(text);
  } catch {
    return false;
  }
}

class StreamableSession extends Session {
  kind = 'streamable';

  async open({ capabilities = {}, version = NEWEST, listen = true } = {}) {
    await this.initialize(capabilities, version);
    if (listen) await this.listen();
    return this;
  }

  async post(message) {
    const named = this.id === undefined ? {} : { 'mcp-session-id': this.id, 'mcp-protocol-version': this.version };
    const answer = await this.send(`${this.base}/mcp`, message, { accept: EITHER, ...named, ...this.headers }, (each) => this.take(each));
    this.id ??= answer.headers['mcp-session-id'];
    return answer;
  }

  async listen() {
    const headers = { 'mcp-session-id': this.id, 'mcp-protocol-version': this.version, ...this.headers };
    this.stream = await EventStream.open(`${this.base}/mcp`, headers, { onEvent: ({ data }) => data && this.take(JSON.parse(data)) });
    assert.equal(this.stream.status, 200);
  }

  async close() {
    this.stream?.close();
    const headers = { 'mcp-session-id': this.id, 'mcp-protocol-version': this.version, ...this.headers };
    assert.equal((await request(`${this.base}/mcp`, { method: 'DELETE', headers })).status, 204);
    this.agent.destroy();
  }
}

class SseSession extends Session {
  kind = 'sse';

  async open({ capabilities = {}, version = NEWEST } = {}) {
    this.stream = await EventStream.open(`${this.base}/sse`, this.headers, {
      onEvent: ({ event, data }) => event === 'message' && this.take(JSON.parse(data)),
    });
    assert.equal(this.stream.status, 200);
    this.endpoint = await this.stream.endpoint(this.base);
    await this.initialize(capabilities, version);
    return this;
  }

  post(message) {
    return this.send(this.endpoint, message, this.headers);
  }

  async close() {
    this.stream.close();
    this.agent.destroy();
  }
}

const kinds = { streamable: StreamableSession, sse: SseSession };
export const faces = Object.keys(kinds);

// An initialised session over 'streamable' or 'sse'.
export const openSession = (kind, base, { headers = {}, ...options } = {}) => new kinds[kind](base, headers).open(options);
