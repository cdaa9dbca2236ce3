// The deployment files, checked without deploying. Started by scripts/check-packaging.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parse } from './dockerfile.mjs';

const repository = resolve(fileURLToPath(import.meta.url), '../../..');
const text = (file) => readFileSync(join(repository, file), 'utf8');
const program = process.env.MCP_SIDECAR_BIN;
const tools = createRequire(join(process.env.PACKAGING_TOOLS, 'dclint/package.json'));
const { parse: parseYaml, parseAllDocuments } = tools('yaml');
const Ajv = tools('ajv');

// Expands ${NAME}, ${NAME:-otherwise} and ${NAME:?why}, nested, like Compose; throws if a required
// value is missing.
function interpolate(source, variables) {
  const innermost = /\$\{(\w+)(?:(:-|:\?)([^${}]*))?\}/;
  for (let found; (found = source.match(innermost)); ) {
    const [whole, name, kind, rest] = found;
    if (!variables[name] && kind === ':?') throw new Error(`${name}: ${rest}`);
    source = source.replace(whole, () => variables[name] || (kind === ':-' ? rest : ''));
  }
  return source;
}

const settings = { MCP_DOMAIN: 'mcp.example.com', ACME_EMAIL: 'you@example.com', MCP_API_KEY: 'the-key' };
const compose = (variables = settings) => parseYaml(interpolate(text('compose.yaml').replace(/^\s*#.*$/gm, ''), variables));

// Unknown formats are hints for editors; an unknown keyword would make the schema unreadable for
// us.
const schema = JSON.parse(readFileSync(join(process.env.PACKAGING_TOOLS, 'dclint/schemas/compose.schema.json'), 'utf8'));
delete schema.$schema; // the https form of draft 7, which Ajv does not recognise
const fits = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);

test('compose.yaml: fits the Compose schema, which refuses a faulty file', () => {
  assert.ok(fits(compose()), JSON.stringify(fits.errors, null, 1));
  for (const damage of [
    (file) => (file.services['mcp-sidecar'].stop_grace_perod = '20s'),
    (file) => (file.services.traefik.ports = '80:80'),
    (file) => delete file.services['mcp-sidecar'].env_file[0].path,
    (file) => (file.network = {}),
  ]) {
    const file = compose();
    damage(file);
    assert.ok(!fits(file), damage.toString());
  }
});

test('compose.yaml: names a missing variable', () => {
  assert.throws(() => compose({ ...settings, MCP_DOMAIN: '' }), /MCP_DOMAIN/);
  assert.throws(() => compose({ ...settings, ACME_EMAIL: '' }), /ACME_EMAIL/);
  assert.throws(() => compose({ ...settings, MCP_API_KEY: '' }), /MCP_API_KEY: put MCP_API_KEY=… into \.env/);
});

test('compose.yaml: what waits for a healthy sidecar waits for its wrapped server', () => {
  const { services } = compose();
  const waits = Object.values(services).some(({ depends_on: on }) => on?.['mcp-sidecar']?.condition === 'service_healthy');
  assert.equal(services['mcp-sidecar'].healthcheck.test.includes('--ready'), waits);
});

test('compose.yaml: its parts fit each other and the Dockerfile', () => {
  const { services, networks, volumes } = compose();
  for (const [name, service] of Object.entries(services)) {
    for (const network of service.networks) assert.ok(network in networks, `${name}: ${network}`);
    for (const volume of service.volumes) if (/^\w/.test(volume)) assert.ok(volume.split(':')[0] in volumes, `${name}: ${volume}`);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    assert.equal(service.restart, 'unless-stopped', name);
    assert.equal(service.read_only, true, name);
  }
  const { 'mcp-sidecar': sidecar, traefik } = services;
  assert.equal(sidecar.stop_grace_period, '20s');
  const port = sidecar.labels['traefik.http.services.mcp.loadbalancer.server.port'];
  assert.equal(sidecar.environment.MCP_PORT, port);
  assert.equal(sidecar.labels['traefik.docker.network'], networks.edge.name);
  assert.ok(sidecar.environment.MCP_TRUSTED_PROXIES.split(',').includes(networks.edge.ipam.config[0].subnet));
  const argument = (start) => traefik.command.filter((one) => one.startsWith(start));
  assert.equal(argument(`--entrypoints.${sidecar.labels['traefik.http.routers.mcp.entrypoints']}.address=`).length, 1);
  assert.ok(argument(`--certificatesresolvers.${sidecar.labels['traefik.http.routers.mcp.tls.certresolver']}.acme.`).length > 0);

  const image = parse(text('Dockerfile'));
  const health = image.find((one) => one.op === 'HEALTHCHECK');
  assert.deepEqual(sidecar.healthcheck.test, ['CMD', ...JSON.parse(health.rest.replace(/^CMD /, ''))]);
  assert.equal(image.find((one) => one.op === 'EXPOSE').rest, port);
});

test('compose.yaml: the sidecar accepts its settings', () => {
  const listing = execFileSync(program, ['--print-config', '--', 'true'], { encoding: 'utf8', env: { ...compose().services['mcp-sidecar'].environment, MCP_HOST: '0.0.0.0' } });
  assert.match(listing, /^MCP_PUBLIC_URL +https:\/\/mcp\.example\.com +environment/m);
  assert.doesNotMatch(listing, /warning/);
});

test('compose.yaml: docker compose accepts it', { skip: spawnSync('docker', ['compose', 'version']).status !== 0 && 'docker compose is not on this machine' }, () => {
  execFileSync('docker', ['compose', '-f', join(repository, 'compose.yaml'), 'config', '--quiet'], { env: { ...process.env, ...settings } });
});

test('.env.example: loads unchanged, and with every line enabled equals the defaults', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'env-example-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const listing = (dotenv) => {
    writeFileSync(join(folder, '.env'), dotenv);
    return execFileSync(program, ['--print-config', '--', 'true'], { cwd: folder, env: {}, encoding: 'utf8' });
  };
  const values = (listed) => listed.replace(/ {2,}(default|\.env line \d+ \w+)$/gm, '').replace(/ +$/gm, '');
  const example = text('.env.example');
  const listed = listing(example.replace(/^#(?=[A-Z_]+=)/gm, ''));
  // The lines of keys are empty, which is warned of.
  const empty = /^warning: set but empty, .*: MCP_API_KEYS \(\.env line \d+\), .*\n/m;
  assert.match(listed, empty);
  const all = listed.replace(empty, '');
  assert.equal(values(all), values(listing(example)));
  assert.match(all, /^MCP_PORT +3001 +\.env line \d+/m);
  assert.doesNotMatch(all, /warning/);
});

const folderOf = (t, name) => {
  const folder = mkdtempSync(join(tmpdir(), name));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

// The output of systemd-analyze for a unit.
function verify(t, unit) {
  const file = join(folderOf(t, 'unit-'), 'mcp-sidecar.service');
  writeFileSync(file, unit);
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
  return { status, about: stderr.split('\n').filter((line) => line.includes('mcp-sidecar.service')) };
}

test('mcp-sidecar.service: systemd accepts every line', (t) => {
  const unit = text('scripts/deploy/mcp-sidecar.service').replace(/^ExecStart=\S+/m, `ExecStart=${program}`);
  assert.deepEqual(verify(t, unit), { status: 0, about: [] });
  assert.notDeepEqual(verify(t, unit.replace('TimeoutStopSec', 'TimeoutStopSecs')).about, []);
});

test('mcp-sidecar.service: it fits the program and its user', () => {
  const unit = text('scripts/deploy/mcp-sidecar.service');
  const value = (name) => unit.match(new RegExp(`^${name}=(.*)$`, 'm'))[1];
  assert.equal(value('Type'), 'notify');
  assert.match(value('ExecReload'), /kill -HUP \$MAINPID"$/);
  assert.ok(Number(value('TimeoutStopSec')) > 10 && Number(value('WatchdogSec')) > 0 && Number(value('LimitNOFILE')) > 2 * 16384);
  const [, user, , home] = text('scripts/deploy/mcp-sidecar.sysusers').match(/^u (\S+) - "(.*)" (\S+)$/m);
  assert.deepEqual([value('User'), value('Group'), value('WorkingDirectory')], [user, user, home]);
});

test('an installation: every file is in place under its prefix, and an existing configuration is kept', (t) => {
  const folder = folderOf(t, 'install-');
  const build = dirname(program);
  const install = (prefix, ...more) => execFileSync('cmake', ['--install', build, '--prefix', prefix, ...more], { env: { ...process.env, DESTDIR: folder }, stdio: 'pipe' });
  const installed = (path) => readFileSync(join(folder, path), 'utf8');

  install('/usr');
  assert.deepEqual(verify(t, installed('/usr/lib/systemd/system/mcp-sidecar.service').replace('/usr/bin/mcp-sidecar', program)), { status: 0, about: [] });
  assert.equal(installed('/etc/mcp-sidecar/mcp-sidecar.env'), text('.env.example'));
  assert.equal(statSync(join(folder, '/etc/mcp-sidecar/mcp-sidecar.env')).mode & 0o777, 0o640);
  assert.equal(installed('/usr/lib/sysusers.d/mcp-sidecar.conf'), text('scripts/deploy/mcp-sidecar.sysusers'));
  assert.equal(installed('/usr/share/doc/mcp-sidecar/examples/kubernetes.yaml'), text('scripts/deploy/kubernetes.yaml'));
  assert.match(installed('/usr/share/man/man1/mcp-sidecar-demo.1'), /^\.SH NAME/m);
  assert.match(execFileSync(join(folder, '/usr/bin/mcp-sidecar'), ['--version'], { encoding: 'utf8' }), /^mcp-sidecar \d/);
  writeFileSync(join(folder, '/etc/mcp-sidecar/mcp-sidecar.env'), 'MCP_PORT=1\n');
  install('/usr');
  assert.equal(installed('/etc/mcp-sidecar/mcp-sidecar.env'), 'MCP_PORT=1\n');

  install('/opt/sidecar');
  const unit = installed('/opt/sidecar/lib/systemd/system/mcp-sidecar.service');
  assert.match(unit, /^ExecStart=\/opt\/sidecar\/bin\/mcp-sidecar --env-file \/opt\/sidecar\/etc\/mcp-sidecar\/mcp-sidecar\.env$/m);
  assert.equal(installed('/opt/sidecar/etc/mcp-sidecar/mcp-sidecar.env'), text('.env.example'));

  // The folder that scripts/bundle makes.
  const withPages = !/without pages/.test(execFileSync(program, ['--version'], { encoding: 'utf8' }));
  install('/bundle', '--component', 'program');
  const module = './lib/mcp-sidecar/mcp-sidecar-postgresql.so';
  const notices = './share/doc/mcp-sidecar/third-party-notices.txt';
  const files = execFileSync('find', ['.', '-type', 'f'], { cwd: join(folder, 'bundle'), encoding: 'utf8' }).trim().split('\n').sort();
  assert.deepEqual(files, ['./bin/mcp-sidecar', './bin/mcp-sidecar-demo', module, ...(withPages ? [notices] : [])]);
  if (withPages) assert.match(installed('/bundle/share/doc/mcp-sidecar/third-party-notices.txt'), /^preact [\d.]+: MIT, /m);
  const query = () => spawnSync(join(folder, 'bundle/bin/mcp-sidecar'), ['audit', 'query', '--audit-db', 'postgresql://127.0.0.1:1/x'], { encoding: 'utf8', env: {} }).stderr;
  assert.match(query(), /^mcp-sidecar: PostgreSQL: connection to server/);
  rmSync(join(folder, 'bundle/lib/mcp-sidecar'), { recursive: true });
  assert.match(query(), /cannot use PostgreSQL: .*\/bundle\/lib\/mcp-sidecar\/mcp-sidecar-postgresql\.so$/m);
});

test('ecosystem.config.cjs: one process, and PM2 leaves more time than the sidecar needs', () => {
  const { apps } = createRequire(import.meta.url)(join(repository, 'scripts/deploy/ecosystem.config.cjs'));
  assert.equal(apps.length, 1);
  assert.ok(apps[0].kill_timeout >= 10_000);
  assert.equal(apps[0].treekill, false);
  assert.equal(apps[0].interpreter, 'none');
  assert.deepEqual([apps[0].instances, apps[0].exec_mode, apps[0].stop_exit_codes], [1, 'fork', [2]]);
});

const models = createRequire(join(process.env.PACKAGING_TOOLS, 'kubernetes-models/package.json'));
const manifest = () => Object.fromEntries(parseAllDocuments(text('scripts/deploy/kubernetes.yaml')).map((one) => [one.toJS().kind, one.toJS()]));

// Throws violations of the Kubernetes API description.
function validate(object) {
  const { [object.kind]: Model } = models(`kubernetes-models/${object.apiVersion}/${object.kind}`);
  new Model(object).validate();
}

test("kubernetes.yaml: fits Kubernetes' own description of its objects, which refuses a faulty file", () => {
  for (const object of Object.values(manifest())) validate(object);
  for (const damage of [
    ({ spec }) => (spec.template.spec.initContainers[0].restartPolicy = true),
    ({ spec }) => delete spec.template.spec.initContainers[0].name,
    ({ spec }) => (spec.template.spec.initContainers[0].livenessProbe.periodSeconds = '10s'),
    ({ spec }) => delete spec.selector,
    ({ spec }) => (spec.replicas = 'one'),
  ]) {
    const { Deployment } = manifest();
    damage(Deployment);
    assert.throws(() => validate(Deployment), damage.toString());
  }
});

test('kubernetes.yaml: a sidecar container with probes, whose parts fit each other', () => {
  const { ConfigMap, Deployment, Service } = manifest();
  const { template, selector } = Deployment.spec;
  const [sidecar] = template.spec.initContainers;
  assert.equal(sidecar.restartPolicy, 'Always');
  assert.deepEqual(selector.matchLabels, template.metadata.labels);
  assert.deepEqual(Service.spec.selector, template.metadata.labels);
  const port = sidecar.ports.find(({ name }) => name === Service.spec.ports[0].targetPort);
  const probes = Object.fromEntries(['startupProbe', 'readinessProbe', 'livenessProbe'].map((name) => [name, sidecar[name].httpGet]));
  assert.deepEqual(Object.values(probes).map((probe) => probe.port), [port.name, port.name, port.name]);
  assert.deepEqual(Object.values(probes).map((probe) => probe.path), ['/ready', '/ready', '/health']);

  const volumes = new Set(template.spec.volumes.map(({ name }) => name));
  for (const { name } of sidecar.volumeMounts) assert.ok(volumes.has(name), name);
  assert.equal(template.spec.volumes.find(({ configMap }) => configMap).configMap.name, ConfigMap.metadata.name);
  const mounted = (file) => sidecar.volumeMounts.some(({ mountPath }) => file.startsWith(`${mountPath}/`));
  const envFile = sidecar.args[sidecar.args.indexOf('--env-file') + 1];
  assert.ok(mounted(envFile) && envFile.endsWith(Object.keys(ConfigMap.data)[0]), envFile);
  assert.ok(sidecar.env.every(({ value }) => mounted(value)));
  assert.ok(template.spec.terminationGracePeriodSeconds > 10);
  assert.deepEqual([sidecar.securityContext.readOnlyRootFilesystem, sidecar.securityContext.allowPrivilegeEscalation, template.spec.securityContext.runAsNonRoot], [true, false, true]);
});

test('kubernetes.yaml: the sidecar accepts its settings', (t) => {
  const { ConfigMap, Deployment } = manifest();
  const file = join(folderOf(t, 'kubernetes-'), 'settings.env');
  writeFileSync(file, Object.values(ConfigMap.data)[0]);
  const [{ args, env, ports }] = Deployment.spec.template.spec.initContainers;
  assert.deepEqual(env.map(({ name }) => name), ['MCP_API_KEYS_FILE', 'MCP_SECRET_FILE']);
  // The files are those of the secret that the manifest mounts.
  const { items } = Deployment.spec.template.spec.volumes.find(({ secret }) => secret).secret;
  assert.deepEqual(env.map(({ value }) => value.split('/').at(-1)), items.map(({ path }) => path));
  const listing = execFileSync(program, args.map((word, at) => (args[at - 1] === '--env-file' ? file : word)).toSpliced(0, 0, '--print-config'), { encoding: 'utf8', env: {} });
  assert.match(listing, new RegExp(`^MCP_PORT +${ports[0].containerPort} `, 'm'));
  assert.match(listing, /^MCP_HOST +0\.0\.0\.0 /m);
  assert.doesNotMatch(listing, /warning/);
});

test('traefik.yaml: equals the labels of compose.yaml, and its parts fit each other', () => {
  const { http } = parseYaml(text('scripts/deploy/traefik.yaml'));
  const { labels } = compose().services['mcp-sidecar'];
  const { mcp } = http.routers;
  assert.deepEqual([mcp.rule.replace('mcp.example.com', settings.MCP_DOMAIN), mcp.entryPoints[0], mcp.tls.certResolver],
    ['rule', 'entrypoints', 'tls.certresolver'].map((name) => labels[`traefik.http.routers.mcp.${name}`]));
  assert.ok(mcp.middlewares.every((name) => name in http.middlewares));
  // No middleware that buffers or compresses.
  assert.deepEqual(Object.values(http.middlewares).map((each) => Object.keys(each)), [['headers']]);
  assert.ok(mcp.service in http.services);
  assert.deepEqual(http.services[mcp.service].loadBalancer.servers.map(({ url }) => new URL(url).port), ['3001']);
});
