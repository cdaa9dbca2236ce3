// The benchmarks' load generator against the real program: it accepts right answers and reports
// wrong ones.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';

import { holdIdle, runLoad } from '../bench/lib/load.mjs';
import { loadProgram, nullServer, stub } from '../bench/lib/programs.mjs';
import { withServer } from '../bench/lib/server.mjs';
import { Sidecar } from './lib/sidecar.mjs';

// Builds with sanitizers have no benchmarks.
const options = { skip: !existsSync(loadProgram) && 'this build has no benchmarks' };
const faces = ['sse', 'streamable', 'rest'];

const start = (t, flags = [], env = {}) => Sidecar.start(t, { command: [stub, ...flags], env: { LOG_LEVEL: 'info', ...env } });

function clean(figures, calls) {
  assert.equal(figures.firstError, null);
  assert.equal(figures.errors, 0);
  assert.equal(figures.foreign ?? 0, 0);
  if (calls !== undefined) assert.equal(figures.calls, calls);
}

test('bench: every call of every transport is answered', options, async (t) => {
  const { port } = await start(t);
  for (const face of faces) clean(await runLoad(face, { port, clients: 10, calls: 200 }), 200);
});

test('bench: direct stdio and the null server answer every call', options, async () => {
  clean(await runLoad('direct', { clients: 10, calls: 200 }, [stub]), 200);
  await withServer({ name: 'null server', command: (port) => [nullServer, port] }, async ({ port }) => {
    for (const face of faces) clean(await runLoad(face, { port, clients: 10, calls: 200 }), 200);
  });
});

test('bench: a wrong answer is reported as an error', options, async (t) => {
  const { port } = await start(t, ['--wrong', '10']);
  for (const face of faces) {
    const figures = await runLoad(face, { port, clients: 3, calls: 50 });
    assert.equal(figures.errors, 5);
    assert.equal(figures.calls, 45);
    assert.match(figures.firstError, /something else/);
  }
  const direct = await runLoad('direct', { clients: 3, calls: 50 }, [stub, '--wrong', '10']);
  assert.equal(direct.errors, 5);
});

test('bench: a server that is missing or ends is an error', options, async (t) => {
  const sidecar = await start(t);
  const load = runLoad('sse', { port: sidecar.port, clients: 2, seconds: 60, pause: 10 });
  await sidecar.stop();
  assert.ok((await load).errors > 0);
  assert.match((await runLoad('rest', { port: sidecar.port, clients: 1, calls: 1 })).firstError, /connect/);
});

test('bench: a result of a megabyte arrives whole, beside small calls', options, async (t) => {
  const { port } = await start(t);
  for (const over of faces) {
    const figures = await runLoad('big', { port, over, bytes: 1_000_000, calls: 5, others: 2 });
    clean(figures, 5);
    clean(figures.others);
  }
  const direct = await runLoad('big', { over: 'direct', bytes: 1_000_000, calls: 5, others: 2 }, [stub]);
  clean(direct, 5);
  clean(direct.others);
});

test('bench: sessions are opened, used and closed', options, async (t) => {
  const sidecar = await start(t);
  for (const over of ['sse', 'streamable']) clean(await runLoad('churn', { port: sidecar.port, over, clients: 5, calls: 50 }), 50);
  const { sessions } = await (await fetch(`${sidecar.url}/sessions`)).json();
  assert.equal(sessions.length, 0);
});

test('bench: idle sessions are held and get their keep-alives', options, async (t) => {
  const { port } = await start(t, [], { MCP_KEEPALIVE_INTERVAL: '1000' });
  let seen;
  const figures = await holdIdle({ port, clients: 20, seconds: 3.5 }, (open) => (seen = open));
  assert.equal(seen, 20);
  clean(figures);
  assert.equal(figures.dropped, 0);
  assert.ok(figures.fewestKeepAlives >= 1, JSON.stringify(figures));
});

test('bench: a broadcast reaches every session once a round', options, async (t) => {
  const { port } = await start(t);
  const figures = await runLoad('broadcast', { port, clients: 30, rounds: 3, stall: 20 });
  clean(figures, 3);
  assert.equal(figures.notifications, 3 * 31);
});
