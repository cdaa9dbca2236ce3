// The clients of the soak: over legacy SSE, Streamable HTTP and REST. Each keeps its account in the books.
import http from 'node:http';

import { within } from '../../clients/lib/guard.mjs';
import { accept, call as request, initialize, messagesOf, notification } from '../../clients/lib/mcp-http.mjs';
import { Exchange } from './wire.mjs';

// What an HTTP status says where there is no JSON-RPC message.
const outcomes = { 401: 'no_key', 403: 'forbidden', 404: 'no_session', 429: 'busy', 503: 'unavailable', 504: 'timeout' };
const SILENCE_MS = 7_000; // after more than that, a session may have reached MCP_SESSION_TIMEOUT
const mustSayWhen = (status) => status === 429 || status === 503;

class McpClient {
  #next = 1;
  open = true; // until we end it
  cancelled = 0; // calls whose place may still be taken at the child

  constructor(transport, world, owner, name) {
    this.world = world;
    this.owner = owner;
    this.agent = new http.Agent({ keepAlive: true });
    this.account = world.books.account({ transport, owner, name });
    this.started = this.lastSaid = Date.now();
    this.uri = `soak://${name}`;
  }

  get headers() {
    return this.world.keys.headers(this.owner);
  }

  nextId() {
    // Of both types, and the same ones in every session.
    return this.#next % 3 === 0 ? String(this.#next++) : this.#next++;
  }

  // A call as {message, entry}: what is sent, and its entry in the books.
  prepare({ method, params, expects = ['result'], ...rest }) {
    const id = this.nextId();
    const entry = this.account.open({ id, ...rest, expects: this.mayHaveExpired ? [...expects, 'no_session'] : expects });
    this.lastSaid = Date.now();
    return { message: request(id, method, params), entry };
  }

  // On a busy machine we may be silent for longer than we mean to.
  get mayHaveExpired() {
    return Date.now() - this.lastSaid > SILENCE_MS;
  }

  take(message) {
    if (message.method === undefined) return this.account.answer(message);
    const { method, params } = message;
    if (method === 'notifications/progress') this.account.progress(params);
    else if (method === 'notifications/message') this.account.log(params.data);
    else if (method === 'notifications/resources/updated') this.account.update(params.uri, this.uri, params._meta.token);
    else if (method === 'sampling/createMessage') this.#sample(message);
    else if (!method.endsWith('/list_changed') && method !== 'notifications/cancelled') this.account.fault(`unexpected ${method}`);
  }

  takeEvent(event) {
    if (event.data) for (const message of [JSON.parse(event.data)].flat()) this.take(message);
  }

  #sample({ id, params }) {
    const token = Number(params.messages[0].content.text);
    if (!this.account.owns(token)) this.account.fault(`asked for a sample of token ${token}, which is not its own`);
    const result = { role: 'assistant', model: 'soak', content: { type: 'text', text: `sample ${token}` } };
    this.send({ jsonrpc: '2.0', id, result }).catch(() => {});
  }

  async cancel(entry) {
    this.cancelled += 1;
    this.account.leave(entry, 'cancelled');
    await this.send(notification('notifications/cancelled', { requestId: entry.id }));
  }

  // A notification or an answer; what it was answered with does not matter to the call that it is about.
  async send(message) {
    const exchange = new Exchange(this.postUrl, { method: 'POST', headers: this.postHeaders, body: JSON.stringify(message), agent: this.agent });
    const { status } = await within(exchange.whole, () => `the answer to ${message.method ?? 'an answer'}`);
    if (status !== 202 && !this.excused(status)) this.account.fault(`${status} to ${message.method ?? 'an answer'}`);
  }

  excused(status) {
    return !this.open || (status === 404 && this.isEnded) || this.world.books.disturbances.excuse(outcomes[status], this.started, this.owner);
  }

  // An event stream that the sidecar ends is a fault, as long as we want it.
  watch(exchange) {
    exchange.whole.catch(() => {}).then(() => {
      if (exchange.wasCut || !this.open) return;
      this.open = false;
      if (!this.isEnded) this.account.fault('the sidecar ended its event stream');
      this.account.leaveAll('stream_ended');
    });
  }

  // Its session may have ended, because its owner's key was taken away or it has said nothing for long.
  get isEnded() {
    return this.mayHaveExpired || this.world.books.disturbances.excuse('stream_ended', this.started, this.owner);
  }

  refusedOver(entry, { status, headers, text }) {
    if (mustSayWhen(status) && headers['retry-after'] === undefined) this.account.fault(`${status} without Retry-After: ${text.slice(0, 200)}`);
    this.account.answerHttp(entry, outcomes[status] ?? `status ${status}`, { status, text });
  }

  finish() {
    this.open = false;
    this.account.leaveAll();
    this.agent.destroy();
  }
}

