// The dashboard in a real browser, against the real program.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { barriers, dark, open, phone } from './lib/browser.mjs';
import { call, choose, dashboard, go, hotel, key, logIn, result, tool, views, withKey } from './lib/dashboard.mjs';
import { eventually } from './lib/guard.mjs';
import { post, request } from './lib/http.mjs';
import { connect, textOf } from './lib/sdk.mjs';
import { Sidecar } from './lib/sidecar.mjs';

const run = promisify(execFile);
const unauthorised = /status of 401/;
const rows = (page) => page.getByRole('table').getByRole('row');

test('dashboard: a wrong key is reported, and a right one shows the server', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hotel, env: { MCP_API_KEYS: `admin:${key}` } });
  const page = await open(t, `${sidecar.url}/`, { expected: [unauthorised] });
  await logIn(page, 'not-the-key');
  await page.getByRole('alert').getByText('This key is not accepted').waitFor();
  await logIn(page);
  await page.getByRole('heading', { level: 1, name: 'Hotel <b>desk</b>' }).waitFor();
  await page.getByText('ready', { exact: true }).first().waitFor();

  // The key is stored nowhere it should not be.
  assert.ok(!page.url().includes(key));
  assert.ok(!(await page.content()).includes(key));
  assert.deepEqual(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]), ['', 0, 0]);

  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Key').waitFor();
  assert.equal(await page.getByLabel('Key').inputValue(), '');
  await sidecar.stop();
});

test('dashboard: without keys it opens at once', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hotel });
  const page = await open(t, `${sidecar.url}/`);
  await page.getByRole('heading', { name: 'Wrapped server' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Log out' }).count(), 0);
  await sidecar.stop();
});

test('dashboard: the loss of the sidecar is shown, and the connection resumes when it is back', async (t) => {
  const { sidecar, page } = await dashboard(t, { expected: [/ERR_/] });
  await sidecar.stop();
  await page.getByRole('alert').getByText('Trying again').waitFor();
  const again = await Sidecar.start(t, { command: hotel, env: { MCP_API_KEYS: `admin:${key}` }, port: sidecar.port });
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await page.getByText('ready', { exact: true }).first().waitFor();
  await again.stop();
});

test('dashboard: a session appears when a client connects, and vanishes when it leaves', async (t) => {
  const { sidecar, page } = await dashboard(t);
  await go(page, 'Sessions');
  await page.getByText('No client is connected').waitFor();
  const client = await connect(t, sidecar.url, { headers: withKey, name: 'a <i>guest</i>' });
  const row = rows(page).filter({ hasText: 'a <i>guest</i> 1.0.0' });
  await row.waitFor();
  await row.getByText('admin', { exact: true }).waitFor();
  await client.close();
  await row.waitFor({ state: 'detached' });
  await sidecar.stop();
});

test('dashboard: a session is ended by its button', async (t) => {
  const { sidecar, page } = await dashboard(t);
  const client = await connect(t, sidecar.url, { headers: withKey, name: 'unwanted', over: 'streamable' });
  await connect(t, sidecar.url, { headers: withKey, name: 'other', over: 'streamable' });
  await go(page, 'Sessions');
  const row = rows(page).filter({ hasText: 'unwanted' });
  await row.getByRole('button', { name: /^End/ }).click();
  await row.getByRole('button', { name: /^End session\?/ }).click();
  await row.waitFor({ state: 'detached' });
  await rows(page).filter({ hasText: 'other' }).waitFor();
  await assert.rejects(client.listTools(), /404|session/i);
  await sidecar.stop();
});

test('dashboard: its own session ends with the page', async (t) => {
  const { sidecar, page } = await dashboard(t);
  const sessions = async () => (await request(`${sidecar.url}/sessions`, { headers: withKey })).json().sessions;
  await tool(page, 'add');
  await page.getByRole('spinbutton', { name: 'a' }).waitFor();
  assert.deepEqual((await sessions()).map(({ client }) => client.name), ['mcp-sidecar dashboard']);
  await page.goto('about:blank');
  await eventually(async () => (await sessions()).length === 0, 'the session of the page is gone');
  await sidecar.stop();
});

