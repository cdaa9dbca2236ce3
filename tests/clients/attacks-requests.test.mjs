// Attacks with the bytes of a request: smuggling, huge heads, path tricks. The child reports the
// calls it received.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Wire, besides, exchange } from './lib/attacks.mjs';
import { Sidecar, hostile } from './lib/sidecar.mjs';

// A call that an attacker tries to get past a proxy in front; no call of the good client looks like
// it.
const stolen = '{"name":"tell","arguments":{"base64":"U01VR0dMRUQK"}}'; // SMUGGLED
const smuggled = `POST /call-tool HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${stolen.length}\r\n\r\n${stolen}`;
const own = '{"name":"echo","arguments":{"message":"own"}}';
const start = 'POST /call-tool HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const sizes = (n) => n.toString(16);
const chunked = `${sizes(own.length)}\r\n${own}\r\n0\r\n\r\n`;

// [name, fields, body, status]: each is followed by a smuggled request. A refusal closes the
// connection, so it is not read.
const ambiguous = [
  ['Content-Length and Transfer-Encoding', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', chunked, 400],
  ['Transfer-Encoding and Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', chunked, 400],
  ['two lengths that differ', `Content-Length: ${own.length}\r\nContent-Length: 0\r\n`, own, 400],
  ['two lengths that agree', `Content-Length: ${own.length}\r\nContent-Length: ${own.length}\r\n`, own, 400],
  ['a list of lengths', `Content-Length: ${own.length}, ${own.length}\r\n`, own, 400],
  ['a length with a sign', `Content-Length: +${own.length}\r\n`, own, 400],
  ['a negative length', 'Content-Length: -1\r\n', own, 400],
  ['a length in hexadecimal', `Content-Length: 0x${sizes(own.length)}\r\n`, own, 400],
  ['a length beyond 64 bits', 'Content-Length: 18446744073709551662\r\n', own, 400],
  ['a length with a space in it', 'Content-Length: 4 5\r\n', own, 400],
  ['an empty length', 'Content-Length:\r\n', own, 400],
  ['white space before a colon', `Content-Length : ${own.length}\r\n`, own, 400],
  ['white space before a colon of a coding', 'Transfer-Encoding : chunked\r\n', chunked, 400],
  ['a folded field', `X-A: b\r\n Content-Length: 0\r\nContent-Length: ${own.length}\r\n`, own, 400],
  ['a folded coding', 'Transfer-Encoding:\r\n chunked\r\n', chunked, 400],
  ['a field that begins with white space', ` Transfer-Encoding: chunked\r\n`, chunked, 400],
  ['bare line feeds', `Content-Length: ${own.length}\nX-A: b\r\n`, own, 400],
  ['a bare carriage return in a value', `X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: ${own.length}\r\n`, own, 400],
  ['a NUL in a value', `X-A: \0\r\nContent-Length: ${own.length}\r\n`, own, 400],
  ['a NUL in a name', `Transfer-Encoding\0: chunked\r\nContent-Length: ${own.length}\r\n`, own, 400],
  ['a line without a colon', `X-A\r\nContent-Length: ${own.length}\r\n`, own, 400],
  ['an empty name', `: b\r\nContent-Length: ${own.length}\r\n`, own, 400],
  ['a coding that is unknown', 'Transfer-Encoding: xchunked\r\n', chunked, 501],
  ['a list of codings', 'Transfer-Encoding: gzip, chunked\r\n', chunked, 501],
  ['chunked and identity', 'Transfer-Encoding: chunked, identity\r\n', chunked, 501],
  ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', chunked, 400],
  ['chunked in quotes', 'Transfer-Encoding: "chunked"\r\n', chunked, 501],
  ['a vertical tab before chunked', 'Transfer-Encoding: \x0bchunked\r\n', chunked, 400],
  ['a chunk size with a sign', 'Transfer-Encoding: chunked\r\n', `+${chunked}`, 400],
  ['a negative chunk size', 'Transfer-Encoding: chunked\r\n', `-${chunked}`, 400],
  ['a chunk size with 0x', 'Transfer-Encoding: chunked\r\n', `0x${chunked}`, 400],
  ['a chunk size beyond 64 bits', 'Transfer-Encoding: chunked\r\n', `1000000000000000${chunked}`, 400],
  ['a chunk size that is no number', 'Transfer-Encoding: chunked\r\n', `zz\r\n${own}\r\n0\r\n\r\n`, 400],
  ['a chunk that is longer than its size', 'Transfer-Encoding: chunked\r\n', `5\r\n${own}\r\n0\r\n\r\n`, 400],
  ['chunks that end in a bare line feed', 'Transfer-Encoding: chunked\r\n', `${sizes(own.length)}\n${own}\n0\n\n`, 400],
  ['a chunk extension with a line feed', 'Transfer-Encoding: chunked\r\n', `${sizes(own.length)};a\n\r\n${own}\r\n0\r\n\r\n`, 400],
  ['trailers that name a length', 'Transfer-Encoding: chunked\r\n', `${sizes(own.length)}\r\n${own}\r\n0\r\nContent-Length: 5\r\n\r\n`, 400],
  ['two hosts', `Host: b\r\nContent-Length: ${own.length}\r\n`, own, 400],
  ['an expectation that nobody knows', `Expect: magic\r\nContent-Length: ${own.length}\r\n`, own, 417],
];

test('attacks: a request whose end is ambiguous is refused, and the bytes after it are not read', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  await besides(sidecar, async () => {
    for (const [what, fields, body, status] of ambiguous) {
      const { statuses, text } = await exchange(sidecar.port, `${start}${fields}\r\n${body}${smuggled}`);
      assert.deepEqual(statuses, [status], `${what}: ${text}`);
    }
  });
  assert.doesNotMatch(sidecar.output, /SMUGGLED/);
  await sidecar.stop();
});

