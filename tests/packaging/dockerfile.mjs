// Runs the stages of the Dockerfile in folders instead of a container engine: mmdebstrap makes a
// clean Debian for each base image; RUN is executed in a chroot with its own processes and mounts.
// Supports only the instructions of this Dockerfile and fails on any other. Needs root.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';

const HOST_CERTIFICATES = '/run/host-certificates.crt';
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

// Written synchronously: the steps block, so buffered output would only appear after a long step.
const say = (text) => writeSync(2, `== ${text}\n`);
const shell = (script, ...args) => execFileSync('bash', ['-euo', 'pipefail', '-c', script, '-', ...args], { stdio: ['ignore', 'inherit', 'inherit'] });

// [{op, flags: {name: value}, rest}]; continuation lines are joined, comments left out.
export function parse(text) {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line)).join('\n').replace(/\\\n/g, ' ').split('\n');
  return lines.filter((line) => line.trim()).map((line) => {
    let [, op, rest] = line.match(/^(\S+)\s+(.*)$/);
    const flags = {};
    for (let flag; (flag = rest.match(/^--([a-z-]+)=(\S+)\s+(.*)$/)); rest = flag[3]) flags[flag[1]] = flag[2];
    return { op: op.toUpperCase(), flags, rest: rest.trim() };
  });
}

const expand = (text, values) => text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, a, b) => values[a ?? b] ?? '');

// The stages by name: {base, steps}. FROM is expanded with the ARGs before the first stage.
export function stages(instructions) {
  const args = {};
  const found = new Map();
  let stage;
  for (const one of instructions) {
    if (one.op === 'ARG' && !stage) {
      const [name, value] = one.rest.split('=');
      args[name] = value;
    } else if (one.op === 'FROM') {
      const [base, as, name] = expand(one.rest, args).split(/\s+/);
      assert.equal(as?.toUpperCase(), 'AS', `a stage without a name: ${one.rest}`);
      stage = { base, steps: [] };
      found.set(name, stage);
    } else {
      stage.steps.push(one);
    }
  }
  return found;
}

// `*` matches within one name, `**/` across folders.
const glob = (pattern) => new RegExp(`^${pattern.replace(/[.+^$()|[\]{}\\]/g, '\\$&').replace(/\*\*\//g, '(.+/)?').replace(/(?<!\))\*/g, '[^/]*')}$`);

