// The official SDK's clients, unmodified, over SSE and Streamable HTTP, in front of real servers.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Feed, eventually } from './lib/guard.mjs';
import { CuttingProxy } from './lib/proxy.mjs';
import { connect as connectOver, faces, textOf } from './lib/sdk.mjs';
import { Sidecar, everything, filesystem, memory } from './lib/sidecar.mjs';

const MB = 1 << 20;

for (const over of faces) {
  const connect = (t, base) => connectOver(t, base, { over });

  test(`sdk over ${over}: the demo server through the sidecar answers everything it offers`, async (t) => {
    const sidecar = await Sidecar.start(t);
    const client = await connect(t, sidecar.url);
    assert.equal(client.getServerVersion().name, 'mcp-sidecar-demo');
    await client.ping();
    assert.equal((await client.listTools()).tools.length, 4);
    assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message: 'hi' } })), 'hi');
    assert.equal((await client.callTool({ name: 'echo', arguments: {} })).isError, true);
    await assert.rejects(client.callTool({ name: 'no-such-tool', arguments: {} }), { code: -32602 });
    assert.match((await client.readResource({ uri: 'demo://readme' })).contents[0].text, /mcp-sidecar-demo/);
    assert.equal((await client.getPrompt({ name: 'introduce', arguments: { name: 'Ada' } })).messages.length, 1);
    await client.close();
    await sidecar.stop();
  });

  test(`sdk over ${over}: progress arrives in order and before its result`, async (t) => {
    const sidecar = await Sidecar.start(t);
    const client = await connect(t, sidecar.url);
    const seen = [];
    const result = await client.callTool({ name: 'sleep', arguments: { seconds: 1 } }, undefined, {
      onprogress: (progress) => seen.push(progress.progress),
    });
    assert.equal(textOf(result), 'slept 1 s');
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await client.close();
    await sidecar.stop();
  });

  test(`sdk over ${over}: a cancelled call ends at the child`, async (t) => {
    const sidecar = await Sidecar.start(t);
    const client = await connect(t, sidecar.url);
    const status = async () => JSON.parse((await client.readResource({ uri: 'demo://status' })).contents[0].text);
    const cancel = new AbortController();
    const begun = new Feed();
    const long = client.callTool({ name: 'sleep', arguments: { seconds: 3000 } }, undefined, {
      signal: cancel.signal,
      timeout: 3_600_000,
      onprogress: (progress) => begun.push(progress),
    });
    await begun.find(() => true, 'the first progress of the sleep');
    assert.equal((await status()).sleepingCalls, 1);
    cancel.abort('enough');
    await assert.rejects(long, /enough/);
    await eventually(async () => (await status()).sleepingCalls === 0, 'the sleep has ended at the child');
    await client.close();
    await sidecar.stop();
  });

  test(`sdk over ${over}: five megabytes go there and back`, async (t) => {
    const sidecar = await Sidecar.start(t);
    const client = await connect(t, sidecar.url);
    const message = 'line \u00e9 \u{1f600} "quoted" \\ '.repeat(5 * MB / 24).slice(0, 5 * MB);
    assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message } })) === message, true);
    await client.close();
    await sidecar.stop();
  });

  test(`sdk over ${over}: server-everything behaves as it does on stdio`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const client = await connect(t, sidecar.url);
    assert.equal(client.getServerVersion().name, 'mcp-servers/everything');
    assert.ok((await client.listTools()).tools.length >= 10);
    assert.match(textOf(await client.callTool({ name: 'get-sum', arguments: { a: 19, b: 23 } })), /42/);
    assert.equal((await client.callTool({ name: 'get-tiny-image', arguments: {} })).content.some((c) => c.type === 'image'), true);
    assert.ok((await client.callTool({ name: 'get-structured-content', arguments: { location: 'Chicago' } })).structuredContent);
    const steps = [];
    await client.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 4 } }, undefined, {
      onprogress: (progress) => steps.push(progress.progress),
    });
    // The server sends the last step right before its answer, where this client may lose it.
    assert.deepEqual(steps.slice(0, 3), [1, 2, 3]);
    const { resources } = await client.listResources();
    assert.ok((await client.readResource({ uri: resources[0].uri })).contents.length > 0);
    assert.ok((await client.listPrompts()).prompts.length >= 2);
    assert.ok((await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Rome' } })).messages.length > 0);
    const completion = await client.complete({
      ref: { type: 'ref/prompt', name: 'completable-prompt' },
      argument: { name: 'department', value: 'E' },
    });
    assert.ok(completion.completion.values.includes('Engineering'));
    await client.setLoggingLevel('debug');
    assert.equal(sidecar.children(everything).length, 1);
    await client.close();
    await sidecar.stop();
  });

  test(`sdk over ${over}: server-filesystem reads, writes, and gives a file of five megabytes`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sidecar-files-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const large = 'abcdefghij\u00fc\n'.repeat(5 * MB / 13);
    writeFileSync(join(folder, 'large.txt'), large);
    const sidecar = await Sidecar.start(t, { command: filesystem(folder) });
    const client = await connect(t, sidecar.url);
    await client.callTool({ name: 'write_file', arguments: { path: join(folder, 'new.txt'), content: 'written' } });
    assert.equal(textOf(await client.callTool({ name: 'read_text_file', arguments: { path: join(folder, 'new.txt') } })), 'written');
    assert.match(textOf(await client.callTool({ name: 'list_directory', arguments: { path: folder } })), /large\.txt/);
    assert.equal(textOf(await client.callTool({ name: 'read_text_file', arguments: { path: join(folder, 'large.txt') } })) === large, true);
    assert.equal((await client.callTool({ name: 'read_text_file', arguments: { path: '/etc/passwd' } })).isError, true);
    await client.close();
    await sidecar.stop();
  });

  test(`sdk over ${over}: server-memory keeps one graph for two clients`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sidecar-memory-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const sidecar = await Sidecar.start(t, { command: memory, env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') } });
    const [one, two] = [await connect(t, sidecar.url), await connect(t, sidecar.url)];
    const entities = [{ name: 'Ada', entityType: 'person', observations: ['wrote the first program'] }];
    await one.callTool({ name: 'create_entities', arguments: { entities } });
    assert.match(textOf(await two.callTool({ name: 'read_graph', arguments: {} })), /first program/);
    assert.equal(sidecar.children(memory).length, 1);
    await one.close();
    await two.close();
    await sidecar.stop();
  });
}

test('sdk: after its stream was cut a client goes on without a new initialize', async (t) => {
  const sidecar = await Sidecar.start(t);
  const proxy = await CuttingProxy.start(t, sidecar.port);
  const client = await connectOver(t, proxy.url);
  assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message: 'before' } })), 'before');
  const other = await connectOver(t, sidecar.url);
  for (const round of [1, 2]) {
    proxy.cut();
    // EventSource reconnects by itself. A POST before that is refused, because its session is gone.
    await eventually(async () => {
      const result = await client.callTool({ name: 'echo', arguments: { message: `after ${round}` } }, undefined, { timeout: 3000 });
      return textOf(result) === `after ${round}`;
    }, 'the client is back');
  }
  assert.equal(textOf(await other.callTool({ name: 'echo', arguments: { message: 'undisturbed' } })), 'undisturbed');
  await client.close();
  await other.close();
  await sidecar.stop();
});