export class SseClient extends McpClient {
  static async open(world, owner, name, { capabilities } = {}) {
    const client = new SseClient('sse', world, owner, name);
    let found;
    const endpoint = new Promise((resolve) => (found = resolve));
    const onEvent = (event) => (event.event === 'endpoint' ? found(event.data) : client.takeEvent(event));
    client.stream = new Exchange(`${world.url}/sse`, { headers: { accept: 'text/event-stream', ...client.headers }, onEvent });
    const { statusCode } = await within(client.stream.head, () => 'the head of /sse');
    if (statusCode !== 200) return client.refused(statusCode);
    client.watch(client.stream);
    client.postUrl = new URL(await within(Promise.race([endpoint, client.stream.whole.then(() => '')]), () => 'the endpoint event'), world.url).href;
    return (await client.greet(capabilities)) ? client : undefined;
  }

  get postHeaders() {
    return this.headers;
  }

  refused(status) {
    if (!this.excused(status)) this.account.fault(`${status} to GET /sse`);
    this.leave();
    return undefined;
  }

  async greet(capabilities) {
    const { params } = initialize(undefined, capabilities);
    const { entry } = await this.call({ what: 'initialize', method: 'initialize', params, check: checkInitialize, limit: this.world.limits.call });
    if ((await entry.settled) !== 'result') {
      this.leave();
      return false;
    }
    await this.send(notification('notifications/initialized'));
    return true;
  }

  // Sends a call; resolves when its POST was answered, or cut after `cutAfter` ms.
  async call(wanted, { cutAfter } = {}) {
    const { message, entry } = this.prepare(wanted);
    const exchange = new Exchange(this.postUrl, {
      method: 'POST', headers: this.headers, body: JSON.stringify(message), agent: cutAfter === undefined ? this.agent : false,
    });
    if (cutAfter !== undefined) setTimeout(() => exchange.cut(), cutAfter);
    try {
      const answer = await within(exchange.whole, () => `the 202 of ${entry.name}`);
      if (answer.status !== 202) this.refusedOver(entry, answer);
    } catch (error) {
      // One that we cut may have arrived or not.
      if (this.open && !exchange.wasCut) this.account.fault(`${error.message}: POST of ${entry.name}`);
      this.account.leave(entry, exchange.wasCut ? 'cut' : 'broken');
    }
    return { entry };
  }

  // The connection is gone, as when a laptop is closed.
  leave() {
    this.finish();
    this.stream.cut();
  }
}

export class StreamableClient extends McpClient {
  // `version`: 2025-11-25 has event ids and resumption, 2025-03-26 batches.
  static async open(world, owner, name, { version = '2025-11-25', capabilities = {} } = {}) {
    const client = new StreamableClient('streamable', world, owner, name);
    client.version = version;
    const { params } = initialize(version, capabilities);
    const { entry } = await client.call({ what: 'initialize', method: 'initialize', params, check: checkInitialize, limit: world.limits.call });
    if ((await entry.settled) !== 'result') {
      client.finish();
      return undefined;
    }
    client.greeted = true;
    await client.send(notification('notifications/initialized'));
    return client;
  }

  get postUrl() {
    return `${this.world.url}/mcp`;
  }

  get postHeaders() {
    const named = this.id === undefined ? {} : { 'mcp-session-id': this.id };
    const versioned = this.greeted ? { 'mcp-protocol-version': this.version } : {};
    return { ...accept, ...named, ...versioned, ...this.headers };
  }

  // The stream for what belongs to no call; goes on where it was cut.
  listen() {
    const resume = this.lastHeard === undefined ? {} : { 'last-event-id': this.lastHeard };
    const headers = { ...this.postHeaders, accept: 'text/event-stream', ...resume };
    const exchange = new Exchange(this.postUrl, {
      headers,
      onEvent: (event) => {
        if (exchange.wasCut) return;
        this.lastHeard = event.id ?? this.lastHeard;
        this.takeEvent(event);
      },
    });
    this.stream = exchange;
    exchange.head.then(({ statusCode }) => {
      if (statusCode !== 200 && statusCode !== 204 && !this.excused(statusCode)) this.account.fault(`${statusCode} to a GET stream`);
    }, () => {});
    this.watch(exchange);
  }

