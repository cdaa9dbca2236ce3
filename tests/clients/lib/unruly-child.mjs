// A stdio MCP server that misbehaves on demand, written without an SDK to control its bytes
// exactly.
//   unruly-child.mjs MODE          a mode, or the protocol revision that it supports
// On stderr it reports each call as `heard call NAME`, and cancellations as
// `heard cancelled REQUEST-ID`.
import { setTimeout as delay } from 'node:timers/promises';

const mode = process.argv[2] ?? 'well';
const write = (text) => process.stdout.write(text);
const note = (text) => process.stderr.write(`${text}\n`);
const answered = (id, result) => `{"jsonrpc":"2.0","id":${id},"result":${result}}\n`;
const answer = (id, result) => write(answered(id, result));
const text = (words) => JSON.stringify({ content: [{ type: 'text', text: words }] });

const tools = {
  // Echoes its argument, with the bytes of the whole line as received.
  mirror: (id, _args, line) => answer(id, text(line)),
  // Writes the argument `json` as its result, byte by byte.
  raw: (id, args) => answer(id, args.json),
  // Writes `size` characters.
  big: (id, args) => answer(id, text('x'.repeat(args.size))),
  junk: (id) => {
    write('this is not JSON\n{"jsonrpc":"2.0","id":\n[]\n{}\n"a string"\n\n');
    write('{"jsonrpc":"2.0","id":999999999,"result":{}}\n{"jsonrpc":"2.0","id":"never asked","result":{}}\n');
    write(Buffer.from([0xff, 0xfe, 0x7b, 0x0a]));
    answer(id, text('after junk'));
  },
  twice: (id) => {
    answer(id, text('first'));
    answer(id, text('second'));
  },
  fail: (id) => write(`{"jsonrpc":"2.0","id":${id},"error":{"code":-32099,"message":"no luck","data":{"n":1.10}}}\n`),
  'is-error': (id) => answer(id, '{"content":[{"type":"text","text":"tool said no"}],"isError":true}'),
  hang: () => {},
  // Writes a message that belongs to no call, in one write, because otherwise it might arrive
  // during the next call.
  notify: (id, { method, params }) =>
    write(`${answered(id, text('will do'))}${JSON.stringify({ jsonrpc: '2.0', method, ...(params && { params }) })}\n`),
  // Reports `count` steps, `pause` ms apart, before it succeeds or fails.
  steps: async (id, { count, pause = 1, then }, _line, { progressToken }) => {
    for (let progress = 1; progress <= count; progress += 1) {
      await delay(pause);
      write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress } })}\n`);
    }
    note(`did ${count} steps`);
    if (then === 'fail') tools.fail(id);
    else answer(id, text('done'));
  },
  exit: (_id, args) => {
    note('exiting as told');
    process.exit(args.code ?? 3);
  },
  // Writes half an answer and exits.
  'exit-in-line': (id) => process.stdout.write(`{"jsonrpc":"2.0","id":${id},"resu`, () => process.exit(4)),
  'die-by-signal': () => process.kill(process.pid, 'SIGKILL'),
  pid: (id) => answer(id, text(String(process.pid))),
};

// Two per page, so that every list has several pages.
const names = Object.keys(tools);
function listTools(id, params) {
  const from = Number(params?.cursor ?? 0);
  const page = names.slice(from, from + 2).map((name) => ({ name, description: `unruly: ${name}`, inputSchema: { type: 'object', properties: {} } }));
  const more = from + 2 < names.length ? { nextCursor: String(from + 2) } : {};
  answer(id, JSON.stringify({ tools: page, ...more }));
}

function handle(line) {
  const { id: own, method, params } = JSON.parse(line);
  const id = JSON.stringify(own);
  if (method === 'initialize') {
    if (mode === 'exit-in-handshake') process.exit(5);
    if (mode === 'silent') return;
    if (mode === 'junk-first') write('Welcome to the server!\n');
    answer(id, JSON.stringify({
      protocolVersion: /^\d{4}-/.test(mode) ? mode : '2025-06-18',
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: 'unruly', version: '1' },
    }));
  } else if (method === 'ping') answer(id, '{}');
  else if (method === 'tools/list') listTools(id, params);
  else if (method === 'notifications/cancelled') note(`heard cancelled ${JSON.stringify(params.requestId)}`);
  else if (method === 'tools/call') {
    const tool = tools[params.name];
    note(`heard call ${params.name}`);
    if (tool) tool(id, params.arguments ?? {}, line, params._meta ?? {});
    else write(`{"jsonrpc":"2.0","id":${id},"error":{"code":-32602,"message":"Unknown tool: ${params.name}"}}\n`);
  } else if (id !== undefined) write(`{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"Method not found"}}\n`);
}

if (mode === 'exit-at-start') {
  note('cannot find my configuration');
  process.exit(7);
}
if (mode === 'stubborn') {
  // Ignores TERM and the end of its input, as do the processes that it starts.
  process.on('SIGTERM', () => {});
  const { spawn } = await import('node:child_process');
  spawn('sh', ['-c', 'trap "" TERM HUP; while :; do sleep 1; done'], { stdio: ['ignore', 'ignore', 'ignore'] });
  setInterval(() => {}, 1 << 30);
}
// Not node:readline, which also splits lines at U+2028 and U+2029.
let begun = '';
process.stdin.setEncoding('utf8').on('data', (read) => {
  begun += read;
  if (!read.includes('\n')) return;
  const lines = begun.split('\n');
  begun = lines.pop();
  lines.forEach(handle);
});
process.stdin.on('end', () => mode === 'stubborn' || process.exit(0));
