// Attacks on the audit log: one key tries to displace records of others or to prevent them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { each } from './lib/attacks.mjs';
import { assertComplete, exported, load, locked } from './lib/audit.mjs';
import { temporaryFolder } from './lib/files.mjs';
import { eventually } from './lib/guard.mjs';
import { post } from './lib/http.mjs';
import { McpSession } from './lib/mcp-http.mjs';
import { Postgres, missing as noPostgres } from './lib/postgres.mjs';
import { Sidecar } from './lib/sidecar.mjs';

const keys = { mallory: 'a-secret-of-mallory', alice: 'a-secret-of-alice' }; // the last one is the administrator's
const as = (name) => ({ 'x-api-key': keys[name] });
const small = { MCP_AUDIT_QUEUE: '1MB', MCP_AUDIT_SPOOL_LIMIT: '1MB' };
const large = 'x'.repeat(40_000);

const startWith = (t, database, env = {}) =>
  Sidecar.start(t, {
    env: {
      MCP_AUDIT_DB: database,
      MCP_AUDIT_ARGUMENTS: 'full',
      MCP_API_KEYS: Object.entries(keys).map((pair) => pair.join(':')).join() + ':admin',
      ...env,
    },
  });

const callOf = (sidecar, name, tool, message) => post(`${sidecar.url}/call-tool`, { name: tool, arguments: { message } }, as(name));

// Makes large calls until the key's shares of the spool and of the queue are used up while the
// database is unavailable. Returns the number of served calls and the last answer.
async function fill(sidecar, name) {
  let calls = 0;
  let answer;
  const more = async () => {
    for (let sent = 0; sent < 100; sent += 1) {
      answer = await callOf(sidecar, name, 'echo', `call ${1_000_000 + calls} ${large}`);
      if (answer.status !== 200) return;
      calls += 1;
    }
  };
  await eventually(async () => {
    await more();
    return sidecar.output.includes('audit spool share used up');
  }, 'the share of the spool is used up');
  await more();
  return { calls, answer };
}

// Locks the file and waits until the sidecar has noticed.
async function lockedOut(t, sidecar, path) {
  const lock = await locked(t, path);
  assert.equal((await callOf(sidecar, 'alice', 'echo', 'call 999999')).status, 200);
  await sidecar.line(/audit database unavailable/);
  return lock;
}

function sqlite(t) {
  const path = join(temporaryFolder(t), 'audit.db');
  return { path, database: `sqlite:${path}` };
}

const dropped = async (sidecar) =>
  Number((await (await fetch(`${sidecar.url}/metrics`, { headers: as('alice') })).text()).match(/^mcp_sidecar_audit_dropped_total\{reason="queue_full"\} (\d+)/m)?.[1] ?? 0);

test('attacks: where records are required, a key that fills queue and spool is refused, and another one is served', async (t) => {
  const { path, database } = sqlite(t);
  const sidecar = await startWith(t, database, { ...small, MCP_AUDIT_REQUIRED: 'true' });
  const lock = await lockedOut(t, sidecar, path);
  const { calls, answer } = await fill(sidecar, 'mallory');
  assert.equal(answer.status, 503, `${calls} calls`);
  assert.match(answer.json().error, /audit log.*MCP_AUDIT_QUEUE/);
  const { answered, others } = await load(sidecar.url, { count: 100, width: 4, headers: as('alice') });
  assert.deepEqual(others, []);
  assert.equal((await callOf(sidecar, 'mallory', 'echo', large)).status, 503);
  await lock.release();
  await sidecar.line(/audit database available again/);
  await eventually(async () => (await callOf(sidecar, 'mallory', 'echo', large)).status === 200, 'calls are taken again');
  await sidecar.stop();
  assert.doesNotMatch(sidecar.output, /audit records lost/);
  const records = await exported(database);
  assertComplete(records.filter(({ key_name }) => key_name === 'alice'), answered);
  assert.equal(records.filter(({ key_name, outcome }) => key_name === 'mallory' && outcome === 'ok').length, calls + 1);
});

test('attacks: where no record is required, only those of a key that fills queue and spool are dropped', async (t) => {
  const { path, database } = sqlite(t);
  const sidecar = await startWith(t, database, small);
  const lock = await lockedOut(t, sidecar, path);
  assert.equal((await fill(sidecar, 'mallory')).answer.status, 200);
  const before = await dropped(sidecar);
  assert.ok(before > 0, 'some are dropped');
  const { answered, others } = await load(sidecar.url, { count: 100, width: 4, headers: as('alice') });
  assert.deepEqual(others, []);
  assert.equal(await dropped(sidecar), before);
  await lock.release();
  await sidecar.line(/audit database available again/);
  await sidecar.stop();
  assertComplete(await exported(database, '--key', 'alice'), answered);
});

