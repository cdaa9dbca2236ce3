// The real nginx, HAProxy or Caddy on a port of its own, with a configuration made for that port.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from './free-port.mjs';
import { eventually, within } from './guard.mjs';
import { rawConnection } from './http.mjs';
import { repository } from './sidecar.mjs';

const nginxText = (inside, folder) => `
${process.getuid() === 0 ? 'user root;' : ''}
worker_processes 1;
daemon off;
pid ${folder}/pid;
error_log stderr;
events { worker_connections 1024; }
http {
access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${folder}/${what};`).join('\n')}
${inside}
}
`;

// Command lines to run each in the foreground with a file, and to check that file only. For nginx
// the text is the inside of http { }.
const kinds = {
  nginx: {
    text: nginxText,
    run: (folder, file) => ['-p', folder, '-e', 'stderr', '-c', file],
    check: (folder, file) => ['-t', '-p', folder, '-e', 'stderr', '-c', file],
  },
  haproxy: { text: (text) => text, run: (_, file) => ['-db', '-f', file], check: (_, file) => ['-c', '-f', file] },
  caddy: {
    text: (text) => text,
    run: (_, file) => ['run', '--adapter', 'caddyfile', '--config', file],
    check: (_, file) => ['validate', '--adapter', 'caddyfile', '--config', file],
  },
};

const program = (kind) => execFileSync(join(repository, 'scripts/setup-programs'), ['--path', kind], { encoding: 'utf8' }).trim();

function prepared(test, kind, text) {
  const folder = mkdtempSync(join(tmpdir(), `${kind}-test-`));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'configuration');
  writeFileSync(file, kinds[kind].text(text, folder));
  return { folder, file, env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } };
}

// Checks a configuration: {ok, text}.
export function checkConfiguration(test, kind, text) {
  const { folder, file, env } = prepared(test, kind, text);
  const done = spawnSync(program(kind), kinds[kind].check(folder, file), { encoding: 'utf8', env });
  return { ok: done.status === 0, text: done.stdout + done.stderr };
}

// `textFor`: port → configuration. None of them reports a port that it chose, so a port that was
// free a moment ago is tried, and another one if it is taken by then.
export async function startFront(test, kind, textFor) {
  for (let attempt = 1; ; ++attempt) {
    const port = await freePort();
    const { folder, file, env } = prepared(test, kind, textFor(port));
    const server = spawn(program(kind), kinds[kind].run(folder, file), { stdio: ['ignore', 'ignore', 'pipe'], env });
    let said = '';
    server.stderr.on('data', (text) => (said += text));
    const ended = once(server, 'close');
    const listens = eventually(() => rawConnection(port).then((socket) => socket.destroy()).then(() => true), `${kind} listens`);
    listens.catch(() => {});
    if (await Promise.race([listens, ended.then(() => false)])) {
      test.after(async () => {
        server.kill(kind === 'haproxy' ? 'SIGINT' : 'SIGTERM'); // at once, streams too
        await within(ended, () => `the end of ${kind}`);
      });
      return { url: `http://127.0.0.1:${port}`, port, log: () => said };
    }
    if (attempt === 3 || !/address already in use/i.test(said)) throw new Error(`${kind} ended: ${said}`);
  }
}
