// A list of the server, read again when the server reports a change.
import type { Client } from '@modelcontextprotocol/client';
import { useEffect, useState } from 'preact/hooks';

import { inWords } from '../base/api';
import { onListChanged, use } from './client';

export interface List<T> {
  items: T[] | null; // null until the first answer
  problem: string;
  reload: () => void;
}

// `load` has to be the same function each time.
export function useList<T>(load: (client: Client) => Promise<T[]>): List<T> {
  const [state, setState] = useState<{ items: T[] | null; problem: string }>({ items: null, problem: '' });
  const [wish, setWish] = useState(0);
  const reload = (): void => setWish((before) => before + 1);
  useEffect(() => {
    let wanted = true;
    use(load).then(
      (items) => wanted && setState({ items, problem: '' }),
      (error: unknown) => wanted && setState((before) => ({ ...before, problem: inWords(error) })),
    );
    return () => void (wanted = false);
  }, [load, wish]);
  useEffect(() => onListChanged(reload), []);
  return { ...state, reload };
}
