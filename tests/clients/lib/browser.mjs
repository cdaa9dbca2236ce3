// Debian's Chromium, and checked pages: no errors, no violation of their policy, no request to
// another host.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';

import { chromium } from 'playwright-core';

import { GUARD_MS } from './guard.mjs';
import { nodeModules } from './sidecar.mjs';

const axe = readFileSync(join(nodeModules, 'axe-core/axe.min.js'), 'utf8');

let browser;
after(async () => (await browser)?.close());

function launched() {
  // In containers the tests run as root, where Chromium's sandbox does not work.
  const executablePath = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  return (browser ??= chromium.launch({ executablePath, args: ['--no-sandbox'] }));
}

export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
export const dark = { colorScheme: 'dark' };

// A page at `url` in its own context. At the end of the test it must have had no errors except
// those that match `expected`.
export async function open(t, url, { expected = [], ...options } = {}) {
  // Tests stop the sidecar before the page is closed, which may request it once more.
  const allowed = [/net::ERR_(CONNECTION_|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)/, ...expected];
  const context = await (await launched()).newContext({ viewport: { width: 1360, height: 860 }, ...options });
  context.setDefaultTimeout(GUARD_MS);
  const page = await context.newPage();
  const complaints = [];
  const complain = (text) => allowed.some((pattern) => pattern.test(text)) || complaints.push(text);
  page.on('pageerror', (error) => complain(`error: ${error.stack}`));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complain(`console: ${message.text()} ${message.location().url}`));
  const { host } = new URL(url);
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (!['data:', 'blob:'].includes(asked.protocol) && asked.host !== host) complain(`another host: ${request.url()}`);
  });
  await page.goto(url);
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  return page;
}

// Findings of axe that are serious or critical, as text. Injected through the debugger, to which
// the policy does not apply.
export async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary}`));
}
