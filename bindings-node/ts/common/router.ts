/** Hands events and answers to those who want them. One per client; the platform's pump feeds it. */

import type { SteadywireError } from '../errors';
import type { ErrorEvent, Event, EventName, Logger, TaskEvent } from '../types';
import type { Emitter } from './emitter';
import type { Engine, Item, Settlement } from './engine';
import { eventOf, isOutcome } from './events';
import type { Follow } from './follow';
import { textOf } from './thrown';

/** How many of the latest failures of listeners are remembered; older ones are forgotten. */
export const MAX_FAILURES = 8;

/** How long the text of a remembered failure may be, in characters; the rest is cut off. */
const MAX_FAILURE_CHARS = 512;

/** Who waits for an answer. */
interface Waiter {
  readonly settle: (settlement: Settlement) => void;
  readonly fail: (error: SteadywireError) => void;
  /** Everything is stored until it is answered: a listener that is added right after misses nothing. */
  readonly keepsAll: boolean;
}

/** Routes what comes to listeners, follows and waiting promises. */
export class Router {
  private last = 0;
  /** Bounded by the session's own bounds of waiting calls and leases. */
  private readonly waiters = new Map<number, Waiter>();
  private readonly follows = new Map<string, Map<number, Follow>>();
  private readonly taskOf = new Map<number, string>();
  private keepers = 0;
  private wanted = '';
  private delivered = 0;
  private failures = 0;
  private readonly lastFailures: string[] = [];
  private batchMs = 0;
  private slowestBatchMs = 0;

  constructor(
    private readonly emitter: Emitter,
    private readonly engine: () => Engine,
    private readonly logger: Logger,
    /** Tells the platform of an exception that nobody handles. */
    private readonly surface: (thrown: unknown) => void,
  ) {}

  /** A number for a call or a lease. */
  number(): number {
    return ++this.last;
  }

  /** Notes who waits for the answer to a ticket. */
  expect(ticket: number, settle: Waiter['settle'], fail: Waiter['fail'], keepsAll = false): void {
    this.waiters.set(ticket, { settle, fail, keepsAll });
    this.keepers += keepsAll ? 1 : 0;
    if (keepsAll) {
      this.wantNow();
    }
  }

  /** Nobody waits for it any more. */
  forget(ticket: number): void {
    const waiter = this.waiters.get(ticket);
    this.waiters.delete(ticket);
    // What is wanted is looked at before the next batch.
    this.keepers -= waiter?.keepsAll ? 1 : 0;
  }

  /** Adds a follow under its lease. */
  follow(lease: number, follow: Follow): void {
    const { taskId } = follow;
    const ofTask = this.follows.get(taskId) ?? new Map<number, Follow>();
    this.follows.set(taskId, ofTask.set(lease, follow));
    this.taskOf.set(lease, taskId);
    this.wantNow();
  }

  /** Takes a follow off. Says whether it was on. */
  unfollow(lease: number): boolean {
    const task = this.taskOf.get(lease);
    if (task === undefined) {
      return false;
    }
    this.taskOf.delete(lease);
    const ofTask = this.follows.get(task);
    ofTask?.delete(lease);
    if (ofTask?.size === 0) {
      this.follows.delete(task);
    }
    this.wantNow();
    return true;
  }

  /** Tells the engine what is wanted now. To be called before each batch too. */
  wantNow(): void {
    const all = this.keepers > 0 || this.follows.size > 0;
    const kinds = all ? 'all' : this.emitter.listenedTo();
    const wanted = String(kinds);
    if (wanted !== this.wanted) {
      this.wanted = wanted;
      this.engine().want(kinds);
    }
  }

  /**
   * Delivers one item. Says whether it settled a promise: then the platform goes on in a new macrotask, so that what is
   * added after an `await` misses nothing.
   */
  deliver(item: Item): boolean {
    if ('settlement' in item) {
      return this.settle(item.ticket, item.settlement);
    }
    const routed = this.route(item);
    const heard =
      item.type === 'stateChange' ? this.emitter.emit(item.type, item.state, item) : this.emitter.emit(item.type, item);
    if (heard || routed) {
      this.delivered++;
    } else {
      this.unheard(item);
    }
    return false;
  }

