/** The only file that reads clocks or takes randomness. */

import type { Now } from '../core';

/** A jump of the wall clock against the monotonic one above this is taken for a sleep of the machine. */
export const SLEEP_JUMP_MS = 3000;

/** Reads both clocks. The monotonic one counts the time that the machine slept, which not every browser's does. */
export class Clock {
  private readonly start = ticks();
  private skew = 0;
  private lead = Date.now() - this.start;

  /** Both clocks, in whole milliseconds. */
  now(): Now {
    return { monoMs: this.mono(), wallMs: Date.now() };
  }

  /** The monotonic one. */
  mono(): number {
    return Math.floor(ticks() - this.start + this.skew);
  }

  /** How long the machine slept since the last look; 0 = it did not. */
  slept(): number {
    const lead = Date.now() - ticks();
    const jump = Math.floor(lead - this.lead);
    this.lead = lead;
    if (jump <= SLEEP_JUMP_MS) {
      return 0;
    }
    this.skew += jump;
    return jump;
  }
}

/** A seed for the jitter. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

/** 24 hex digits that make message ids unique. */
export function randomNonce(): string {
  let nonce = '';
  while (nonce.length < 24) {
    nonce += randomSeed().toString(16).padStart(8, '0');
  }
  return nonce;
}

function ticks(): number {
  return performance.now();
}
