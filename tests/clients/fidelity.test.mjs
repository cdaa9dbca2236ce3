// Messages pass unchanged byte for byte except for the id, in both directions.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { RawSession, post } from './lib/http.mjs';
import { Sidecar, repository, unruly } from './lib/sidecar.mjs';

const corpus = (name) =>
  readFileSync(join(repository, 'tests/data', name), 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
const values = corpus('fidelity.txt');
const ids = corpus('ids.txt');

// The event whose data begins with that id, as text; nothing is parsed here.
const answerTo = async (session, id) =>
  (await session.stream.find((e) => e.event === 'message' && e.data.includes(`"id":${id},`), `the answer to ${id}`)).data;

test('fidelity: results reach an SSE client as the child wrote them', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const session = await RawSession.open(sidecar.url);
  for (const [id, value] of values.entries()) {
    const result = `{"content":[],"structuredContent":{"v":${value}}}`;
    await session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'raw', arguments: { json: result } } });
    assert.equal(await answerTo(session, id), `{"jsonrpc":"2.0","id":${id},"result":${result}}`);
  }
  session.close();
  await sidecar.stop();
});

test('fidelity: results reach a REST client as the child wrote them', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  for (const value of values) {
    const result = `{"content":[],"structuredContent":{"v":${value}}}`;
    const answer = await post(`${sidecar.url}/call-tool`, { name: 'raw', arguments: { json: result } });
    assert.equal(answer.text, `{"success":true,"result":${result}}`);
  }
  await sidecar.stop();
});

test('fidelity: requests reach the child as the client wrote them, outside the id', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const session = await RawSession.open(sidecar.url);
  for (const [id, value] of values.entries()) {
    const message = (ownId) =>
      `{"jsonrpc":"2.0","id":${ownId},"method":"tools/call","params":{"name":"mirror","arguments":{"v":${value}}}}`;
    await session.post(message(id));
    const seen = JSON.parse(await answerTo(session, id)).result.content[0].text;
    const wireId = seen.match(/"id":(\d+),/)[1];
    assert.equal(seen, message(wireId));
  }
  session.close();
  await sidecar.stop();
});

test('fidelity: arguments of a REST call reach the child as they were written', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  for (const value of values) {
    const answer = await post(`${sidecar.url}/call-tool`, `{"name":"mirror","arguments":{"v":${value}}}`);
    assert.equal(answer.status, 200, answer.text);
    const seen = answer.json().result.content[0].text;
    assert.ok(seen.includes(`{"v":${value}}`), `sent ${value}, the child saw ${seen}`);
  }
  await sidecar.stop();
});

test('fidelity: every id comes back as it was written, also on errors', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const session = await RawSession.open(sidecar.url);
  for (const id of ids) {
    const from = session.stream.events.length;
    const next = async () => (await session.stream.find((e) => e.event === 'message', `the answer to ${id}`, from)).data;
    await session.post(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"raw","arguments":{"json":"{}"}}}`);
    assert.equal(await next(), `{"jsonrpc":"2.0","id":${id},"result":{}}`);
  }
  for (const id of ids) {
    const from = session.stream.events.length;
    await session.post(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"fail"}}`);
    const event = await session.stream.find((e) => e.event === 'message', `the error for ${id}`, from);
    assert.equal(event.data, `{"jsonrpc":"2.0","id":${id},"error":{"code":-32099,"message":"no luck","data":{"n":1.10}}}`);
  }
  session.close();
  await sidecar.stop();
});

test('fidelity: line feeds and carriage returns between tokens do not break the framing', async (t) => {
  const sidecar = await Sidecar.start(t, { command: unruly() });
  const session = await RawSession.open(sidecar.url);
  const pretty = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'raw', arguments: { json: '{}' } } }, null, 2);
  for (const text of [pretty, pretty.replaceAll('\n', '\r\n'), pretty.replaceAll('\n', '\r')]) {
    const from = session.stream.events.length;
    assert.equal((await session.post(text)).status, 202);
    await session.stream.find((e) => e.event === 'message' && JSON.parse(e.data).id === 1, 'the answer', from);
  }
  session.close();
  await sidecar.stop();
});