test('dashboard: a tool called with a form shows its result, and the plots move', async (t) => {
  const { sidecar, page } = await dashboard(t);
  const plots = () => page.locator('canvas').evaluateAll((all) => all.map((one) => one.toDataURL()));
  await page.locator('canvas').nth(2).waitFor();
  const before = await plots();
  await tool(page, 'add');
  await page.getByRole('spinbutton', { name: 'a' }).fill('2');
  await page.getByRole('spinbutton', { name: 'b' }).fill('3');
  await call(page);
  await result(page).getByText('sum').waitFor();
  assert.equal(await result(page).locator('pre').first().textContent(), '5');

  await go(page, 'Overview');
  await page.getByText(/^[1-9]\d* since the start$/).waitFor();
  await eventually(async () => (await plots()).every((one, index) => one !== before[index]), 'the plots have moved');
  await rows(page).filter({ hasText: 'add tools/call' }).waitFor();
  await go(page, 'Log');
  await page.getByRole('region', { name: 'Log lines' }).getByText('add').first().waitFor();
  await sidecar.stop();
});

test('dashboard: nested objects, lists, choices, defaults and required fields make a form', async (t) => {
  const { sidecar, page } = await dashboard(t);
  await tool(page, 'book');
  await call(page);
  await page.getByText('is required').first().waitFor();
  await page.getByLabel('name').fill('Ada <b>Lovelace</b>');
  await page.getByLabel('age').fill('36');
  await page.getByLabel('room').selectOption('suite');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.locator('.array-item input').fill('a view');
  await page.getByRole('group', { name: 'payment' }).or(page.locator('.panel')).getByRole('combobox').first().selectOption({ label: 'Cash' });
  await page.getByLabel('currency').selectOption('EUR');
  await call(page);
  await result(page).waitFor();
  await result(page).getByRole('button', { name: 'As text' }).click();
  assert.deepEqual(JSON.parse(await result(page).locator('pre').first().textContent()), {
    guest: { name: 'Ada <b>Lovelace</b>', age: 36 },
    room: 'suite',
    nights: 2,
    breakfast: true,
    wishes: ['a view'],
    payment: { currency: 'EUR' },
  });

  // The same as JSON, which accepts anything.
  await page.getByRole('button', { name: 'JSON' }).click();
  const editor = page.getByRole('textbox', { name: 'Arguments' });
  assert.match(await editor.inputValue(), /"suite"/);
  await editor.fill('{"guest": ');
  await page.getByRole('alert').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Call', exact: true }).isDisabled());
  await editor.fill('{"guest": {"name": "B"}, "more": [1]}');
  await call(page);
  await result(page).getByText('"B"').or(result(page).getByText('more')).first().waitFor();
  await sidecar.stop();
});

test('dashboard: progress shows while a call runs, and it can be cancelled', async (t) => {
  const { sidecar, page } = await dashboard(t);
  await tool(page, 'wait');
  await call(page);
  await page.getByText('step 3').waitFor();
  assert.equal(await page.getByRole('progressbar').getAttribute('value'), '3');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('alert').getByText('Cancelled').waitFor();
  await go(page, 'Calls');
  await rows(page).filter({ hasText: 'wait' }).filter({ hasText: /cancel/ }).waitFor();
  await sidecar.stop();
});

test('dashboard: pictures and links are shown, a tool error as such', async (t) => {
  const { sidecar, page } = await dashboard(t);
  await tool(page, 'picture');
  await call(page);
  const picture = result(page).getByRole('img');
  await picture.waitFor();
  await eventually(() => picture.evaluate((image) => image.complete && image.naturalWidth === 1), 'the picture is there');

  await tool(page, 'links');
  await call(page);
  await result(page).getByText('a script').waitFor();
  const open_ = result(page).getByRole('link', { name: 'Open' });
  assert.deepEqual(await open_.evaluateAll((all) => all.map((one) => [one.href, one.rel])), [['https://example.com/', 'noopener noreferrer']]);
  await result(page).getByRole('link', { name: 'Read' }).first().click();
  await page.getByText('test://greeting <img').waitFor();

  await tool(page, 'fail');
  await call(page);
  await result(page).getByText('tool error').waitFor();
  await result(page).getByText('out of order').waitFor();
  await sidecar.stop();
});

