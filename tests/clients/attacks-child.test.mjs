// A hostile child: its output harms only the client whose call it spoils, and never the sidecar.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { besides, peakBytes, quarantine, resetPeak } from './lib/attacks.mjs';
import { RawSession, post } from './lib/http.mjs';
import { Sidecar, hostile, scope } from './lib/sidecar.mjs';

const MB = 1 << 20;
const write = (bytes, times = 1) => ({ name: 'write', arguments: { base64: Buffer.from(bytes, 'latin1').toString('base64'), times } });
const done = '{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"done"}]}}\n';
const textOf = (message) => message.result?.content?.[0]?.text;
const answeredOn = ({ stream }) => stream.events.filter((e) => e.event === 'message').map((e) => JSON.parse(e.data)).filter((m) => !m.method).map((m) => m.id);
const wrap = (result) => `{"jsonrpc":"2.0","id":\${id},"result":${result}}\n`;

// Each is written before the true answer.
const junk = [
  ['100,000 arrays', `${'['.repeat(100_000)}${']'.repeat(100_000)}\n`],
  ['a million arrays that are not closed', `${'['.repeat(1_000_000)}\n`],
  ['an answer of depth 100,000', wrap(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)],
  ['an answer with bytes that are no UTF-8', wrap('"\xff\xfe"')],
  ['an answer with a control in a string', wrap('"a\rb"')],
  ['an answer with a NUL', wrap('"a\0b"')],
  ['an answer with both result and error', '{"jsonrpc":"2.0","id":${id},"result":{},"error":{"code":1,"message":"x"}}\n'],
  ['an answer whose id is there twice', '{"jsonrpc":"2.0","id":${id},"id":${id},"result":{}}\n'],
  ['an answer with a member that reads like its id', '{"jsonrpc":"2.0","id":${id},"ID":1,"result":{}}\n'],
  ['a result under two spellings, in a batch', '[{"jsonrpc":"2.0","id":${id},"result":{},"re\\u017fult":{}}]\n'],
  ['a notification with a member in two spellings', '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","LEVEL":"info","data":1}}\n'],
  ['a request without an id', '{"jsonrpc":"2.0","method":"sampling/createMessage","params":{"messages":[]}}\n'],
  ['a notification with an id', '{"jsonrpc":"2.0","id":"q","method":"notifications/message","params":{"level":"info","data":1}}\n'],
  ['an answer whose id is a string', '{"jsonrpc":"2.0","id":"${id}","result":{}}\n'],
  ['an answer whose id has a fraction', '{"jsonrpc":"2.0","id":${id}.5,"result":{}}\n'],
  ['an answer whose id has an exponent', '{"jsonrpc":"2.0","id":${id}e5,"result":{}}\n'],
  ['answers to calls that nobody made', '{"jsonrpc":"2.0","id":4503599627370495,"result":{}}\n{"jsonrpc":"2.0","id":-1,"result":{}}\n{"jsonrpc":"2.0","id":1e400,"result":{}}\n'],
  ['an answer without an id, and an error that has none', '{"jsonrpc":"2.0","result":{}}\n{"jsonrpc":"2.0","id":null,"result":{}}\n{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}\n'],
  ['an id of a million digits', `{"jsonrpc":"2.0","id":${'9'.repeat(1_000_000)},"result":{}}\n`],
  ['progress that nobody asked for', '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}\n{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"x","progress":1}}\n{"jsonrpc":"2.0","method":"notifications/progress"}\n'],
  ['a cancellation of what nobody asked for', '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}\n{"jsonrpc":"2.0","method":"notifications/cancelled"}\n'],
  ['no object', '1\n"a"\nnull\n[]\n{}\n[[]]\n\r\n\r\r\n\n'],
  ['a batch of 2,000', `[${Array(2_000).fill('{"jsonrpc":"2.0","method":"x"}').join()}]\n`],
  ['a batch in a batch', '[[{"jsonrpc":"2.0","id":1,"result":{}}]]\n'],
  ['bytes of every value', `${String.fromCharCode(...Array.from({ length: 256 }, (_, n) => n))}\n`],
  ['HTTP', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a carriage return alone', `\r${'x'.repeat(1000)}\r\n`],
];

test('attacks: output of a hostile child is dropped, and every call still has its answer', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  await besides(sidecar, async () => {
    const session = await RawSession.open(sidecar.url);
    const other = await RawSession.open(sidecar.url);
    for (const [n, [what, bytes]] of junk.entries()) {
      const answer = await session.call(n, 'tools/call', write(bytes + done));
      // An answer to this very call may count in any shape; the true one then comes too late.
      if (!what.startsWith('an answer')) assert.equal(textOf(answer), 'done', `${what}: ${JSON.stringify(answer).slice(0, 300)}`);
    }
    await session.call('last', 'tools/call', write(done));
    // As text, so that a difference is reported briefly whatever arrived. A notification may reach
    // the client whose call is running.
    assert.equal(answeredOn(session).join(), [...junk.keys(), 'last'].join(), 'one answer each');
    assert.equal((await other.call(1, 'ping')).id, 1);
    assert.equal(other.stream.events.filter((e) => e.event === 'message').length, 1, 'the other session heard nothing of it');
    session.close();
    other.close();
  });
  assert.equal(sidecar.output.match(/child started/g).length, 1, 'the child was not started again');
  assert.match(sidecar.output, /ambiguous member \W*ID\W*: some JSON readers take it for/);
  await sidecar.stop();
});

