// The states of a wrapped server, in words and tones.
import type { Child } from '../live/types';
import type { Tone } from '../ui/parts';

export interface State {
  label: string;
  tone: Tone;
}

const tones: Record<string, Tone> = { ready: 'good', running: 'good', starting: 'warn', restarting: 'warn', failing: 'bad', stopped: 'bad' };

export const stateOf = (child: Child): State => ({ label: child.state, tone: tones[child.state] ?? 'plain' });

// The worst of those that are shared: sessions with a server of their own speak for themselves.
export function overall(children: Child[]): State | null {
  const shared = children.filter((child) => !child.own);
  const states = (shared.length > 0 ? shared : children).map(stateOf);
  return states.find(({ tone }) => tone === 'bad') ?? states.find(({ tone }) => tone === 'warn') ?? states[0] ?? null;
}