test('dashboard: a sound gets a player, and one of an unknown type a download', async (t) => {
  const { sidecar, page } = await dashboard(t);
  await tool(page, 'tone');
  await call(page);
  const player = result(page).locator('audio');
  await player.waitFor();
  assert.ok(await player.evaluate((audio) => audio.controls));
  assert.equal(await player.getAttribute('aria-label'), 'Sound');
  // Decoded: if the policy had refused it or a byte were lost, it would have no length.
  await eventually(() => player.evaluate((audio) => audio.readyState >= 1), 'the player knows the sound');
  assert.ok(Math.abs((await player.evaluate((audio) => audio.duration)) - 0.5) < 0.01);
  const sent = (await post(`${sidecar.url}/call-tool`, { name: 'tone', arguments: {} }, withKey)).json().result.content[0].data;
  assert.equal(await player.evaluate((audio) => audio.src), `data:audio/wav;base64,${sent}`);
  assert.deepEqual(await barriers(page), []);

  const file = result(page).getByRole('link', { name: /^Download/ });
  assert.match(await file.textContent(), /audio\/unheard-of, 3 B/);
  const [saved] = await Promise.all([page.waitForEvent('download'), file.click()]);
  assert.deepEqual([...readFileSync(await saved.path())], [0, 0, 0]);
  await sidecar.stop();
});

test('dashboard: HTML in names and results is text', async (t) => {
  const { sidecar, page } = await dashboard(t);
  const harmful = '<img src=x onerror="globalThis.harmed=true"><script>globalThis.harmed=true</script>';
  await tool(page, harmful);
  await call(page);
  assert.equal(await result(page).locator('pre').first().textContent(), harmful);
  for (const view of ['Overview', 'Calls', 'Log']) {
    await go(page, view);
    await page.getByText('<img src=x').first().waitFor();
  }
  assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  await sidecar.stop();
});

test('dashboard: the shown curl command makes the same call', async (t) => {
  const { sidecar, page } = await dashboard(t);
  await tool(page, 'add');
  await page.getByRole('spinbutton', { name: 'a' }).fill('20');
  await page.getByRole('spinbutton', { name: 'b' }).fill('22');
  await page.getByText('As curl').click();
  const curl = await page.getByRole('group', { name: 'The same call with curl' }).textContent();
  assert.ok(!curl.includes(key));
  const { stdout } = await run('sh', ['-c', curl.replace('YOUR_KEY', key).replace('curl', 'curl -s')]);
  assert.equal(textOf(JSON.parse(stdout).result), '42');
  await sidecar.stop();
});

test('dashboard: resources are read, templates filled in, prompts completed and requested', async (t) => {
  const { sidecar, page } = await dashboard(t);
  await go(page, 'Resources');
  await choose(page, 'greeting');
  await page.getByText('test://greeting <img').waitFor();
  await choose(page, 'room');
  await page.getByLabel('number').fill('10');
  await page.locator('datalist option[value="102"]').waitFor({ state: 'attached' });
  await page.getByLabel('number').fill('102');
  await page.getByRole('button', { name: 'Read', exact: true }).click();
  await page.getByText('test://room/102 <img').waitFor();

  await go(page, 'Prompts');
  await choose(page, 'greet');
  await page.getByLabel('who').fill('An');
  await page.locator('datalist option[value="Anton"]').waitFor({ state: 'attached' });
  await page.getByLabel('who').fill('Anton');
  await page.getByRole('button', { name: 'Get' }).click();
  await page.getByText('Hello Anton, <img').waitFor();
  await sidecar.stop();
});

