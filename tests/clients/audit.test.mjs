// The audit log in real databases: every call is recorded once, whatever happens to the database,
// the disk and the sidecar.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { assertComplete, audit, exported, load, loadUntil, locked, numbersOf } from './lib/audit.mjs';
import { temporaryFolder } from './lib/files.mjs';
import { eventually } from './lib/guard.mjs';
import { post } from './lib/http.mjs';
import { Postgres, missing as noPostgres } from './lib/postgres.mjs';
import { connect, faces } from './lib/sdk.mjs';
import { Sidecar, cleanEnvironment, fakeChild, scope, sidecarProgram } from './lib/sidecar.mjs';

const run = promisify(execFile);
const many = { short: 500, normal: 5_000, long: 100_000 }[scope];
const out = /audit database unavailable/;
const back = /audit database available again/;

const startWith = (t, database, env = {}, options = {}) =>
  Sidecar.start(t, { ...options, env: { MCP_AUDIT_DB: database, MCP_AUDIT_ARGUMENTS: 'full', ...env } });

function sqliteFile(t) {
  const folder = temporaryFolder(t);
  const path = join(folder, 'audit.db');
  return { folder, path, database: `sqlite:${path}`, spool: `${path}.spool` };
}

const spooled = (folder) => readdirSync(folder).filter((name) => name.endsWith('.jsonl'));

for (const over of faces) {
  test(`audit: over ${over} a call is recorded with key, address, client and outcome`, async (t) => {
    const { database } = sqliteFile(t);
    const sidecar = await startWith(t, database, { MCP_API_KEYS: 'alice:a-secret-of-alice', MCP_DENIED_TOOLS: 'add' });
    const client = await connect(t, sidecar.url, { over, headers: { 'x-api-key': 'a-secret-of-alice' } });
    await client.callTool({ name: 'echo', arguments: { message: 'hello' } });
    await assert.rejects(client.callTool({ name: 'add', arguments: { a: 1, b: 2 } }), /not permitted/);
    await client.close();
    await sidecar.stop();
    const records = await exported(database);
    const [echo] = records.filter(({ tool }) => tool === 'echo');
    assert.deepEqual(
      [echo.key_name, echo.address, echo.method, echo.outcome, echo.arguments, echo.error],
      ['alice', '127.0.0.1', 'tools/call', 'ok', '{"message":"hello"}', ''],
    );
    assert.match(echo.transport, over === 'sse' ? /^sse$/ : /^streamable-http$/);
    assert.ok(echo.client_name && echo.client_version && /^[0-9a-f]{8}$/.test(echo.session_id), JSON.stringify(echo));
    assert.ok(echo.duration_us > 0 && echo.request_bytes > 50 && echo.response_bytes > 50, JSON.stringify(echo));
    const [add] = records.filter(({ tool }) => tool === 'add');
    assert.equal(add.outcome, 'forbidden');
    assert.match(add.error, /not permitted/);
    assert.equal(records.filter(({ method }) => method === 'initialize').length, 1);
    assert.ok(!JSON.stringify(records).includes('a-secret-of-alice'));
  });
}

test('audit: arguments are hashed, by default with a kept key, or left out', async (t) => {
  const { database, spool } = sqliteFile(t);
  const call = async (env, message) => {
    const sidecar = await startWith(t, database, env);
    assert.equal((await post(`${sidecar.url}/call-tool`, { name: 'echo', arguments: { message } })).status, 200);
    await sidecar.stop();
    return (await exported(database)).at(-1).arguments;
  };
  const hash = await call({ MCP_AUDIT_ARGUMENTS: '' }, 'same');
  assert.match(hash, /^hmac-sha256:[0-9a-f]{64}$/);
  assert.equal(await call({ MCP_AUDIT_ARGUMENTS: 'hash' }, 'same'), hash);
  assert.notEqual(await call({ MCP_AUDIT_ARGUMENTS: 'hash' }, 'other'), hash);
  assert.equal(statSync(join(spool, 'hmac.key')).mode & 0o777, 0o600);
  const key = 'a key of sixteen characters or more';
  const expected = execFileSync('openssl', ['dgst', '-sha256', '-hmac', key], { input: '{"message":"same"}' }).toString().trim().split(' ').at(-1);
  assert.equal(await call({ MCP_AUDIT_ARGUMENTS: 'hash', MCP_AUDIT_HASH_KEY: key }, 'same'), `hmac-sha256:${expected}`);
  assert.equal(await call({ MCP_AUDIT_ARGUMENTS: 'off' }, 'same'), '');
});

