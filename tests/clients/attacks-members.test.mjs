// Attacks with members that JSON readers interpret differently: the wrapped server ignores their
// case (Go's encoding/json), so it would act on something else than was permitted, recorded and
// given a wire id.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { besides } from './lib/attacks.mjs';
import { Piped, buildCaseBlind } from './lib/case-blind.mjs';
import { RawSession, post, request } from './lib/http.mjs';
import { keysFile } from './lib/keys.mjs';
import { McpSession, initialize, messagesOf, notification, toolCall } from './lib/mcp-http.mjs';
import { Sidecar } from './lib/sidecar.mjs';

const caseBlind = buildCaseBlind({ after });

const message = (id, method, params, more = '') => `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}${more}}`;
const echo = '"name":"echo","arguments":{"message":"said"}';

// [name, message, effect in a server that ignores the case of members]; such a server answers `id`.
const read = [
  ['Name beside name', (id) => message(id, 'tools/call', `{${echo},"Name":"delete_all"}`), 'deleted all'],
  ['NAME beside name', (id) => message(id, 'tools/call', `{${echo},"NAME":"delete_all"}`), 'deleted all'],
  ['a second name in capitals, written with an escape', (id) => message(id, 'tools/call', `{${echo},"\\u004eame":"delete_all"}`), 'deleted all'],
  ['Arguments beside arguments', (id) => message(id, 'tools/call', `{${echo},"Arguments":{"message":"other"}}`), 'other'],
  ['a task with a long s and a Kelvin sign', (id) => message(id, 'tools/call', `{${echo},"ta\u017f\u212a":{}}`), '"taskId":"T"'],
  ['Params beside params', (id) => message(id, 'tools/call', `{${echo}}`, ',"Params":{"name":"delete_all"}'), 'deleted all'],
  ['params with a long s', (id) => message(id, 'tools/call', `{${echo}}`, ',"param\u017f":{"name":"delete_all"}'), 'deleted all'],
  ['params with an escaped long s', (id) => message(id, 'tools/call', `{${echo}}`, ',"param\\u017f":{"name":"delete_all"}'), 'deleted all'],
  ['Method beside method', (id) => message(id, 'ping', '{"name":"delete_all"}', ',"Method":"tools/call"'), 'deleted all'],
  ['URI beside uri', (id) => message(id, 'resources/read', '{"uri":"file:///public/a","URI":"file:///secret"}'), 'read file:///secret'],
  ['ID beside id', (id) => `{"jsonrpc":"2.0","id":4711,"ID":${id},"method":"tools/call","params":{${echo}}}`, 'said'],
];

// Other spellings, which Go does not take for the known name but readers in other languages do.
const foreign = [
  ['a NUL behind name', (id) => message(id, 'tools/call', `{${echo},"name\\u0000":"delete_all"}`)],
  ['a NUL and more behind name', (id) => message(id, 'tools/call', `{${echo},"name\\u0000x":"delete_all"}`)],
  ['half a surrogate pair behind name', (id) => message(id, 'tools/call', `{${echo},"name\\ud800":"delete_all"}`)],
  ['uri with a dotless i', (id) => message(id, 'resources/read', '{"uri":"file:///public/a","ur\u0131":"file:///secret"}')],
  ['a second name', (id) => message(id, 'tools/call', `{${echo},"name":"delete_all"}`)],
  ['second arguments', (id) => message(id, 'tools/call', `{${echo},"arguments":{"message":"other"}}`)],
  ['JSONRPC beside jsonrpc', (id) => message(id, 'tools/call', `{${echo}}`, ',"JSONRPC":"1.0"')],
  ['a result in capitals', (id) => `{"jsonrpc":"2.0","id":${id},"result":{},"Result":{}}`],
  ['an error in capitals', (id) => `{"jsonrpc":"2.0","id":${id},"result":{},"ERROR":{"code":1,"message":"m"}}`],
  ['_META', (id) => message(id, 'tools/call', `{${echo},"_META":{"progressToken":1}}`)],
  ['meta without its underscore', (id) => message(id, 'tools/call', `{${echo},"meta":{"progressToken":1}}`)],
  ['ProgressToken', (id) => message(id, 'tools/call', `{${echo},"_meta":{"ProgressToken":1}}`)],
  ['a progress token in snake case', (id) => message(id, 'tools/call', `{${echo},"_meta":{"progress_token":1}}`)],
  ['a NUL behind progressToken', (id) => message(id, 'tools/call', `{${echo},"_meta":{"progressToken\\u0000":1}}`)],
  ['another related task', (id) => message(id, 'tools/call', `{${echo},"_meta":{"io.modelcontextprotocol/Related-Task":{"taskId":"T"}}}`)],
  ['a protocol version in capitals', (id) => message(id, 'tools/call', `{${echo},"_meta":{"io.modelcontextprotocol/ProtocolVersion":"2026-07-28"}}`)],
  ['a reference by another name', (id) => message(id, 'completion/complete', '{"ref":{"type":"ref/prompt","name":"a","Name":"b"},"argument":{"name":"x","value":"y"}}')],
  ['another task', (id) => message(id, 'tasks/get', '{"taskId":"mine","TaskId":"yours"}')],
  ['another level', (id) => message(id, 'logging/setLevel', '{"level":"info","Level":"debug"}')],
  ['a cancellation of another request', () => '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99,"RequestId":1}}'],
  ['a cancellation in capitals', () => '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestID":1}}'],
  ['progress of another call', () => '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":99,"progresstoken":1,"progress":1}}'],
];
const attacks = [...read, ...foreign];

