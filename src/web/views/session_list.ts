// Reads GET sessions while the view is shown: at once when their number changes, else every few
// seconds, because each request counts against the key's rate.
import { useEffect, useState } from 'preact/hooks';

import { getJson, inWords, Refused } from '../base/api';
import { tick } from '../live/state';
import type { Session } from '../live/types';

const SOON = 250; // ms
const LATER = 5000; // ms

export interface SessionList {
  sessions: Session[] | null;
  problem: string;
  refresh: () => void;
}

export function useSessions(): SessionList {
  const [state, setState] = useState<{ sessions: Session[] | null; problem: string }>({ sessions: null, problem: '' });
  const [wish, setWish] = useState(0);
  const number = tick.value?.sessions;
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const read = async (): Promise<void> => {
      let wait = LATER;
      try {
        const { sessions } = await getJson<{ sessions: Session[] }>('sessions', { signal: abort.signal });
        setState({ sessions, problem: '' });
        // A long list is read less often, because it costs the sidecar more.
        if (sessions.length > 200) wait *= 2;
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error instanceof Refused) wait = Math.max(wait, error.retryAfter * 1000);
        setState((before) => ({ ...before, problem: inWords(error) }));
      }
      timer = setTimeout(() => void read(), wait);
    };
    timer = setTimeout(() => void read(), state.sessions ? SOON : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [number, wish]);
  return { ...state, refresh: () => setWish((before) => before + 1) };
}
