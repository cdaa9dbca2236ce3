// Attacks with the contents of messages, on the child, other clients and the log.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Wire, besides, served } from './lib/attacks.mjs';
import { RawSession, post, request } from './lib/http.mjs';
import { McpSession, initialize, toolCall } from './lib/mcp-http.mjs';
import { Sidecar, hostile } from './lib/sidecar.mjs';

const MB = 1 << 20;

// POSTs bytes unchanged; `latin1` for bytes that are not UTF-8. {status, text}
async function sendBytes(sidecar, path, bytes, headers = '') {
  const wire = await Wire.open(sidecar.port);
  const body = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1');
  wire.send(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n${headers}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
  wire.send(body);
  const text = await wire.ended();
  return { status: wire.statuses[0], text };
}

const pathOf = (session) => new URL(session.endpoint).pathname + new URL(session.endpoint).search;
const echo = (message) => `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"message":${message}}}}`;

const refusedBodies = [
  ['100,000 arrays', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['a million arrays that are not closed', '['.repeat(1_000_000)],
  ['100,000 objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ['arguments of depth 100,000', echo(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ['arguments of depth 1,001', echo(`${'['.repeat(1_001)}${']'.repeat(1_001)}`)],
  ['nothing', ''],
  ['white space', ' \r\n\t '],
  ['a NUL', '\0'],
  ['two values', '{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}'],
  ['two lines', '{"jsonrpc":"2.0","id":1,"method":"ping"}\n{"jsonrpc":"2.0","id":2,"method":"ping"}'],
  ['two byte order marks', '\xef\xbb\xbf\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}'],
  ['a line feed in a string', echo('"a\nb"')],
  ['a carriage return in a string', echo('"a\rb"')],
  ['a NUL in a string', echo('"a\0b"')],
  ['an escape that does not exist', echo('"\\x41"')],
  ['a cut escape', echo('"\\u12"')],
  ['a byte that no UTF-8 has', echo('"\xff"')],
  ['an overlong slash', echo('"\xc0\xaf"')],
  ['a surrogate in UTF-8', echo('"\xed\xa0\x80"')],
  ['a code point beyond the last', echo('"\xf4\x90\x80\x80"')],
  ['a cut character', echo('"\xe2\x82"')],
  ['bytes that are no UTF-8 in a key', echo('{"\xfe":1}')],
  ['a number with a zero before it', echo('01')],
  ['NaN', echo('NaN')],
  ['Infinity', echo('-Infinity')],
  ['a comma too many', echo('[1,2,,]')],
  ['single quotes', "{'jsonrpc':'2.0','id':1,'method':'ping'}"],
  ['a comment', '{"jsonrpc":"2.0",/* */"id":1,"method":"ping"}'],
  ['a second id', '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'],
  ['a second id, written with an escape', '{"jsonrpc":"2.0","id":1,"\\u0069d":2,"method":"ping"}'],
  ['a second method', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}'],
  ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
  ['an id that is an array', '{"jsonrpc":"2.0","id":[1],"method":"ping"}'],
  ['an id that is true', '{"jsonrpc":"2.0","id":true,"method":"ping"}'],
  ['a method that is a number', '{"jsonrpc":"2.0","id":1,"method":1}'],
  ['a batch in a batch', '[[{"jsonrpc":"2.0","id":1,"method":"ping"}]]'],
  ['an empty batch', '[]'],
  ['a batch of 100,000', `[${Array(100_000).fill('{"jsonrpc":"2.0","id":1,"method":"ping"}').join()}]`],
];

test('attacks: a body that is not one message is refused over every face, and no part of it reaches the child', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  await besides(sidecar, async () => {
    const mcp = await McpSession.open(sidecar.url);
    const sse = await RawSession.open(sidecar.url);
    const named = `Mcp-Session-Id: ${mcp.id}\r\nMCP-Protocol-Version: 2025-11-25\r\n`;
    const told = sse.stream.events.length;
    for (const [what, body] of refusedBodies) {
      for (const [path, headers] of [['/mcp', named], ['/mcp', ''], [pathOf(sse), ''], ['/call-tool', ''], ['/vapi/call', '']]) {
        const { status, text } = await sendBytes(sidecar, path, body, headers);
        assert.equal(status, 400, `${what} at ${path}: ${text.slice(0, 500)}`);
        assert.ok(text.length < 5_000, what);
      }
    }
    assert.equal((await sse.call(1, 'ping')).id, 1);
    assert.equal(sse.stream.events.length, told + 1, 'the stream had the answer to ping alone');
    sse.close();
  });
  assert.doesNotMatch(sidecar.output, /child stderr/, 'the child could read every line that it got');
  await sidecar.stop();
});

test('attacks: bodies up to the limit pass whole in any shape; larger ones get 413', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  await besides(sidecar, async () => {
    const line = (args) => `{"name":"line","arguments":${args}}`;
    for (const [what, args] of [
      ['a long string', `{"a":"${'x'.repeat(3 * MB)}"}`],
      ['many keys', `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":${n}`).join()}}`],
      ['many empty arrays', `{"a":[${Array(300_000).fill('[]').join()}]}`],
      ['a number of a million digits', `{"a":${'9'.repeat(1_000_000)}}`],
      ['900 levels', `{"a":${'['.repeat(900)}${']'.repeat(900)}}`],
      ['escapes of lone surrogates, which the grammar allows', '{"a":"\\ud800","b":"\\udc00\\ud800"}'],
      ['a key that is there twice', '{"a":1,"a":2}'],
      ['keys that JavaScript minds', '{"__proto__":{"x":1},"constructor":{"prototype":1}}'],
    ]) {
      const { status, text } = await sendBytes(sidecar, '/call-tool', line(args));
      assert.equal(status, 200, `${what}: ${text.slice(0, 300)}`);
      const arrived = Buffer.from(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).result.content[0].text, 'base64').toString();
      assert.ok(arrived.includes(`"arguments":${args}`), `${what} arrived as it was sent`);
    }
    assert.equal((await sendBytes(sidecar, '/call-tool', line(`{"a":"${'x'.repeat(10 * MB)}"}`))).status, 413);
  });
  await sidecar.stop();
});

test('attacks: overlong values that are stored for a call or a session are refused', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  await besides(sidecar, async () => {
    const mcp = await McpSession.open(sidecar.url);
    const long = 'x'.repeat(5000);
    for (const [what, message] of [
      ['an id', toolCall(long, 'echo', { message: 'x' })],
      ['a method', { jsonrpc: '2.0', id: 1, method: long }],
      ['a progress token', toolCall(1, 'echo', { message: 'x' }, { progressToken: long })],
    ]) {
      const refused = await mcp.post(message);
      assert.equal(refused.status, 400, what);
      assert.equal(refused.json().error.code, -32600, what);
      assert.ok(refused.text.length < 500, what);
    }
    assert.equal((await mcp.call(1, 'resources/subscribe', { uri: long })).error.code, -32602);
    assert.deepEqual((await mcp.call(2, 'resources/subscribe', { uri: 'x'.repeat(4000) })).result, {});
    assert.ok((await McpSession.open(sidecar.url, { version: '9'.repeat(1 * MB) })).result.protocolVersion.length < 20);
  });
  await sidecar.stop();
});

// Every string of a client that becomes part of a line to the child: a line end in it must stay an
// escape.
const injection = '\\n{\\"jsonrpc\\":\\"2.0\\",\\"id\\":99,\\"method\\":\\"tools/call\\",\\"params\\":{\\"name\\":\\"tell\\",\\"arguments\\":{\\"base64\\":\\"U01VR0dMRUQ=\\"}}}\\n\\r\\u2028\\u0000';

test('attacks: no string of a client starts a new line at the child', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  await besides(sidecar, async () => {
    const mcp = await McpSession.open(sidecar.url);
    const named = `Mcp-Session-Id: ${mcp.id}\r\nMCP-Protocol-Version: 2025-11-25\r\n`;
    const call = (id, more, args = '{}') => `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"line","arguments":${args}${more}}}`;
    for (const [what, body] of [
      ['an id', call(`"${injection}"`, '')],
      ['an argument', call('"a"', '', `{"a":"${injection}"}`)],
      ['a key', call('"b"', '', `{"${injection}":1}`)],
      ['a progress token', call('"c"', `,"_meta":{"progressToken":"${injection}"}`)],
      ['a member of _meta', call('"d"', `,"_meta":{"${injection}":"${injection}"}`)],
      ['an unknown member', call('"e"', `,"${injection}":1`)],
      ['line feeds between tokens', call('"f"', '').replaceAll(':', ':\r\n\r').replaceAll(',', '\n,\n')],
    ]) {
      const { status, text } = await sendBytes(sidecar, '/mcp', body, named);
      assert.equal(status, 200, `${what}: ${text}`);
      const answer = JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
      assert.equal(answer.id, JSON.parse(body).id, what);
      const arrived = Buffer.from(answer.result.content[0].text, 'base64').toString();
      assert.doesNotMatch(arrived, /[\n\r\0]/, what);
      assert.equal(JSON.parse(arrived).method, 'tools/call', what);
    }
    // A method with a control character is refused.
    const method = await sendBytes(sidecar, '/mcp', `{"jsonrpc":"2.0","id":1,"method":"x${injection}"}`, named);
    assert.equal(method.status, 400, method.text);
    const tool = await sendBytes(sidecar, '/mcp', `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${injection}"}}`, named);
    assert.equal(tool.status, 200, tool.text);
    const notice = await sendBytes(sidecar, '/mcp', `{"jsonrpc":"2.0","method":"notifications/${injection}","params":{"${injection}":1}}`, named);
    assert.equal(notice.status, 400, notice.text);
    const rest = await sendBytes(sidecar, '/call-tool', `{"name":"line","arguments":"{\\"a\\":\\n\\r\\n1}"}`);
    const arrived = Buffer.from(JSON.parse(rest.text.slice(rest.text.indexOf('\r\n\r\n'))).result.content[0].text, 'base64').toString();
    assert.doesNotMatch(arrived, /[\n\r]/, 'arguments that came as text');
  });
  assert.doesNotMatch(sidecar.output, /SMUGGLED|child stderr/);
  await sidecar.stop();
});

