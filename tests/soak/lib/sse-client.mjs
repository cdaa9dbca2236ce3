// A session over legacy SSE.
import { within } from '../../clients/lib/guard.mjs';
import { McpClient } from './mcp-client.mjs';
import { Exchange } from './wire.mjs';

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
    return (await client.greet(undefined, capabilities)) ? client : undefined;
  }

  get postHeaders() {
    return this.headers;
  }

  refused(status) {
    if (!this.excused(status)) this.account.fault(`${status} to GET /sse`);
    this.leave();
    return undefined;
  }

  // Sends a call; resolves when its POST is answered, or is cut after `cutAfter` ms.
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
      // A POST that we cut may or may not have arrived.
      if (this.open && !exchange.wasCut) this.account.fault(`${error.message}: POST of ${entry.name}`);
      this.account.leave(entry, exchange.wasCut ? 'cut' : 'broken');
    }
    return { entry };
  }

  // The connection disappears, as when a laptop is closed.
  leave() {
    this.finish();
    this.stream.cut();
  }
}
