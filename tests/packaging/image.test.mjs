// The image without a container engine: the Dockerfile's stage `runtime` in a folder, run as PID 1,
// as its user, with only /tmp writable. docs/packaging.md lists what this cannot show.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { freePort } from '../clients/lib/free-port.mjs';
import { eventually } from '../clients/lib/guard.mjs';
import { post, request } from '../clients/lib/http.mjs';
import { Images, contextFiles, inside } from './dockerfile.mjs';

const repository = resolve(fileURLToPath(import.meta.url), '../../..');
const DOCKER_GRACE_MS = 10_000;

// ccache skips what was compiled before; its own checks decide whether the sources are the same.
const cacheFolder = execFileSync('ccache', ['--get-config', 'cache_dir'], { encoding: 'utf8' }).trim();
const options = {
  caches: { '/root/.cache/ccache': cacheFolder },
  args: { CMAKE_OPTIONS: process.env.IMAGE_CMAKE_OPTIONS ?? '' },
};

let images;
let image;
before(() => {
  images = new Images(join(repository, 'Dockerfile'), repository, options);
  image = images.image('runtime');
});
after(() => images?.remove());

// A container, as far as it can be had without an engine.
class Container {
  static async start(t, args = [], env = {}) {
    const container = new Container();
    container.env = { MCP_PORT: String(await freePort()), ...env };
    container.url = `http://127.0.0.1:${container.env.MCP_PORT}`;
    container.process = spawn('unshare', inside(image, [...image.entrypoint, ...args], { env: container.env, readOnly: true }), { stdio: ['ignore', 'pipe', 'pipe'] });
    container.output = '';
    for (const stream of [container.process.stdout, container.process.stderr]) stream.on('data', (text) => (container.output += text));
    container.ended = once(container.process, 'close');
    t.after(() => container.process.kill('SIGKILL'));
    await eventually(async () => (await request(`${container.url}/health`)).json().child.state === 'ready', `the server is ready; ${image.entrypoint}`).catch((error) => {
      throw new Error(container.output, { cause: error });
    });
    return container;
  }

  // The process id outside, of PID 1 in the inner namespace.
  get pid() {
    return Number(readFileSync(`/proc/${this.process.pid}/task/${this.process.pid}/children`, 'utf8').trim());
  }

  status(field) {
    return readFileSync(`/proc/${this.pid}/status`, 'utf8').match(new RegExp(`^${field}:\\s*(.*)$`, 'm'))[1];
  }

  healthcheck() {
    return spawnSync('unshare', inside(image, image.healthcheck, { env: this.env }), { encoding: 'utf8' });
  }

  // Exit code and duration.
  async stop() {
    const began = Date.now();
    process.kill(this.pid, image.stopSignal);
    const [code] = await this.ended;
    return { code, took: Date.now() - began };
  }
}

test('image: the build context excludes private files', () => {
  const files = contextFiles(repository);
  assert.ok(files.includes('CMakeLists.txt') && files.includes('src/app/main.cpp') && files.includes('scripts/bundle'));
  for (const file of files) assert.doesNotMatch(file, /^(\.git|\.env|build|tests(?!\/bench\/)|docs)(\/|$)|node_modules/);
});

