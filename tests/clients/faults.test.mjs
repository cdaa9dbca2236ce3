// Faults in the field: children that die, hang and write garbage; clients that vanish. No client
// waits in vain, no session is lost, no other client notices.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './lib/guard.mjs';
import { EventStream, RawSession, post, rawConnection, request } from './lib/http.mjs';
import { connect, textOf } from './lib/sdk.mjs';
import { Sidecar, demo, unruly } from './lib/sidecar.mjs';

const tool = (name, args = {}) => ({ name, arguments: args });
const pidOf = async (session, id) => textOf((await session.call(id, 'tools/call', tool('pid'))).result);

for (const [how, name] of [['exits', 'exit'], ['exits in the middle of a line', 'exit-in-line'], ['is killed', 'die-by-signal']]) {
  test(`faults: a child that ${how} in the middle of a call fails that call, and sessions go on with the next child`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: unruly() });
    const session = await RawSession.open(sidecar.url);
    const before = await pidOf(session, 'before');
    const { error } = await session.call('fatal', 'tools/call', tool(name));
    assert.equal(typeof error.code, 'number');
    assert.ok(error.message.length > 0);
    assert.equal(typeof error.data.reason, 'string');
    const after = await pidOf(session, 'after');
    assert.notEqual(after, before);
    assert.equal(session.stream.events.filter((e) => e.event === 'message' && JSON.parse(e.data).id === 'fatal').length, 1);

    const rest = await post(`${sidecar.url}/call-tool`, tool(name));
    assert.equal(rest.status, 503, rest.text);
    assert.equal(rest.json().success, false);
    assert.equal((await post(`${sidecar.url}/call-tool`, tool('pid'))).status, 200);
    session.close();
    await sidecar.stop();
  });
}

test('faults: the official client lives through the death of the child', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const client = await connect(t, sidecar.url);
  const before = textOf(await client.callTool(tool('pid')));
  await assert.rejects(client.callTool(tool('exit', { code: 9 })));
  assert.notEqual(textOf(await client.callTool(tool('pid'))), before);
  await client.close();
  await sidecar.stop();
});

for (const [mode, says] of [['exit-at-start', /cannot find my configuration/], ['exit-in-handshake', /code 5/]]) {
  test(`faults: if the child dies at its start (${mode}), callers get the reason, and pings are still answered`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: unruly(mode) });
    const session = await RawSession.open(sidecar.url);
    const rest = await request(`${sidecar.url}/tools`);
    assert.equal(rest.status, 503, rest.text);
    assert.match(rest.json().error, says);
    const { error } = await session.call(1, 'tools/list');
    assert.match(JSON.stringify(error), says);
    assert.deepEqual((await session.call(2, 'ping')).result, {});
    assert.equal((await request(`${sidecar.url}/health`)).status, 200);
    session.close();
    await sidecar.stop();
  });
}

// A child that runs this text of a program.
const node = (text) => [process.execPath, '--eval', text];
// Answers `initialize` when `when` says so.
const answering = (when) => `
  const { createInterface } = require('node:readline');
  const result = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } };
  const answer = (line) => { const { id, method } = JSON.parse(line); if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: method === 'initialize' ? result : { tools: [] } })); };
  ${when}`;
const unreadiness = async (sidecar) => (await request(`${sidecar.url}/ready`)).json();

test('faults: a child that never answers the handshake is given up, and waiting callers get that as the reason', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly('silent'), env: { MCP_HANDSHAKE_TIMEOUT: '300ms', MCP_RESTART_DELAY: '1ms' } });
  const answer = await request(`${sidecar.url}/tools`);
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.json().error, 'the MCP server did not answer initialize within 0.3 s (MCP_HANDSHAKE_TIMEOUT)');
  assert.match(answer.headers['retry-after'], /^\d+$/);
  const { reason, tries, lastFailure } = await unreadiness(sidecar);
  assert.match(reason, /did not answer initialize within 0.3 s/);
  assert.equal(lastFailure, 'did not answer initialize within 0.3 s (MCP_HANDSHAKE_TIMEOUT)');
  assert.ok(tries >= 3, String(tries));
  assert.doesNotMatch(sidecar.output, /SIGTERM/);
  await sidecar.stop();
});

test('faults: while the child starts, REST waits for its time and then gets 503, Retry-After and the reason', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly('silent'), env: { MCP_REST_TIMEOUT: '1s' } });
  for (const answer of await Promise.all([request(`${sidecar.url}/tools`), post(`${sidecar.url}/call-tool`, tool('pid')), post(`${sidecar.url}/tools/pid`, {})])) {
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.json().error, /is starting: it has not answered initialize yet \(MCP_HANDSHAKE_TIMEOUT\)/);
    assert.match(answer.headers['retry-after'], /^\d+$/);
  }
  const { reason, tries } = await unreadiness(sidecar);
  assert.match(reason, /has not answered initialize yet/);
  assert.equal(tries, 1);
  await sidecar.line(/child has not answered initialize yet; is it an MCP server on stdio\?/);
  await sidecar.stop();
});

