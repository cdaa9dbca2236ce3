// Messages and requests that a server sends by itself, through the official SDK's client over both
// faces.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CreateMessageRequestSchema, ElicitRequestSchema, ErrorCode, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { eventually } from './lib/guard.mjs';
import { connect as connectOver, faces, heard, hears, textOf } from './lib/sdk.mjs';
import { Sidecar, everything } from './lib/sidecar.mjs';

const tool = (name, args = {}) => ({ name, arguments: args });
const page = (n) => `demo://resource/dynamic/text/${n}`;

for (const over of faces) {
  const connect = (t, base, options) => connectOver(t, base, { over, ...options });

  for (const sharing of ['auto', 'shared']) {
    test(`rounds over ${over}: sampling reaches the client whose call asked for it, with --sessions ${sharing}`, async (t) => {
      const sidecar = await Sidecar.start(t, { command: everything, flags: ['--sessions', sharing] });
      const asked = [];
      const sampler = (who) => connect(t, sidecar.url, {
        name: who,
        capabilities: { sampling: {} },
        prepare: (client) => client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
          asked.push([who, params.messages[0].content.text, params.maxTokens]);
          return { role: 'assistant', model: 'made-up', content: { type: 'text', text: `said by ${who}` } };
        }),
      });
      const clients = { ada: await sampler('ada'), ben: await sampler('ben') };
      for (const [who, client] of Object.entries(clients)) {
        const result = await client.callTool(tool('trigger-sampling-request', { prompt: `for ${who}`, maxTokens: 7 }));
        assert.match(textOf(result), new RegExp(`said by ${who}`));
      }
      assert.deepEqual(asked, ['ada', 'ben'].map((who) => [who, `Resource trigger-sampling-request context: for ${who}`, 7]));
      assert.equal(sidecar.children(everything).length, sharing === 'auto' ? 3 : 1);
      for (const client of Object.values(clients)) await client.close();
      await sidecar.stop();
    });
  }

  test(`rounds over ${over}: elicitation by form and by URL, accepted, declined, and as an error`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const asked = [];
    const answers = [{ action: 'accept', content: { name: 'Ada Lovelace' } }, { action: 'decline' }, { action: 'accept' }];
    const client = await connect(t, sidecar.url, {
      capabilities: { elicitation: { form: {}, url: {} } },
      prepare: (one) => one.setRequestHandler(ElicitRequestSchema, ({ params }) => {
        asked.push(params);
        return answers[asked.length - 1];
      }),
    });
    assert.match(textOf(await client.callTool(tool('trigger-elicitation-request'))), /Ada Lovelace/);
    assert.ok(asked[0].requestedSchema.properties.legacyTitledEnum.enumNames);
    assert.match(textOf(await client.callTool(tool('trigger-elicitation-request'))), /declined/);
    const url = 'https://example.com/consent?a=1&b=%20';
    assert.match(textOf(await client.callTool(tool('trigger-url-elicitation', { url, elicitationId: 'mine' }))), /completed/);
    assert.deepEqual([asked[2].mode, asked[2].url, asked[2].elicitationId], ['url', url, 'mine']);
    await assert.rejects(client.callTool(tool('trigger-url-elicitation', { url, errorPath: true })), (error) => {
      assert.equal(error.code, ErrorCode.UrlElicitationRequired);
      assert.equal(error.data.elicitations[0].mode, 'url');
      return true;
    });
    assert.equal(asked.length, 3);
    await client.close();
    await sidecar.stop();
  });

  test(`rounds over ${over}: a client's roots reach the server with --allow-client-roots, also when they change`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything, flags: ['--allow-client-roots'] });
    let roots = [{ uri: 'file:///home/ada/engine', name: 'engine' }];
    const client = await connect(t, sidecar.url, {
      capabilities: { roots: { listChanged: true } },
      prepare: (one) => one.setRequestHandler(ListRootsRequestSchema, () => ({ roots })),
    });
    const shown = async () => textOf(await client.callTool(tool('get-roots-list')));
    await eventually(async () => /home\/ada\/engine/.test(await shown()), 'the server knows the roots');
    roots = [{ uri: 'file:///home/ada/notes', name: 'notes' }];
    await client.sendRootsListChanged();
    await eventually(async () => /home\/ada\/notes/.test(await shown()), 'the server knows the new roots');
    await client.close();
    await sidecar.stop();
  });

  test(`rounds over ${over}: without that setting a client's roots do not reach the server`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const client = await connect(t, sidecar.url, {
      capabilities: { roots: { listChanged: true }, sampling: {} },
      prepare: (one) => one.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///etc' }] })),
    });
    await client.sendRootsListChanged();
    // A dedicated child that was given the sampling capability: it offers the tools that need it,
    // but not the one that needs roots.
    const names = await eventually(async () => {
      const { tools } = await client.listTools();
      return tools.some(({ name }) => name === 'trigger-sampling-request') && tools.map(({ name }) => name);
    }, 'the server has taken note of the capabilities');
    assert.ok(!names.includes('get-roots-list'));
    // It requests roots by itself 350 ms after the handshake; this takes longer.
    await client.callTool(tool('trigger-long-running-operation', { duration: 0.6, steps: 1 }));
    assert.deepEqual(heard(client, 'roots/list'), []);
    await client.close();
    await sidecar.stop();
  });

  test(`rounds over ${over}: log messages go to the session whose call caused them, at its own level`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const [loud, quiet] = [await connect(t, sidecar.url), await connect(t, sidecar.url)];
    await loud.setLoggingLevel('debug');
    await quiet.setLoggingLevel('error');
    const logged = (client) => heard(client, 'notifications/message').map(({ params }) => params.data);
    await quiet.subscribeResource({ uri: page(1) }); // the server logs this at info
    await quiet.ping();
    assert.deepEqual(logged(quiet), []);
    assert.deepEqual(logged(loud), []);
    await loud.subscribeResource({ uri: page(2) });
    await hears(loud, 'notifications/message');
    assert.match(logged(loud).join(), /^Received Subscribe Resource request for URI: demo:\/\/resource\/dynamic\/text\/2/);
    await loud.setLoggingLevel('warning');
    await loud.unsubscribeResource({ uri: page(2) });
    await loud.ping();
    assert.equal(logged(loud).length, 1);
    assert.deepEqual(logged(quiet), []);
    for (const client of [loud, quiet]) await client.close();
    await sidecar.stop();
  });

  test(`rounds over ${over}: updates of a resource reach its subscribers until they unsubscribe`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const clients = [];
    for (const pages of [[1], [1, 2], []]) {
      const client = await connect(t, sidecar.url);
      for (const n of pages) await client.subscribeResource({ uri: page(n) });
      clients.push(client);
    }
    const [one, both, none] = clients;
    const updated = (client) => heard(client, 'notifications/resources/updated').map(({ params }) => params.uri).sort();
    // Once switched on, the server updates every subscribed page at once.
    await none.callTool(tool('toggle-subscriber-updates'));
    await eventually(() => updated(one).length === 1 && updated(both).length === 2, 'the subscribers have heard');
    assert.deepEqual(updated(one), [page(1)]);
    assert.deepEqual(updated(both), [page(1), page(2)]);
    await none.callTool(tool('toggle-subscriber-updates'));
    const before = updated(both).length;
    const uri = page(1);
    await one.unsubscribeResource({ uri });
    await none.callTool(tool('toggle-subscriber-updates'));
    await eventually(() => updated(both).length >= before + 2, 'who is still subscribed has heard again');
    for (const client of clients) await client.ping();
    assert.deepEqual(updated(one), [uri]);
    assert.deepEqual(updated(none), []);
    assert.equal(sidecar.children(everything).length, 1);
    for (const client of clients) await client.close();
    await sidecar.stop();
  });

  test(`rounds over ${over}: a list change is reported to every session`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const clients = [await connect(t, sidecar.url), await connect(t, sidecar.url)];
    const data = `data:text/plain;base64,${Buffer.from('to be packed').toString('base64')}`;
    await clients[0].callTool(tool('gzip-file-as-resource', { name: 'packed.gz', data }));
    for (const client of clients) {
      await hears(client, 'notifications/resources/list_changed');
      const { resources } = await client.listResources();
      assert.ok(resources.some(({ name }) => name === 'packed.gz'));
    }
    for (const client of clients) await client.close();
    await sidecar.stop();
  });

  test(`rounds over ${over}: a task belongs to its session, and its server request goes there`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const asked = [];
    const owner = await connect(t, sidecar.url, {
      capabilities: { elicitation: { form: {} } },
      prepare: (one) => one.setRequestHandler(ElicitRequestSchema, ({ params }) => {
        asked.push(params.message);
        return { action: 'accept', content: { interpretation: 'technical' } };
      }),
    });
    await owner.listTools(); // shows the client that the tool runs as a task
    const steps = [];
    const research = tool('simulate-research-query', { topic: 'python', ambiguous: true });
    for await (const step of owner.experimental.tasks.callToolStream(research)) steps.push(step);
    assert.equal(steps[0].type, 'taskCreated');
    assert.equal(steps.at(-1).type, 'result', JSON.stringify(steps.at(-1)));
    assert.match(textOf(steps.at(-1).result), /python \(technical\)/);
    assert.equal(asked.length, 1);
    await owner.close();
    await sidecar.stop();
  });

  test(`rounds over ${over}: no session sees, reads or cancels the task of another on the same child`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: everything });
    const [owner, other] = [await connect(t, sidecar.url), await connect(t, sidecar.url)];
    await owner.listTools(); // shows the client that the tool runs as a task
    const stream = owner.experimental.tasks.callToolStream(tool('simulate-research-query', { topic: 'private' }));
    const { value: created } = await stream.next();
    assert.equal(created.type, 'taskCreated');
    const { taskId } = created.task;
    assert.deepEqual((await owner.experimental.tasks.listTasks()).tasks.map((task) => task.taskId), [taskId]);
    assert.deepEqual((await other.experimental.tasks.listTasks()).tasks, []);
    await assert.rejects(other.experimental.tasks.getTask(taskId));
    await assert.rejects(other.experimental.tasks.cancelTask(taskId));
    assert.equal((await owner.experimental.tasks.getTask(taskId)).status, 'working');
    assert.equal((await owner.experimental.tasks.cancelTask(taskId)).status, 'cancelled');
    assert.equal(sidecar.children(everything).length, 1);
    for (const client of [owner, other]) await client.close();
    await sidecar.stop();
  });
}
