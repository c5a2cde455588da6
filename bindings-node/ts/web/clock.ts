/** The only file that reads clocks or takes randomness. */

import type { Now } from '../core';

/** A jump of the wall clock against the monotonic one above this is taken for a sleep of the machine. */
export const SLEEP_JUMP_MS = 3000;

/** Reads both clocks. The monotonic one counts the time that the machine slept, which not every browser's does. */
export class Clock {
  private readonly start = ticks();
  private skew = 0;
  private lead = Date.now() - this.start;
  /** What both clocks said at the last `look()`, in whole milliseconds. Reading a clock of a browser is not for nothing. */
  seen: Now = { monoMs: 0, wallMs: 0 };

  /** The monotonic one, now. */
  mono(): number {
    return Math.floor(ticks() - this.start + this.skew);
  }

  /** Looks at both. Says how long the machine slept since the last look; 0 = it did not. */
  look(): number {
    const wallMs = Date.now();
    const at = ticks();
    const jump = Math.floor(wallMs - at - this.lead);
    const slept = jump > SLEEP_JUMP_MS ? jump : 0;
    this.lead = wallMs - at;
    this.skew += slept;
    this.seen = { monoMs: Math.floor(at - this.start + this.skew), wallMs };
    return slept;
  }
}

/** A seed for the jitter. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

/** 24 hex digits that make message ids unique, and that nobody can guess where the platform has such numbers. */
export function randomNonce(): string {
  const { crypto } = globalThis as { readonly crypto?: Crypto };
  const words = crypto ? [...crypto.getRandomValues(new Uint32Array(3))] : [0, 0, 0].map(randomSeed);
  return words.map((word) => word.toString(16).padStart(8, '0')).join('');
}

function ticks(): number {
  return performance.now();
}
