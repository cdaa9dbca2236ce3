// Attacks on connections: slow, many or heavy clients. A good client works meanwhile and
// afterwards.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { Wire, besides, each, exchange, ownAddress, peakBytes, quarantine, resetPeak, statusesIn } from './lib/attacks.mjs';
import { eventually, within } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { openDescriptors } from './lib/processes.mjs';
import { Sidecar, hostile, scope } from './lib/sidecar.mjs';

const MB = 1 << 20;
const head = 'POST /call-tool HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';

// Sends `begin` at once, then a byte of `drip` at a time without end.
async function slowly(sidecar, count, begin, drip) {
  let said = 0;
  await each(count, count, async (n) => {
    const wire = await Wire.open(sidecar.port, { from: ownAddress(n) });
    wire.send(begin);
    const dripping = setInterval(() => wire.send(drip[said++ % drip.length]), 50);
    const text = await wire.ended();
    clearInterval(dripping);
    assert.deepEqual(statusesIn(text), [408], text);
  });
}

test('attacks: heads that come a byte at a time are cut with 408', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_RECEIVE_TIMEOUT: '1s' } });
  await besides(sidecar, () => slowly(sidecar, 200, 'GET /tools HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 'abcdefgh'));
  await sidecar.stop();
});

test('attacks: bodies that come a byte at a time are cut with 408, with a length and in chunks', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_RECEIVE_TIMEOUT: '1s' } });
  await besides(sidecar, async () => {
    await slowly(sidecar, 100, `${head}Content-Length: 100000\r\n\r\n{"name":"`, 'abcdefgh');
    await slowly(sidecar, 100, `${head}Transfer-Encoding: chunked\r\n\r\n`, ['1\r\na\r\n']);
  });
  await sidecar.stop();
});

test('attacks: clients that do not read are cut after the stall limit', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile, env: { MCP_STREAM_STALL: '1s' } });
  const body = JSON.stringify({ name: 'big', arguments: { size: 16 * MB } });
  const before = openDescriptors(sidecar.pid).sockets;
  await besides(sidecar, async () => {
    const wires = [];
    for (let n = 0; n < 8; n += 1) {
      const wire = await Wire.open(sidecar.port, { from: ownAddress(n), listens: false });
      wire.send(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      await within(once(wire.socket, 'readable'), () => 'the first bytes of an answer');  // and stops reading
      wires.push(wire);
    }
    // A client that does not read does not notice its end either. The good client has at most three
    // connections.
    await eventually(() => openDescriptors(sidecar.pid).sockets <= before + 4, 'those who do not read are gone');
    for (const wire of wires) wire.close();
  });
  await eventually(() => openDescriptors(sidecar.pid).sockets <= before, 'no connection is left');
  await sidecar.stop();
});

test('attacks: an event stream that is not read ends as a slow reader, and its session with it', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_STREAM_STALL: '1s' } });
  await besides(sidecar, async () => {
    const wire = await Wire.open(sidecar.port);
    wire.send('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(() => /sessionId=[\w-]+/.test(wire.text), 'the endpoint');
    wire.socket.pause();
    const path = wire.text.match(/data: (\S+)/)[1];
    const big = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { message: 'x'.repeat(9 * MB) } } };
    assert.equal((await request(sidecar.url + path, { method: 'POST', body: big })).status, 202);
    await sidecar.line(/session ended.*slow reader/);
    assert.equal((await request(sidecar.url + path, { method: 'POST', body: { ...big, params: {} } })).status, 404);
    wire.close();
  });
  await sidecar.stop();
});

// Under AddressSanitizer descriptors are expensive: the short run has fewer.
test('attacks: thousands of idle connections keep no client out, and cost little', async (t) => {
  const count = scope === 'long' ? 10_000 : 2_000;
  const sidecar = await Sidecar.start(t);
  const peak = peakBytes(sidecar.pid);
  await besides(sidecar, async () => {
    const wires = [];
    await each(count, 200, async (n) => {
      const wire = await Wire.open(sidecar.port, { from: ownAddress(n >> 9) });
      // Half of them send something and stay.
      if (n % 2) wire.send('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
      wires.push(wire);
    });
    await eventually(() => openDescriptors(sidecar.pid).sockets >= count, 'all of them are accepted');
    await eventually(() => wires.filter((wire) => wire.statuses[0] === 200).length === count / 2, 'half of them had an answer');
    const grown = peakBytes(sidecar.pid) - peak;
    assert.ok(grown < count * 16 * 1024 + quarantine, `${grown} bytes for ${count} connections`);
    for (const wire of wires) wire.close();
  });
  await sidecar.stop();
});

test('attacks: connections of one address beyond its limit are closed, those of others served', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_MAX_TCP_CONNECTIONS_PER_IP: '50' } });
  await besides(sidecar, async () => {
    const wires = await Promise.all(Array.from({ length: 200 }, () => Wire.open(sidecar.port, { from: ownAddress(1) })));
    const gone = () => wires.filter((wire) => wire.socket.readableEnded || wire.socket.destroyed).length;
    await eventually(() => gone() >= 150, '150 of them are closed');
    await delay(100);
    assert.equal(gone(), 150);
    for (const wire of wires) wire.close();
  });
  await sidecar.stop();
});

