// The states of a wrapped server, in words and tones.
import type { Child } from '../live/types';
import type { Tone } from '../ui/parts';

export interface State {
  label: string;
  tone: Tone;
}

const states: Record<string, State> = {
  ready: { label: 'ready', tone: 'good' },
  starting: { label: 'starting', tone: 'warn' },
  backing_off: { label: 'waiting to restart', tone: 'bad' },
  stopping: { label: 'stopping', tone: 'warn' },
  stopped: { label: 'stopped', tone: 'bad' },
};

// A ready child that takes no calls has a problem.
export function stateOf(child: Child): State {
  if (child.state === 'ready' && child.problem) return { label: 'not answering', tone: 'bad' };
  return states[child.state] ?? { label: child.state, tone: 'plain' };
}

// The worst state of the shared children; dedicated ones concern one session only.
export function overall(children: Child[]): State | null {
  const shared = children.filter((child) => !child.own);
  const states = (shared.length > 0 ? shared : children).map(stateOf);
  return states.find(({ tone }) => tone === 'bad') ?? states.find(({ tone }) => tone === 'warn') ?? states[0] ?? null;
}
