// A TCP proxy that can cut its connections like a network, and counts requests.
import { once } from 'node:events';
import net from 'node:net';

export class CuttingProxy {
  #connections = new Set();
  #refusing = false;

  static async start(test, port) {
    const proxy = new CuttingProxy();
    proxy.accepted = 0;
    proxy.requests = 0; // heads of HTTP requests
    proxy.server = net.createServer((client) => proxy.#join(client, port));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    test.after(() => {
      proxy.cut();
      proxy.server.close();
    });
    return proxy;
  }

  #join(client, port) {
    if (this.#refusing) return client.resetAndDestroy();
    this.accepted += 1;
    client.on('data', (data) => (this.requests += /^[A-Z]+ \/[^ ]* HTTP\/1\.1\r\n/.test(data.toString('latin1'))));
    const upstream = net.connect({ port, host: '127.0.0.1' });
    for (const [from, to] of [[client, upstream], [upstream, client]]) {
      this.#connections.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#connections.delete(from);
        to.destroy();
      });
    }
  }

  // Refuses connections until accept() is called, and closes the existing ones.
  refuse() {
    this.#refusing = true;
    this.cut();
  }

  accept() {
    this.#refusing = false;
  }

  // Ends every connection at once, with a reset.
  cut() {
    for (const socket of this.#connections) socket.resetAndDestroy();
  }
}
