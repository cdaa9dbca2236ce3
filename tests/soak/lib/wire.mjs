// One HTTP exchange that can be cut or left unread at any moment.
import http from 'node:http';

import { blockReader, parseBlock } from '../../clients/lib/http.mjs';

export class Exchange {
  #cut = false;
  #request;
  #response;

  // `onEvent` receives the events of an event stream as they arrive; any other body is collected as
  // text. If `send` is given, only the first `send` characters of the request body are ever sent.
  constructor(url, { method = 'GET', headers = {}, body, agent = false, onEvent, send } = {}) {
    const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    this.head = new Promise((resolve, reject) => {
      this.#request = http.request(url, { method, agent, headers: { ...type, ...headers } }, resolve);
      this.#request.on('error', reject);
    });
    // {status, headers, text}; rejects with `cut` set if we ended it.
    this.whole = this.head.then((response) => this.#read(response, onEvent));
    for (const promise of [this.head, this.whole]) promise.catch(() => {});
    if (send === undefined) this.#request.end(body);
    else this.#request.write(body.slice(0, send));
  }

  get wasCut() {
    return this.#cut;
  }

  cut() {
    this.#cut = true;
    this.#request.destroy(new Error('cut'));
    this.#response?.destroy();
  }

  // Stops reading.
  stall() {
    this.#response.pause();
  }

  #read(response, onEvent) {
    this.#response = response;
    const stream = (response.headers['content-type'] ?? '').startsWith('text/event-stream');
    const blocksOf = blockReader();
    let text = '';
    response.setEncoding('utf8');
    return new Promise((resolve, reject) => {
      response.on('data', (part) => {
        if (!stream) text += part;
        else for (const block of blocksOf(part)) onEvent?.(parseBlock(block));
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      response.on('close', () => reject(new Error('the stream broke off')));
    });
  }
}