test('dashboard: snippets contain its own address, and never the key', async (t) => {
  const { sidecar, page } = await dashboard(t);
  await go(page, 'Connect');
  for (const client of ['Claude', 'VAPI', 'n8n', 'Cursor', 'curl']) {
    await page.getByRole('group', { name: 'Client', exact: true }).getByRole('button', { name: client }).click();
    const text = (await page.locator('pre').allTextContents()).join('\n');
    assert.ok(text.includes(sidecar.url), text);
    assert.ok(text.includes('YOUR_KEY'), text);
    assert.ok(!text.includes(key));
  }
  await sidecar.stop();
});

test('dashboard: snippets contain the public address if there is one', async (t) => {
  const { sidecar, page } = await dashboard(t, { env: { MCP_PUBLIC_URL: 'https://mcp.example.com/desk' } });
  await go(page, 'Connect');
  await page.getByText('https://mcp.example.com/desk/mcp').first().waitFor();
  await sidecar.stop();
});

for (const [how, options] of [['in light', {}], ['in dark', dark], ['on a phone', phone], ['on a phone in dark', { ...phone, ...dark }]]) {
  test(`dashboard: ${how} it is accessible, and nothing is wider than the screen`, async (t) => {
    const sidecar = await Sidecar.start(t, { command: hotel, env: { MCP_API_KEYS: `admin:${key}` } });
    const page = await open(t, `${sidecar.url}/`, options);
    await page.getByLabel('Key').waitFor();
    assert.deepEqual(await barriers(page), []);
    await logIn(page);
    await page.getByText('ready', { exact: true }).first().waitFor();
    await tool(page, 'book');
    await page.getByLabel('room').waitFor();
    assert.deepEqual(await barriers(page), []);
    for (const view of views) {
      await go(page, view);
      await page.getByRole('link', { name: view }).and(page.locator('[aria-current="page"]')).waitFor();
      assert.deepEqual(await barriers(page), [], view);
      const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(wide <= screen, `${view}: ${wide} wide on a screen of ${screen}`);
    }
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const bright = ground.match(/\d+/g).reduce((sum, part) => sum + Number(part), 0) > 384;
    assert.equal(bright, options.colorScheme !== 'dark', ground);
    await sidecar.stop();
  });
}

test('dashboard: it can be used with the keyboard only', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hotel, env: { MCP_API_KEYS: `admin:${key}` } });
  const page = await open(t, `${sidecar.url}/`);
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  const tabTo = async (text) => {
    for (let pressed = 0; pressed < 60; pressed += 1) {
      await page.keyboard.press('Tab');
      if ((await focused()).startsWith(text)) return;
    }
    assert.fail(`Tab does not reach ${text}`);
  };
  await page.getByLabel('Key').focus();
  await page.keyboard.type(key);
  await page.keyboard.press('Enter');
  await page.getByText('ready', { exact: true }).first().waitFor();
  await tabTo('Skip to the content');
  await tabTo('Tools');
  await page.keyboard.press('Enter');
  await page.getByRole('link').filter({ hasText: 'picture' }).waitFor();
  await tabTo('picture');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'picture' }).waitFor();
  await tabTo('Call');
  await page.keyboard.press('Enter');
  await result(page).getByRole('img').waitFor();
  await sidecar.stop();
});

test('dashboard: the first load is below 300 KB', async (t) => {
  const sidecar = await Sidecar.start(t, { command: hotel });
  const page = await open(t, `${sidecar.url}/`);
  await page.getByRole('heading', { name: 'Wrapped server' }).waitFor();
  const loaded = await page.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .filter(({ name }) => !name.endsWith('/dashboard/events'))
      .map(({ name, encodedBodySize, responseEnd }) => ({ name, encodedBodySize, responseEnd })),
  );
  const bytes = loaded.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
  assert.ok(loaded.length >= 3 && bytes > 10_000, JSON.stringify(loaded));
  assert.ok(bytes < 300_000, JSON.stringify(loaded));
  t.diagnostic(`first load: ${loaded.length} answers, ${bytes} bytes, the last after ${Math.round(Math.max(...loaded.map(({ responseEnd }) => responseEnd)))} ms`);
  await sidecar.stop();
});
