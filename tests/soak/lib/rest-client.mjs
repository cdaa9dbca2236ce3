// Calls over REST.
import http from 'node:http';

import { outcomeOfEvent, outcomeOfStatus } from './outcomes.mjs';
import { Exchange } from './wire.mjs';

export class RestClient {
  #next = 1;

  constructor(world, owner, name) {
    this.world = world;
    this.owner = owner;
    this.agent = new http.Agent({ keepAlive: true });
    this.account = world.books.account({ transport: 'rest', owner, name });
  }

  // A tool call, at /call-tool or at the tool's own path.
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

  // A call with progress events.
  async stream({ params, ...rest }, { cutAfter } = {}) {
    const entry = this.account.open({ id: this.#next++, ...rest });
    const onEvent = ({ event, data }) => {
      if (event === 'progress') this.account.progress({ ...JSON.parse(data), progressToken: rest.token });
      else if (event === 'result') this.account.answer({ id: entry.id, result: JSON.parse(data).result });
      else if (event === 'error') this.account.answerHttp(entry, outcomeOfEvent(data), data);
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

  // A request that needs the wrapped server but is not a tool call.
  async page(path) {
    const entry = this.account.open({ id: this.#next++, what: path, check: () => {}, limit: this.world.limits.rest });
    const exchange = new Exchange(this.world.url + path, { headers: this.world.keys.headers(this.owner) });
    entry.giveUp = () => exchange.cut();
    try {
      const { status, text } = await exchange.whole;
      this.account.answerHttp(entry, status === 200 ? 'result' : outcomeOfStatus(status), text);
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
    this.account.answerHttp(entry, own ?? unknown ?? failed ?? outcomeOfStatus(status), { status, text });
  }

  close() {
    this.agent.destroy();
  }
}
