// The wrapped server of the soak: a stdio MCP server whose answers name their call. Before it
// starts a call it records it in a file.
//   child.mjs JOURNAL
// Tools take a `token` and answer `<tool> <token>` unless stated otherwise:
//   say, fickle          at once; read-only
//   read {ms}            after that time; read-only, so another process may run it again
//   work {ms, steps}     the same with progress; not safe to repeat
//   big {size}           with that many more characters; read-only
//   fail                 answers with an error
//   hang                 never answers
//   touch {uri}          reports a change of the resource before its answer
//   tell {owner}         writes a log message before its answer
//   ask                  asks its client for a sample if the client offers sampling
//   junk                 writes garbage to stdout before its answer, and answers twice
//   die                  exits without an answer
// A cancelled call is dropped if its token is odd, and answered anyway if it is even.
import { openSync, writeSync } from 'node:fs';

const journal = openSync(process.argv[2], 'a');
const write = (message) => process.stdout.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
const notify = (method, params) => write({ jsonrpc: '2.0', method, params });
const answer = (id, result) => write({ jsonrpc: '2.0', id, result });
const refuse = (id, code, message, data) => write({ jsonrpc: '2.0', id, error: { code, message, ...(data !== undefined && { data }) } });
const content = (text, isError) => ({ content: [{ type: 'text', text }], ...(isError && { isError }) });

let sampling = false;
const pending = new Map(); // id of a call → its timer and token
const asked = new Map(); // id of our request → handler of its answer

// Calls `then` after `ms` unless the call is cancelled before.
function later(id, token, ms, then) {
  const timer = setTimeout(() => {
    pending.delete(id);
    then();
  }, ms);
  pending.set(id, { timer, token });
}

function steps(id, args, text, meta, step = 1) {
  if (step > args.steps) return answer(id, content(text));
  later(id, args.token, args.ms / args.steps, () => {
    if (meta.progressToken !== undefined) notify('notifications/progress', { progressToken: meta.progressToken, progress: step, total: args.steps, message: text });
    steps(id, args, text, meta, step + 1);
  });
}

const readOnly = { readOnlyHint: true };
const tools = {
  say: { annotations: readOnly, run: (id, _args, text) => answer(id, content(text)) },
  fickle: { annotations: readOnly, run: (id, _args, text) => answer(id, content(text)) },
  read: { annotations: readOnly, run: (id, { token, ms }, text) => later(id, token, ms, () => answer(id, content(text))) },
  big: { annotations: readOnly, run: (id, { size }, text) => answer(id, content(text + 'x'.repeat(size))) },
  work: { run: steps },
  fail: { run: (id, _args, text) => refuse(id, -32050, text) },
  hang: { run: (id, { token }) => pending.set(id, { token }) },
  touch: {
    run: (id, { uri, token }, text) => {
      notify('notifications/resources/updated', { uri, _meta: { token } });
      answer(id, content(text));
    },
  },
  tell: {
    run: (id, { owner, token }, text) => {
      notify('notifications/message', { level: 'error', logger: 'soak', data: { owner, token } });
      answer(id, content(text));
    },
  },
  ask: {
    run: (id, { token }, text) => {
      if (!sampling) return answer(id, content('nobody to ask', true));
      const own = `ask-${token}`;
      asked.set(own, (message) => {
        const said = message.result?.content?.text;
        answer(id, said === `sample ${token}` ? content(text) : content(`asked in vain: ${JSON.stringify(message.error ?? said)}`, true));
      });
      const messages = [{ role: 'user', content: { type: 'text', text: String(token) } }];
      return write({ jsonrpc: '2.0', id: own, method: 'sampling/createMessage', params: { messages, maxTokens: 10 } });
    },
  },
  junk: {
    run: (id, _args, text) => {
      write('this is not JSON');
      write('{"jsonrpc":"2.0","id":');
      write('[]\n\n{}\n"a string"');
      answer(999_999_999_999, content('nobody asked'));
      answer(id, content(text));
      answer(id, content('again'));
    },
  },
  die: {
    run: (_id, { token }) => {
      process.stderr.write(`dying of ${token}\n`);
      process.exit(3);
    },
  },
};

const methods = {
  initialize: (id, { capabilities }) => {
    sampling = Boolean(capabilities?.sampling);
    answer(id, {
      protocolVersion: '2025-11-25',
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
      serverInfo: { name: 'soak', version: '1' },
    });
  },
  'tools/list': (id) =>
    answer(id, { tools: Object.entries(tools).map(([name, { annotations }]) => ({ name, inputSchema: { type: 'object' }, ...(annotations && { annotations }) })) }),
  'tools/call': (id, { name, arguments: args, _meta = {} }) => {
    const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
    if (!tool) return refuse(id, -32602, `Unknown tool: ${name}`);
    writeSync(journal, `${args.token}\n`);
    return tool.run(id, args, `${name} ${args.token}`, _meta);
  },
};

function handle(message) {
  const { id, method, params } = message;
  if (method === undefined) {
    asked.get(id)?.(message);
    asked.delete(id);
  } else if (method === 'notifications/cancelled') {
    const call = pending.get(params.requestId);
    if (!call || call.token % 2 === 0) return;
    clearTimeout(call.timer);
    pending.delete(params.requestId);
  } else if (methods[method]) methods[method](id, params);
  else if (id !== undefined) answer(id, {});
}

let begun = '';
process.stdin.setEncoding('utf8').on('data', (read) => {
  begun += read;
  if (!read.includes('\n')) return;
  const lines = begun.split('\n');
  begun = lines.pop();
  for (const line of lines) handle(JSON.parse(line));
});
process.stdin.on('end', () => process.exit(0));
