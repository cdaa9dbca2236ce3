// The files that people deploy with, without deploying. Started by scripts/check-packaging.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parse } from './dockerfile.mjs';

const repository = resolve(fileURLToPath(import.meta.url), '../../..');
const text = (file) => readFileSync(join(repository, file), 'utf8');
const program = process.env.MCP_SIDECAR_BIN;
const tools = createRequire(join(process.env.PACKAGING_TOOLS, 'dclint/package.json'));
const { parse: parseYaml } = tools('yaml');
const Ajv = tools('ajv');

// ${NAME}, ${NAME:-otherwise} and ${NAME:?why}, nested, as Compose reads them; throws for what is missing.
function interpolate(source, variables) {
  const innermost = /\$\{(\w+)(?:(:-|:\?)([^${}]*))?\}/;
  for (let found; (found = source.match(innermost)); ) {
    const [whole, name, kind, rest] = found;
    if (!variables[name] && kind === ':?') throw new Error(`${name}: ${rest}`);
    source = source.replace(whole, () => variables[name] || (kind === ':-' ? rest : ''));
  }
  return source;
}

const settings = { MCP_DOMAIN: 'mcp.example.com', ACME_EMAIL: 'you@example.com' };
const compose = (variables = settings) => parseYaml(interpolate(text('compose.yaml').replace(/^\s*#.*$/gm, ''), variables));

// Unknown formats are hints for editors; unknown keywords would be a schema that we cannot read.
const schema = JSON.parse(readFileSync(join(process.env.PACKAGING_TOOLS, 'dclint/schemas/compose.schema.json'), 'utf8'));
delete schema.$schema; // the https form of draft 7, which Ajv does not know by that name
const fits = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);

test('compose.yaml: fits the Compose schema, which refuses what is wrong', () => {
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

test('compose.yaml: says which variable is missing', () => {
  assert.throws(() => compose({ ACME_EMAIL: 'x' }), /MCP_DOMAIN/);
  assert.throws(() => compose({ MCP_DOMAIN: 'x' }), /ACME_EMAIL/);
});

test('compose.yaml: its parts belong together, and to the Dockerfile', () => {
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

test('compose.yaml: the sidecar takes the settings that it is given', () => {
  const listing = execFileSync(program, ['--print-config', '--', 'true'], { encoding: 'utf8', env: { ...compose().services['mcp-sidecar'].environment, MCP_HOST: '0.0.0.0' } });
  assert.match(listing, /^MCP_PUBLIC_URL +https:\/\/mcp\.example\.com +environment/m);
  assert.doesNotMatch(listing, /warning/);
});

test('compose.yaml: docker compose reads it too', { skip: spawnSync('docker', ['compose', 'version']).status !== 0 && 'docker compose is not on this machine' }, () => {
  execFileSync('docker', ['compose', '-f', join(repository, 'compose.yaml'), 'config', '--quiet'], { env: { ...process.env, ...settings } });
});

test('.env.example: loads as it is, and with every line in force says what the defaults say', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'env-example-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const listing = (dotenv) => {
    writeFileSync(join(folder, '.env'), dotenv);
    return execFileSync(program, ['--print-config', '--', 'true'], { cwd: folder, env: {}, encoding: 'utf8' });
  };
  const values = (listed) => listed.replace(/ {2,}(default|\.env line \d+ \w+)$/gm, '').replace(/ +$/gm, '');
  const example = text('.env.example');
  const all = listing(example.replace(/^#(?=[A-Z_]+=)/gm, ''));
  assert.equal(values(all), values(listing(example)));
  assert.match(all, /^MCP_PORT +3001 +\.env line \d+/m);
  assert.doesNotMatch(all, /warning/);
});

test('mcp-sidecar.service: systemd takes every line', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'unit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const verify = (unit) => {
    const file = join(folder, 'mcp-sidecar.service');
    writeFileSync(file, unit);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    return { status, about: stderr.split('\n').filter((line) => line.includes('mcp-sidecar.service')) };
  };
  const unit = text('docs/deploy/mcp-sidecar.service').replace(/^ExecStart=.*$/m, `ExecStart=${program}`);
  assert.deepEqual(verify(unit), { status: 0, about: [] });
  assert.notDeepEqual(verify(unit.replace('TimeoutStopSec', 'TimeoutStopSecs')).about, []);
});

test('ecosystem.config.cjs: PM2 leaves more time than the sidecar needs', () => {
  const { apps } = createRequire(import.meta.url)(join(repository, 'docs/deploy/ecosystem.config.cjs'));
  assert.equal(apps.length, 1);
  assert.ok(apps[0].kill_timeout >= 10_000);
  assert.equal(apps[0].treekill, false);
  assert.equal(apps[0].interpreter, 'none');
});