test(`audit: ${many} calls are in SQLite, each once, while others read and back up`, async (t) => {
  const { database, folder } = sqliteFile(t);
  const sidecar = await startWith(t, database);
  const copies = [];
  const { answered, others } = await load(sidecar.url, {
    count: many,
    onAnswer: async (answers) => {
      if (answers % Math.ceil(many / 4) !== 0) return;
      const copy = join(folder, `copy-${answers}.db`);
      await audit(database, 'backup', copy);
      copies.push(copy);
    },
  });
  assert.deepEqual(others, []);
  await sidecar.stop();
  const records = await exported(database);
  assertComplete(records, answered);
  assert.equal(records.length, many);
  assert.ok(copies.length >= 4, `${copies}`);
  const all = new Map(records.map((record) => [record.id, record]));
  for (const copy of copies) {
    assert.equal((await run('sqlite3', [copy, 'PRAGMA integrity_check'])).stdout.trim(), 'ok');
    for (const record of await exported(`sqlite:${copy}`)) assert.deepEqual(record, all.get(record.id));
  }
  const last = join(folder, 'last.db');
  await audit(database, 'backup', last);
  assert.deepEqual(await exported(`sqlite:${last}`), records);
  assert.equal((await run('sqlite3', [last, 'SELECT count(*) FROM api_audit_log'])).stdout.trim(), String(many));
});

test('audit: a locked SQLite file delays no call, and none is missing', async (t) => {
  const { database, path, spool } = sqliteFile(t);
  const sidecar = await startWith(t, database);
  const count = many / 5;
  const before = await load(sidecar.url, { count });
  const lock = await locked(t, path);
  const during = await load(sidecar.url, { first: count, count });
  await sidecar.line(out);
  await eventually(() => spooled(spool).length > 0, 'records are on disk');
  await lock.release();
  const after = await load(sidecar.url, { first: 2 * count, count });
  await sidecar.line(back);
  await eventually(() => spooled(spool).length === 0, 'the spool is empty');
  await sidecar.stop();
  for (const { others } of [before, during, after]) assert.deepEqual(others, []);
  assertComplete(await exported(database), [...before.answered, ...during.answered, ...after.answered]);
});

test('audit: a SQLite file that is moved away under load loses nothing', async (t) => {
  const { database, path } = sqliteFile(t);
  const sidecar = await startWith(t, database);
  const count = many / 5;
  const before = await load(sidecar.url, { count });
  await eventually(async () => (await exported(database)).length === count, 'the first records are written');
  for (const ending of ['', '-wal', '-shm']) if (existsSync(path + ending)) renameSync(path + ending, `${path}.old${ending}`);
  const after = await load(sidecar.url, { first: count, count });
  await sidecar.stop();
  assertComplete(await exported(`sqlite:${path}.old`), before.answered);
  assertComplete(await exported(database), after.answered);
});

test('audit: TERM under load loses no call that was answered, with the database or without', async (t) => {
  const { database, path, spool } = sqliteFile(t);
  const answered = [];
  for (const without of [false, true]) {
    const sidecar = await startWith(t, database);
    const lock = without ? await locked(t, path) : undefined;
    const loaded = await load(sidecar.url, {
      first: answered.length === 0 ? 0 : many,
      count: many,
      onAnswer: (answers) => answers === Math.ceil(many / 3) && sidecar.process.kill('SIGTERM'),
    });
    assert.deepEqual(await sidecar.end(), { code: 0, signal: null }, sidecar.output);
    assert.doesNotMatch(sidecar.output, /audit records lost/);
    answered.push(...loaded.answered);
    if (!without) {
      assertComplete(await exported(database), answered);
      assert.deepEqual(spooled(spool), []);
    }
    await lock?.release();
  }
  assert.ok(answered.length >= (2 * many) / 3, `${answered.length}`);
  assert.ok(spooled(spool).length > 0);
  const next = await startWith(t, database);
  await eventually(() => spooled(spool).length === 0, 'the spool is empty');
  await next.stop();
  assertComplete(await exported(database), answered);
});

