// What this page shows of itself: the key that was typed in, in memory only; or, where no key is needed, the start token.
import { signal } from '@preact/signals';

let key = '';

export const setKey = (value: string): void => {
  key = value;
};

export const authorization = (): Record<string, string> => (key ? { Authorization: `Bearer ${key}` } : {});
export const currentKey = (): string => key;

// The start token comes in the fragment of the address that the log shows, which is no part of a request. It is taken out
// of the address bar and kept for this tab, so that a reload of the page still has it.
const kept = `mcp-sidecar start token ${new URL('.', document.baseURI).pathname}`;

function stored(): string {
  try {
    return sessionStorage.getItem(kept) ?? '';
  } catch {
    return ''; // a browser that keeps nothing for pages
  }
}

function store(token: string): void {
  try {
    if (token) sessionStorage.setItem(kept, token);
    else sessionStorage.removeItem(kept);
  } catch {
    // It stays in memory.
  }
}

export const startToken = signal(stored());

export function takeStartToken(): void {
  const found = /^#token=(.*)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, '', location.pathname + location.search);
  store(found[1]!);
  startToken.value = found[1]!;
}

export function dropStartToken(): void {
  store('');
  startToken.value = '';
}
