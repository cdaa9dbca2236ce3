// Five minutes of ticks as columns for the plots; rates and percentiles are computed from
// differences of counters.
import { quantile } from './histogram';
import { answered, failed } from './outcome';
import type { Tick } from './types';

const KEPT = 300; // ticks
const WINDOW = 10; // ticks in a percentile: one second has few calls on a quiet server

export interface Sample {
  time: number; // seconds since the epoch
  answered: number; // a second
  failed: number; // a second
  inFlight: number;
  queued: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export class History {
  #bounds: number[];
  #last?: { time: number; tick: Tick };
  #buckets: number[][] = [];
  #samples: Sample[] = [];

  constructor(bounds: number[]) {
    this.#bounds = bounds;
  }

  // The first tick is what the next ones are compared with.
  add(tick: Tick): Sample[] {
    const time = Date.parse(tick.time) / 1000;
    const last = this.#last;
    this.#last = { time, tick };
    if (!last || time <= last.time) return this.#samples;
    const elapsed = time - last.time;
    this.#buckets.push(tick.latency.map((now, index) => Math.max(0, now - (last.tick.latency[index] ?? 0))));
    if (this.#buckets.length > WINDOW) this.#buckets.shift();
    const recent = (this.#buckets[0] ?? []).map((_, index) => this.#buckets.reduce((sum, one) => sum + (one[index] ?? 0), 0));
    const perSecond = (of: (counts: Tick['calls']) => number): number => Math.max(0, of(tick.calls) - of(last.tick.calls)) / elapsed;
    this.#samples = [
      ...this.#samples.slice(1 - KEPT),
      {
        time,
        answered: perSecond(answered),
        failed: perSecond(failed),
        inFlight: tick.inFlight,
        queued: tick.queued,
        p50: quantile(0.5, this.#bounds, recent),
        p95: quantile(0.95, this.#bounds, recent),
        p99: quantile(0.99, this.#bounds, recent),
      },
    ];
    return this.#samples;
  }
}