test('attacks: a spool that one key has filled still counts for that key after a restart', { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  const env = { ...small, MCP_AUDIT_SPOOL: join(temporaryFolder(t), 'spool'), MCP_AUDIT_REQUIRED: 'true' };
  await postgres.kill();
  const first = await startWith(t, postgres.url(), env);
  await first.line(/audit database unavailable/);
  const { calls, answer } = await fill(first, 'mallory');
  assert.equal(answer.status, 503);
  await first.stop();
  const second = await startWith(t, postgres.url(), env);
  await second.line(/audit database unavailable/);
  assert.equal((await fill(second, 'mallory')).answer.status, 503);
  const { answered, others } = await load(second.url, { count: 100, width: 4, headers: as('alice') });
  assert.deepEqual(others, []);
  await postgres.up();
  await second.line(/audit database available again/);
  await eventually(async () => (await exported(postgres.url(), '--key', 'mallory', '--outcome', 'ok')).length >= calls / 2, 'records are in the database');
  await eventually(async () => (await exported(postgres.url(), '--key', 'alice')).length >= answered.length, 'those of the other key too');
  await second.stop();
  assertComplete(await exported(postgres.url(), '--key', 'alice'), answered);
});

// Both fill their log beyond its size: first alice with a few calls, then another key with many
// forbidden ones.
async function flood(sidecar) {
  const { answered } = await load(sidecar.url, { count: 200, headers: as('alice') });
  const name = 'add-'.padEnd(900, 'x');
  await each(3_000, 32, async () => assert.equal((await callOf(sidecar, 'mallory', name, 'x'.repeat(1000))).status, 403));
  return answered;
}

const flooded = { MCP_DENIED_TOOLS: 'add*', MCP_AUDIT_MAX_SIZE: '1MB' };

test('attacks: forbidden calls of one key displace no record of another one', async (t) => {
  const { database } = sqlite(t);
  const sidecar = await startWith(t, database, flooded);
  const answered = await flood(sidecar);
  await sidecar.stop();
  // The excess is deleted at start.
  const next = await startWith(t, database, flooded);
  await eventually(async () => (await exported(database, '--key', 'mallory')).length < 1_000, 'the oldest are deleted');
  await next.stop();
  assertComplete(await exported(database, '--key', 'alice'), answered);
  assert.ok((await exported(database, '--key', 'mallory')).length > 100);
});

test('attacks: in PostgreSQL forbidden calls of one key displace no record of another one', { skip: noPostgres }, async (t) => {
  const postgres = await Postgres.start(t);
  const env = { ...flooded, MCP_AUDIT_SPOOL: join(temporaryFolder(t), 'spool') };
  const sidecar = await startWith(t, postgres.url(), env);
  const answered = await flood(sidecar);
  await sidecar.stop();
  const next = await startWith(t, postgres.url(), env);
  await eventually(async () => (await exported(postgres.url(), '--key', 'mallory')).length < 2_000, 'the oldest are deleted');
  await next.stop();
  assertComplete(await exported(postgres.url(), '--key', 'alice'), answered);
  assert.ok((await exported(postgres.url(), '--key', 'mallory')).length > 100);
});

test('attacks: arguments of a forbidden call are recorded as their hash, also where arguments are kept in full', async (t) => {
  const { database } = sqlite(t);
  const sidecar = await startWith(t, database, { MCP_DENIED_TOOLS: 'add' });
  assert.equal((await callOf(sidecar, 'mallory', 'add', large)).status, 403);
  assert.equal((await callOf(sidecar, 'mallory', 'echo', 'hello')).status, 200);
  await sidecar.stop();
  const [add, echo] = await exported(database);
  assert.match(add.arguments, /^hmac-sha256:[0-9a-f]{64}$/);
  assert.equal(echo.arguments, '{"message":"hello"}');
});

test('attacks: a call with arguments given twice is never recorded as one without', async (t) => {
  const { database } = sqlite(t);
  const sidecar = await startWith(t, database);
  const session = await McpSession.open(sidecar.url, { headers: as('mallory') });
  const body = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"message":"a"},"arguments":{"message":"b"}}}';
  await session.post(body);
  await callOf(sidecar, 'mallory', 'echo', 'hello');
  await sidecar.stop();
  const records = await exported(database, '--tool', 'echo');
  assert.deepEqual(records.filter((record) => record.arguments === ''), []);
  assert.equal(records.at(-1).arguments, '{"message":"hello"}');
});
