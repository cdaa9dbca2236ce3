// The dashboard in a real browser under other conditions: with a key that is not an
// administrator's, behind a proxy that strips a path prefix, and closed in the middle of something.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { barriers, open } from './lib/browser.mjs';
import { call, choose, dashboard, go, hotel, key, logIn, result, tool, withKey } from './lib/dashboard.mjs';
import { startFront } from './lib/front.mjs';
import { eventually } from './lib/guard.mjs';
import { request } from './lib/http.mjs';
import { keysFile } from './lib/keys.mjs';
import { Sidecar } from './lib/sidecar.mjs';

const sessionsOf = async (sidecar, headers = withKey) => (await request(`${sidecar.url}/sessions`, { headers })).json().sessions;

test('dashboard: a key that is no administrator’s sees its tools, and which views it may not see', async (t) => {
  const { keys, env } = keysFile(t);
  const root = await keys('new', 'root', '--admin');
  const guest = await keys('new', 'guest', '--allow-tools', 'add,wait', '--allow-resources', 'test://greeting', '--deny-prompts', '*');
  const sidecar = await Sidecar.start(t, { command: hotel, env });
  const page = await open(t, `${sidecar.url}/#/sessions`, { expected: [/status of 403/] });
  await logIn(page, guest);
  await page.getByText('Only a key with the permission admin').waitFor();
  assert.deepEqual(await barriers(page), []);
  const views = (await page.getByRole('navigation').getByRole('listitem').allTextContents()).map((name) => name.trim());
  assert.deepEqual(views, ['Tools', 'Resources', 'Prompts', 'Connect', 'API']);
  // If the address leads to a view that the key may not see, the tools are shown.
  await choose(page, 'add');
  assert.deepEqual((await page.getByRole('main').getByRole('link').locator('strong').allTextContents()).sort(), ['add', 'wait']);

  await page.getByRole('spinbutton', { name: 'a' }).fill('20');
  await page.getByRole('spinbutton', { name: 'b' }).fill('22');
  await call(page);
  await result(page).getByText('42').first().waitFor();
  await go(page, 'Resources');
  await page.getByRole('link').filter({ hasText: 'greeting' }).waitFor();
  await go(page, 'Prompts');
  await page.getByText('No prompts').waitFor();
  await go(page, 'Connect');
  await page.getByText(`${sidecar.url}/mcp`).first().waitFor();
  const [{ key: owner }] = await sessionsOf(sidecar, { 'x-api-key': root });
  assert.equal(owner, 'guest');

  // Another key on the same page: an administrator sees everything, and the guest's session has
  // ended.
  await page.getByRole('button', { name: 'Log out' }).click();
  await logIn(page, root);
  await page.getByText('ready', { exact: true }).first().waitFor();
  assert.equal(await page.getByText('Only a key with the permission admin').count(), 0);
  await eventually(async () => (await sessionsOf(sidecar, { 'x-api-key': root })).length === 0, 'the session of the other key is gone');
  await tool(page, 'fail');
  await sidecar.stop();
});

test('dashboard: a page whose key is revoked shows that', async (t) => {
  const { keys, env } = keysFile(t);
  const root = await keys('new', 'root', '--admin');
  await keys('new', 'other');
  const sidecar = await Sidecar.start(t, { command: hotel, env });
  const page = await open(t, `${sidecar.url}/`, { expected: [/status of 401/, /ERR_/] });
  await logIn(page, root);
  await page.getByText('ready', { exact: true }).first().waitFor();
  await keys('revoke', 'root');
  await page.getByRole('alert').getByText('This key is not accepted').waitFor();
  await page.getByLabel('Key').waitFor();
  await sidecar.stop();
});

test('dashboard: without keys the URL in the log opens it, for that tab only', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hotel, env: { MCP_OPEN_ADMIN: 'false' } });
  const token = await sidecar.startToken();
  const page = await open(t, `${sidecar.url}/#token=${token}`, { expected: [/status of 40[13]/] });
  await page.getByText('ready', { exact: true }).first().waitFor();
  assert.equal(page.url(), `${sidecar.url}/`, 'the token is taken out of the address');
  await page.reload();
  await page.getByText('ready', { exact: true }).first().waitFor();
  await go(page, 'Sessions');
  await page.getByRole('heading', { name: 'Sessions' }).waitFor();
  await page.goto(`${sidecar.url}/docs`);
  await page.getByText('/tools/').first().waitFor();

  // A page without the token uses the tools and shows what is missing; the same page accepts the
  // token later.
  const other = await open(t, `${sidecar.url}/`, { expected: [/status of 40[13]/] });
  await other.getByText('start token').waitFor();
  await tool(other, 'add');
  await other.goto(`${sidecar.url}/#token=${'0'.repeat(64)}`);
  await other.getByText('start token').waitFor();
  await other.goto(`${sidecar.url}/#token=${token}`);
  await other.getByText('ready', { exact: true }).first().waitFor();
  assert.equal(other.url(), `${sidecar.url}/`);
  await sidecar.stop();
});

