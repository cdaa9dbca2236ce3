// The measured programs and how each is started. Each one that wraps a server wraps the stub.
import * as programs from './programs.mjs';

const node = process.execPath;

// All clients share one address and send faster than people.
const roomy = {
  LOG_LEVEL: 'warn',
  MCP_MAX_CONNECTIONS: '20000',
  MCP_MAX_TCP_CONNECTIONS: '50000',
  MCP_MAX_TCP_CONNECTIONS_PER_IP: '50000',
};

export function sidecar(flags = [], { child = [programs.stub], env = {} } = {}) {
  return {
    name: 'mcp-sidecar',
    faces: ['sse', 'streamable', 'rest'],
    command: (port) => [programs.sidecar, '--port', port, ...flags, '--', ...child],
    env: { ...roomy, ...env },
  };
}

const supergateway = (name, faces, flags) => ({
  name,
  faces,
  peer: true,
  command: (port) => [node, programs.supergateway, '--stdio', programs.stub, '--port', port, '--logLevel', 'none', ...flags],
});

export const contenders = [
  sidecar(),
  { name: 'null server', faces: ['sse', 'streamable', 'rest'], command: (port) => [programs.nullServer, port] },
  { name: 'direct stdio', faces: ['direct'] },
  supergateway('supergateway', ['sse'], ['--outputTransport', 'sse']),
  supergateway('supergateway, stateful', ['streamable'], ['--outputTransport', 'streamableHttp', '--stateful']),
  supergateway('supergateway, stateless', ['streamable'], ['--outputTransport', 'streamableHttp']),
  {
    name: 'mcp-proxy',
    faces: ['sse', 'streamable'],
    peer: true,
    command: (port) => [node, programs.mcpProxy, '--host', '127.0.0.1', '--port', port, '--', programs.stub],
  },
  {
    name: 'http-wrapper (stand-in)',
    faces: ['rest'],
    peer: true,
    slow: true, // a call may take longer than the others are measured for
    command: (port) => [node, programs.wrapperStandIn, port, node, programs.nodeServer],
  },
];

export const peerNames = contenders.filter(({ peer }) => peer).map(({ name }) => name);
