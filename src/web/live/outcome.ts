// Outcomes of calls by the program's names. A cancelled call is neither a success nor a failure.
import type { Tone } from '../ui/parts';

type Counts = Record<string, number>;

const OK = 'ok';
const CANCELLED = 'cancelled';

export const total = (counts: Counts): number => Object.values(counts).reduce((sum, one) => sum + one, 0);
export const answered = (counts: Counts): number => counts[OK] ?? 0;
export const failed = (counts: Counts): number => total(counts) - answered(counts) - (counts[CANCELLED] ?? 0);

export const isFailure = (outcome: string): boolean => outcome !== OK && outcome !== CANCELLED;
export const toneOf = (outcome: string): Tone => (outcome === OK ? 'good' : isFailure(outcome) ? 'bad' : 'plain');
