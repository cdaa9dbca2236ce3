// Attacks on rules for resources: URIs that a server resolves differently from the rules, and
// updates of withheld resources.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { eventually } from './lib/guard.mjs';
import { keysFile } from './lib/keys.mjs';
import { connect, faces, heard, hears, textOf } from './lib/sdk.mjs';
import { Sidecar, filesServer, uriRules } from './lib/sidecar.mjs';

const secrets = {
  // Begin with the allowed prefix.
  MCP_ALLOWED_RESOURCES: [
    'file:///public/.\t./secret/b', 'file:///public/.\n./secret/b', 'file:///public/.\r./secret/b', 'file:///public/%2\te%2e/secret/b', 'file:///public/\t../secret/b',
    'file:///public/../secret/b', 'file:///public/%2e%2E/secret/b', 'file:///public/..\\secret\\b', 'file:///public/..\t\\secret/b',
  ],
  // Do not begin with the denied prefix.
  MCP_DENIED_RESOURCES: [
    'FILE:///secret/b', 'file://localhost/secret/b', 'file://LOCALHOST/secret/b', 'file:\\\\\\secret\\b', 'file:/secret/b', 'file:secret/b', ' file:///secret/b',
    '\u001ffile:///secret/b', 'file:///\tsecret/b', 'fi\nle:///secret/b', 'file:///./secret/b', 'file:///%2E/secret/b', 'file:////secret/b', 'file:///secr%65t/b',
    'file:///public/../secret/b', 'file:///public\\..\\secret//b',
  ],
};
const rules = { MCP_ALLOWED_RESOURCES: 'file:///public/*', MCP_DENIED_RESOURCES: 'file:///secret/*' };
const honest = { 'file:///public/a.txt': 'public a', 'file:///public/a%20b.txt': 'public a b', 'file:///public/a b.txt': 'public a b', 'file:///public/sub/%C3%A9.txt': 'public é', 'file:///public/sub/é.txt': 'public é' };

const read = async (client, uri) => (await client.readResource({ uri })).contents[0].text;

test('resources: without rules each attack reads the secret', async (t) => {
  const client = new Client({ name: 'direct', version: '1.0.0' });
  const [command, ...args] = filesServer;
  await client.connect(new StdioClientTransport({ command, args }));
  t.after(() => client.close());
  for (const uri of Object.values(secrets).flat()) assert.equal(await read(client, uri), 'SECRET', JSON.stringify(uri));
});

for (const over of faces) {
  for (const [setting, uris] of Object.entries(secrets)) {
    test(`resources: over ${over} no spelling of a URI passes ${setting}`, async (t) => {
      const sidecar = await Sidecar.start(t, { command: filesServer, env: { [setting]: rules[setting] } });
      const client = await connect(t, sidecar.url, { over });
      for (const uri of uris) {
        for (const method of ['readResource', 'subscribeResource', 'unsubscribeResource']) {
          await assert.rejects(client[method]({ uri }), /not permitted: this caller may not use/, `${method} ${JSON.stringify(uri)}`);
        }
      }
      for (const [uri, text] of Object.entries(honest)) {
        assert.equal(await read(client, uri), text, uri);
        await client.subscribeResource({ uri });
      }
      assert.deepEqual((await client.listResources()).resources.map(({ name }) => name).filter((name) => !name.startsWith('/public/')), []);
      await sidecar.stop();
    });
  }

  test(`resources: over ${over} a query does not make a URI fit a pattern`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: filesServer, env: { MCP_ALLOWED_RESOURCES: 'file:///public/*.txt' } });
    const client = await connect(t, sidecar.url, { over });
    for (const uri of ['file:///public/key?.txt', 'file:///public/key#.txt']) await assert.rejects(read(client, uri), /not permitted/);
    assert.equal(await read(client, 'file:///public/a.txt'), 'public a');
    await sidecar.stop();
  });

  test(`resources: over ${over} without rules every URI reaches the server unchanged`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: filesServer });
    const client = await connect(t, sidecar.url, { over });
    for (const uri of Object.values(secrets).flat()) assert.equal(await read(client, uri), 'SECRET', JSON.stringify(uri));
    await client.subscribeResource({ uri: ' FILE:///a/../b ' });
    assert.equal((await client.callTool({ name: 'subscribed' })).content[0].text, JSON.stringify([' FILE:///a/../b ']));
    await assert.rejects(client.subscribeResource({ uri: 'file:///a/.\t./b' }), /control character/);
    await sidecar.stop();
  });
}