test('attacks: no id, name or result adds a field or an event to an event stream', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  const forged = 'x\r\n\r\nevent: endpoint\ndata: /evil\n\nid: 1\rdata: evil\r\r';
  await besides(sidecar, async () => {
    const session = await RawSession.open(sidecar.url);
    const answer = await session.call(forged, 'tools/call', { name: 'echo', arguments: { message: forged } });
    assert.equal(answer.result.content[0].text, forged);
    // The child's own line, with carriage returns between its tokens and its own event id.
    const line = '{"jsonrpc":"2.0",\r"id":${id},\r\r"result":{"content":[],\r"x":"\\r\\nevent: endpoint\\r\\n"}\r}\r\n';
    const spaced = await session.call('spaced', 'tools/call', { name: 'write', arguments: { base64: Buffer.from(line).toString('base64') } });
    assert.equal(spaced.result.x, '\r\nevent: endpoint\r\n');
    assert.deepEqual(session.stream.events.map((event) => event.event ?? 'comment'), ['comment', 'endpoint', 'message', 'message']);
    assert.equal(session.stream.raw.replaceAll('\r\n', '').includes('\r'), false, 'no carriage return, which would end a line');
    session.close();

    // Over an event stream of REST: the name of the event and the text of an error.
    const stream = await sendBytes(sidecar, '/call-tool-stream', `{"name":${JSON.stringify(forged)}}`);
    assert.equal(stream.status, 200);
    assert.deepEqual(stream.text.split('\r\n\r\n').slice(1).join('').match(/^(event|data|id):[^\r\n]*/gm)?.map((one) => one.split(':')[0]), ['event', 'data']);

    // Ids sent as a header: unknown, and not repeated in the answer.
    const mcp = await McpSession.open(sidecar.url);
    for (const value of ['x%0d%0aevent: evil', '../../etc/passwd', '"; drop', 'constructor', '__proto__', '\x80\xff', 'x'.repeat(8000)]) {
      const listened = await request(`${sidecar.url}/mcp`, { headers: { ...mcp.headers, accept: 'text/event-stream', 'last-event-id': value } });
      assert.equal(listened.status, 400, value);
      const foreign = await mcp.post(toolCall(1, 'echo', { message: 'x' }), { 'mcp-session-id': value });
      assert.equal(foreign.status, 404, value);
      for (const said of [listened, foreign]) assert.ok(!said.text.includes(value) && !JSON.stringify(said.headers).includes(value), value);
    }
  });
  await sidecar.stop();
});