test('audit: records of a killed sidecar are complete, and the next one continues', async (t) => {
  const { database } = sqliteFile(t);
  const first = await startWith(t, database);
  await load(first.url, { count: many, onAnswer: (answers) => answers === Math.ceil(many / 3) && first.process.kill('SIGKILL') });
  await first.end();
  const next = await startWith(t, database);
  const { answered } = await load(next.url, { first: many, count: 100 });
  await next.stop();
  assertComplete(await exported(database), answered);
});

test('audit: cancelled calls, calls of clients that go away and calls of a dead child are recorded', async (t) => {
  const { database } = sqliteFile(t);
  const sidecar = await startWith(t, database);
  const client = await connect(t, sidecar.url, { over: 'sse' });
  const slow = client.callTool({ name: 'sleep', arguments: { seconds: 60 } });
  slow.catch(() => {});
  await eventually(async () => (await (await fetch(`${sidecar.url}/health`)).json()).sseClients === 1, 'the session is there');
  await client.listTools();
  await client.close();
  await eventually(async () => (await exported(database)).some(({ tool }) => tool === 'sleep'), 'the call is recorded');
  const [record] = (await exported(database)).filter(({ tool }) => tool === 'sleep');
  assert.deepEqual([record.outcome, record.error], ['cancelled', 'the session ended before the answer']);
  await sidecar.stop();

  const dying = await startWith(t, database, {}, { command: fakeChild() });
  await post(`${dying.url}/call-tool`, { name: 'exit', arguments: { code: 3 } });
  await dying.stop();
  const [death] = (await exported(database)).filter(({ tool }) => tool === 'exit');
  assert.ok(['child_died', 'unavailable'].includes(death.outcome), JSON.stringify(death));
});

test('audit: query and export filter by time, key, tool and outcome, as text, CSV and JSON', async (t) => {
  const { database, folder } = sqliteFile(t);
  const sidecar = await startWith(t, database, { MCP_API_KEYS: 'alice:a-secret-of-alice,bob:a-secret-of-bob' });
  const as = (name) => ({ headers: { 'x-api-key': `a-secret-of-${name}` } });
  await load(sidecar.url, { count: 30, width: 1, ...as('alice') });
  await load(sidecar.url, { first: 30, count: 20, width: 1, ...as('bob') });
  await post(`${sidecar.url}/call-tool`, { name: 'add', arguments: { a: 'x' } }, as('bob').headers);
  await sidecar.stop();
  const all = await exported(database);
  assert.equal(all.length, 51);
  assert.equal((await exported(database, '--key', 'alice')).length, 30);
  assert.equal((await exported(database, '--key', 'bob', '--tool', 'echo')).length, 20);
  assert.equal((await exported(database, '--outcome', 'ok')).length, 50);
  const failed = (await exported(database, '--tool', 'add'))[0];
  assert.equal((await exported(database, '--outcome', failed.outcome)).length, 1);
  const { timestamp } = all[10];
  const [early, late] = [await exported(database, '--until', timestamp), await exported(database, '--since', timestamp)];
  assert.equal(early.length + late.length, 51);
  assert.ok(early.length <= 10 && late.length >= 41);

  const text = (await audit(database, 'query', '--key', 'alice', '--limit', '3')).trim().split('\n');
  assert.equal(text.length, 3);
  assert.match(text[2], /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}alice {2}127\.0\.0\.1 {2}rest {2}tools\/call echo {2}ok {2}[\d.]+ ms$/);
  assert.deepEqual(numbersOf(JSON.parse(await audit(database, 'query', '--key', 'alice', '--limit', '3', '--format', 'json'))), [27, 28, 29]);
  assert.equal((await audit(database, 'query')).trim().split('\n').length, 51);
  const csv = (await audit(database, 'export', '--key', 'alice')).trimEnd().split('\r\n');
  assert.equal(csv.length, 31);
  assert.match(csv[0], /^id,timestamp,key_name,/);
  assert.match(csv[1], /,"\{""message"":""call 0""\}",ok,/);

  const file = join(folder, 'all.json');
  assert.equal(await audit(database, 'export', '--format', 'json', '--output', file), '');
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), all);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  for (const [args, says] of [
    [['export', '--output', file], /File exists/],
    [['query', '--since', 'yesterday'], /--since=yesterday: not a time/],
    [['export', '--format', 'xml'], /not a format/],
    [['query', '--limit', '0'], /./],
    [['backup'], /needs a FILE/],
    [['backup', file], /File exists/],
    [[], /audit needs a subcommand/],
  ]) {
    await assert.rejects(audit(database, ...args), (error) => says.test(error.stderr) && error.code > 0, args.join(' '));
  }
  await assert.rejects(audit(`sqlite:${join(folder, 'none.db')}`, 'query'), /none\.db/);
  assert.equal(existsSync(join(folder, 'none.db')), false);
  await assert.rejects(audit('off', 'query'), /no audit database/);
});