test('faults: a child that answers only when its stdin ends is told to flush', async (t) => {
  const late = answering("const lines = []; createInterface({ input: process.stdin }).on('line', (line) => lines.push(line)).on('close', () => lines.forEach(answer));");
  const sidecar = await Sidecar.start(t, { command: node(late), env: { MCP_HANDSHAKE_TIMEOUT: '1s' } });
  await sidecar.line(/child ended.*answered initialize only when its stdin was closed.*PYTHONUNBUFFERED=1/);
  assert.doesNotMatch(sidecar.output, /child is ready/);
  await sidecar.stop();
});

for (const [set, value] of [[{}, '1'], [{ PYTHONUNBUFFERED: '0' }, '0']]) {
  test(`faults: the child has PYTHONUNBUFFERED=${value} (set: ${JSON.stringify(set)})`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: node("console.error('<' + process.env.PYTHONUNBUFFERED + '>')"), env: set });
    await sidecar.line(new RegExp(`child stderr.*<${value}>`));
    await sidecar.stop();
  });
}

for (const [what, command, names] of [
  ['Node.js', [process.execPath, 'nowhere/index.js'], /Error: Cannot find module '.*nowhere\/index.js'/],
  ['npx', ['sh', '-c', "printf 'npm error code E404\\nnpm error 404 Not Found - GET https://registry.example/x - Not found\\nnpm error 404\\nnpm error A complete log of this run can be found in: /root/.npm/_logs/x-debug-0.log\\n' >&2; exit 1"], /npm error 404 Not Found - GET https:/],
]) {
  test(`faults: of what ${what} prints when it cannot start the line that names the error is the reason`, async (t) => {
    const sidecar = await Sidecar.start(t, { command, env: { MCP_RESTART_DELAY: '1ms' } });
    const answer = await post(`${sidecar.url}/call-tool`, tool('pid'));
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.json().error, /^the MCP server exited with code 1: /);
    assert.match(answer.json().error, names);
    assert.match((await unreadiness(sidecar)).reason, names);
    const ended = await sidecar.line(/child ended/);
    assert.match(ended, names);
    await sidecar.stop();
  });
}

test('faults: a child that is killed later does not have its start banner as the reason', async (t) => {
  const serving = answering("console.error('demo server 1.0 on stdio'); createInterface({ input: process.stdin }).on('line', (line) => line.includes('tools/call') ? process.kill(process.pid, 'SIGKILL') : answer(line));");
  const sidecar = await Sidecar.start(t, { command: node(serving) });
  await sidecar.line(/child is ready/);
  const answer = await post(`${sidecar.url}/call-tool`, tool('any'));
  assert.equal(answer.json().error, 'the MCP server was killed by signal 9 (SIGKILL)');
  await sidecar.stop();
});

for (const [stream, descriptor] of [['stderr', 2], ['stdout', 1]]) {
  test(`faults: a child that floods ${stream} writes less than 1 MB of log, and errors quote its newest lines`, async (t) => {
    // It writes 20 MB and ends once a call has come.
    const flooding = answering(`
      const lines = 'a line of noise, which nobody needs, from a server that talks a lot ..........\\n'.repeat(1000);
      for (let i = 0; i < 250; i += 1) require('node:fs').writeSync(${descriptor}, lines);
      createInterface({ input: process.stdin }).on('line', (line) => { if (!line.includes('tools/call')) return answer(line); console.error('Error: the newest line'); process.exit(3); });`);
    const sidecar = await Sidecar.start(t, { command: node(flooding), env: { MCP_RESTART_DELAY: '1m', MCP_RESTART_DELAY_MAX: '1m' } });
    await sidecar.line(/child is ready/);
    const session = await RawSession.open(sidecar.url);
    const { error } = await session.call(1, 'tools/call', tool('any'));
    assert.equal(error.message, 'the MCP server exited with code 3: Error: the newest line');
    assert.equal(error.data.stderr.length, 64);
    assert.equal(error.data.stderr.at(-1), 'Error: the newest line');
    session.close();
    await sidecar.stop();
    assert.match(sidecar.output, new RegExp(`child output left out of the log.*${stream}`));
    assert.ok(sidecar.output.length < 1_000_000, String(sidecar.output.length));
  });
}

