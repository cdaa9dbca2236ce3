// The files of settings that people have from the first release, each with what --print-config of that
// release showed for it (tests/data/earlier-settings). The program of today reads them to the same
// values, but for what CHANGELOG.md names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { temporaryFolder } from './lib/files.mjs';
import { request } from './lib/http.mjs';
import { Sidecar, cleanEnvironment, repository, sidecarProgram } from './lib/sidecar.mjs';

const data = (file) => readFileSync(join(repository, 'tests/data/earlier-settings', file), 'utf8');
const variables = (text) => Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
const bullets = readFileSync(join(repository, 'CHANGELOG.md'), 'utf8').split(/^## 0\.1\.0/m)[0].split(/^- /m).slice(1);

// A listing of --print-config.
function parse(listing) {
  const settings = {};
  const warnings = [];
  for (const line of listing.trim().split('\n')) {
    if (line.startsWith('warning: ')) warnings.push(line.slice('warning: '.length));
    else {
      const [, name, value] = line.match(/^(\w+) +(.*?) *(?:default|command line|environment \w+|\S* line \d+ \w+)$/);
      settings[name] = value;
    }
  }
  return { settings, warnings };
}

// What differs, as [setting, before, now].
const differences = (before, now) =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => before[name] !== now[name]).map((name) => [name, before[name], now[name]]);

const named = ([name, before, now]) => bullets.some((text) => new RegExp(`\`${name}[=\`]`).test(text) && (before === undefined || text.includes(`\`${now}\``)));

const READABLE = /^the wrapped server runs as the same user and can read secrets in \.env \(\w+\)/;
const OPEN_FILE = /^\.env holds secrets, and every user of this machine can read it: chmod/;
const EMPTY = /^set but empty, which counts as not set, so that no key is needed: MCP_API_KEYS /;
const ANY_PAGE = /^MCP_CORS_ORIGINS=\* without a key lets every web page call the tools$/;
const PARSED = /^\.env: quotes, 'export' and ' #' comments are not part of a value; .*: SDP_HTTP_HOST \(line 11\), SSE_SESSION_TIMEOUT \(line 22\), SSE_KEEPALIVE_INTERVAL \(line 23\)$/;
const NO_ADMINISTRATOR = /^several keys are configured and none is an administrator's/;

// `warnings`: all that today's program has, in any order. `key`: one that is accepted.
const files = [
  { name: 'http-wrapper.cjs', file: 'http-wrapper', key: 'your-secure-random-key-here', warnings: [READABLE, OPEN_FILE] },
  { name: 'the Service Desk Plus server', file: 'service-desk', key: 'secure-key-2', warnings: [PARSED, NO_ADMINISTRATOR, READABLE, OPEN_FILE] },
  { name: '.env.example, which the Debian package installs', file: 'env-example', warnings: [] },
  { name: '.env.example with every line enabled', file: 'env-example', listing: 'env-example-enabled', edit: (text) => text.replace(/^#(?=[A-Z_]+=)/gm, ''), warnings: [EMPTY, ANY_PAGE] },
  { name: 'compose.yaml', file: 'compose', key: '5wXn0b1M0vVq6n4F0Y2v0a7bq2p7Jr6cQy8mH1xZ3kE=', asVariables: true, warnings: [] },
  { name: 'kubernetes.yaml', file: 'kubernetes', warnings: [] },
];

for (const { name, file, key, listing = file, edit = (text) => text, asVariables = false, warnings } of files) {
  test(`earlier settings: those of ${name} mean what they meant, but for what CHANGELOG.md names`, async (t) => {
    const folder = temporaryFolder(t);
    const text = edit(data(`${file}.env`));
    if (!asVariables) writeFileSync(join(folder, '.env'), text, { mode: 0o644 });
    const env = asVariables ? variables(text) : {};
    const now = parse(execFileSync(sidecarProgram, ['--print-config', '--', 'true'], { cwd: folder, encoding: 'utf8', env }));
    const before = parse(data(`${listing}.txt`));
    const found = differences(before.settings, now.settings);
    for (const difference of found) t.diagnostic(difference.map((one) => one ?? '(none)').join(': '));
    assert.deepEqual(found.filter(([, , today]) => today === undefined), [], 'a setting is gone');
    assert.deepEqual(found.filter((difference) => !named(difference)), [], 'a difference that CHANGELOG.md does not name');
    assert.equal(now.warnings.length, warnings.length, now.warnings.join('\n'));
    for (const warning of warnings) assert.ok(now.warnings.some((one) => warning.test(one)), `${warning}\n${now.warnings.join('\n')}`);

    const local = asVariables ? { MCP_HOST: '127.0.0.1' } : {};
    const sidecar = await Sidecar.start(t, { dotenv: asVariables ? undefined : text, env: { ...env, ...local, MCP_OPEN_ADMIN: '' } });
    const status = async (headers) => (await request(`${sidecar.url}/tools`, { headers })).status;
    assert.equal((await request(`${sidecar.url}/health`)).status, 200);
    if (key) assert.deepEqual([await status({ authorization: `Bearer ${key}` }), await status({ 'x-api-key': key }), await status({})], [200, 200, 401]);
    else assert.equal(await status({}), 200);
    await sidecar.stop();
  });
}

test('earlier settings: the file of the Debian package is read where its unit names it', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'mcp-sidecar.env');
  writeFileSync(file, data('env-example.env').replace('#MCP_COMMAND=', 'MCP_COMMAND=node /opt/server/index.js'));
  const { settings } = parse(execFileSync(sidecarProgram, ['--print-config', '--env-file', file], { cwd: '/', encoding: 'utf8', env: cleanEnvironment() }));
  assert.equal(settings.MCP_COMMAND, 'node /opt/server/index.js');
  assert.equal(settings.MCP_RATE_LIMIT_PER_MIN, '60');
});