test('image: every library is found, and those of the sidecar beside it', () => {
  const programs = ['bin/mcp-sidecar', 'bin/mcp-sidecar-demo', 'lib/mcp-sidecar/mcp-sidecar-postgresql.so'].map((name) => `/opt/mcp-sidecar/${name}`);
  const listed = spawnSync('unshare', inside(image, ['ldd', ...programs]), { encoding: 'utf8' }).stdout;
  assert.match(listed, /libspdlog/);
  assert.match(listed, /libpq/);
  assert.doesNotMatch(listed, /not found/);
  for (const [, name, place] of listed.matchAll(/^\s*(\S+) => (\S+)/gm)) {
    const ofTheCLibrary = /^lib(c|m|dl|rt|pthread|resolv)\.so/; // the target's own, as in scripts/bundle
    if (!ofTheCLibrary.test(name)) assert.match(place, /^\/opt\/mcp-sidecar\//, name);
  }
});

test('image: the module for PostgreSQL is found and loads', () => {
  const done = spawnSync('unshare', inside(image, ['mcp-sidecar', 'audit', 'query', '--audit-db', 'postgresql://127.0.0.1:1/x']), { encoding: 'utf8' });
  assert.match(done.stderr, /^mcp-sidecar: PostgreSQL: connection to server/);
});

test('image: without a server to wrap it prints what to type', () => {
  const done = spawnSync('unshare', inside(image, image.entrypoint), { encoding: 'utf8' });
  assert.equal(done.status, 2);
  assert.match(done.stderr, /^mcp-sidecar: no server to wrap/);
});

test('image: the demo server over REST, as unprivileged PID 1; healthy; TERM ends it in time', async (t) => {
  const container = await Container.start(t, ['--', 'mcp-sidecar-demo']);
  assert.match(container.status('NSpid'), /\b1$/);
  assert.match(container.status('Uid'), /^1000\b/);
  assert.match(container.status('CapEff'), /^0+$/);
  assert.equal(container.healthcheck().status, 0);
  assert.equal((await request(`${container.url}/tools`)).json().tools.length, 4);
  for (const page of ['/', '/docs']) assert.equal((await request(container.url + page)).status, 200, page);
  const called = await post(`${container.url}/call-tool`, { name: 'echo', arguments: { message: 'from the image' } });
  assert.equal(called.json().result.content[0].text, 'from the image');
  const { code, took } = await container.stop();
  assert.equal(code, 0, container.output);
  assert.ok(took < DOCKER_GRACE_MS, `${took} ms`);
  assert.equal(container.healthcheck().status, 1);
});

test('image: dist/index.js in /app runs by itself, on the image\'s Node, and its orphans are reaped', async (t) => {
  const app = join(image.root, image.workdir);
  mkdirSync(join(app, 'dist'), { recursive: true });
  cpSync(join(repository, 'tests/clients/lib/unruly-child.mjs'), join(app, 'dist/server.mjs'));
  writeFileSync(join(app, 'dist/index.js'), `require('node:child_process').spawn('sh', ['-c', 'sleep 0.1 & exit'], { detached: true });\nimport('./server.mjs');\n`);
  const container = await Container.start(t);
  const { pid } = container;
  assert.equal((await post(`${container.url}/call-tool`, { name: 'pid' })).status, 200);
  const children = () => readdirSync('/proc').filter((one) => /^\d+$/.test(one)).map((one) => {
    try {
      return readFileSync(`/proc/${one}/stat`, 'utf8').match(/^\d+ \((.*)\) (\S) (\d+)/).slice(1);
    } catch {
      return [];
    }
  }).filter(([, , parent]) => Number(parent) === pid);
  await eventually(() => children().every(([name, state]) => state !== 'Z' && name !== 'sleep'), 'no orphan and no zombie is left');
  const { code, took } = await container.stop();
  assert.equal(code, 0, container.output);
  assert.ok(took < DOCKER_GRACE_MS, `${took} ms`);
});

test('image: the folder alone works when copied into another image', () => {
  const own = images.image('debian:bookworm');
  assert.ok(!existsSync(join(own.root, 'opt/mcp-sidecar')));
  cpSync(join(image.root, 'opt/mcp-sidecar'), join(own.root, 'opt/mcp-sidecar'), { recursive: true, verbatimSymlinks: true });
  const done = spawnSync('unshare', inside(own, ['/opt/mcp-sidecar/bin/mcp-sidecar', '--version']), { encoding: 'utf8' });
  assert.match(done.stdout, /^mcp-sidecar \d/, done.stderr);
});
