// A stdio MCP server that writes given bytes, for tests of hostile output.
//   echo {message}         like the demo's echo
//   line {}                answers with the line of this call, unchanged, as base64
//   big {size}             answers with that many characters
//   write {base64, times}  writes the bytes that often, with ${id} replaced by the call's id; has no other answer
//   tell {base64}          writes the same to stderr, then answers `told`
//   wait {}                never answers
//   hold {file}            reads nothing until the file exists, then answers `held`
import { existsSync } from 'node:fs';

const answer = (id, result) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
const text = (words) => ({ content: [{ type: 'text', text: words }] });
const decoded = ({ base64 }, id) => Buffer.from(Buffer.from(base64, 'base64').toString('latin1').replaceAll('${id}', id), 'latin1');

const tools = {
  echo: (id, { message }) => answer(id, text(message)),
  line: (id, _args, line) => answer(id, text(line.toString('base64'))),
  big: (id, { size }) => answer(id, text('x'.repeat(size))),
  write: (id, args) => {
    const bytes = decoded(args, id);
    for (let n = 0; n < (args.times ?? 1); n += 1) process.stdout.write(bytes);
  },
  wait: () => {},
  hold: (id, { file }) => {
    const never = new Int32Array(new SharedArrayBuffer(4));
    while (!existsSync(file)) Atomics.wait(never, 0, 0, 20);
    answer(id, text('held'));
  },
  tell: (id, args) => process.stderr.write(decoded(args, id), () => answer(id, text('told'))),
};

function handle(line) {
  const { id, method, params } = JSON.parse(line.toString('utf8'));
  if (method === 'initialize') {
    answer(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'hostile', version: '1' } });
  } else if (method === 'tools/call' && tools[params.name]) tools[params.name](id, params.arguments, line);
  else if (method === 'tools/list') answer(id, { tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })) });
  else if (id !== undefined) answer(id, {});
}

let begun = [];
process.stdin.on('data', (read) => {
  for (let at; (at = read.indexOf(10)) >= 0; read = read.subarray(at + 1)) {
    handle(Buffer.concat([...begun, read.subarray(0, at)]));
    begun = [];
  }
  if (read.length > 0) begun.push(read);
});
process.stdin.on('end', () => process.exit(0));
