// A stdio MCP server whose list of tools is given by a test.
//   listing-child.mjs FILE    FILE has the array of tools as JSON text, which is passed on unchanged
// Any tool answers with its call, {name, arguments}, as text and as structured content, except:
// `plain…` answers with text only, `fails…` reports a failure, and `changed` announces a change of
// the list.
import { readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
const send = (text) => process.stdout.write(`${text}\n`);
const answer = (id, result) => send(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`);

function called(name, args) {
  const told = JSON.stringify({ name, arguments: args });
  const content = JSON.stringify([{ type: 'text', text: told }]);
  if (name.startsWith('plain')) return `{"content":${content}}`;
  if (name.startsWith('fails')) return `{"content":${content},"isError":true}`;
  return `{"content":${content},"structuredContent":${told}}`;
}

function handle(line) {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') {
    answer(id, '{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"listing","version":"1.2.3"},"instructions":"Ask for anything."}');
  } else if (method === 'tools/list') answer(id, `{"tools":${readFileSync(file, 'utf8')}}`);
  else if (method === 'tools/call') {
    if (params.name === 'changed') send('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
    answer(id, called(params.name, params.arguments));
  } else if (id !== undefined) answer(id, '{}');
}

let begun = '';
process.stdin.setEncoding('utf8').on('data', (read) => {
  const lines = (begun + read).split('\n');
  begun = lines.pop();
  lines.forEach(handle);
});
process.stdin.on('end', () => process.exit(0));