test('faults: callers of whom less is told do not read what the child says, and keys in it are masked', async (t) => {
  const speaking = answering("createInterface({ input: process.stdin }).on('line', (line) => { console.log(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(line).id, error: { code: 1, message: 'no licence for topsecretkey' } })); });");
  const env = { MCP_API_KEYS: 'boss:topsecretkey:admin,guest:otherlongkey', MCP_RESTART_DELAY: '1ms' };
  const sidecar = await Sidecar.start(t, { command: node(speaking), env });
  await eventually(async () => (await unreadiness(sidecar)).tries >= 3, 'the child has failed to start three times');
  const ready = async (key) => (await request(`${sidecar.url}/ready`, { headers: key ? { 'x-api-key': key } : {} })).json();
  for (const [key, told] of [['topsecretkey', true], ['otherlongkey', true], [undefined, false]]) {
    const body = await ready(key);
    assert.match(body.lastFailure, told ? /^answered initialize with an error: no licence for \*\*\*$/ : /^answered initialize with an error$/);
    assert.equal(/licence/.test(body.reason), told, body.reason);
  }
  await sidecar.stop();
});

test('faults: a call that the child never answers ends at its limit, and is cancelled at the child', async (t) => {
  const env = { MCP_REST_TIMEOUT: '2s', MCP_CALL_TIMEOUT: '2s' };
  const sidecar = await Sidecar.start(t, { command: unruly(), env });
  await sidecar.line(/child is ready/);  // otherwise the time may be over before the child has the call
  const rest = await post(`${sidecar.url}/call-tool`, tool('hang'));
  assert.equal(rest.status, 504);
  assert.equal(rest.json().success, false);
  await sidecar.line(/heard cancelled/);
  const from = sidecar.lineCount;
  const session = await RawSession.open(sidecar.url);
  assert.ok((await session.call(1, 'tools/call', tool('hang'))).error);
  await sidecar.line(/heard cancelled/, from);
  assert.match(await pidOf(session, 2), /^\d+$/);
  session.close();
  await sidecar.stop();
});

test('faults: junk, unknown answers and second answers of the child reach no client', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly('junk-first') });
  const session = await RawSession.open(sidecar.url);
  const pid = await pidOf(session, 1);
  assert.equal(textOf((await session.call(2, 'tools/call', tool('junk'))).result), 'after junk');
  assert.equal(textOf((await session.call(3, 'tools/call', tool('twice'))).result), 'first');
  assert.equal(await pidOf(session, 4), pid, 'it is the same child');
  const messages = session.stream.events.filter((e) => e.event === 'message').map((e) => JSON.parse(e.data));
  assert.deepEqual(messages.map((m) => m.id), [1, 2, 3, 4]);
  session.close();
  await sidecar.stop();
});

test('faults: a client that vanishes in the middle of a call gets it cancelled at the child', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const leaver = await RawSession.open(sidecar.url);
  const stayer = await RawSession.open(sidecar.url);
  await leaver.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: tool('hang') });
  await sidecar.line(/heard call hang/);
  leaver.close();
  await sidecar.line(/heard cancelled/);
  assert.match(await pidOf(stayer, 1), /^\d+$/);
  await eventually(async () => (await post(leaver.endpoint, { jsonrpc: '2.0', id: 2, method: 'ping' })).status === 404, 'its session is gone');
  stayer.close();
  await sidecar.stop();
});

test('faults: a client that cancels names only its own calls', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const [one, two] = [await RawSession.open(sidecar.url), await RawSession.open(sidecar.url)];
  await pidOf(one, 'first'); // a call that still waits for the child's start is not cancelled at the child
  for (const session of [one, two]) await session.post({ jsonrpc: '2.0', id: 'same', method: 'tools/call', params: tool('hang') });
  // A call that has not reached the child would be cancelled without a message to it.
  await eventually(() => sidecar.output.match(/heard call hang/g)?.length === 2, 'the child has both calls');
  const cancel = (requestId) => ({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason: 'test' } });
  await two.post(cancel('not mine'));
  await one.post(cancel('same'));
  await sidecar.line(/heard cancelled/);
  await pidOf(one, 'later'); // everything sent before this has been read
  await pidOf(two, 'later');
  assert.equal(sidecar.output.match(/heard cancelled/g).length, 1);
  one.close();
  two.close();
  await sidecar.stop();
});

