// Attacks with lists: tools/list with very many pages or with cursors that never end, over every
// face that reads it.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { post, request } from './lib/http.mjs';
import { keysFile } from './lib/keys.mjs';
import { Sidecar } from './lib/sidecar.mjs';

const paging = (...args) => [process.execPath, join(dirname(fileURLToPath(import.meta.url)), 'lib/paging-child.mjs'), ...args.map(String)];

// Every REST request that reads the list, and how it reports the number of tools.
const lists = {
  '/tools': ({ tools }) => tools.length,
  '/openapi.json': ({ paths }) => Object.keys(paths).length,
  '/openapi.json?for=actions': ({ paths }) => Object.keys(paths).length,
  '/openai/functions': (functions) => functions.length,
  '/openai/functions?format=responses': (functions) => functions.length,
  '/vapi/functions': ({ functions }) => functions.length,
};
// A name that needs a lookup because it could be a function name.
const lookedUp = (url, headers) => [
  () => request(`${url}/tools/tool-0`, { headers }),
  () => post(`${url}/openai/call-function`, { name: 'name_0123abcd', arguments: {} }, headers),
  () => post(`${url}/tools/name_0123abcd`, {}, headers),
];
const asked = async (url, headers) => Number((await post(`${url}/call-tool`, { name: 'asked' }, headers)).json().result.content[0].text);

async function counts(url, expected, headers) {
  for (const [path, count] of Object.entries(lists)) {
    const answer = await request(url + path, { headers });
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    assert.equal(count(answer.json()), expected, path);
  }
}

test('attacks: a list of 1,000 pages from memory is read over every face', async (t) => {
  for (const pages of [250, 1000]) {
    const sidecar = await Sidecar.start(t, { command: paging(pages) });
    for (let round = 0; round < 2; round += 1) await counts(sidecar.url, pages);
    assert.equal((await request(`${sidecar.url}/tools/tool-${pages - 1}`)).status, 200);
    for (const look of lookedUp(sidecar.url)) assert.equal((await look()).status, 200);
    await sidecar.stop();
  }
});

test('attacks: a list whose cursors go in a circle ends there, with each tool once', async (t) => {
  for (const [shape, tools] of Object.entries({ same: 1, empty: 1, circle: 3 })) {
    const sidecar = await Sidecar.start(t, { command: paging(shape) });
    await counts(sidecar.url, tools);
    for (const look of lookedUp(sidecar.url)) assert.equal((await look()).status, 200);
    await sidecar.line(/tools\/list repeats a cursor: the list ends there/);
    // The first page of the first walk is not cached if it was requested before the handshake was
    // done.
    assert.ok((await asked(sidecar.url)) <= 5, 'the MCP server is asked for each page once');
    await sidecar.stop();
  }
});

test('attacks: a list without an end is an error that names the limit, and is not requested again at once', async (t) => {
  const sidecar = await Sidecar.start(t, { command: paging('endless') });
  for (const path of Object.keys(lists)) {
    const answer = await request(sidecar.url + path);
    assert.equal(answer.status, 500, `${path}: ${answer.text}`);
    assert.match(answer.json().error, /tools\/list does not end: it has more than 1000 pages; it is asked again after \d+ s/);
  }
  for (const look of lookedUp(sidecar.url)) assert.ok([200, 500].includes((await look()).status));
  assert.equal(await asked(sidecar.url), 1000);
  await sidecar.stop();
});

test('attacks: a read-only key calls tools of lists of any length, also of an endless one', async (t) => {
  for (const [shape, last] of [[1000, 'tool-999'], ['endless', 'tool-999'], ['circle', 'tool-2'], ['same', 'tool-0']]) {
    const { keys, env } = keysFile(t);
    const key = { 'x-api-key': await keys('new', 'reader', '--read-only') };
    const sidecar = await Sidecar.start(t, { command: paging(shape), env });
    const call = (name) => post(`${sidecar.url}/call-tool`, { name }, key);
    assert.equal((await call(last)).status, 200);
    const refused = await call('no-such-tool');
    assert.equal(refused.status, 403, refused.text);
    assert.match(refused.json().error, shape === 'endless' ? /tools\/list does not end/ : /is not known to be read-only/);
    await sidecar.stop();
  }
});

test('attacks: a huge list is read once for all readers of its documents, until it changes', async (t) => {
  const { keys, env } = keysFile(t);
  const all = { 'x-api-key': await keys('new', 'all') };
  const one = { 'x-api-key': await keys('new', 'one', '--allow-tools', 'tool-3') };
  const pages = 20;
  const sidecar = await Sidecar.start(t, { command: paging(pages, 200_000), env });
  await asked(sidecar.url, all); // the handshake is done: from now on the list is cached
  for (const [round, path] of [...Object.keys(lists), '/openapi.json'].entries()) {
    const answers = await Promise.all(Array.from({ length: 12 }, () => request(sidecar.url + path, { headers: all })));
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1, path);
    assert.equal(lists[path](answers[0].json()), pages);
    await counts(sidecar.url, 1, one);
    assert.equal(await asked(sidecar.url, all), pages, `round ${round}`);
  }
  const { headers: { etag } } = await request(`${sidecar.url}/openapi.json`, { headers: all });
  const same = await request(`${sidecar.url}/openapi.json`, { headers: { ...all, 'if-none-match': etag } });
  assert.equal(same.status, 304);
  assert.notEqual((await request(`${sidecar.url}/openapi.json`, { headers: one })).headers.etag, etag);

  await post(`${sidecar.url}/call-tool`, { name: 'changed' }, all);
  await counts(sidecar.url, pages, all);
  assert.equal(await asked(sidecar.url, all), 2 * pages);
  await sidecar.stop();
});
