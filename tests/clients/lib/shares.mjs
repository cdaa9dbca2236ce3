// Common parts of the tests of shares: a hostile key A attacks as long as it is allowed to, and a
// key B whose calls over every face succeed meanwhile, and soon.
import assert from 'node:assert/strict';
import http from 'node:http';

import { ownAddress } from './attacks.mjs';
import { EventStream, RawSession, post, request } from './http.mjs';
import { McpSession, NEWEST, accept, initialize } from './mcp-http.mjs';
import { Sidecar, hostile } from './sidecar.mjs';

const { admin, ...others } = { a: 'key-of-a-0123456789', b: 'key-of-b-0123456789', c: 'key-of-c-0123456789', admin: 'key-of-admin-0123456789' };
const keys = { ...others, admin };
export const as = (owner) => ({ 'x-api-key': keys[owner] });

const kCalls = 200;
const kSoon = 1000; // ms, for the 99th percentile
const kTimesAlone = 20; // or, on a busy machine, this multiple of the time without A

// A sidecar with the keys of a, b, c and an administrator; its child acts on command. `alone`: the
// latency of B's calls without A.
export async function start(t, { env = {}, ...options } = {}) {
  const sidecar = await Sidecar.start(t, {
    command: hostile,
    ...options,
    env: { MCP_API_KEYS: Object.entries(others).map((pair) => pair.join(':')).join(','), MCP_ADMIN_KEY: admin, ...env },
  });
  sidecar.alone = Math.max(...(await callsOfB(sidecar)));
  return sidecar;
}

// The value of a metric with that reason, e.g. ('messages_dropped', 'message_beyond_share').
export async function counted(sidecar, name, reason) {
  const text = await metrics(sidecar);
  return Number(text.match(new RegExp(`^mcp_sidecar_${name}_total\\{[^}]*reason="${reason}"[^}]*\\} (\\d+)`, 'm'))?.[1] ?? 0);
}

export async function metrics(sidecar) {
  const answer = await request(`${sidecar.url}/metrics`, { headers: as('admin') });
  assert.equal(answer.status, 200, answer.text);
  return answer.text;
}

// A's POSTs over kept connections, spread over addresses of this machine. Returns {status, text};
// nothing if the connection ended without an answer.
export class Poster {
  #agents = [];
  #next = 0;

  constructor(test, { addresses = 8 } = {}) {
    for (let n = 0; n < addresses; n += 1) this.#agents.push(new http.Agent({ keepAlive: true, localAddress: ownAddress(n + 1) }));
    test.after(() => this.close());
  }

  post(url, body, headers = {}) {
    const agent = this.#agents[this.#next++ % this.#agents.length];
    return new Promise((resolve) => {
      const sent = http.request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => (text += part));
        response.on('error', () => resolve());
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      });
      sent.on('error', () => resolve());
      sent.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  close() {
    for (const agent of this.#agents) agent.destroy();
  }
}

// A session of A over legacy SSE: {url}, where POSTs go. Calls `heard` for each message.
export async function openSse(t, sidecar, owner, heard) {
  const stream = await EventStream.open(`${sidecar.url}/sse`, as(owner), { onEvent: ({ event, data }) => event === 'message' && heard(data) });
  assert.equal(stream.status, 200);
  t.after(() => stream.close());
  return stream.endpoint(sidecar.url);
}

// A session over Streamable HTTP: the headers of its POSTs.
export async function openMcp(sidecar, owner, version = NEWEST) {
  const answer = await post(`${sidecar.url}/mcp`, initialize(version), { ...accept, ...as(owner) });
  assert.equal(answer.status, 200, answer.text);
  return { ...accept, accept: 'application/json', 'mcp-session-id': answer.headers['mcp-session-id'], 'mcp-protocol-version': version, ...as(owner) };
}

// Runs `attack(rounds)`. `rounds` is an async iterator that ends when B is done, so A's loop runs
// until then. B makes 200 calls over SSE, /mcp and REST. `filled` resolves when B should begin.
export async function beside(sidecar, { filled = Promise.resolve(), attack }) {
  let over = false;
  let meanwhile;
  const rounds = (async function* () {
    for (let round = 0; !over; round += 1) {
      yield round;
      await new Promise(setImmediate);
    }
  })();
  const attacking = attack(rounds);
  attacking.catch(() => {});
  try {
    await Promise.race([filled, attacking]);
    meanwhile = await callsOfB(sidecar);
  } finally {
    over = true;
  }
  await attacking;
  console.log(`# key B: p99 ${meanwhile.map((p99) => p99.toFixed(1)).join(', ')} ms over ${faces.join(', ')}; without A ${sidecar.alone.toFixed(1)} ms`);
  const p99 = Math.max(...meanwhile);
  if (p99 < kSoon) return;
  const alone = Math.max(sidecar.alone, ...(await callsOfB(sidecar)));
  assert.ok(p99 < kTimesAlone * alone, `the 99th percentile of B's calls is ${p99} ms, without A ${alone} ms`);
}

const opened = {
  sse: async (sidecar) => {
    const session = await RawSession.open(sidecar.url, as('b'));
    return { call: (id, name, args) => session.call(id, 'tools/call', { name, arguments: args }), close: () => session.close() };
  },
  mcp: async (sidecar) => {
    const session = await McpSession.open(sidecar.url, { headers: as('b') });
    return { call: (id, name, args) => session.call(id, 'tools/call', { name, arguments: args }), close: () => session.delete() };
  },
  rest: async (sidecar) => ({
    call: async (id, name, args) => {
      const answer = await post(`${sidecar.url}/call-tool`, { name, arguments: args }, as('b'));
      assert.equal(answer.status, 200, answer.text);
      return answer.json();
    },
    close: () => {},
  }),
};

const faces = Object.keys(opened);

// The 99th percentiles of their times over each face, in ms.
const callsOfB = (sidecar) => Promise.all(faces.map((face) => callsOver(sidecar, face)));

async function callsOver(sidecar, face) {
  const session = await opened[face](sidecar);
  const times = [];
  for (let id = 1; id <= kCalls; id += 1) {
    const began = performance.now();
    const answer = await session.call(id, 'echo', { message: `${face} ${id}` });
    assert.equal(answer.result?.content?.[0]?.text, `${face} ${id}`, JSON.stringify(answer));
    times.push(performance.now() - began);
  }
  await session.close();
  times.sort((x, y) => x - y);
  return times[Math.floor(times.length * 0.99)];
}