  cutListening() {
    this.stream?.cut();
    this.stream = undefined;
  }

  // Calls, one or a batch of them. `cutAfter` ms the client breaks off; with `comesBack` it goes on by Last-Event-ID, if it
  // has seen an event by then.
  async call(wanted, { cutAfter, comesBack = false } = {}) {
    const batch = Array.isArray(wanted);
    const prepared = [wanted].flat().map((each) => this.prepare(each));
    const entries = prepared.map(({ entry }) => entry);
    const messages = prepared.map(({ message }) => message);
    let last;
    const onEvent = (event) => {
      if (exchange.wasCut) return;
      last = event.id ?? last;
      this.takeEvent(event);
    };
    const exchange = new Exchange(this.postUrl, {
      method: 'POST', headers: this.postHeaders, body: JSON.stringify(batch ? messages : messages[0]), onEvent,
      agent: cutAfter === undefined ? this.agent : false,
    });
    const timer = cutAfter === undefined ? undefined : setTimeout(() => exchange.cut(), cutAfter);
    const reading = exchange.whole.then((answer) => this.#answered(entries, answer), (error) => this.#broken(entries, exchange, error, comesBack && last));
    for (const entry of entries) entry.giveUp = () => exchange.cut();
    await Promise.all([reading, ...entries.map((entry) => entry.settled)]);
    clearTimeout(timer);
    return batch ? { entries } : { entry: entries[0] };
  }

  // The POST was answered to its end.
  #answered(entries, answer) {
    const { status, headers, text } = answer;
    if (headers['mcp-session-id'] !== undefined) this.id = headers['mcp-session-id'];
    const messages = text && headers['content-type']?.startsWith('application/json') ? messagesOf(answer) : [];
    for (const message of messages) if (message.jsonrpc && message.id !== null) this.take(message);
    for (const entry of entries) {
      if (entry.answers > 0 || entry.left) continue;
      if (status >= 400) this.refusedOver(entry, answer);
      else {
        if (!this.isEnded) this.account.fault(`the POST of ${entry.name} ended without its answer: ${status} ${text.slice(0, 200)}`);
        this.account.leave(entry, 'stream_ended');
      }
    }
    if (mustSayWhen(status) && headers['retry-after'] === undefined) this.account.fault(`${status} without Retry-After: ${text.slice(0, 200)}`);
  }

  async #broken(entries, exchange, error, last) {
    const waiting = () => entries.filter((entry) => entry.answers === 0 && !entry.left);
    if (exchange.wasCut && last && this.open) {
      await this.#resume(last, waiting);
      return;
    }
    if (!exchange.wasCut && this.open && !this.isEnded && waiting().length > 0) this.account.fault(`${error.message}: POST of ${waiting()[0].name}`);
    for (const entry of waiting()) this.account.leave(entry, exchange.wasCut ? 'cut' : 'broken');
  }

  // Nothing that was missed is lost: the answer comes on the stream that goes on, or has come.
  async #resume(last, waiting) {
    const headers = { ...this.postHeaders, accept: 'text/event-stream', 'last-event-id': last };
    const exchange = new Exchange(this.postUrl, { headers, onEvent: (event) => this.takeEvent(event) });
    try {
      const { status, text } = await exchange.whole;
      this.world.counters.resumed += 1;
      if (status !== 200 && status !== 204 && !this.excused(status)) this.account.fault(`${status} to Last-Event-ID ${last}: ${text.slice(0, 200)}`);
    } catch (error) {
      if (this.open && !this.isEnded) this.account.fault(`${error.message}: the stream that goes on after ${last}`);
    }
    for (const entry of waiting()) {
      if (this.open && !this.isEnded) this.account.fault(`not on the stream that goes on after ${last}: ${entry.name}`);
      this.account.leave(entry, 'broken');
    }
  }

  async delete() {
    this.finish();
    this.cutListening();
    const exchange = new Exchange(this.postUrl, { method: 'DELETE', headers: this.postHeaders });
    const { status } = await within(exchange.whole, () => 'the answer to DELETE');
    if (status !== 204 && !(status === 404 && this.isEnded) && !this.world.books.disturbances.excuse(outcomes[status], this.started, this.owner)) this.account.fault(`${status} to DELETE`);
  }

  // Nothing is said: the session has to expire.
  leave() {
    this.finish();
    this.cutListening();
  }
}

