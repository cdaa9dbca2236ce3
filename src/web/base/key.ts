// The page's credential: the key that was typed in, in memory only; or, if no key is needed, the
// start token.
import { signal } from '@preact/signals';

let key = '';

export const setKey = (value: string): void => {
  key = value;
};

export const authorization = (): Record<string, string> => (key ? { Authorization: `Bearer ${key}` } : {});
export const currentKey = (): string => key;

// The log shows an address with the start token in its fragment, which is never part of a request.
// The token is removed from the address bar and kept for this tab, so that it survives a reload.
const kept = `mcp-sidecar start token ${new URL('.', document.baseURI).pathname}`;

function stored(): string {
  try {
    return sessionStorage.getItem(kept) ?? '';
  } catch {
    return ''; // session storage is disabled
  }
}

function store(token: string): void {
  try {
    if (token) sessionStorage.setItem(kept, token);
    else sessionStorage.removeItem(kept);
  } catch {
    // The token stays in memory.
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