test('attacks: connections beyond the total limit wait in the backlog, and are served once there is room', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_MAX_TCP_CONNECTIONS: '20', MCP_IDLE_CONNECTION: '1s' } });
  await Promise.all(Array.from({ length: 100 }, (_, n) => Wire.open(sidecar.port, { from: ownAddress(n) })));
  assert.equal((await request(`${sidecar.url}/tools`)).status, 200, 'idle ones are closed, and he had his turn');
  await sidecar.stop();
});

test('attacks: a flood of connections that are opened and reset at once harms no client', async (t) => {
  const sidecar = await Sidecar.start(t);
  await besides(sidecar, () => each(2_000, 50, async (n) => {
    const wire = await Wire.open(sidecar.port, { from: ownAddress(n % 64) });
    if (n % 3) wire.send(n % 3 === 1 ? 'GET /tools HTTP/1.1\r\nHost: localhost\r\n\r\n' : 'POST /call-to');
    wire.socket.resetAndDestroy();
  }));
  await sidecar.stop();
});

test('attacks: uploads of 10 MB without a key are refused at their head, and memory stays flat', async (t) => {
  const count = scope === 'short' ? 200 : 1_000;
  const headers = { 'x-api-key': 'the-key' };
  const sidecar = await Sidecar.start(t, { env: { MCP_API_KEY: 'the-key' } });
  const body = Buffer.alloc(10 * MB, 'x');
  await besides(sidecar, async () => {
    resetPeak(sidecar.pid);
    const before = peakBytes(sidecar.pid);
    // The refusal comes before the body: none of it has been sent.
    for (const more of ['', 'Expect: 100-continue\r\n']) {
      const wire = await Wire.open(sidecar.port);
      wire.send(`${head}${more}Content-Length: ${body.length}\r\n\r\n`);
      assert.deepEqual(statusesIn(await wire.ended()), [401]);
    }
    await each(count, 50, async (n) => {
      const wire = await Wire.open(sidecar.port, { from: ownAddress(n % 50) });
      wire.send(`${head}Content-Length: ${body.length}\r\n\r\n`);
      wire.send(body);
      assert.deepEqual(statusesIn(await wire.ended()), [401]);
    });
    const grown = peakBytes(sidecar.pid) - before;
    assert.ok(grown < 32 * MB + quarantine, `grew by ${grown} bytes at most, over ${count} uploads, 50 at a time`);
  }, { headers });
  await sidecar.stop();
});

test('attacks: gzip bombs are refused with 413, and memory stays flat', async (t) => {
  const sidecar = await Sidecar.start(t);
  const bomb = gzipSync(Buffer.alloc(128 * MB), { level: 9 }); // 1,000:1
  const lying = Buffer.from(bomb);
  lying.writeUInt32LE(1, lying.length - 4); // the size that the file claims
  const gzipped = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  await besides(sidecar, async () => {
    await post(`${sidecar.url}/call-tool`, gzipSync('{"name":"time"}'), gzipped);
    resetPeak(sidecar.pid);
    const before = peakBytes(sidecar.pid);
    await each(200, 20, async (n) => assert.equal((await post(`${sidecar.url}/call-tool`, bomb, gzipped)).status, 413, `bomb ${n}`));
    const grown = peakBytes(sidecar.pid) - before;
    assert.ok(grown < 16 * MB + quarantine, `grew by ${grown} bytes at most`);
    await each(20, 20, async (n) => assert.equal((await post(`${sidecar.url}/mcp`, lying, { ...gzipped, accept: 'application/json' })).status, 413, `lying bomb ${n}`));
    const more = peakBytes(sidecar.pid) - before;
    assert.ok(more < 48 * MB + quarantine, `grew by ${more} bytes at most`); // one at a time, up to the limit of bodies
  });
  await sidecar.stop();
});

test('attacks: chunked uploads without an end stop at the limit of bodies', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { MCP_MAX_BODY: '1MB' } });
  await besides(sidecar, async () => {
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65536, 'x'), Buffer.from('\r\n')]);
    await each(20, 5, async () => {
      const { statuses } = await exchange(sidecar.port, Buffer.concat([Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`), ...Array(64).fill(chunk)]).toString('latin1'));
      assert.deepEqual(statuses, [413]);
    });
  });
  await sidecar.stop();
});