  /** Whether anybody listens, follows or waits. */
  isAwaited(): boolean {
    return this.waiters.size > 0 || this.taskOf.size > 0 || this.emitter.listenedTo().length > 0;
  }

  /** A batch took so many milliseconds. */
  batchTook(ms: number): void {
    this.batchMs = Math.round(ms);
    this.slowestBatchMs = Math.max(this.slowestBatchMs, this.batchMs);
  }

  /** A listener threw. */
  listenerThrew(name: EventName, thrown: unknown): void {
    const message = `a listener for ${name} threw: ${textOf(thrown)}`;
    this.failures++;
    if (this.lastFailures.push(message.slice(0, MAX_FAILURE_CHARS)) > MAX_FAILURES) {
      this.lastFailures.shift();
    }
    if (name === 'error') {
      this.log('error', message, thrown);
      return;
    }
    const event: ErrorEvent = {
      type: 'error',
      source: 'callback',
      code: 'callback_failed',
      message,
      taskId: undefined,
      data: undefined,
      fatal: false,
      timestamp: Date.now(),
      synthetic: false,
      cause: thrown,
    };
    if (!this.emitter.emit('error', event)) {
      this.surface(thrown);
    }
  }

  /** Answers everybody who still waits: nothing will come any more. */
  end(error: SteadywireError): void {
    const waiters = [...this.waiters.values()];
    this.waiters.clear();
    this.keepers = 0;
    for (const waiter of waiters) {
      waiter.fail(error);
    }
    for (const ofTask of [...this.follows.values()]) {
      for (const follow of [...ofTask.values()]) {
        follow.finish({ type: 'lost', taskId: follow.taskId, reason: 'closed' });
      }
    }
  }

  /** What it counts, for statistics. */
  counts(): Record<string, unknown> {
    const { delivered, failures, batchMs, slowestBatchMs } = this;
    const listeners = this.emitter
      .listenedTo()
      .map((name) => this.emitter.listenerCount(name))
      .reduce((sum, count) => sum + count, 0);
    return {
      delivered,
      failures,
      batchMs,
      slowestBatchMs,
      lastFailures: this.lastFailures.slice(),
      listeners,
      follows: this.taskOf.size,
      waiting: this.waiters.size,
    };
  }

  private settle(ticket: number, settlement: Settlement): boolean {
    if (settlement.type === 'outcome') {
      const task = this.taskOf.get(ticket);
      const follow = task === undefined ? undefined : this.follows.get(task)?.get(ticket);
      if (follow) {
        this.unfollow(ticket);
        follow.finish(eventOf(settlement.outcome));
        return true;
      }
    }
    const waiter = this.waiters.get(ticket);
    this.forget(ticket);
    waiter?.settle(settlement);
    return waiter !== undefined;
  }

  private route(event: Event): boolean {
    const { taskId } = event as { taskId?: string | undefined };
    const follows = taskId === undefined || this.follows.size === 0 ? undefined : this.follows.get(taskId);
    if (!follows || isOutcome(event)) {
      return false;
    }
    for (const follow of follows.values()) {
      follow.push(event as TaskEvent);
    }
    return true;
  }

  private unheard(event: Event): void {
    if (event.type === 'error' && event.source !== 'task') {
      const text = `${event.message} (${event.code}; nobody listens to errors)`;
      this.log(event.fatal ? 'error' : 'warn', text);
    } else if (event.type === 'stateChange') {
      this.log('debug', `${event.previous} -> ${event.state}: ${event.reason}`);
    }
  }

  /** A logger that throws stops nothing. */
  private log(level: keyof Logger, ...text: [string, ...unknown[]]): void {
    try {
      this.logger[level]?.(...text);
    } catch (thrown) {
      this.surface(thrown);
    }
  }
}