const updated = 'notifications/resources/updated';
const urisHeard = (client) => heard(client, updated).map(({ params }) => params.uri);

for (const over of faces) {
  test(`resources: over ${over} updates of resources that are withheld by now are not sent, and are unsubscribed`, async (t) => {
    const { file, keys, env } = keysFile(t);
    const [narrowed, free] = [await keys('new', 'narrowed'), await keys('new', 'free')];
    const sidecar = await Sidecar.start(t, { command: filesServer, env });
    const [some, all] = [await connect(t, sidecar.url, { over, headers: { 'x-api-key': narrowed } }), await connect(t, sidecar.url, { over, headers: { 'x-api-key': free } })];
    const update = (uri) => all.callTool({ name: 'update', arguments: { uri } });
    const subscribed = async () => JSON.parse(textOf(await all.callTool({ name: 'subscribed' })));
    for (const uri of ['file:///secret/both', 'file:///secret/alone', 'file:///public/a', 'file:///all']) await some.subscribeResource({ uri });
    await all.subscribeResource({ uri: 'file:///secret/both' });
    await update('file:///secret/alone');
    await hears(some, updated);

    const less = JSON.parse(readFileSync(file, 'utf8'));
    less.keys.find(({ name }) => name === 'narrowed').resources = { deny: ['file:///secret/*', 'file:///all/b'] };
    writeFileSync(file, JSON.stringify(less));
    process.kill(sidecar.pid, 'SIGHUP');
    await hears(some, 'notifications/resources/list_changed');
    await eventually(async () => !(await subscribed()).includes('file:///secret/alone'), 'nobody subscribes to it any more');
    assert.deepEqual(await subscribed(), ['file:///secret/both', 'file:///public/a', 'file:///all']);
    // It has sent nothing since. Updates arrive in the order in which the server sends them.
    const before = urisHeard(some).length;
    for (const uri of ['file:///secret/both', 'file:///secret/alone', 'file:///all/b', 'FILE:///all/b', 'file:///all/c', 'file:///public/a']) await update(uri);
    await some.wire.find(({ method, params }) => method === updated && params.uri === 'file:///public/a', 'the last update');
    assert.deepEqual(urisHeard(some).slice(before), ['file:///all/c', 'file:///public/a']);
    assert.deepEqual(urisHeard(all), ['file:///secret/both']);
    await assert.rejects(some.subscribeResource({ uri: 'file:///secret/alone' }), /not permitted/);
    await sidecar.stop();
  });

  test(`resources: over ${over} the key of a session's last request decides which updates it gets`, async (t) => {
    const { keys, env } = keysFile(t);
    const [wide, narrow] = [await keys('new', 'team'), await keys('new', 'team', '--deny-resources', 'file:///secret/*')];
    const sidecar = await Sidecar.start(t, { command: filesServer, env });
    const headers = { 'x-api-key': wide };
    const client = await connect(t, sidecar.url, { over, headers });
    for (const uri of ['file:///secret/b', 'file:///public/a']) await client.subscribeResource({ uri });
    headers['x-api-key'] = narrow;
    for (const uri of ['file:///secret/b', 'file:///public/a']) await client.callTool({ name: 'update', arguments: { uri } });
    await hears(client, updated);
    assert.deepEqual(urisHeard(client), ['file:///public/a']);
    assert.equal(textOf(await client.callTool({ name: 'subscribed' })), JSON.stringify(['file:///public/a']));
    await sidecar.stop();
  });
}

