/** The events of one task as a sequence that ends with its outcome. */

import type { TaskEvent } from '../types';
import { ASYNC_DISPOSE } from './dispose';
import { weightOf } from './events';

/** How many events wait for the reader of a follow. */
export const FOLLOW_MAX_EVENTS = 10_000;

/** How many bytes of events wait for the reader of a follow; one event alone may exceed it. */
export const FOLLOW_MAX_BYTES = 16 << 20;

/** So many places of taken-out events may stand before and between waiting ones before they are closed up. */
const GAPS_MIN = 64;

interface Waiting {
  readonly event: TaskEvent;
  readonly weight: number;
}

type Result = IteratorResult<TaskEvent, undefined>;

interface Reader {
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The events of one task, its outcome last: `for await (const event of client.follow(id))`. Leaving the loop gives the
 * task up, as the end of a block with `await using` does.
 *
 * It has a bounded queue of its own, so one that nobody reads stalls nobody: above half of a bound the latest progress
 * replaces the one that waits, at the bound the oldest log lines go, and an `overflow` event says how many. The outcome
 * always arrives.
 */
export class Follow implements AsyncIterableIterator<TaskEvent, undefined> {
  private entries: (Waiting | undefined)[] = [];
  private head = 0;
  private live = 0;
  private bytes = 0;
  /** The latest progress that waits. */
  private progress: Waiting | undefined;
  private overflowed = 0;
  private last: TaskEvent | undefined;
  private finished = false;
  private failure: { readonly reason: unknown } | undefined;
  private readers: Reader[] = [];

  /** `leave` gives the task up, or lets go of one that has ended. It may be called more than once. */
  constructor(
    readonly taskId: string,
    private readonly leave: () => void,
  ) {}

  /** The next event; done after the outcome. Calls that overlap are answered in order. */
  next(): Promise<Result> {
    if (this.failure) {
      const { reason } = this.failure;
      this.failure = undefined;
      return Promise.reject(reason);
    }
    const result = this.take();
    return result ? Promise.resolve(result) : new Promise((resolve, reject) => this.readers.push({ resolve, reject }));
  }

  /** Gives the task up; what waits is forgotten. */
  return(): Promise<Result> {
    this.stop();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Gives the task up, as leaving the loop does. */
  [ASYNC_DISPOSE](): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @internal */
  push(event: TaskEvent): void {
    if (this.finished) {
      return;
    }
    if (this.readers.length > 0) {
      this.readers.shift()?.resolve({ value: event, done: false });
      return;
    }
    this.store({ event, weight: weightOf(event) });
  }

  /** @internal The last event. Later ones are ignored. */
  finish(outcome: TaskEvent): void {
    if (!this.finished) {
      this.finished = true;
      this.last = outcome;
      this.answer();
    }
  }

  /** @internal Ends it here: what waits is forgotten, the next read fails with the reason if there is one. */
  stop(failure?: { readonly reason: unknown }): void {
    const hasMore = !this.finished || this.last !== undefined;
    this.finished = true;
    this.entries = [];
    this.head = this.live = this.bytes = this.overflowed = 0;
    this.progress = this.last = undefined;
    const reader = failure && this.readers.shift();
    if (reader) {
      reader.reject(failure.reason);
    } else if (hasMore) {
      this.failure = failure;
    }
    this.answer();
    this.leave();
  }

  private store(entry: Waiting): void {
    const lags = this.live > FOLLOW_MAX_EVENTS / 2 || this.bytes > FOLLOW_MAX_BYTES / 2;
    if (entry.event.type === 'progress') {
      if (lags && this.progress) {
        this.remove(this.entries.lastIndexOf(this.progress));
      }
      this.progress = entry;
    }
    this.entries.push(entry);
    this.live++;
    this.bytes += entry.weight;
    while (this.live > FOLLOW_MAX_EVENTS || (this.bytes > FOLLOW_MAX_BYTES && this.live > 1)) {
      // Without log lines the oldest of the rest goes: a reader who lets as many others wait does not read.
      const droppable = this.entries.findIndex((waiting, at) => at >= this.head && isDroppable(waiting));
      this.remove(droppable >= 0 ? droppable : this.entries.findIndex((waiting) => waiting !== undefined));
      this.overflowed++;
    }
    this.closeGaps();
  }

  private take(): Result | undefined {
    if (this.overflowed > 0) {
      const count = this.overflowed;
      this.overflowed = 0;
      return { value: { type: 'overflow', count }, done: false };
    }
    while (this.head < this.entries.length) {
      const entry = this.entries[this.head];
      this.remove(this.head++);
      if (entry) {
        this.closeGaps();
        return { value: entry.event, done: false };
      }
    }
    if (this.last) {
      const value = this.last;
      this.last = undefined;
      this.leave();
      return { value, done: false };
    }
    return this.finished ? { value: undefined, done: true } : undefined;
  }

  private answer(): void {
    while (this.readers.length > 0) {
      const result = this.take();
      if (!result) {
        return;
      }
      this.readers.shift()?.resolve(result);
    }
  }

  private remove(at: number): void {
    const entry = this.entries[at];
    if (entry) {
      this.entries[at] = undefined;
      this.live--;
      this.bytes -= entry.weight;
      if (this.progress === entry) {
        this.progress = undefined;
      }
    }
  }

  private closeGaps(): void {
    if (this.entries.length > 2 * this.live + GAPS_MIN) {
      this.entries = this.entries.filter((entry) => entry !== undefined);
      this.head = 0;
    }
  }
}

function isDroppable(waiting: Waiting | undefined): boolean {
  const type = waiting?.event.type;
  return type === 'log' || type === 'message' || type === 'heartbeat';
}
