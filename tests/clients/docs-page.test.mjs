// The reference page at /docs in a real browser: its contents, calls by "Try it out", and keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Issuer } from './lib/authorization.mjs';
import { barriers, open, phone } from './lib/browser.mjs';
import { hotel, key, logIn, withKey } from './lib/dashboard.mjs';
import { freePort } from './lib/free-port.mjs';
import { request } from './lib/http.mjs';
import { Sidecar } from './lib/sidecar.mjs';

const unauthorised = /status of 401/;
const withKeys = { MCP_API_KEYS: `admin:${key}` };

const shown = (page) => page.locator('.opblock-summary-path').evaluateAll((all) => all.map((one) => one.dataset.path));
const operation = (page, path) => page.locator('.opblock').filter({ has: page.locator(`[data-path="${path}"]`) });

// Opens an operation and fills in its body like a user.
async function fillIn(page, path, body) {
  const block = operation(page, path);
  await block.locator('.opblock-summary-control').click();
  await block.getByRole('button', { name: 'Try it out' }).click();
  await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
  return block;
}

// Executes it; returns status and body as the page shows them.
async function execute(page, block) {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await block.getByRole('button', { name: 'Execute' }).click();
  const status = String((await answered).status());
  const live = block.locator('.live-responses-table tbody');
  await live.locator('.response-col_status').filter({ hasText: status }).waitFor();
  return { status, text: await live.locator('.response-col_description').first().textContent() };
}

const callsOf = async (sidecar) => (await request(`${sidecar.url}/calls`, { headers: withKey })).json().calls.map(({ subject, outcome, key: by }) => [subject, outcome, by]);

test('docs: without keys it shows an operation for each tool of the server, and "Try it out" calls one', async (t) => {
  const sidecar = await Sidecar.start(t);
  const { paths, info } = (await request(`${sidecar.url}/openapi.json`)).json();
  const page = await open(t, `${sidecar.url}/docs`);
  await page.getByRole('heading', { name: info.title }).waitFor();
  assert.ok(Object.keys(paths).length >= 4, Object.keys(paths).join());
  assert.deepEqual((await shown(page)).sort(), Object.keys(paths).sort());
  assert.equal(await page.getByRole('button', { name: 'Authorize' }).count(), 0);

  const add = await fillIn(page, '/tools/add', { a: 20, b: 22 });
  const good = await execute(page, add);
  assert.equal(good.status, '200');
  assert.match(good.text, /42/);
  assert.deepEqual((await callsOf(sidecar))[0], ['add', 'ok', '']);

  // The curl line on the page has this address.
  assert.ok((await add.locator('.curl-command').textContent()).includes(`'${sidecar.url}/tools/add'`));
  await sidecar.stop();
});

test('docs: a tool that fails shows its error, and HTML of the server is text', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hotel });
  const page = await open(t, `${sidecar.url}/docs`, { expected: [/status of 422/] });
  const fail = await fillIn(page, '/tools/fail', {});
  const failed = await execute(page, fail);
  assert.equal(failed.status, '422');
  assert.match(failed.text, /out of order/);

  const harmful = (await shown(page)).find((path) => path.includes('img'));
  assert.ok(harmful, 'the tool with HTML in its name is there');
  await operation(page, harmful).locator('.opblock-summary-control').click();
  await operation(page, harmful).locator('.opblock-description').getByText('<img src=x').waitFor();
  await operation(page, harmful).getByRole('tab', { name: 'Schema' }).first().click();
  await operation(page, harmful).getByRole('button', { name: 'Expand all' }).first().click();
  await operation(page, harmful).locator('.json-schema-2020-12').getByText('<img src=x').first().waitFor();
  assert.equal(await page.locator('.swagger-ui img').count(), 0);
  assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
  await sidecar.stop();
});

