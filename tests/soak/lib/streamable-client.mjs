// A session over Streamable HTTP.
import { within } from '../../clients/lib/guard.mjs';
import { accept, messagesOf } from '../../clients/lib/mcp-http.mjs';
import { McpClient } from './mcp-client.mjs';
import { mustSayWhen, outcomeOfStatus } from './outcomes.mjs';
import { Exchange } from './wire.mjs';

export class StreamableClient extends McpClient {
  // `version`: 2025-11-25 has event ids and resumption, 2025-03-26 batches.
  static async open(world, owner, name, { version = '2025-11-25', capabilities = {} } = {}) {
    const client = new StreamableClient('streamable', world, owner, name, { evictable: capabilities.sampling !== undefined });
    client.version = version;
    return (await client.greet(version, capabilities)) ? client : undefined;
  }

  get postUrl() {
    return `${this.world.url}/mcp`;
  }

  get postHeaders() {
    const named = this.id === undefined ? {} : { 'mcp-session-id': this.id };
    const versioned = this.greeted ? { 'mcp-protocol-version': this.version } : {};
    return { ...accept, ...named, ...versioned, ...this.headers };
  }

  // Opens the stream for messages that belong to no call; resumes it where it was cut.
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

  // Makes calls, one or a batch. After `cutAfter` ms the client disconnects; with `comesBack` it
  // resumes by Last-Event-ID if it has seen an event by then.
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

  // Reads the answer of the POST to its end.
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

  // Missed messages are not lost: the answer arrives on the resumed stream, or has arrived before.
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
    if (status !== 204 && !(status === 404 && this.isEnded) && !this.world.books.disturbances.excuse(outcomeOfStatus(status), this.started, this.account)) this.account.fault(`${status} to DELETE`);
  }

  // Sends nothing: the session has to expire.
  leave() {
    this.finish();
    this.cutListening();
  }
}
