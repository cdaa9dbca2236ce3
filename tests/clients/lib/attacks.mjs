// Shared parts of the attack tests: a good client that keeps working, and raw connections with what
// they receive.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { within } from './guard.mjs';
import { RawSession, post } from './http.mjs';
import { McpSession } from './mcp-http.mjs';
import { sidecarProgram } from './sidecar.mjs';

const hello = (message) => ({ name: 'echo', arguments: { message } });
const heardBack = (result, message) => assert.equal(result?.content?.[0]?.text, message, JSON.stringify(result));

// A call over each face: `sidecar` wraps a server with the tool echo.
export async function served(sidecar, headers = {}) {
  const rest = await post(`${sidecar.url}/call-tool`, hello('over REST'), headers);
  assert.equal(rest.status, 200, rest.text);
  heardBack(rest.json().result, 'over REST');
  const sse = await RawSession.open(sidecar.url, headers);
  heardBack((await sse.call(1, 'tools/call', hello('over SSE'))).result, 'over SSE');
  sse.close();
  const mcp = await McpSession.open(sidecar.url, { headers });
  heardBack((await mcp.call(1, 'tools/call', hello('over Streamable HTTP'))).result, 'over Streamable HTTP');
  assert.equal((await mcp.delete()).status, 204);
}

// Runs an attack beside a good client with a session over SSE and calls over REST. Every call of it
// succeeds from before the attack until after it, and the process is still the same at the end.
export async function besides(sidecar, attack, { headers = {} } = {}) {
  await served(sidecar, headers);
  const session = await RawSession.open(sidecar.url, headers);
  let over = false;
  let calls = 0;
  const good = (async () => {
    for (; !over || calls === 0; calls += 1) {
      const message = `call ${calls}`;
      heardBack((await session.call(calls, 'tools/call', hello(message))).result, message);
      const rest = await post(`${sidecar.url}/call-tool`, hello(message), headers);
      assert.equal(rest.status, 200, rest.text);
      heardBack(rest.json().result, message);
      await delay(10);
    }
  })();
  // Reports the first failure, after waiting for the other one too.
  try {
    await Promise.race([attack(), good.then(() => new Promise(() => {}))]);
  } finally {
    over = true;
    await good.catch(() => {});
  }
  await good;
  session.close();
  await served(sidecar, headers);
  assert.equal(sidecar.process.exitCode, null);
}

// A connection from an address of this machine, 127.0.0.0/8. Receives `text`; `over` resolves at
// the end.
export class Wire {
  text = '';
  bytes = 0;

  static async open(port, { from = '127.0.0.1', listens = true } = {}) {
    const wire = new Wire();
    wire.socket = net.connect({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true });
    wire.socket.on('error', () => {});
    wire.over = new Promise((resolve) => wire.socket.once('close', resolve).once('end', resolve));
    await within(Promise.race([once(wire.socket, 'connect'), wire.over]), () => `a connection from ${from}`);
    if (listens) {
      wire.socket.on('data', (data) => {
        wire.bytes += data.length;
        if (wire.text.length < 32 << 20) wire.text += data.toString('latin1');
      });
    }
    return wire;
  }

  send(bytes) {
    this.socket.write(bytes);
  }

  // Everything received until the other side closed.
  async ended() {
    await within(this.over, () => `the end of a connection; it heard ${JSON.stringify(this.text.slice(0, 500))}`);
    this.socket.destroy();
    return this.text;
  }

  get statuses() {
    return statusesIn(this.text);
  }

  close() {
    this.socket.destroy();
  }
}

export const statusesIn = (text) => [...text.matchAll(/HTTP\/1\.1 (\d\d\d) /g)].map((match) => Number(match[1]));

// Sends bytes, then nothing more; returns everything received until the end. The request asks for
// the end, or is refused.
export async function exchange(port, bytes) {
  const wire = await Wire.open(port);
  wire.send(Buffer.from(bytes, 'latin1'));
  const text = await wire.ended();
  return { text, statuses: statusesIn(text) };
}

// The nth of the loopback addresses, which Linux accepts without configuration.
export const ownAddress = (n) => `127.${1 + (n >> 16)}.${(n >> 8) & 255}.${1 + (n & 127)}`;

// At most `width` at a time.
export async function each(count, width, action) {
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(width, count) }, async () => {
    while (next < count) await action(next++);
  }));
}

// Freed memory that AddressSanitizer keeps, in addition to any bound of a test.
export const quarantine = /asan/.test(sidecarProgram) ? 300 << 20 : 0;

// The peak memory of a process since the last resetPeak, in bytes.
export const resetPeak = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5');
export const peakBytes = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmHWM:\s+(\d+) kB/m)[1]) * 1024;
