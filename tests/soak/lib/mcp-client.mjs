// Common parts of the soak's SSE and Streamable HTTP clients: one session, and its account in the
// books.
import http from 'node:http';

import { within } from '../../clients/lib/guard.mjs';
import { call as request, initialize, notification } from '../../clients/lib/mcp-http.mjs';
import { otherEvictable } from './disturbances.mjs';
import { mustSayWhen, outcomeOfStatus } from './outcomes.mjs';
import { Exchange } from './wire.mjs';

const SILENCE_MS = 7_000; // after a longer silence the session may have reached MCP_SESSION_TIMEOUT

export class McpClient {
  #next = 1;
  open = true; // until we close it
  cancelled = 0; // cancelled calls that may still count at the child

  constructor(transport, world, owner, name, { evictable } = {}) {
    this.world = world;
    this.owner = owner;
    this.agent = new http.Agent({ keepAlive: true });
    this.account = world.books.account({ transport, owner, name, evictable });
    this.started = this.lastSaid = Date.now();
    this.uri = `soak://${name}`;
  }

  get headers() {
    return this.world.keys.headers(this.owner);
  }

  nextId() {
    // Ids of both types, the same ones in every session.
    return this.#next % 3 === 0 ? String(this.#next++) : this.#next++;
  }

  // A call as {message, entry}: the message to send, and its entry in the books.
  prepare({ method, params, expects = ['result'], ...rest }) {
    const id = this.nextId();
    const entry = this.account.open({ id, ...rest, expects: this.mayHaveExpired ? [...expects, 'no_session'] : expects });
    this.lastSaid = Date.now();
    return { message: request(id, method, params), entry };
  }

  // On a busy machine we may be silent for longer than intended.
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

  // Performs the handshake; returns whether it succeeded.
  async greet(version, capabilities) {
    const { params } = initialize(version, capabilities);
    const coming = capabilities?.sampling && this.world.books.disturbances.begin('newcomer', otherEvictable(this.account.name));
    const { entry } = await this.call({ what: 'initialize', method: 'initialize', params, check: checkInitialize, limit: this.world.limits.call });
    const outcome = await entry.settled;
    coming?.end();
    if (outcome !== 'result') {
      this.leave();
      return false;
    }
    this.greeted = true;
    await this.send(notification('notifications/initialized'));
    return true;
  }

  async cancel(entry) {
    this.cancelled += 1;
    this.account.leave(entry, 'cancelled');
    await this.send(notification('notifications/cancelled', { requestId: entry.id }));
  }

  // Sends a notification or an answer. The HTTP status does not matter to the call that it is
  // about.
  async send(message) {
    const exchange = new Exchange(this.postUrl, { method: 'POST', headers: this.postHeaders, body: JSON.stringify(message), agent: this.agent });
    const { status } = await within(exchange.whole, () => `the answer to ${message.method ?? 'an answer'}`);
    if (status !== 202 && !this.excused(status)) this.account.fault(`${status} to ${message.method ?? 'an answer'}`);
  }

  excused(status) {
    return !this.open || (status === 404 && this.isEnded) || this.world.books.disturbances.excuse(outcomeOfStatus(status), this.started, this.account);
  }

  // The sidecar must not end an event stream that we still want.
  watch(exchange) {
    exchange.whole.catch(() => {}).then(() => {
      if (exchange.wasCut || !this.open) return;
      this.open = false;
      if (!this.isEnded) this.account.fault('the sidecar ended its event stream');
      this.account.leaveAll('stream_ended');
    });
  }

  // The session may have ended: its owner's key was revoked, it was silent for too long, or it was
  // evicted.
  get isEnded() {
    return this.mayHaveExpired || this.world.books.disturbances.excuse('stream_ended', this.started, this.account);
  }

  refusedOver(entry, { status, headers, text }) {
    if (mustSayWhen(status) && headers['retry-after'] === undefined) this.account.fault(`${status} without Retry-After: ${text.slice(0, 200)}`);
    this.account.answerHttp(entry, outcomeOfStatus(status), { status, text });
  }

  finish() {
    this.open = false;
    this.account.leaveAll();
    this.agent.destroy();
  }
}

function checkInitialize({ result }) {
  if (result.serverInfo?.name !== 'soak') throw new Error(JSON.stringify(result));
}