test('audit: an unusable setting stops the start with one line that has the reason', async (t) => {
  const { folder, path } = sqliteFile(t);
  const other = join(folder, 'other.db');
  await run('sqlite3', [other, 'CREATE TABLE api_audit_log (theirs)']);
  writeFileSync(join(folder, 'text'), 'x'.repeat(5000));
  for (const [database, code, says] of [
    [`sqlite:${folder}/no/such/audit.db`, 1, /cannot open .*: No such file/],
    [`sqlite:${other}`, 1, /did not make/],
    [`sqlite:${folder}/text`, 1, /not a database/],
    ['mysql://x', 2, /not an audit database/],
    ['postgresql://user:a-password@host/x?nonsense=1', 2, /not a connection URL/],
  ]) {
    const error = await run(sidecarProgram, ['--port', '0', '--', 'true'], { env: { ...cleanEnvironment(), MCP_AUDIT_DB: database, LOG_LEVEL: 'off' }, timeout: 60_000 }).then(
      () => assert.fail('it started'),
      (problem) => problem,
    );
    assert.equal(error.code, code, error.stderr);
    assert.match(error.stderr, says);
    assert.ok(!error.stderr.includes('a-password'));
  }
  assert.equal((await run('sqlite3', [other, 'SELECT count(*) FROM sqlite_master'])).stdout.trim(), '1');
  const sidecar = await startWith(t, `sqlite:${path}`);
  const second = new Sidecar(t, { env: { MCP_AUDIT_DB: `sqlite:${path}` } });
  assert.equal((await second.end()).code, 1);
  assert.match(second.output, /used by another mcp-sidecar/);
  await sidecar.stop();
});

test('audit: without its module PostgreSQL is refused with the searched paths; SQLite needs no module', async (t) => {
  const { folder, database } = sqliteFile(t);
  const program = join(folder, 'mcp-sidecar');
  copyFileSync(sidecarProgram, program);
  const query = (address) => run(program, ['audit', 'query', '--audit-db', address], { env: cleanEnvironment(), timeout: 60_000 });
  await assert.rejects(query('postgresql://user:a-password@127.0.0.1/x'), ({ code, stderr }) => {
    assert.equal(code, 1);
    assert.match(stderr, /^mcp-sidecar: MCP_AUDIT_DB: cannot use PostgreSQL: [^\n]*\n$/);
    assert.ok(stderr.includes(`${folder}/mcp-sidecar-postgresql.so`) && !stderr.includes('a-password'), stderr);
    return true;
  });
  const sidecar = await startWith(t, database);
  await sidecar.stop();
  assert.equal((await query(database)).stdout, '');
});

