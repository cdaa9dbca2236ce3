// State of the program, as received by the page.
import { signal } from '@preact/signals';

import type { Sample } from './history';
import type { Call, Hello, LogLine, Tick } from './types';

// starting: unknown whether a key is needed. login: the key is asked for. in: the key is valid.
export type Access = { step: 'starting' } | { step: 'login'; problem: string } | { step: 'in'; admin: boolean; why: string };

export const access = signal<Access>({ step: 'starting' });
// Empty without trouble; else the problem and the time of the next attempt.
export const trouble = signal('');
export const authEnabled = signal(false);

export const hello = signal<Hello | null>(null);
export const tick = signal<Tick | null>(null);
export const samples = signal<Sample[]>([]);

export interface Kept<T> {
  items: readonly (T & { number: number })[]; // oldest first; numbers are unique as long as the page lives
  leftOut: number;
}
export const calls = signal<Kept<Call>>({ items: [], leftOut: 0 });
export const log = signal<Kept<LogLine>>({ items: [], leftOut: 0 });

const LIMIT = 1000;
let number = 0;

export function keep<T>(kept: Kept<T>, added: T[], leftOut: number): Kept<T> {
  if (added.length === 0 && leftOut === 0) return kept;
  const items = [...kept.items, ...added.map((item) => ({ ...item, number: ++number }))].slice(-LIMIT);
  return { items, leftOut: kept.leftOut + leftOut };
}

export function forget(): void {
  hello.value = null;
  tick.value = null;
  samples.value = [];
  calls.value = { items: [], leftOut: 0 };
  log.value = { items: [], leftOut: 0 };
}