test('faults: clients that vanish in the middle of a head, a body or an answer disturb no other client', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const session = await RawSession.open(sidecar.url);
  const head = 'POST /call-tool HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';
  const big = JSON.stringify(tool('big', { size: 4 << 20 }));
  const hang = JSON.stringify(tool('hang'));
  for (const start of [
    'POST /call-to',
    head,
    `${head}Content-Length: 1000\r\n\r\n{"name":`,
    `${head}Transfer-Encoding: chunked\r\n\r\n10\r\n{"name"`,
    `${head}Content-Length: ${big.length}\r\n\r\n${big}`,
    `${head}Content-Length: ${hang.length}\r\n\r\n${hang}`,
  ]) {
    for (const leave of ['destroy', 'resetAndDestroy']) {
      const socket = await rawConnection(sidecar.port);
      await new Promise((resolve) => socket.write(start, resolve));
      socket[leave]();
    }
  }
  assert.match(await pidOf(session, 1), /^\d+$/);
  assert.equal((await post(`${sidecar.url}/call-tool`, tool('pid'))).status, 200);
  session.close();
  await sidecar.stop();
});

test('faults: a body beyond the limit gets 413; one that is too large for the child does not affect others', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly(), env: { MCP_MAX_BODY: '100KB' } });
  const session = await RawSession.open(sidecar.url);
  const large = JSON.stringify(tool('pid', { text: 'x'.repeat(200_000) }));
  assert.equal((await post(`${sidecar.url}/call-tool`, large)).status, 413);
  assert.equal((await session.post({ jsonrpc: '2.0', id: 1, method: 'ping', params: { text: 'x'.repeat(200_000) } })).status, 413);
  assert.match(await pidOf(session, 2), /^\d+$/);
  session.close();
  await sidecar.stop();
});

test('faults: an answer of the child beyond the line limit fails its call alone', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly(), env: { MCP_MAX_LINE: '1MB' } });
  const session = await RawSession.open(sidecar.url);
  const pid = await pidOf(session, 1);
  assert.ok((await session.call(2, 'tools/call', tool('big', { size: 3 << 20 }))).error);
  assert.equal(await pidOf(session, 3), pid);
  session.close();
  await sidecar.stop();
});

test('faults: more calls than a session may have in flight are refused, and the others answered', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly(), env: { MCP_MAX_CALLS_PER_SESSION: '3' } });
  const session = await RawSession.open(sidecar.url);
  const other = await RawSession.open(sidecar.url);
  await pidOf(session, 'first');
  for (const id of [1, 2, 3, 4]) await session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: tool('hang') });
  assert.ok((await session.stream.answer(4)).error);
  assert.match(await pidOf(other, 1), /^\d+$/);
  session.close();
  other.close();
  await sidecar.stop();
});

test('faults: a command that does not exist is one line and exit code 2', async (t) => {
  const sidecar = new Sidecar(t, { command: ['/no/such/program', 'argument'] });
  assert.deepEqual(await sidecar.end(), { code: 2, signal: null }, sidecar.output);
  assert.equal(sidecar.output.split('\n').filter((line) => line.includes('/no/such/program')).length, 1, sidecar.output);
});

test('faults: no command at all is one line that says what to type, and exit code 2', async (t) => {
  const sidecar = new Sidecar(t, { command: null });
  assert.deepEqual(await sidecar.end(), { code: 2, signal: null }, sidecar.output);
  assert.match(sidecar.output, /mcp-sidecar .*-- /);
});

test('faults: a port that is taken is one line and exit code 1, and starts no child that stays', async (t) => {
  const holder = await Sidecar.start(t);
  const second = new Sidecar(t, { port: holder.port, command: unruly() });
  assert.deepEqual(await second.end(), { code: 1, signal: null }, second.output);
  assert.equal(second.output.split('\n').filter((line) => line.includes(`:${holder.port}`)).length, 1, second.output);
  await second.nothingLeft();
  assert.equal(holder.children(demo).length, 1);
  await holder.stop();
});

test('faults: a wrong setting is one line that names it and where it came from, and exit code 2', async (t) => {
  const sidecar = new Sidecar(t, { env: { MCP_CALL_TIMEOUT: 'soon' } });
  assert.deepEqual(await sidecar.end(), { code: 2, signal: null }, sidecar.output);
  assert.equal(sidecar.output.split('\n').filter((line) => line.includes('MCP_CALL_TIMEOUT')).length, 1, sidecar.output);
});

test('faults: a stream that is closed while hundreds of events are on their way ends its session', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const session = await RawSession.open(sidecar.url);
  for (let id = 0; id < 20; id += 1) {
    await session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: tool('big', { size: 1 << 20 }) });
  }
  session.close();
  await eventually(async () => (await request(`${sidecar.url}/health`)).json().sseClients === 0, 'the session has ended');
  const stream = await EventStream.open(`${sidecar.url}/sse`);
  assert.equal(stream.status, 200);
  stream.close();
  await sidecar.stop();
});
