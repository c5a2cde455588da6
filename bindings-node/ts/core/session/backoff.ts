/** How long to wait before the next attempt, in integers so that every implementation agrees. */

import type { Config } from '../config';

/** Gives one whole number below 2^32 at each call: one draw per decision. */
export type Rng = () => number;

/** mulberry32: 32 bits of state. Spelled out in spec/SESSION.md with test values. */
export function seeded(seed: number): Rng {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** The given values, the last of which repeats. For vectors. */
export function given(values: readonly number[]): Rng {
  let next = 0;
  return () => values[Math.min(next++, values.length - 1)] ?? 0;
}

/** A whole number from 0 to `max`, both included. Exact: no `max` is above 2^21, so the product is below 2^53. */
export function upTo(rng: Rng, max: number): number {
  return Math.floor((rng() * (max + 1)) / 2 ** 32);
}

/** The delay before retry `k`, from 1. After a link that was stable the first one is spread over the whole interval. */
export function delay(config: Config, k: number, afterStable: boolean, rng: Rng): number {
  const base = baseDelay(config, k);
  if (k <= 1 && afterStable) {
    return upTo(rng, base);
  }
  const low = Math.floor((base * 7) / 10);
  const high = Math.min(Math.floor((base * 13) / 10), config.maxReconnectBackoff);
  return low + upTo(rng, high - low);
}

/** A delay that the server asked for, plus up to a fifth so that not all come at once; 5 minutes at most. */
export function askedDelay(askedMs: number, rng: Rng): number {
  const base = Math.min(askedMs, 250_000);
  return base + upTo(rng, Math.floor(base / 5));
}

/** The delay after the `n`th slow refusal in a row (from 1) where the server names none. */
export function slowDelay(n: number, rng: Rng): number {
  return askedDelay([5000, 15_000, 30_000][n - 1] ?? 60_000, rng);
}

/** The undisturbed delay before retry `k`: d(1) = min(max, interval), d(k+1) = min(max, d(k) * multiplier). */
function baseDelay(config: Config, k: number): number {
  const max = config.maxReconnectBackoff;
  const thousandths = Math.round(config.reconnectBackoffMultiplier * 1000);
  let base = Math.min(config.reconnectInterval, max);
  for (let n = 1, last = -1; n < k && base !== last; n++) {
    last = base;
    base = Math.min(Math.floor((base * thousandths) / 1000), max);
  }
  return base;
}