test('attacks: a server that ignores the case of members acts on the odd member', async (t) => {
  const server = new Piped(t, caseBlind);
  let id = 0;
  for (const [what, text, effect] of read) {
    id += 1;
    assert.ok(JSON.stringify(await server.ask(text(id), id)).includes(effect), what);
  }
});

test('attacks: an odd member is refused over every face, for every caller, and never reaches the server', async (t) => {
  const { keys, env } = keysFile(t);
  const some = { 'x-api-key': await keys('new', 'some', '--allow-tools', 'echo,line', '--allow-resources', 'file:///public/*') };
  const all = { 'x-api-key': await keys('new', 'all') };
  const sidecar = await Sidecar.start(t, { command: caseBlind, env });
  await besides(sidecar, async () => {
    for (const headers of [some, all]) {
      const sse = await RawSession.open(sidecar.url, headers);
      const mcp = await McpSession.open(sidecar.url, { headers });
      const batches = await McpSession.open(sidecar.url, { version: '2025-03-26', headers });
      let id = 100;
      const good = () => toolCall(id + 1, 'echo', { message: 'good' });
      for (const [what, text] of attacks) {
        id += 2;
        for (const refused of [await sse.post(text(id)), await mcp.post(text(id)), await post(`${sidecar.url}/mcp`, text(id), { accept: 'application/json', ...headers })]) {
          assert.equal(refused.status, 400, `${what}: ${refused.text}`);
          assert.equal(refused.json().error.code, -32600, what);
          assert.match(refused.json().error.message, /^(ambiguous|duplicate) member "/, what);
        }
        const answers = messagesOf(await batches.post(`[${text(id)},${JSON.stringify(good())}]`));
        assert.equal(answers.length, 2, what);
        assert.equal(answers[0].error.code, -32600, what);
        assert.equal(answers[1].result.content[0].text, 'good', what);
      }
      for (const path of ['/call-tool', '/call-tool-stream', '/vapi/call', '/openai/call-function']) {
        for (const odd of ['"Name":"delete_all"', '"n\\u0061me":"delete_all"', '"Arguments":{}', '"name\\u0000":"delete_all"']) {
          const refused = await post(sidecar.url + path, `{${echo},${odd}}`, headers);
          assert.equal(refused.status, 400, `${path} ${odd}`);
          assert.match(refused.json().error, /member "/, `${path} ${odd}`);
        }
      }
      sse.close();
    }
    const ran = await post(`${sidecar.url}/call-tool`, { name: 'ran' }, all);
    assert.deepEqual([...new Set(ran.json().result.content[0].text.split(' '))].sort(), ['echo', 'ran']);
  }, { headers: all });
  await sidecar.stop();
});

test('attacks: odd members inside arguments, and in places that are not read, arrive unchanged over every face', async (t) => {
  const sidecar = await Sidecar.start(t, { command: caseBlind });
  const odd = '{"Name":"a","name":"b","name":"c","ID":1.10,"id\\u0000":2,"\\ud800":3,"param\u017f":{"_META":[{"Uri":1}]},"message":"x"}';
  const arrived = ({ content }) => Buffer.from(content[0].text, 'base64').toString();
  const params = `{"name":"line","arguments":${odd},"Cursor":1,"unheard":{"Name":1,"Name":2}}`;
  const sse = await RawSession.open(sidecar.url);
  assert.equal((await sse.post(message(1, 'tools/call', params))).status, 202);
  assert.ok(arrived((await sse.stream.answer(1)).result).includes(params), 'over SSE');
  const mcp = await McpSession.open(sidecar.url);
  assert.ok(arrived(messagesOf(await mcp.post(message(1, 'tools/call', params)))[0].result).includes(params), 'over Streamable HTTP');
  const rest = await post(`${sidecar.url}/call-tool`, `{"name":"line","arguments":${odd},"unheard":1}`);
  assert.ok(arrived(rest.json().result).includes(`"arguments":${odd}`), 'over REST');
  const own = await mcp.post(message(2, 'unheard/of', '{"name":"1","Name":"2","URI":"3","uri":"4"}'));
  assert.deepEqual(messagesOf(own)[0].result, {}, 'a method that nobody knows keeps its members');
  sse.close();
  await sidecar.stop();
});

test('attacks: a list that the server makes for one tenant is given to no other', async (t) => {
  const sidecar = await Sidecar.start(t, { command: caseBlind });
  const names = async (session, _meta) => (await session.call(1, 'tools/list', _meta && { _meta })).result.tools.map(({ name }) => name);
  const sessions = await Promise.all(Array.from({ length: 8 }, () => McpSession.open(sidecar.url)));
  for (let round = 0; round < 3; round += 1) {
    const lists = await Promise.all(sessions.map((session, n) => names(session, n % 2 === 0 ? { tenant: `t${n}`, progressToken: n } : { progressToken: n })));
    lists.forEach((list, n) => assert.deepEqual(list.filter((name) => name.startsWith('of_')), n % 2 === 0 ? [`of_t${n}`] : [], `session ${n}`));
  }
  await sidecar.stop();
});

test('attacks: a message that has the name of the other kind is refused if it has an id, otherwise dropped', async (t) => {
  const sidecar = await Sidecar.start(t, { command: caseBlind });
  await besides(sidecar, async () => {
    const mcp = await McpSession.open(sidecar.url);
    const sse = await RawSession.open(sidecar.url);
    const batches = await McpSession.open(sidecar.url, { version: '2025-03-26' });
    const deletes = notification('tools/call', { name: 'delete_all', arguments: {} });
    assert.equal((await mcp.post(deletes)).status, 202);
    assert.equal((await sse.post(deletes)).status, 202);
    assert.equal((await batches.post([deletes, deletes])).status, 202);
    assert.match((await request(`${sidecar.url}/metrics`)).text, /mcp_sidecar_messages_dropped_total\{reason="request_without_id",server="default"\} 4\b/);
    for (const method of ['notifications/cancelled', 'notifications/initialized', 'notifications/unheard']) {
      for (const session of [mcp, sse]) {
        const refused = await session.post({ jsonrpc: '2.0', id: 'k', method, params: { requestId: 1 } });
        assert.equal(refused.status, 400, method);
        assert.equal(refused.json().id, 'k');
        assert.equal(refused.json().error.code, -32600);
        assert.match(refused.json().error.message, new RegExp(method));
      }
      const [refused] = messagesOf(await batches.post([{ jsonrpc: '2.0', id: 'k', method }]));
      assert.equal(refused.error.code, -32600);
    }
    const started = await post(`${sidecar.url}/mcp`, { ...initialize(), id: undefined }, { accept: 'application/json' });
    assert.equal(started.status, 202);
    assert.equal(started.headers['mcp-session-id'], undefined, 'initialize without an id starts nothing');
    const ran = (await mcp.call(9, 'tools/call', { name: 'ran', arguments: {} })).result.content[0].text;
    assert.doesNotMatch(ran, /delete_all/);
    sse.close();
  });
  await sidecar.stop();
});