export class RestClient {
  #next = 1;

  constructor(world, owner, name) {
    this.world = world;
    this.owner = owner;
    this.agent = new http.Agent({ keepAlive: true });
    this.account = world.books.account({ transport: 'rest', owner, name });
  }

  // A call of a tool, at /call-tool or at its own path.
  async call({ params, ...rest }, { cutAfter, ownPath } = {}) {
    const entry = this.account.open({ id: this.#next++, ...rest });
    const [path, body] = ownPath ? [`/tools/${params.name}?raw=1`, params.arguments] : ['/call-tool', params];
    const exchange = new Exchange(this.world.url + path, {
      method: 'POST', headers: this.world.keys.headers(this.owner), body: JSON.stringify(body), agent: cutAfter === undefined ? this.agent : false,
    });
    if (cutAfter !== undefined) setTimeout(() => exchange.cut(), cutAfter);
    try {
      entry.giveUp = () => exchange.cut();
      this.#judge(entry, await exchange.whole, ownPath);
    } catch (error) {
      if (!exchange.wasCut) this.account.fault(`${error.message}: POST of ${entry.name}`);
      this.account.leave(entry, exchange.wasCut ? 'cut' : 'broken');
    }
    return { entry };
  }

  // A call whose progress is told.
  async stream({ params, ...rest }, { cutAfter } = {}) {
    const entry = this.account.open({ id: this.#next++, ...rest });
    const onEvent = ({ event, data }) => {
      if (event === 'progress') this.account.progress({ ...JSON.parse(data), progressToken: rest.token });
      else if (event === 'result') this.account.answer({ id: entry.id, result: JSON.parse(data).result });
      else if (event === 'error') this.account.answerHttp(entry, data.includes('did not answer') ? 'timeout' : 'child_died', data);
    };
    const body = JSON.stringify(params);
    const exchange = new Exchange(`${this.world.url}/call-tool-stream`, { method: 'POST', headers: this.world.keys.headers(this.owner), body, onEvent });
    entry.giveUp = () => exchange.cut();
    if (cutAfter !== undefined) setTimeout(() => exchange.cut(), cutAfter);
    try {
      const answer = await exchange.whole;
      if (answer.status !== 200) this.#judge(entry, answer);
      else if (entry.answers === 0) {
        this.account.fault(`the stream of ${entry.name} ended without its answer`);
        this.account.leave(entry, 'unanswered');
      }
    } catch (error) {
      if (!exchange.wasCut) this.account.fault(`${error.message}: ${entry.name}`);
      this.account.leave(entry, exchange.wasCut ? 'cut' : 'broken');
    }
  }

  // What needs the wrapped server, but is no call of a tool.
  async page(path) {
    const entry = this.account.open({ id: this.#next++, what: path, check: () => {}, limit: this.world.limits.rest });
    const exchange = new Exchange(this.world.url + path, { headers: this.world.keys.headers(this.owner) });
    entry.giveUp = () => exchange.cut();
    try {
      const { status, text } = await exchange.whole;
      this.account.answerHttp(entry, status === 200 ? 'result' : (outcomes[status] ?? `status ${status}`), text);
    } catch (error) {
      this.account.fault(`${error.message}: ${entry.name}`);
      this.account.leave(entry, 'broken');
    }
  }

  #judge(entry, answer, ownPath) {
    const { status, headers, text } = answer;
    if (status === 200) {
      const body = JSON.parse(text);
      this.account.answer({ id: entry.id, result: ownPath ? body : body.result });
      return;
    }
    if (status === 429 && headers['retry-after'] === undefined) this.account.fault(`429 without Retry-After: ${text.slice(0, 200)}`);
    const own = status === 500 && text.includes(entry.own) ? 'error' : undefined;
    const unknown = /Unknown tool/.test(text) ? 'unknown_tool' : undefined;
    const failed = status === 422 ? 'tool_error' : undefined;
    this.account.answerHttp(entry, own ?? unknown ?? failed ?? outcomes[status] ?? `status ${status}`, { status, text });
  }

  close() {
    this.agent.destroy();
  }
}

function checkInitialize({ result }) {
  if (result.serverInfo?.name !== 'soak') throw new Error(JSON.stringify(result));
}
