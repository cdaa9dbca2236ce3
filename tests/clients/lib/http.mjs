// HTTP without an SDK: one request, an event stream byte by byte, raw sockets, curl.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { promisify } from 'node:util';

import { Feed, within } from './guard.mjs';

// One request on its own connection: {status, headers, text, json()}.
export function request(url, { method = 'GET', headers = {}, body } = {}) {
  const data = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const type = data === undefined || 'content-type' in headers ? {} : { 'content-type': 'application/json' };
  const answer = new Promise((resolve, reject) => {
    const sent = http.request(url, { method, headers: { ...type, ...headers }, agent: false }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        resolve({ status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) });
      });
    });
    sent.on('error', reject);
    sent.end(data);
  });
  return within(answer, () => `the answer to ${method} ${url}`);
}

export const post = (url, body, headers = {}) => request(url, { method: 'POST', body, headers });

// The real curl; returns its output. Fails if curl fails.
export async function curl(...args) {
  const { stdout } = await promisify(execFile)('curl', ['--silent', '--show-error', '--max-time', '60', ...args], {
    maxBuffer: 64 << 20,
  });
  return stdout;
}

// An event stream, open until close(). Events: {event, data, id}; comments: {comment}. Calls
// `onEvent` for each.
export class EventStream {
  #feed = new Feed();
  #onEvent = () => {};
  #request;
  raw = '';

  static async open(url, headers = {}, options = {}) {
    const stream = new EventStream();
    const { method = 'GET', body, onEvent } = options;
    if (onEvent) stream.#onEvent = onEvent;
    stream.response = await within(
      new Promise((resolve, reject) => {
        stream.#request = http.request(url, { method, agent: false, headers: { accept: 'text/event-stream', ...headers } }, resolve);
        stream.#request.on('error', reject);
        stream.#request.end(body);
      }),
      () => `the head of the event stream ${url}`,
    );
    stream.#read();
    return stream;
  }

  get status() {
    return this.response.statusCode;
  }

  get events() {
    return this.#feed.items;
  }

  find(fits, what, from) {
    return this.#feed.find(fits, what, from);
  }

  // The JSON-RPC messages received so far, parsed.
  async message(fits, what) {
    const event = await this.find((e) => e.event === 'message' && fits(JSON.parse(e.data)), what);
    return JSON.parse(event.data);
  }

  answer(id) {
    return this.message((m) => m.id === id && !('method' in m), `the answer to ${JSON.stringify(id)}`);
  }

  // The URL of the endpoint event.
  async endpoint(base) {
    const event = await this.find((e) => e.event === 'endpoint', 'the endpoint event');
    return new URL(event.data, base).href;
  }

  // Resolves when the server has ended the stream or it has failed.
  ended() {
    return within(this.#over, () => `the end of the event stream; got:\n${this.raw.slice(-2000)}`);
  }

  close() {
    this.#request.destroy();
  }

  #over;

  #read() {
    this.#over = new Promise((resolve) => this.response.on('close', resolve));
    this.#request.on('error', () => {});
    this.response.on('error', () => {});
    this.response.setEncoding('utf8');
    const blocksOf = blockReader();
    this.response.on('data', (text) => {
      if (this.raw.length < 100_000) this.raw += text;
      for (const block of blocksOf(text)) {
        const event = parseBlock(block);
        this.#feed.push(event);
        this.#onEvent(event);
      }
    });
  }
}

// Splits pieces of an event stream into blocks. Long blocks of many pieces are joined only once.
export function blockReader() {
  let pieces = [];
  return (text) => {
    const last = pieces.at(-1) ?? '';
    const ends = text.includes('\n\n') || (last.endsWith('\n') && text.startsWith('\n'));
    if (text) pieces.push(text);
    if (!ends) return [];
    const blocks = pieces.join('').split('\n\n');
    pieces = blocks.splice(-1).filter(Boolean);
    return blocks;
  };
}

export function parseBlock(block) {
  const event = {};
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    assert.ok(colon >= 0, `not a line of an event stream: ${JSON.stringify(line.slice(0, 200))}`);
    const field = line.slice(0, colon) || 'comment';
    const value = line.slice(colon + 1).replace(/^ /, '');
    event[field] = field in event && field === 'data' ? `${event.data}\n${value}` : value;
  }
  return event;
}

// A legacy SSE session without an SDK: an open stream and the URL for POSTs.
export class RawSession {
  static async open(base, headers = {}, path = '/sse') {
    const session = new RawSession();
    session.headers = headers;
    session.stream = await EventStream.open(base + path, headers);
    assert.equal(session.stream.status, 200);
    session.endpoint = await session.stream.endpoint(base);
    return session;
  }

  // Sends a message, text or object; returns the POST's answer.
  post(message) {
    return post(this.endpoint, message, this.headers);
  }

  // Sends a request and returns its answer.
  async call(id, method, params) {
    const accepted = await this.post({ jsonrpc: '2.0', id, method, ...(params && { params }) });
    assert.equal(accepted.status, 202, accepted.text);
    return this.stream.answer(id);
  }

  close() {
    this.stream.close();
  }
}

// A TCP connection for requests that no HTTP library would send.
export async function rawConnection(port) {
  const socket = net.connect({ port, host: '127.0.0.1' });
  await within(new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)), () => 'a TCP connection');
  socket.on('error', () => {});
  return socket;
}