test('attacks: a child can neither answer requests that were not sent nor answer twice', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  const [one, two] = [await RawSession.open(sidecar.url), await RawSession.open(sidecar.url)];
  // Both clients use the same id. One answer of the child carries the client's id instead of the
  // wire id.
  const wrong = '{"jsonrpc":"2.0","id":"mine","result":{"content":[{"type":"text","text":"stolen"}]}}\n';
  const answers = await Promise.all([one, two].map((session) => session.call('mine', 'tools/call', write(wrong + done + done))));
  assert.deepEqual(answers.map(textOf), ['done', 'done']);
  for (const session of [one, two]) {
    await session.call('later', 'ping');
    assert.equal(answeredOn(session).join(), 'mine,later');
    session.close();
  }
  await sidecar.stop();
});

test('attacks: lines beyond the limit, and a flood of them, are skipped without being kept', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile, env: { MCP_MAX_LINE: '1MB' } });
  await besides(sidecar, async () => {
    const session = await RawSession.open(sidecar.url);
    resetPeak(sidecar.pid);
    const before = peakBytes(sidecar.pid);
    const big = await session.call(1, 'tools/call', { name: 'big', arguments: { size: 40 * MB } });
    assert.ok(big.error, 'its own call has an error');
    // 50 lines of 2 MB that belong to no call.
    await session.post({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: write(`${'x'.repeat(2 * MB)}\n`, 50) });
    assert.equal(textOf(await session.call(3, 'tools/call', write(done))), 'done');
    const grown = peakBytes(sidecar.pid) - before;
    assert.ok(grown < 64 * MB + quarantine, `grew by ${grown} bytes`);
    session.close();
  });
  await sidecar.stop();
});

test('attacks: a flood of messages from the child, for no session or for all, starves no client', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  await besides(sidecar, async () => {
    for (const line of [
      'not a message\n',
      '{"jsonrpc":"2.0","id":999999,"result":{}}\n',
      '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"emergency","data":"x"}}\n',
      '{"jsonrpc":"2.0","id":"again","method":"sampling/createMessage","params":{}}\n',
      '{"jsonrpc":"2.0","id":"again","method":"ping"}\n',
    ]) {
      const session = await RawSession.open(sidecar.url);
      await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: write(line, 3_000) });
      assert.equal(textOf(await session.call(2, 'tools/call', write(done))), 'done', line);
      session.close();
    }
  });
  await sidecar.stop();
});

// A gigabyte through a pipe.
test('attacks: an endless line ends the child, not the sidecar', { skip: scope === 'short' }, async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile, env: { MCP_MAX_LINE: '1MB' } });
  const session = await RawSession.open(sidecar.url);
  resetPeak(sidecar.pid);
  const before = peakBytes(sidecar.pid);
  await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: write('x'.repeat(4 * MB), 300) });
  assert.ok((await session.stream.answer(1)).error);
  assert.equal(textOf(await session.call(2, 'tools/call', write(done))), 'done', 'the next child answers');
  const grown = peakBytes(sidecar.pid) - before;
  assert.ok(grown < 64 * MB + quarantine, `grew by ${grown} bytes`);
  session.close();
  await sidecar.stop();
});

test('attacks: a flood on stderr is cut line by line, and holds up no call', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hostile });
  await besides(sidecar, async () => {
    for (const bytes of ['x\n'.repeat(50_000), 'x'.repeat(2 * MB), '\n'.repeat(100_000)]) {
      const told = await post(`${sidecar.url}/call-tool`, { name: 'tell', arguments: { base64: Buffer.from(bytes).toString('base64') } });
      assert.equal(told.status, 200, told.text);
    }
  });
  await sidecar.stop();
});
