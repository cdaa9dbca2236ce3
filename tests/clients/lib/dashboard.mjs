// Steps through the dashboard that several tests share.
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { open } from './browser.mjs';
import { Sidecar } from './sidecar.mjs';

export const hotel = [process.execPath, join(dirname(fileURLToPath(import.meta.url)), '../servers/dashboard.mjs')];
export const key = 'a-key-for-the-dashboard';
export const withKey = { authorization: `Bearer ${key}` };

export async function logIn(page, typed = key) {
  await page.getByLabel('Key').fill(typed);
  await page.getByRole('button', { name: 'Log in' }).click();
}

// A sidecar in front of the test's server, and a logged-in page.
export async function dashboard(t, { env = {}, flags, port, ...options } = {}) {
  const sidecar = await Sidecar.start(t, { command: hotel, env: { MCP_API_KEYS: `admin:${key}`, ...env }, flags, port });
  const page = await open(t, `${sidecar.url}/`, options);
  await logIn(page);
  await page.getByText('ready', { exact: true }).first().waitFor();
  return { sidecar, page };
}

export const views = ['Overview', 'Sessions', 'Calls', 'Log', 'Tools', 'Resources', 'Prompts', 'Connect'];

export async function go(page, view) {
  await page.getByRole('navigation').getByRole('link', { name: view }).click();
}

export async function choose(page, name) {
  await page.getByRole('link').filter({ has: page.locator('strong').getByText(name, { exact: true }) }).click();
}

// Opens a tool under Tools.
export async function tool(page, name) {
  await go(page, 'Tools');
  await choose(page, name);
}

export const call = (page) => page.getByRole('button', { name: 'Call', exact: true }).click();
export const result = (page) => page.getByRole('region', { name: 'Result' });
