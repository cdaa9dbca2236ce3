// Keeps GET dashboard/events open: finds out whether a key is needed and what it permits, and
// reconnects when the stream breaks.
import { getJson, inWords, Refused, request } from '../base/api';
import { dropStartToken, setKey, startToken } from '../base/key';
import { events } from '../base/sse';
import { History } from './history';
import { access, authEnabled, calls, forget, hello, keep, log, samples, tick, trouble } from './state';
import type { Hello, Tick } from './types';

const SILENCE = 15_000; // ms without a tick after which the stream is dead
const LONGEST_WAIT = 15; // seconds

let current: AbortController | null = null;

const sleep = (seconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

function take(name: string, data: string, history: { current: History }): void {
  if (name === 'hello') {
    const said = JSON.parse(data) as Hello;
    // Each stream begins with the kept calls and lines.
    forget();
    hello.value = said;
    history.current = new History(said.latencyBounds);
  } else if (name === 'tick') {
    const said = JSON.parse(data) as Tick;
    tick.value = said;
    samples.value = history.current.add(said);
    calls.value = keep(calls.value, said.recent, said.recentLeftOut);
    log.value = keep(log.value, said.log, said.logLeftOut);
  }
}

// Returns when the stream has ended. `heard` is called with every event.
async function listen(stop: AbortSignal, heard: () => void): Promise<void> {
  const attempt = new AbortController();
  const giveUp = (): void => attempt.abort();
  stop.addEventListener('abort', giveUp, { once: true });
  let timer = setTimeout(giveUp, SILENCE);
  try {
    const response = await request('dashboard/events', { signal: attempt.signal, headers: { Accept: 'text/event-stream' } });
    access.value = { step: 'in', admin: true, why: '' };
    const history = { current: new History([]) };
    for await (const event of events(response.body!)) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, SILENCE);
      trouble.value = '';
      heard();
      take(event.name, event.data, history);
    }
  } catch (error) {
    if (attempt.signal.aborted && !stop.aborted) throw new Error('The sidecar has fallen silent.');
    throw error;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', giveUp);
  }
}

async function stay(signal: AbortSignal): Promise<void> {
  let wait = 1;
  while (!signal.aborted) {
    let said = 'The connection to the sidecar was lost.';
    let asked = 0;
    try {
      await listen(signal, () => (wait = 1));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused) {
        // A token of an earlier start: the page goes on without it.
        if (error.status === 401 && !authEnabled.value && startToken.value) return dropStartToken();
        if (error.status === 401) return logOut(`This key is not accepted: ${error.message}.`);
        if (error.status === 403) {
          trouble.value = '';
          access.value = { step: 'in', admin: false, why: error.message };
          return;
        }
        asked = error.retryAfter;
      }
      said = inWords(error);
    }
    if (signal.aborted) return;
    const seconds = Math.max(wait, asked);
    trouble.value = `${said} Trying again in ${seconds} s.`;
    await sleep(seconds, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

function connect(): void {
  current?.abort();
  current = new AbortController();
  void stay(current.signal);
}

export async function begin(): Promise<void> {
  const never = new AbortController().signal;
  for (let wait = 1; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      authEnabled.value = (await getJson<{ authEnabled: boolean }>('health')).authEnabled;
      break;
    } catch (error) {
      trouble.value = `${inWords(error)} Trying again in ${wait} s.`;
      await sleep(wait, never);
    }
  }
  trouble.value = '';
  if (authEnabled.value) {
    dropStartToken();
    access.value = { step: 'login', problem: '' };
    return;
  }
  // At once, and again when an address with a newer token is opened in the same tab.
  startToken.subscribe((token) => {
    setKey(token);
    connect();
  });
}

export function logIn(key: string): void {
  setKey(key);
  connect();
}

export function logOut(problem = ''): void {
  current?.abort();
  setKey('');
  forget();
  trouble.value = '';
  access.value = authEnabled.value ? { step: 'login', problem } : { step: 'in', admin: false, why: problem };
}
