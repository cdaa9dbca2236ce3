// A stdio MCP server with one tool per page of tools/list, which declares listChanged.
//   paging-child.mjs PAGES [BYTES]    the number of pages, and the bytes of each description; or a fault of the cursors:
//     endless                 each page has a new cursor
//     same, empty             every page has the same cursor, or ""
//     circle                  the third page leads to the first one's cursor
// The tools are read-only. Any tool answers with its name; `asked` with the number of tools/list
// received; `changed` announces a change of the list.
const [shape, bytes = '50'] = process.argv.slice(2);
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const known = Number(shape);
const cursors = {
  endless: (page) => String(page + 1),
  same: () => 'same',
  empty: () => '',
  circle: (page) => String((page + 1) % 3),
};
const next = cursors[shape] ?? ((page) => (page + 1 < known ? String(page + 1) : undefined));
let asked = 0;

function answer(method, params) {
  if (method === 'initialize') {
    return { protocolVersion: '2025-11-25', capabilities: { tools: { listChanged: true } }, serverInfo: { name: 'paging', version: '1' } };
  }
  if (method === 'tools/call' && params.name === 'changed') send({ method: 'notifications/tools/list_changed' });
  if (method === 'tools/call') return { content: [{ type: 'text', text: params.name === 'asked' ? String(asked) : params.name }] };
  if (method !== 'tools/list') return {};
  asked += 1;
  const page = Number(params?.cursor) || 0;
  const tool = { name: `tool-${page}`, description: 'x'.repeat(Number(bytes)), inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } };
  return { tools: [tool], nextCursor: next(page) };
}

let begun = '';
process.stdin.setEncoding('utf8').on('data', (read) => {
  const lines = (begun + read).split('\n');
  begun = lines.pop();
  for (const line of lines) {
    const { id, method, params } = JSON.parse(line);
    if (id !== undefined) send({ id, result: answer(method, params) });
  }
});
process.stdin.on('end', () => process.exit(0));
