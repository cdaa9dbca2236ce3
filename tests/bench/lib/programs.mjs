// Paths of the measured and the measuring programs.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const benchFolder = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const repository = resolve(benchFolder, '../..');
export const build = resolve(process.env.MCP_SIDECAR_BUILD ?? join(repository, 'build/release'));

export const sidecar = process.env.MCP_SIDECAR_BIN ?? join(build, 'mcp-sidecar');
export const demo = join(build, 'mcp-sidecar-demo');
export const stub = join(build, 'bench_stub');
export const nullServer = join(build, 'bench_null');
export const loadProgram = join(build, 'bench_load');

const peers = resolve(process.env.BENCH_PEERS ?? join(benchFolder, 'node_modules'));
export const supergateway = join(peers, 'supergateway/dist/index.js');
export const mcpProxy = join(peers, 'mcp-proxy/dist/bin/mcp-proxy.mjs');
export const wrapperStandIn = join(benchFolder, 'peers/http-wrapper-stand-in.mjs');
export const nodeServer = join(benchFolder, 'peers/node-server.mjs');