test('attacks: an unusual but unambiguous request is read, and the bytes after it are the next one', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  const next = 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  for (const [what, fields, body] of [
    ['chunked in capitals', 'Transfer-Encoding: CHUNKED\r\n', chunked],
    ['chunk extensions', 'Transfer-Encoding: chunked\r\n', `${sizes(own.length)};a=b;c="d\\"e"\r\n${own}\r\n0;last\r\n\r\n`],
    ['many small chunks', 'Transfer-Encoding: chunked\r\n', `${[...own].map((c) => `1\r\n${c}\r\n`).join('')}0\r\n\r\n`],
    ['zeros before a chunk size', 'Transfer-Encoding: chunked\r\n', `0000${chunked}`],
    ['trailers', 'Transfer-Encoding: chunked\r\n', `${sizes(own.length)}\r\n${own}\r\n0\r\nX-API-Key: a\r\nHost: b\r\n\r\n`],
    ['a length with zeros before it', `Content-Length: 000${own.length}\r\n`, own],
    ['an expectation', `Expect: 100-continue\r\nContent-Length: ${own.length}\r\n`, own],
  ]) {
    const { statuses, text } = await exchange(sidecar.port, `${start}${fields}\r\n${body}${next}`);
    assert.deepEqual(statuses.filter((status) => status !== 100), [200, 200], `${what}: ${text}`);
    assert.ok(text.includes('"text":"own"'), `${what}: ${text}`);
  }
  await sidecar.stop();
});

