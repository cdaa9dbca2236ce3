// The official conformance suite against the sidecar in front of a stdio server.
// docs/conformance.md must equal the results of this test: CONFORMANCE_WRITE=1 writes it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { temporaryFolder } from './lib/files.mjs';
import { packaged, runScript } from './lib/run.mjs';
import { Sidecar, conforming, repository, scope } from './lib/sidecar.mjs';

const REVISION = '2025-11-25';
const suite = '@modelcontextprotocol/conformance';
const excuses = join(import.meta.dirname, 'conformance-expected-failures.yaml');
const page = join(repository, 'docs/conformance.md');

// The scenarios that the suite runs for a server of that revision: [{name, counts}].
function scenarios() {
  const [, required, others] = readFileSync(packaged(`${suite}/requirements/${REVISION}.yaml`), 'utf8')
    .match(/^server:\n([^]*?)^client:[^]*^not_scored:\n([^]*)/m);
  const counted = [...required.matchAll(/^ {2}- (\S+)$/gm)].map(([, name]) => ({ name, counts: true }));
  const uncounted = [...others.matchAll(/^ {2}- scenario: (\S+)\n {4}leg: server$/gm)].map(([, name]) => ({ name, counts: false }));
  return [...counted, ...uncounted];
}

// Runs the suite; returns its checks by scenario.
async function runSuite(t, flags) {
  const folder = temporaryFolder(t);
  const sidecar = await Sidecar.start(t, { command: conforming, flags });
  const args = ['server', '--url', `${sidecar.url}/mcp`, '--requirements', REVISION, '--expected-failures', excuses, '-o', folder];
  const { code, output, error } = await runScript(`${suite}/dist/index.js`, args, { cwd: folder, ms: 300_000 });
  await sidecar.stop();
  const checks = new Map();
  for (const result of readdirSync(folder)) {
    const [, name] = result.match(/^server-(.*)-\d{4}-\d\d-\d\dT[-\dZ]+$/) ?? [];
    if (name) checks.set(name, JSON.parse(readFileSync(join(folder, result, 'checks.json'), 'utf8')));
  }
  return { code, checks, said: output.slice(-8000) + error };
}

const count = (checks, status) => checks.filter((check) => check.status === status).length;
const failures = (checks) => checks.filter((check) => check.status === 'FAILURE').map((check) => `${check.id}: ${check.errorMessage}`);

// The number of checks depends on which answers came as a stream, and so on the machine: it is left
// out.
function verdict(checks) {
  const [good, bad, odd] = ['SUCCESS', 'FAILURE', 'WARNING'].map((status) => count(checks, status));
  if (bad > 0) return 'fails';
  return `${good > 0 ? 'passes' : 'checks nothing'}${odd > 0 ? ', with a warning' : ''}`;
}

const results = new Map(); // sharing → checks by scenario

for (const sharing of scope === 'short' ? ['auto'] : ['auto', 'shared']) {
  test(`conformance: with --sessions ${sharing} every scenario that ${REVISION} requires passes`, async (t) => {
    const { code, checks, said } = await runSuite(t, ['--sessions', sharing]);
    const excused = [...readFileSync(excuses, 'utf8').matchAll(/^ {2}- ([^\s:]+)/gm)].map(([, name]) => name);
    const failed = [];
    for (const { name, counts } of scenarios()) {
      assert.ok(checks.has(name), `${name} has run:\n${said}`);
      const of = checks.get(name);
      if (counts && !excused.includes(name)) failed.push(...failures(of).map((what) => `${name}: ${what}`));
      if (counts) assert.ok(count(of, 'SUCCESS') + count(of, 'FAILURE') > 0, `${name} has checked something`);
    }
    assert.deepEqual(failed, []);
    assert.equal(code, 0, said);
    results.set(sharing, checks);
  });
}

test('conformance: the page of results is up to date', { skip: scope === 'short' && 'needs both runs' }, () => {
  const rows = scenarios().map(({ name, counts }) => {
    const [auto, shared] = ['auto', 'shared'].map((sharing) => verdict(results.get(sharing)?.get(name) ?? []));
    return `| ${name}${counts ? '' : ' ¹'} | ${auto} | ${shared} |`;
  });
  const written = readFileSync(page, 'utf8');
  const fresh = written.replace(/(<!-- results -->\n)[^]*?(\n<!-- end -->)/, (_, before, after) => [
    `${before}| Scenario | \`--sessions auto\` | \`--sessions shared\` |`,
    '| --- | --- | --- |',
    rows.join('\n') + after,
  ].join('\n'));
  if (process.env.CONFORMANCE_WRITE) writeFileSync(page, fresh);
  else assert.deepEqual(written.split('\n'), fresh.split('\n'), 'write it anew with CONFORMANCE_WRITE=1');
});
