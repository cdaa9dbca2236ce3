// Debian's Chromium, and pages in it that have to behave: no error, no breach of their policy, no other host.
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
  // The tests run as root in containers, where Chromium's own sandbox does not.
  const executablePath = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  return (browser ??= chromium.launch({ executablePath, args: ['--no-sandbox'] }));
}

export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
export const dark = { colorScheme: 'dark' };

// A page at `url`, in a context of its own. When the test ends it must have behaved; `expected` are patterns of what the
// test makes it complain about.
export async function open(t, url, { expected = [], ...options } = {}) {
  // Tests stop the sidecar before the page is closed, which may look for it once more.
  const allowed = [/net::ERR_(CONNECTION_|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)/, ...expected];
  const context = await (await launched()).newContext({ viewport: { width: 1360, height: 860 }, ...options });
  context.setDefaultTimeout(GUARD_MS);
  const page = await context.newPage();
  const complaints = [];
  const complain = (text) => allowed.some((pattern) => pattern.test(text)) || complaints.push(text);
  page.on('pageerror', (error) => complain(`error: ${error.stack}`));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complain(`console: ${message.text()}`));
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

// What axe finds that is serious or critical, in words. Injected through the debugger, which the policy does not bind.
export async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary}`));
}