const pieces = [
  'http', 'HTTPS', 'ws', 'ftp', 'file', 'FILE', 'notes', 'a+b', ':', '://', ':/', '::', ':\\', '/', '//', '\\', '.', '..', '%2e', '%2E.', '.%2e', '%252e', '%2f', '%5c', 'a', 'B',
  'secret', 'public', 'localhost', 'LOCALHOST', '%6cocalhost', '127.0.0.1', '0x7f.1', '127.1', '1', '[::1]', '[0:0::1]', '[::ffff:1.2.3.4]', '[', 'example.com', 'EXAMPLE.com.',
  'user@', 'u:p@', '@', ':80', ':443', ':080', 'C|', 'C:', '?', '#', '?a=/../b', '#..', ' ', '%20', '%', '%41', 'é', '|', '{x}', '*', ';', 'data:', 'urn:a:b',
];

// The same URIs in each run.
function someUris(count, beginnings) {
  let seed = 1;
  const below = (limit) => Math.floor(((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32) * limit);
  const uris = new Set();
  for (let n = 0; n < count; n += 1) {
    let uri = beginnings[below(beginnings.length)];
    for (let more = below(9); more >= 0; more -= 1) uri += pieces[below(pieces.length)];
    if (uri.trim() === uri) uris.add(uri);
  }
  return [...uris];
}

function applied(uris, ...args) {
  const { stdout, stderr, status } = spawnSync(uriRules, args, { input: uris.map((uri) => `${uri}\n`).join(''), encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(status, 0, stderr);
  return stdout.split('\n').slice(0, -1);
}

const parsed = (uri) => (URL.canParse(uri) ? new URL(uri) : undefined);
const bytes = (text) => Buffer.from(text).toString('latin1').replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));
const special = /^(https?|wss?|ftp|file):$/;

test("resources: a URI is normalised like Node's parser does it", () => {
  const uris = someUris(30_000, ['', '', 'http://', 'HTTP:', 'https:/', 'ws:\\', 'file://', 'file:', 'FILE:///', 'notes://', 'notes:/', 'notes:']);
  const ours = applied(uris);
  let compared = 0;
  uris.forEach((uri, at) => {
    const url = parsed(uri);
    if (!url) return;
    url.username = url.password = '';
    let { href } = url;
    if (special.test(url.protocol)) {
      // A host outside ASCII or with an empty last label is refused; the dot of the root label is
      // removed.
      if (ours[at] === '' && /(^|\.)xn--|\.\.$/.test(url.hostname)) return;
      if (/.\.$/.test(url.hostname)) href = href.replace(url.hostname, url.hostname.slice(0, -1)).replace('file://localhost/', 'file:///');
    }
    compared += 1;
    assert.equal(bytes(ours[at]), bytes(href), JSON.stringify(uri));
  });
  assert.ok(compared > uris.length / 4, `${compared} of ${uris.length}`);
});

// The files that servers resolve a URI to: with fileURLToPath(), and by decoding the path directly.
function pathsOf(uri) {
  const url = parsed(uri);
  const readings = [() => fileURLToPath(url), () => decodeURIComponent(url.pathname)];
  return readings.flatMap((reading) => {
    try {
      return [posix.normalize(reading()).replace(/^\/\//, '/')];
    } catch {
      return [];
    }
  });
}

const beginnings = ['file://b/', 'file:///public/', 'file:///public/', 'file:///', 'file:///secret/', 'file:', 'FILE://', 'file://localhost/', 'file:\\'];

test('resources: no URI that an allow-list lets pass is read as a file outside it', () => {
  const uris = someUris(30_000, beginnings);
  const allowed = applied(uris, 'allow', 'file:///public/*');
  const passed = uris.filter((_, at) => allowed[at] === 'yes');
  assert.ok(passed.length > 1000, `${passed.length}`);
  for (const uri of passed) assert.ok(pathsOf(uri).every((path) => `${path}/`.startsWith('/public/')), JSON.stringify(uri));
});

test('resources: no URI that a deny-list lets pass is read as a file in it', () => {
  const uris = someUris(30_000, beginnings);
  const allowed = applied(uris, 'deny', 'file:///secret/*');
  const passed = uris.filter((_, at) => allowed[at] === 'yes');
  assert.ok(passed.length > 1000, `${passed.length}`);
  for (const uri of passed) assert.ok(!pathsOf(uri).some((path) => path.startsWith('/secret/')), JSON.stringify(uri));
});
