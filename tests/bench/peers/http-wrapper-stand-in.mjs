// A stand-in for http-wrapper.cjs, the predecessor of mcp-sidecar, whose source cannot be shipped
// here. It handles POST /call-tool as measured on the predecessor: Express; one process of the
// wrapped server per call; no `initialize`; the first line with the call's id is the answer; then
// the process is ended.
//   node http-wrapper-stand-in.mjs PORT COMMAND [ARGUMENT…]
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import express from 'express';

const [port, command, ...args] = process.argv.slice(2);

function callTool(name, callArguments) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    const late = setTimeout(() => reject(new Error('Request timeout')), 30_000);
    child.on('error', reject);
    child.on('exit', () => reject(new Error('MCP server exited')));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line);
      if (answer.id !== 1) return;
      clearTimeout(late);
      child.kill();
      if (answer.error) reject(new Error(answer.error.message));
      else resolve(answer.result);
    });
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: callArguments ?? {} } })}\n`);
  });
}

const app = express();
app.use(express.json());
app.post('/call-tool', async (request, response) => {
  try {
    response.json({ success: true, result: await callTool(request.body.name, request.body.arguments) });
  } catch (error) {
    response.status(500).json({ success: false, error: error.message });
  }
});
app.listen(Number(port), '127.0.0.1');