// The files that Docker would send: the checkout without the files that .dockerignore excludes. The
// last matching pattern decides.
export function contextFiles(root) {
  const patterns = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
  const ignored = (file) => {
    let out = false;
    const places = [file];
    for (let folder = posix.dirname(file); folder !== '.'; folder = posix.dirname(folder)) places.push(folder);
    for (const pattern of patterns) {
      const fits = glob(pattern.replace(/^!/, '').replace(/\/$/, ''));
      if (places.some((place) => fits.test(place))) out = !pattern.startsWith('!');
    }
    return out;
  };
  const files = execFileSync('git', ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
  return files.split('\0').filter((file) => file && existsSync(join(root, file)) && !ignored(file));
}

export class Images {
  #built = new Map();

  // `context`: the checkout; `caches`: host folders for RUN --mount=type=cache, by target; `args`: --build-arg.
  constructor(dockerfile, context, { caches = {}, args = {} } = {}) {
    this.context = context;
    this.caches = caches;
    this.args = args;
    this.stages = stages(parse(readFileSync(dockerfile, 'utf8')));
    this.folder = mkdtempSync(join(tmpdir(), 'image-'));
  }

  // {root, env, workdir, user, entrypoint, …}
  image(name) {
    if (!this.#built.has(name)) this.#built.set(name, this.stages.has(name) ? this.#build(name) : this.#base(name));
    return this.#built.get(name);
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  // Replaces an image of the registry: its Debian release and the programs that we rely on.
  #base(name) {
    assert.match(name, /^(debian:bookworm|node:\d+-bookworm-slim)$/, `no way to make the base image ${name}`);
    const debian = join(this.folder, 'debian');
    if (!existsSync(debian)) {
      say('debian:bookworm');
      shell('mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$1"', debian);
    }
    const root = this.#copy(debian, name.replace(/\W/g, '-'));
    if (name.startsWith('node:')) {
      shell('install -m 755 "$2" "$1/usr/local/bin/node"; chroot "$1" useradd --uid 1000 --create-home node', root, process.execPath);
      shell('npm install --silent --no-audit --no-fund --global --prefix "$1/usr/local" npm@10.9.2', root);
    }
    return { root, env: { PATH: SYSTEM_PATH }, workdir: '/', user: 'root' };
  }

  #copy(from, name) {
    const to = join(this.folder, `root-${name}`);
    shell('cp -a --reflink=auto "$1" "$2"', from, to);
    return to;
  }

  #build(name) {
    const stage = this.stages.get(name);
    const base = this.image(stage.base);
    const image = { ...base, env: { ...base.env }, args: {}, root: this.#copy(base.root, name) };
    for (const step of stage.steps) {
      say(`${name}: ${step.op} ${step.rest.replace(/\s+/g, ' ')}`);
      const run = this[step.op];
      assert.ok(run, `${step.op} is not known here`);
      run.call(this, image, step);
    }
    return image;
  }

  RUN(image, { flags, rest }) {
    const mounts = [];
    if (flags.mount) {
      const mount = Object.fromEntries(flags.mount.split(',').map((pair) => pair.split('=')));
      assert.equal(mount.type, 'cache');
      const host = this.caches[mount.target] ?? join(this.folder, `cache${mount.target}`);
      mkdirSync(host, { recursive: true });
      mounts.push([host, mount.target]);
    }
    // For machines that reach the registry through their own certificates.
    const certificates = process.env.NODE_EXTRA_CA_CERTS;
    if (certificates) mounts.push([certificates, HOST_CERTIFICATES]);
    const env = { ...image.args, ...(certificates && { NODE_EXTRA_CA_CERTS: HOST_CERTIFICATES }) };
    const done = spawnSync('unshare', inside(image, ['/bin/sh', '-c', rest], { mounts, env }), { stdio: ['ignore', 'inherit', 'inherit'] });
    assert.equal(done.status, 0, `RUN ended with ${done.status ?? done.signal}: ${rest}`);
  }

  COPY(image, { flags, rest }) {
    const words = rest.split(/\s+/);
    const to = posix.resolve(image.workdir, words.at(-1));
    const target = join(image.root, to);
    const intoFolder = words.length > 2 || words.at(-1).endsWith('/');
    for (const source of words.slice(0, -1)) {
      if (flags.from) {
        cpSync(join(this.image(flags.from).root, source), target, { recursive: true, verbatimSymlinks: true });
        continue;
      }
      const files = contextFiles(this.context).filter((file) => source === '.' || file === source || file.startsWith(`${source}/`));
      assert.ok(files.length > 0, `COPY: the context has no ${source}`);
      for (const file of files) {
        const whole = statSync(join(this.context, source)).isFile();
        const place = whole ? (intoFolder ? join(target, posix.basename(file)) : target) : join(target, posix.relative(source, file));
        mkdirSync(dirname(place), { recursive: true });
        cpSync(join(this.context, file), place);
      }
    }
  }

  WORKDIR(image, { rest }) {
    image.workdir = posix.resolve(image.workdir, rest);
    mkdirSync(join(image.root, image.workdir), { recursive: true });
  }

  ARG(image, { rest }) {
    const [name, value] = rest.split('=');
    image.args[name] = this.args[name] ?? value;
  }

  ENV(image, { rest }) {
    const [, name, value] = rest.match(/^(\w+)=(\S*)$/);
    image.env[name] = expand(value, image.env);
  }

  USER(image, { rest }) {
    image.user = rest;
  }

  EXPOSE(image, { rest }) {
    image.port = Number(rest);
  }

  STOPSIGNAL(image, { rest }) {
    image.stopSignal = rest;
  }

  HEALTHCHECK(image, { rest }) {
    image.healthcheck = JSON.parse(rest.replace(/^CMD /, ''));
  }

  ENTRYPOINT(image, { rest }) {
    image.entrypoint = JSON.parse(rest);
  }
}

// Arguments of unshare(1) that run a command as PID 1 in the image, as its user, without
// capabilities unless root. `readOnly`: only /tmp is writable, as in compose.yaml.
export function inside(image, command, { mounts = [], env = {}, readOnly = false } = {}) {
  const root = image.root;
  const script = ['set -e', 'mount --bind "$0" "$0"', 'mount -t proc proc "$0/proc"', 'mount --rbind /dev "$0/dev"',
    'for f in resolv.conf hosts; do touch "$0/etc/$f"; mount --bind "/etc/$f" "$0/etc/$f"; done'];
  for (const [host, target] of mounts) {
    const place = statSync(host).isFile() ? `mkdir -p "$0${posix.dirname(target)}"; touch "$0${target}"` : `mkdir -p "$0${target}"`;
    script.push(place, `mount --bind "${host}" "$0${target}"`);
  }
  script.push('mount -t tmpfs tmpfs "$0/tmp"');
  if (readOnly) script.push('mount -o remount,bind,ro "$0"');
  script.push('exec chroot "$0" "$@"');
  const drop = image.user === 'root' ? [] : ['setpriv', `--reuid=${image.user}`, `--regid=${image.user}`, '--init-groups',
    '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'];
  const variables = Object.entries({ HOME: image.user === 'root' ? '/root' : `/home/${image.user}`, ...image.env, ...env });
  return ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script.join('\n'), root, ...drop,
    'env', '-i', `--chdir=${image.workdir}`, ...variables.map(([name, value]) => `${name}=${value}`), ...command];
}