// A separate file system that can become full. Returns nothing if mounting is not permitted.
function smallDisk(t, megabytes) {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  t.after(() => {
    execFileSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  return folder;
}

// Fills the rest of it until release().
function fill(folder) {
  const path = join(folder, 'filler');
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=4096'], { stdio: 'ignore' });
  } catch {
    // the file system is full, as intended
  }
  return { release: () => rmSync(path) };
}

test("audit: if the database's disk is full, records go to the spool on another, and none is missing", async (t) => {
  const disk = smallDisk(t, 64);
  if (!disk) return t.skip('no file system may be mounted here');
  const database = `sqlite:${join(disk, 'audit.db')}`;
  const spool = join(temporaryFolder(t), 'spool');
  const sidecar = await startWith(t, database, { MCP_AUDIT_SPOOL: spool });
  const count = many / 5;
  const before = await load(sidecar.url, { count });
  const filler = fill(disk);
  const during = await loadUntil(sidecar, out, { first: 1_000_000 });
  filler.release();
  const after = await load(sidecar.url, { first: 2 * count, count });
  await sidecar.line(back);
  await eventually(() => spooled(spool).length === 0, 'the spool is empty');
  await sidecar.stop();
  for (const { others } of [before, during, after]) assert.deepEqual(others, []);
  assertComplete(await exported(database), [...before.answered, ...during.answered, ...after.answered]);
});

test('audit: with every disk full calls are refused where records are required, and none that was answered is missing', async (t) => {
  const disk = smallDisk(t, 64);
  if (!disk) return t.skip('no file system may be mounted here');
  const database = `sqlite:${join(disk, 'audit.db')}`;
  const sidecar = await startWith(t, database, { MCP_AUDIT_REQUIRED: 'true', MCP_AUDIT_QUEUE: '1MB' });
  const client = await connect(t, sidecar.url);
  const before = await load(sidecar.url, { count: 200 });
  const filler = fill(disk);
  const during = await loadUntil(sidecar, /audit spool unavailable/, { first: 1_000_000 });
  const refusing = await load(sidecar.url, { first: 2_000_000, count: 4_000 });
  for (const list of ['answered', 'others']) during[list].push(...refusing[list]);
  assert.ok(during.others.length > 0, 'calls are refused');
  assert.deepEqual([...new Set(during.others.map(({ status }) => status))], [503]);
  const refused = await post(`${sidecar.url}/call-tool`, { name: 'echo', arguments: { message: 'x' } });
  assert.equal(refused.status, 503);
  assert.match(refused.json().error, /audit log/);
  assert.ok(refused.headers['retry-after']);
  await assert.rejects(client.callTool({ name: 'echo', arguments: { message: 'x' } }), /audit log/);
  await client.ping();
  filler.release();
  await sidecar.line(back);
  await eventually(async () => (await post(`${sidecar.url}/call-tool`, { name: 'add', arguments: { a: 1, b: 2 } })).status === 200, 'calls are taken again');
  const after = await load(sidecar.url, { first: 3_000_000, count: 200 });
  assert.deepEqual(after.others, []);
  await client.close();
  await sidecar.stop();
  assert.doesNotMatch(sidecar.output, /audit records lost/);
  assertComplete(await exported(database), [...before.answered, ...during.answered, ...after.answered]);
});

test('audit: if every disk is full and no record is required, calls go on and lost records are counted and logged', async (t) => {
  const disk = smallDisk(t, 64);
  if (!disk) return t.skip('no file system may be mounted here');
  const database = `sqlite:${join(disk, 'audit.db')}`;
  const sidecar = await startWith(t, database, { MCP_AUDIT_QUEUE: '1MB' });
  const filler = fill(disk);
  const { answered, others } = await loadUntil(sidecar, /audit records lost: database and spool accept no more/, { first: 0 });
  assert.deepEqual(others, []);
  filler.release();
  await sidecar.line(back);
  await sidecar.stop();
  const numbers = numbersOf(await exported(database));
  assert.ok(numbers.length > 0 && numbers.length < answered.length, `${numbers.length} of ${answered.length}`);
  assert.equal(new Set(numbers).size, numbers.length);
});

test(`audit: ${many} calls are in PostgreSQL, each once, also when it is killed and started again under load`, { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  const spool = join(temporaryFolder(t), 'spool');
  const sidecar = await startWith(t, postgres.url(), { MCP_AUDIT_SPOOL: spool });
  const { answered, others } = await load(sidecar.url, {
    count: many,
    onAnswer: async (answers) => {
      if (answers === Math.ceil(many / 4)) await postgres.kill();
      if (answers === Math.ceil((3 * many) / 4)) await postgres.up();
    },
  });
  assert.deepEqual(others, []);
  await sidecar.line(out);
  await sidecar.line(back);
  await eventually(() => spooled(spool).length === 0, 'the spool is empty');
  await sidecar.stop();
  const records = await exported(postgres.url());
  assertComplete(records, answered);
  assert.equal(records.length, many);
  assert.equal(await postgres.sql('SELECT count(*) FROM mcp_sidecar.api_audit_log'), String(many));
  assert.equal((await exported(postgres.url(), '--tool', 'echo', '--since', records[5].timestamp, '--until', records[9].timestamp)).length, 4);
  assert.equal((await exported(postgres.url(), '--key', "' OR 1=1 --")).length, 0);

  // PostgreSQL's own backup, restored, has the same records.
  await assert.rejects(audit(postgres.url(), 'backup', join(spool, 'copy')), /pg_dump --schema=mcp_sidecar/);
  await postgres.restore(await postgres.dump('mcp_sidecar'), 'restored');
  assert.deepEqual(await exported(postgres.url('restored')), records);
});

test('audit: records in PostgreSQL that are too old, or the oldest of too many, are deleted', { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  const spool = { MCP_AUDIT_SPOOL: join(temporaryFolder(t), 'spool') };
  const first = await startWith(t, postgres.url(), spool);
  await load(first.url, { count: 1 });
  await first.stop();
  const copies = (count, name, age) =>
    postgres.sql(`INSERT INTO mcp_sidecar.api_audit_log SELECT (jsonb_populate_record(null::mcp_sidecar.api_audit_log, to_jsonb(r) || jsonb_build_object('id', '${name}-' || n, 'timestamp', now() - interval '${age}'))).*
      FROM (SELECT * FROM mcp_sidecar.api_audit_log LIMIT 1) r, generate_series(1, ${count}) n`);
  const count = async (name) => Number(await postgres.sql(`SELECT count(*) FROM mcp_sidecar.api_audit_log WHERE id LIKE '${name}-%'`));

  await copies(2500, 'old', '31 days');
  await copies(100, 'newer', '29 days');
  const second = await startWith(t, postgres.url(), { ...spool, MCP_AUDIT_KEEP_DAYS: '30' });
  await eventually(async () => (await count('old')) === 0, 'the old ones are gone');
  assert.equal(await count('newer'), 100);
  await second.stop();

  await copies(20_000, 'many', '1 hour');
  const third = await startWith(t, postgres.url(), { ...spool, MCP_AUDIT_KEEP_DAYS: 'off', MCP_AUDIT_MAX_SIZE: '1MB' });
  await eventually(async () => (await count('many')) < 20_000, 'some are gone');
  assert.equal(await count('newer'), 0, 'the oldest first');
  await load(third.url, { first: 1, count: 10 });
  await third.stop();
  assert.ok((await count('many')) > 100);
  assert.deepEqual(numbersOf(await exported(postgres.url())).slice(-10).sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('audit: a PostgreSQL that is down at the start delays nothing and gets all records later', { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  await postgres.kill();
  const spool = join(temporaryFolder(t), 'spool');
  const first = await startWith(t, postgres.url(), { MCP_AUDIT_SPOOL: spool });
  await first.line(out);
  const { answered, others } = await load(first.url, { count: 500 });
  assert.deepEqual(others, []);
  await first.stop();
  assert.ok(spooled(spool).length > 0);
  await postgres.up();
  const second = await startWith(t, postgres.url(), { MCP_AUDIT_SPOOL: spool });
  await eventually(() => spooled(spool).length === 0, 'the spool is empty');
  await second.stop();
  assertComplete(await exported(postgres.url()), answered);
});

test('audit: a PostgreSQL that stops answering delays no call', { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  const sidecar = await startWith(t, postgres.url(), { MCP_AUDIT_SPOOL: join(temporaryFolder(t), 'spool') });
  // While this lock is held, inserts wait.
  const holder = postgres.sql('BEGIN; LOCK TABLE mcp_sidecar.api_audit_log IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)').catch(() => {});
  await eventually(async () => (await postgres.sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'mcp_sidecar.api_audit_log'::regclass")) === '1', 'the lock is held');
  const { answered, others } = await load(sidecar.url, { count: 500 });
  assert.deepEqual(others, []);
  await sidecar.line(/no answer in time/);
  await postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()");
  await holder;
  await sidecar.line(back);
  await eventually(async () => (await exported(postgres.url())).length === 500, 'all of it is there');
  await sidecar.stop();
  assertComplete(await exported(postgres.url()), answered);
});

test('audit: in PostgreSQL a table that the sidecar did not make is not touched', { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  await postgres.sql('CREATE TABLE public.api_audit_log (theirs text)');
  const env = { SDP_USE_AUDIT_LOG: 'true', SDP_DB_HOST: '127.0.0.1', SDP_DB_PORT: String(postgres.port), SDP_DB_NAME: 'postgres', SDP_DB_USER: 'postgres', MCP_AUDIT_SPOOL: join(temporaryFolder(t), 'spool') };
  const sidecar = await Sidecar.start(t, { env });
  await load(sidecar.url, { count: 20 });
  await sidecar.stop();
  assert.equal(await postgres.sql('SELECT count(*) FROM public.api_audit_log'), '0');
  assert.equal(await postgres.sql('SELECT count(*) FROM mcp_sidecar.api_audit_log'), '20');
  assert.equal(await postgres.sql("SELECT count(*) FROM pg_indexes WHERE schemaname = 'mcp_sidecar' AND indexname LIKE 'idx_api_audit_log%'"), '2');

  await postgres.sql('CREATE DATABASE other');
  await postgres.sql('CREATE SCHEMA mcp_sidecar; CREATE TABLE mcp_sidecar.api_audit_log (theirs text)', 'other');
  const refused = new Sidecar(t, { env: { MCP_AUDIT_DB: postgres.url('other'), MCP_AUDIT_SPOOL: join(temporaryFolder(t), 'spool') } });
  assert.equal((await refused.end()).code, 1);
  assert.match(refused.output, /did not make/);
  assert.equal(await postgres.sql("SELECT count(*) FROM information_schema.columns WHERE table_schema = 'mcp_sidecar'", 'other'), '1');
});

// What the release before the column `server` runs; it refuses another version of the tables.
const columnsBefore = 'id, timestamp, key_name, address, session_id, client_name, client_version, transport, method, tool, arguments, outcome, duration_us, request_bytes, response_bytes, error';
const tablesBefore = `CREATE SCHEMA mcp_sidecar;
  CREATE TABLE mcp_sidecar.mcp_sidecar_migrations (version INTEGER PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL);
  INSERT INTO mcp_sidecar.mcp_sidecar_migrations VALUES (1, now());
  CREATE TABLE mcp_sidecar.api_audit_log (id TEXT PRIMARY KEY, timestamp TIMESTAMPTZ NOT NULL, key_name TEXT NOT NULL, address TEXT NOT NULL, session_id TEXT NOT NULL, client_name TEXT NOT NULL, client_version TEXT NOT NULL, transport TEXT NOT NULL, method TEXT NOT NULL, tool TEXT NOT NULL, arguments TEXT NOT NULL, outcome TEXT NOT NULL, duration_us BIGINT NOT NULL, request_bytes BIGINT NOT NULL, response_bytes BIGINT NOT NULL, error TEXT NOT NULL);
  CREATE INDEX idx_api_audit_log_timestamp ON mcp_sidecar.api_audit_log (timestamp);
  CREATE INDEX idx_api_audit_log_key_name ON mcp_sidecar.api_audit_log (key_name, timestamp)`;
const insertBefore = (id) => {
  const record = { id, timestamp: '2027-01-15T08:00:01.123456Z', key_name: 'bob', address: '192.0.2.1', session_id: '01234567', client_name: 'c', client_version: '1', transport: 'sse', method: 'tools/call', tool: 'echo', arguments: '', outcome: 'ok', duration_us: 1, request_bytes: 2, response_bytes: 3, error: '' };
  const types = columnsBefore.split(', ').map((name) => `${name} ${name === 'timestamp' ? 'TIMESTAMPTZ' : /_us$|_bytes$/.test(name) ? 'BIGINT' : 'TEXT'}`).join(', ');
  return `INSERT INTO mcp_sidecar.api_audit_log (${columnsBefore}) SELECT ${columnsBefore} FROM json_to_recordset('${JSON.stringify([record])}'::json) AS record (${types}) ON CONFLICT (id) DO NOTHING`;
};
const selectBefore = `SELECT ${columnsBefore} FROM mcp_sidecar.api_audit_log ORDER BY timestamp, id`;

test('audit: the release before writes to and reads a PostgreSQL that this one has changed', { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  await postgres.sql(tablesBefore);
  await postgres.sql(insertBefore('before'));
  assert.deepEqual((await exported(postgres.url())).map(({ id, server }) => [id, server]), [['before', 'default']], 'a reader changes nothing');
  const columns = () => postgres.sql("SELECT count(*) FROM information_schema.columns WHERE table_name = 'api_audit_log'");
  assert.equal(await columns(), '16');

  const sidecar = await startWith(t, postgres.url(), { MCP_AUDIT_SPOOL: join(temporaryFolder(t), 'spool') });
  await load(sidecar.url, { count: 5 });
  await sidecar.stop();
  assert.equal(await columns(), '17');
  assert.equal(await postgres.sql('SELECT max(version) FROM mcp_sidecar.mcp_sidecar_migrations'), '1');
  await postgres.sql(insertBefore('after'));
  assert.equal((await postgres.sql(selectBefore)).split('\n').length, 7);
  const records = await exported(postgres.url());
  assert.deepEqual(records.map(({ server }) => server), Array(7).fill('default'));
  assert.equal(Object.keys(records[0]).at(-1), 'server');
});

test('audit: a role that does not own the PostgreSQL table writes the columns that it has', { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  await postgres.sql(tablesBefore);
  await postgres.sql('CREATE ROLE writer LOGIN; GRANT USAGE ON SCHEMA mcp_sidecar TO writer; GRANT ALL ON ALL TABLES IN SCHEMA mcp_sidecar TO writer');
  const url = postgres.url('postgres', 'writer');
  const sidecar = await startWith(t, url, { MCP_AUDIT_SPOOL: join(temporaryFolder(t), 'spool') });
  await load(sidecar.url, { count: 5 });
  await sidecar.stop();
  const records = await exported(url);
  assert.equal(records.length, 5);
  assert.deepEqual(new Set(records.map(({ server }) => server)), new Set(['default']));
  assert.equal(await postgres.sql("SELECT count(*) FROM information_schema.columns WHERE table_name = 'api_audit_log'"), '16');
});

test('audit: two sidecars share one PostgreSQL, and start in it together', { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  const folders = [1, 2].map(() => join(temporaryFolder(t), 'spool'));
  const sidecars = await Promise.all(folders.map((spool) => startWith(t, postgres.url(), { MCP_AUDIT_SPOOL: spool })));
  const loads = await Promise.all(sidecars.map((sidecar, i) => load(sidecar.url, { first: i * 1000, count: 300 })));
  for (const sidecar of sidecars) await sidecar.stop();
  assertComplete(await exported(postgres.url()), loads.flatMap(({ answered }) => answered));
  assert.equal(await postgres.sql('SELECT count(*) FROM mcp_sidecar.mcp_sidecar_migrations'), '1');
});