const stripping = (sidecar) => (port) => `
server {
    listen 127.0.0.1:${port};
    location /mcp-tools/ {
        proxy_pass ${sidecar.url}/;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Prefix /mcp-tools;
        proxy_buffering off;
    }
}`;

test('dashboard: it works behind a proxy that strips a path prefix', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hotel, env: { MCP_API_KEYS: `admin:${key}`, MCP_TRUSTED_PROXIES: '127.0.0.1' } });
  const nginx = await startFront(t, 'nginx', stripping(sidecar));
  const base = `${nginx.url}/mcp-tools`;
  const page = await open(t, base);
  const strays = [];
  page.on('request', (asked) => asked.url().startsWith(`${base}/`) || /^(data|blob):/.test(asked.url()) || strays.push(asked.url()));
  assert.equal(page.url(), `${base}/`);
  await logIn(page);
  await page.getByText('ready', { exact: true }).first().waitFor();
  const ticks = () => page.getByText('Up').locator('..').locator('dd').textContent();
  const before = await ticks();
  await eventually(async () => (await ticks()) !== before, 'ticks come through');

  await tool(page, 'add');
  await page.getByRole('spinbutton', { name: 'a' }).fill('20');
  await page.getByRole('spinbutton', { name: 'b' }).fill('22');
  await call(page);
  await result(page).getByText('42').first().waitFor();
  await page.getByText('As curl').click();
  assert.ok((await page.getByRole('group', { name: 'The same call with curl' }).textContent()).includes(`${base}/call-tool`));
  await tool(page, 'wait');
  await call(page);
  await page.getByText('step 3').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('alert').getByText('Cancelled').waitFor();
  await go(page, 'Sessions');
  await page.getByRole('table').getByRole('row').filter({ hasText: 'mcp-sidecar dashboard' }).waitFor();
  await go(page, 'Connect');
  await page.getByText(`${base}/mcp`).first().waitFor();

  const [docs] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name: 'API' }).click()]);
  docs.on('request', (asked) => asked.url().startsWith(`${base}/`) || /^(data|blob):/.test(asked.url()) || strays.push(asked.url()));
  await logIn(docs);
  const add = docs.locator('.opblock').filter({ has: docs.locator('[data-path="/tools/add"]') });
  await add.locator('.opblock-summary-control').click();
  await add.getByRole('button', { name: 'Try it out' }).click();
  await add.locator('textarea.body-param__text').fill('{"a":1000,"b":1}');
  await add.getByRole('button', { name: 'Execute' }).click();
  await add.locator('.live-responses-table').getByText('1001').first().waitFor();
  assert.ok((await add.locator('.curl-command').textContent()).includes(`${base}/tools/add`));
  await docs.getByRole('link', { name: 'Back to the dashboard' }).click();
  await docs.waitForURL(`${base}/`);
  assert.deepEqual(strays, []);

  await page.getByRole('button', { name: 'Log out' }).click();
  await eventually(async () => (await sessionsOf(sidecar)).length === 0, 'the session of the page is gone');
  await sidecar.stop();
});

// A dashboard whose page waits, from `act` on, for an answer that is held back: that of the request
// that `held` selects.
async function waiting(t, held, act) {
  const { sidecar, page } = await dashboard(t, { expected: [/ERR_/] });
  const asked = new Promise((resolve) => void page.route('**/*', (route) => (held(route.request()) ? resolve() : route.continue())));
  await act(page);
  await asked;
  await eventually(async () => (await sessionsOf(sidecar)).length === 1, 'the page has a session');
  return { sidecar, page };
}

const loadsForm = (asked) => /assets\/form-/.test(asked.url());
const confirmsSession = (asked) => /notifications\/initialized/.test(asked.postData() ?? '');
const sessionIsGone = (sidecar) => eventually(async () => (await sessionsOf(sidecar)).length === 0, 'the session of the page is gone');

test('dashboard: a page that is left while it loads the form of a tool ends its session', async (t) => {
  const { sidecar, page } = await waiting(t, loadsForm, (of) => tool(of, 'add'));
  await page.goto('about:blank');
  await sessionIsGone(sidecar);
  await sidecar.stop();
});

test('dashboard: a page that is closed while it opens its session ends it', async (t) => {
  const { sidecar, page } = await waiting(t, confirmsSession, (of) => go(of, 'Tools'));
  await page.close({ runBeforeUnload: true });
  await sessionIsGone(sidecar);
  await sidecar.stop();
});

test('dashboard: a log-out while the session is opened ends it', async (t) => {
  const { sidecar, page } = await waiting(t, confirmsSession, (of) => go(of, 'Tools'));
  await page.getByRole('button', { name: 'Log out' }).click();
  await sessionIsGone(sidecar);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await logIn(page);
  await tool(page, 'fail');
  await call(page);
  await result(page).getByText('out of order').waitFor();
  await sidecar.stop();
});
