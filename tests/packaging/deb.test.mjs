// The Debian package in a clean Debian 12: its files, the program started as its unit starts it,
// and the scripts and documents with it. Started by scripts/check-deb. systemd does not run in such
// a folder.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { freePort } from '../clients/lib/free-port.mjs';
import { eventually } from '../clients/lib/guard.mjs';
import { post, request } from '../clients/lib/http.mjs';
import { inside } from './dockerfile.mjs';

const folder = mkdtempSync(join(tmpdir(), 'deb-'));
const root = join(folder, 'root');
const image = { root, env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' }, workdir: '/', user: 'root' };
const settings = '/etc/mcp-sidecar/mcp-sidecar.env';
const unitFile = '/usr/lib/systemd/system/mcp-sidecar.service';
const there = (path) => join(root, path);

function within(...command) {
  const done = spawnSync('unshare', inside(image, command), { encoding: 'utf8' });
  assert.equal(done.status, 0, `${command.join(' ')}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

before(() => {
  const made = spawnSync('mmdebstrap', ['--quiet', '--variant=minbase', 'bookworm', root], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  copyFileSync(process.env.MCP_SIDECAR_DEB, there('mcp-sidecar.deb'));
  within('apt-get', 'update');
  within('apt-get', 'install', '--yes', '--no-install-recommends', '/mcp-sidecar.deb');
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('deb: binary, unit, user, configuration and man pages are in place', () => {
  assert.match(within('mcp-sidecar', '--version'), /^mcp-sidecar \d/);
  assert.match(within('getent', 'passwd', 'mcp-sidecar'), /:\/var\/lib\/mcp-sidecar:\/usr\/sbin\/nologin/);
  assert.equal(within('stat', '--format=%a %U %G', settings), '640 root mcp-sidecar\n');
  assert.equal(within('stat', '--format=%a %U %G', '/etc/mcp-sidecar'), '750 root mcp-sidecar\n');
  assert.match(readFileSync(there(settings), 'utf8'), /^#MCP_COMMAND=$/m);
  for (const page of ['mcp-sidecar', 'mcp-sidecar-demo']) {
    const man = spawnSync('gzip', ['-dc', there(`/usr/share/man/man1/${page}.1.gz`)], { encoding: 'utf8' });
    assert.match(man.stdout, /^\.SH NAME/m);
  }
  assert.match(readFileSync(there('/var/lib/dpkg/info/mcp-sidecar.conffiles'), 'utf8'), new RegExp(`^${settings}$`, 'm'));
  // All its libraries are Debian's and found by default.
  for (const file of ['/usr/bin/mcp-sidecar', '/usr/lib/mcp-sidecar/mcp-sidecar-postgresql.so'])
    assert.doesNotMatch(spawnSync('readelf', ['-d', there(file)], { encoding: 'utf8' }).stdout, /R(UN)?PATH/, file);
  const query = spawnSync('unshare', inside(image, ['mcp-sidecar', 'audit', 'query', '--audit-db', 'postgresql://127.0.0.1:1/x']), { encoding: 'utf8' });
  assert.match(query.stderr, /^mcp-sidecar: PostgreSQL: connection to server/);
});

test('deb: its copyright file lists every package of the embedded pages', () => {
  const copyright = readFileSync(there('/usr/share/doc/mcp-sidecar/copyright'), 'utf8');
  const notices = readFileSync(there('/usr/share/doc/mcp-sidecar/third-party-notices.txt'), 'utf8');
  const packages = [...notices.matchAll(/^(\S+) [\d.]+: (\S+), \S/gm)];
  assert.ok(packages.length >= 10, notices.slice(0, 1000));
  for (const [, name, license] of packages) {
    const stanza = copyright.split('\n\n').find((one) => one.startsWith(`Files: src/web/node_modules/${name}/*\n`));
    assert.match(stanza ?? '', new RegExp(`^Copyright: \\S.*\\n(?: .*\\n)*License: ${license}`, 'm'), name);
  }
  for (const license of ['MIT', 'Apache-2.0']) assert.match(copyright, new RegExp(`^License: ${license}\\n `, 'm'));
});

test('deb: systemd accepts the installed unit, which is neither enabled nor started', () => {
  const done = spawnSync('unshare', inside(image, ['systemd-analyze', 'verify', '--man=no', unitFile], { env: { SYSTEMD_LOG_TARGET: 'console' } }), { encoding: 'utf8' });
  assert.deepEqual({ status: done.status, said: done.stderr.trim() }, { status: 0, said: '' });
  assert.ok(!existsSync(there('/etc/systemd/system/multi-user.target.wants/mcp-sidecar.service')));
});

test('deb: without a server to wrap it prints what to type and exits with the code that the unit does not retry', () => {
  const unit = readFileSync(there(unitFile), 'utf8');
  const start = unit.match(/^ExecStart=(.*)$/m)[1].split(' ');
  const done = spawnSync('unshare', inside({ ...image, user: 'mcp-sidecar' }, start), { encoding: 'utf8' });
  assert.match(done.stderr, /no server to wrap/);
  assert.equal(done.status, Number(unit.match(/^RestartPreventExitStatus=(\d+)$/m)[1]));
});

test('deb: started as by its unit, it serves, reloads its configuration and ends', async (t) => {
  const port = await freePort();
  appendFileSync(there(settings), `MCP_COMMAND=/usr/bin/mcp-sidecar-demo\nMCP_PORT=${port}\nMCP_API_KEY=first-secret-key\n`);
  const start = readFileSync(there(unitFile), 'utf8').match(/^ExecStart=(.*)$/m)[1].split(' ');
  const sidecar = spawn('unshare', inside({ ...image, user: 'mcp-sidecar' }, start), { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => sidecar.kill('SIGKILL'));
  let output = '';
  sidecar.stderr.on('data', (text) => (output += text));
  const ended = once(sidecar, 'close');
  const pid = await eventually(() => Number(readFileSync(`/proc/${sidecar.pid}/task/${sidecar.pid}/children`, 'utf8').trim()), 'it runs');

  const call = async (key) => (await post(`http://127.0.0.1:${port}/call-tool`, { name: 'echo', arguments: { message: 'from the package' } }, { 'x-api-key': key }));
  await eventually(async () => (await request(`http://127.0.0.1:${port}/ready`)).status === 200, 'it is ready').catch((error) => {
    throw new Error(output, { cause: error });
  });
  assert.equal((await call('first-secret-key')).json().result.content[0].text, 'from the package');

  writeFileSync(there(settings), readFileSync(there(settings), 'utf8').replace('first-secret-key', 'second-secret-key'));
  process.kill(pid, 'SIGHUP');
  await eventually(async () => (await call('second-secret-key')).status === 200, 'the new key counts');
  assert.equal((await call('first-secret-key')).status, 401);
  process.kill(pid, 'SIGTERM');
  assert.deepEqual(await ended, [0, null], output);
});

test('deb: the configuration survives reinstallation and removal; a purge leaves only the user', () => {
  const changed = readFileSync(there(settings), 'utf8');
  within('dpkg', '--install', '--force-confold', '/mcp-sidecar.deb');
  assert.equal(readFileSync(there(settings), 'utf8'), changed);
  assert.equal(statSync(there(settings)).mode & 0o777, 0o640);
  within('dpkg', '--remove', 'mcp-sidecar');
  assert.equal(readFileSync(there(settings), 'utf8'), changed);
  assert.ok(!existsSync(there('/usr/bin/mcp-sidecar')));
  within('dpkg', '--purge', 'mcp-sidecar');
  assert.ok(!existsSync(there('/etc/mcp-sidecar')));
  assert.ok(!existsSync(there(unitFile)));
  assert.match(within('getent', 'passwd', 'mcp-sidecar'), /^mcp-sidecar:/);
});