test('attacks: heads that are too large in any way are refused before they are complete', async (t) => {
  const sidecar = await Sidecar.start(t);
  const line = 'GET /tools HTTP/1.1\r\nHost: localhost\r\n';
  await besides(sidecar, async () => {
    for (const [what, bytes, status] of [
      ['many fields', `${line}${'X-A: b\r\n'.repeat(1000)}`, 431],
      ['101 fields', `${line}${'X: b\r\n'.repeat(100)}\r\n`, 431],
      ['a long value', `${line}X-A: ${'b'.repeat(1 << 20)}`, 431],
      ['a long name', `${line}${'X'.repeat(1 << 20)}`, 431],
      ['a long cookie', `${line}Cookie: ${'a=b; '.repeat(10_000)}\r\n\r\n`, 431],
      ['a long target', `GET /${'a'.repeat(1 << 20)}`, 414],
      ['a target just beyond half a head', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 414],
      ['a long query', `GET /tools?${'a=b&'.repeat(3000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 414],
      ['a long method', `${'A'.repeat(1 << 20)}`, 414],
      ['a range of many parts', `${line}Range: bytes=${'0-,'.repeat(2500)}\r\nConnection: close\r\n\r\n`, 200],
      ['codings that would inflate', `${line}Accept-Encoding: br, gzip, deflate, *\r\nConnection: close\r\n\r\n`, 200],
      ['a long list of proxies', `${line}X-Forwarded-For: ${'1.2.3.4, '.repeat(1500)}\r\nConnection: close\r\n\r\n`, 200],
    ]) {
      const { statuses, text } = await exchange(sidecar.port, bytes);
      assert.deepEqual(statuses, [status], `${what}: ${text.slice(0, 500)}`);
      assert.ok(text.length < 20_000, `${what}: the answer is small`);
      assert.doesNotMatch(text, /content-encoding|content-range/i, what);
    }
  });
  await sidecar.stop();
});

test('attacks: input that is not HTTP is refused or cut', async (t) => {
  const sidecar = await Sidecar.start(t);
  await besides(sidecar, async () => {
    for (const bytes of [
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', // TLS
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'GET /tools HTTP/9.9\r\nHost: localhost\r\n\r\n',
      'GET /tools HTTP/1.1 \r\nHost: localhost\r\n\r\n',
      'GET  /tools HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET\t/tools\tHTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /tools\r\n\r\n',
      'CONNECT evil:443 HTTP/1.1\r\nHost: evil\r\n\r\n',
      'TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /tools HTTP/1.1\r\n\r\n',
      'GET /tools HTTP/1.1\r\nHost: a b\r\n\r\n',
      'GET /tools HTTP/1.1\r\nHost: a/b\r\n\r\n',
      '\0'.repeat(100),
      Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 37) & 255)).toString('latin1'),
    ]) {
      const { statuses, text } = await exchange(sidecar.port, bytes);
      assert.equal(statuses.length, 1, text);
      assert.ok(statuses[0] >= 400 && statuses[0] !== 404, text);
    }
  });
  await sidecar.stop();
});

const paths = [
  '/../tools', '/./tools', '/health/../tools', '/ready/../tools', '/%2e%2e/tools', '/health/%2e%2e/tools', '/health%2f..%2ftools',
  '/health%2F%2E%2E%2Ftools', '//tools', '///tools', '/tools/', '/tools//', '/tools%2f', '/tools;a=b', '/health;/../tools',
  '/TOOLS', '/Tools', '/%74ools', '/%2574ools', '/tools%20', '/tools%09', '/tools%0a', '/tools%0d%0aX-A:%20b', '/tools%00',
  '/tools%00.html', '/tools?', '/tools?x=/health', '/tools?/../health', '/tools#/health', '/tools%23/health', '/tools%3f/health',
  '/tools\\health', '/\\tools', '/health\\..\\tools', '/%5c..%5ctools', '/%c0%ae%c0%ae/tools', '/%ff', '/%', '/%1', '/%zz', '/%u0074ools',
  '/messages/..%2f..%2ftools', '/messages/../tools', '/messages/%00', '/messages/', '/mcp/../tools', '/mcp/', '/mcp%00',
  'http://localhost/tools', 'http://evil/tools', 'HTTP://evil/tools', 'https://health/tools', 'http://a/health/../tools', 'http:///tools',
  'http://a@b/tools', 'http://', 'http://a', 'file:///etc/passwd', 'gopher://a/tools', 'tools', '*', '?', '#', '/etc/passwd',
  '/..%2f..%2f..%2f..%2fetc%2fpasswd', '/restart/..', '/%72estart', '/message?sessionId=%00', '/message?sessionId=../../x',
  '/docs/../tools', '/docs%2f..%2ftools', '/docs/', '/assets', '/assets/../tools', '/assets/..%2ftools', '/assets/..%2f..%2fetc%2fpasswd', '/assets//tools',
];
// Spellings of /tools.
const same = new Set(['/tools/', '/tools%2f', '/%74ools', '/tools?', '/tools?x=/health', '/tools?/../health', 'http://localhost/tools', 'http://evil/tools', 'HTTP://evil/tools', 'https://health/tools']);
// Paths of the pages, which need no key: they give a page or nothing, or refuse what is no GET.
const page = (path) => path === 'http://a' || path === '/docs/';
const pages = (path) => page(path) || path.startsWith('/assets/');

test('attacks: no spelling of a path bypasses the key', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile, env: { MCP_API_KEY: 'the-key' } });
  await besides(sidecar, async () => {
    for (const path of paths) {
      for (const method of ['GET', 'POST', 'DELETE', 'HEAD']) {
        const { statuses, text } = await exchange(sidecar.port, `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`);
        assert.equal(statuses.length, 1, `${method} ${path}: ${text}`);
        const wanted = same.has(path) ? [401] : pages(path) ? [200, 401, 404, 405] : [400, 401, 404];
        assert.ok(wanted.includes(statuses[0]), `${method} ${path}: ${text}`);
        assert.doesNotMatch(text, /inputSchema|root:/);
      }
    }
  }, { headers: { 'x-api-key': 'the-key' } });
  await sidecar.stop();
});

test('attacks: with a key, a path is decoded; dot segments, parameters and other spellings are not resolved', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile, env: { MCP_ALLOWED_HOSTS: '*' } });
  for (const path of paths) {
    const { statuses, text } = await exchange(sidecar.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.equal(statuses.length, 1, path);
    if (same.has(path)) assert.equal(statuses[0], 200, path);
    else if (page(path)) assert.doesNotMatch(text, /inputSchema/);
    else assert.ok([400, 404, 405].includes(statuses[0]), `${path}: ${text}`);
    assert.ok(!/root:|X-A: b/.test(text), text);
  }
  await sidecar.stop();
});

test('attacks: a pipeline of thousands of requests waits its turn', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  const count = 3_000;
  await besides(sidecar, async () => {
    const wire = await Wire.open(sidecar.port);
    wire.send('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count - 1));
    wire.send('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    let answers = 0;
    wire.socket.on('data', (data) => (answers += data.toString('latin1').split('HTTP/1.1 200 ').length - 1));
    await wire.ended();
    assert.ok(answers > count * 0.95 && answers <= count, `${answers} answers`); // an answer split between two reads is not counted
  });
  await sidecar.stop();
});
