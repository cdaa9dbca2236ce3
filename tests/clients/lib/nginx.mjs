// A real nginx on a port of its own, with a piece of configuration inside http { }.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, within } from './guard.mjs';
import { rawConnection } from './http.mjs';
import { repository } from './sidecar.mjs';

const program = () => execFileSync(join(repository, 'scripts/setup-nginx'), ['--path'], { encoding: 'utf8' }).trim();

function folderWith(test, http) {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-test-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${folder}/${what};`).join('\n');
  writeFileSync(join(folder, 'nginx.conf'), `
${process.getuid() === 0 ? 'user root;' : ''}
worker_processes 1;
daemon off;
pid ${folder}/pid;
error_log stderr;
events { worker_connections 1024; }
http {
access_log off;
${temporary}
${http}
}
`);
  return folder;
}

const options = (folder) => ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];

// What `nginx -t` says of it: {ok, text}.
export function checkConfiguration(test, http) {
  const done = spawnSync(program(), ['-t', ...options(folderWith(test, http))], { encoding: 'utf8' });
  return { ok: done.status === 0, text: done.stderr };
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// `http`: from the port to listen on to the configuration. nginx cannot choose a port, so one that was free a moment
// ago is tried, and another one if somebody was quicker.
export async function startNginx(test, http) {
  for (let attempt = 1; ; ++attempt) {
    const port = await freePort();
    const server = spawn(program(), options(folderWith(test, http(port))), { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    server.stderr.on('data', (text) => (said += text));
    const ended = once(server, 'close');
    const listens = eventually(() => rawConnection(port).then((socket) => socket.destroy()), 'nginx listens').then(() => true);
    listens.catch(() => {});
    if (await Promise.race([listens, ended.then(() => false)])) {
      test.after(async () => {
        server.kill('SIGTERM');
        await within(ended, () => 'the end of nginx');
      });
      return { url: `http://127.0.0.1:${port}`, log: () => said };
    }
    if (attempt === 3 || !/Address already in use/.test(said)) throw new Error(`nginx ended: ${said}`);
  }
}
