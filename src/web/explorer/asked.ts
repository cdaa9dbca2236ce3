// State of one repeatable request to the server: its latest result, and whether one is pending.
import type { Client } from '@modelcontextprotocol/client';
import { useRef, useState } from 'preact/hooks';

import { inWords } from '../base/api';
import { use } from './client';

export interface Asked<T> {
  answer: T | null;
  problem: string;
  busy: boolean;
  ask: (what: (client: Client) => Promise<T>) => void;
}

export function useAsked<T>(): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, 'ask'>>({ answer: null, problem: '', busy: false });
  const last = useRef(0);
  const ask = (what: (client: Client) => Promise<T>): void => {
    const mine = ++last.current;
    setState((before) => ({ ...before, busy: true }));
    use(what).then(
      (answer) => mine === last.current && setState({ answer, problem: '', busy: false }),
      (error: unknown) => mine === last.current && setState({ answer: null, problem: inWords(error), busy: false }),
    );
  };
  return { ...state, ask };
}