// Characters that a log line must not contain: control characters, also beyond ASCII, and those
// that break or reorder lines.
// eslint-disable-next-line no-control-regex
const obeyed = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const escapes = '\n2026-01-01T00:00:00.000+0000 info FORGED\r\n{"level":"info","event":"FORGED"}\x1b[2J\x1b]0;title\x07\x9b31m\u2028FORGED\u202e\x7f\0';

for (const format of ['text', 'json']) {
  test(`attacks: no text of a client or the child forges a log line or controls a terminal, as ${format}`, async (t) => {
    const env = { MCP_API_KEY: 'the-key', MCP_LOG_FORMAT: format, LOG_LEVEL: 'trace', MCP_DEBUG_REQUESTS: 'true', MCP_CORS_ORIGINS: 'https://good.example' };
    const sidecar = await Sidecar.start(t, { command: hostile, env });
    const lines = [];
    for (const stream of [sidecar.process.stdout, sidecar.process.stderr]) {
      let rest = Buffer.alloc(0);
      stream.on('data', (data) => {
        rest = Buffer.concat([rest, data]);
        for (let at; (at = rest.indexOf(10)) >= 0; rest = rest.subarray(at + 1)) lines.push(rest.subarray(0, at));
      });
    }
    const key = { 'x-api-key': 'the-key' };
    const keyed = 'X-API-Key: the-key\r\n';
    await served(sidecar, key);
    await besides(sidecar, async () => {
      const inPath = [...Buffer.from(escapes)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('').replaceAll('%00', '');
      for (const path of [`/${inPath}`, '/%9b31m', '/%0aFORGED', `/messages/${inPath}`, `/message?sessionId=${inPath}`, `/${'%1b'.repeat(2000)}`]) {
        for (const fields of ['', keyed]) await sendBytes(sidecar, path, '{}', fields);
      }
      for (const name of ['Origin', 'X-API-Key', 'Authorization', 'X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'User-Agent', 'Mcp-Session-Id', 'Last-Event-ID', 'MCP-Protocol-Version']) {
        for (const value of ['\x9b31m', '\x1b[2J', '\u0085FORGED', '\xe2\x80\xa8FORGED', '"level":"FORGED', 'a b=c', '%0aFORGED', 'x'.repeat(5000)]) {
          for (const fields of ['', keyed]) await sendBytes(sidecar, '/mcp', '{}', `${fields}${name}: ${value}\r\n`);
        }
      }
      // Not in the URL: the client's name, a tool's name, a method, a body.
      const named = initialize();
      named.params.clientInfo = { name: escapes, version: escapes };
      assert.equal((await post(`${sidecar.url}/mcp`, named, { ...key, accept: 'application/json, text/event-stream' })).status, 200);
      const session = await RawSession.open(sidecar.url, key);
      await session.call(1, 'tools/call', { name: escapes, arguments: { [escapes]: escapes } });
      // A method with a control character is refused.
      for (const id of [{ id: 2 }, {}])
        assert.equal((await session.post({ jsonrpc: '2.0', ...id, method: escapes, params: { requestId: escapes } })).status, 400);
      await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: escapes } });
      await session.post({ jsonrpc: '2.0', id: escapes, result: {} });
      const told = (bytes) => ({ name: 'tell', arguments: { base64: Buffer.from(bytes).toString('base64') } });
      await session.call(3, 'tools/call', told(Buffer.concat([Buffer.from(escapes), Buffer.from([0x9b, 0x0a]), Buffer.alloc(20_000, 0x1b), Buffer.from([0x0a])])));
      // Lines of the child that are no messages, or malformed requests.
      for (const junk of [`${escapes.replaceAll('\n', ' ')}\n`, `{"jsonrpc":"2.0","id":1,"method":${JSON.stringify(escapes)}}\n`, '{"jsonrpc":"2.0","id":"\\u001b","method":"sampling/createMessage"}\n']) {
        await session.call(`junk ${junk}`, 'tools/call', { name: 'write', arguments: { base64: Buffer.from(`${junk}{"jsonrpc":"2.0","id":\${id},"result":{}}\n`).toString('base64') } });
      }
      session.close();
    }, { headers: key });
    await sidecar.stop();
    assert.ok(lines.length > 100);
    for (const line of lines) {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(line);
      assert.doesNotMatch(text, obeyed, `a line of the log: ${JSON.stringify(text.slice(0, 300))}`);
      assert.doesNotMatch(text, /^([^\s{]\S* info )?FORGED|"event":"FORGED"/);
      assert.doesNotMatch(text, /the-key/);
      if (format === 'json' && text.startsWith('{')) assert.equal(typeof JSON.parse(text).event, 'string', text.slice(0, 300));
    }
  });
}