test('docs: a key is requested, a wrong one reported, and with a right one tools are called', async (t) => {
  const sidecar = await Sidecar.start(t, { env: withKeys });
  const page = await open(t, `${sidecar.url}/docs`, { expected: [unauthorised] });
  await page.getByText('This sidecar wants a key').waitFor();
  assert.deepEqual(await shown(page), []);
  assert.ok(!sidecar.output.includes('authentication failed'), 'nothing was asked for without a key');
  await logIn(page, 'not-the-key');
  await page.getByRole('alert').getByText('This key is not accepted').waitFor();
  await logIn(page);

  const add = await fillIn(page, '/tools/add', { a: 20, b: 22 });
  assert.match((await execute(page, add)).text, /42/);
  assert.deepEqual((await callsOf(sidecar))[0], ['add', 'ok', 'admin']);
  assert.ok(!page.url().includes(key));
  assert.deepEqual(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]), ['', 0, 0]);
  await sidecar.stop();
});

test('docs: in its dialog a key is removed, and entered again in either field', async (t) => {
  const sidecar = await Sidecar.start(t, { env: withKeys });
  const page = await open(t, `${sidecar.url}/docs`, { expected: [unauthorised] });
  await logIn(page);
  const add = await fillIn(page, '/tools/add', { a: 1, b: 2 });
  const dialog = page.locator('.modal-ux');
  const scheme = (name) => dialog.locator('.auth-container').filter({ hasText: name });
  const inDialog = async (act) => {
    await page.getByRole('button', { name: 'Authorize', exact: true }).first().click();
    await act();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await dialog.waitFor({ state: 'detached' });
  };

  await inDialog(() => scheme('bearer').getByRole('button', { name: 'Remove authorization' }).click());
  const without = await execute(page, add);
  assert.equal(without.status, '401');
  assert.match(without.text, /API key required/);

  for (const name of ['bearer', 'apiKey']) {
    await inDialog(async () => {
      await scheme(name).getByRole('textbox').fill(key);
      await scheme(name).getByRole('button', { name: 'Apply credentials' }).click();
    });
    assert.equal((await execute(page, add)).status, '200', name);
    await inDialog(() => scheme(name).getByRole('button', { name: 'Remove authorization' }).click());
  }
  await sidecar.stop();
});

test('docs: an access token is entered like a key, and no other server is contacted', async (t) => {
  const base = `http://127.0.0.1:${await freePort()}`;
  const issuer = await Issuer.start(t, { audience: base });
  const sidecar = await Sidecar.start(t, { port: new URL(base).port, env: { MCP_JWT_ISSUER: issuer.issuer, MCP_JWT_JWKS: issuer.jwks, MCP_PUBLIC_URL: base } });
  await sidecar.line(/keys of access tokens read/);
  const page = await open(t, `${sidecar.url}/docs`);
  await logIn(page, await issuer.sign({ scope: 'mcp:tools:add' }));
  const add = await fillIn(page, '/tools/add', { a: 20, b: 22 });
  assert.deepEqual(await shown(page), ['/tools/add']);
  assert.match((await execute(page, add)).text, /42/);
  await page.getByRole('button', { name: 'Authorize', exact: true }).first().click();
  await page.locator('.modal-ux').getByRole('heading', { name: 'bearer' }).waitFor();
  await sidecar.stop();
});

test('docs: a key sees the operations of its permissions alone', async (t) => {
  const sidecar = await Sidecar.start(t, { env: { ...withKeys, MCP_DENIED_TOOLS: 'add' } });
  const page = await open(t, `${sidecar.url}/docs`);
  await logIn(page);
  await operation(page, '/tools/echo').waitFor();
  assert.ok(!(await shown(page)).includes('/tools/add'));
  await sidecar.stop();
});

for (const [how, options] of [['in light', {}], ['in dark', { colorScheme: 'dark' }], ['on a phone', phone]]) {
  test(`docs: ${how} nothing is wider than the screen, and the page is accessible`, async (t) => {
    const sidecar = await Sidecar.start(t, { env: withKeys });
    const page = await open(t, `${sidecar.url}/docs`, options);
    await page.getByLabel('Key').waitFor();
    assert.deepEqual(await barriers(page), []);
    await logIn(page);
    await operation(page, '/tools/echo').waitFor();
    const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= screen, `${wide} wide on a screen of ${screen}`);
    await sidecar.stop();
  });
}
