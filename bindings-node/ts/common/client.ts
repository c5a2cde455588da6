/** What people hold: the same calls on every platform, over the platform's session. */

import { SteadywireError } from '../errors';
import type {
  Abortable,
  ConnectionState,
  Cursors,
  EventName,
  Logger,
  OutgoingMessage,
  Outcome,
  Receipt,
  SendOptions,
  Stats,
} from '../types';
import { ASYNC_DISPOSE } from './dispose';
import { Emitter } from './emitter';
import type { Call, Draft, Engine, LeaseKind, Settlement } from './engine';
import { Follow } from './follow';
import { draftOf } from './message';
import { Router } from './router';
import { Task } from './task';

/** What Node's `console.log` asks an object for. */
const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/**
 * A connection to one server that restores itself, and the tasks that are followed and reported over it. Every call may
 * be made in any state and inside listeners.
 */
export abstract class BaseClient extends Emitter {
  /** @internal */
  readonly router: Router;
  private closed = false;

  /** @internal */
  protected constructor(logger: Logger, surface: (thrown: unknown) => void) {
    super();
    this.router = new Router(this, () => this.engine, logger, surface);
  }

  /** @internal The session under this client. */
  protected abstract readonly engine: Engine;

  /**
   * Connects, and subscribes to a task if one is given. Settles once: the link is up, or rejected with what ended the
   * attempts (`attempts_exhausted`, `unauthorized`, `refused`, `disconnected`, ...). A signal ends the waiting alone.
   */
  connect(taskId?: string, options?: Abortable | null): Promise<void> {
    return this.ask('connected', (ticket) => this.call({ type: 'connect', ticket, task: taskId }), options);
  }

  /** Drops the link and dials now; without a link the same as `connect()`. */
  reconnect(options?: Abortable | null): Promise<void> {
    return this.ask('connected', (ticket) => this.call({ type: 'reconnect', ticket }), options);
  }

  /**
   * Writes what waits if the link is up (3 s at most), closes it and ends what is open; settles when all is told. After
   * that no listener is called. `connect()` works again.
   */
  disconnect(): Promise<void> {
    // Of a client that was closed there is nothing left to end.
    return this.closed
      ? Promise.resolve()
      : this.ask('disconnected', (ticket) => this.call({ type: 'disconnect', ticket }), undefined);
  }

  /** Settles when every message sent before has its receipt. */
  flush(options?: Abortable | null): Promise<void> {
    return this.ask('flushed', (ticket) => this.call({ type: 'flush', ticket }), options);
  }

  /**
   * Wants a task until `unsubscribe()`. Does not connect.
   *
   * @throws {SteadywireError} `invalid_argument` for an id that is empty or longer than 1024 bytes.
   */
  subscribe(taskId: string): void {
    this.call({ type: 'subscribe', task: taskId });
  }

  /** No longer wants a task on account of `subscribe()` or `connect()`. Follows and waits of it go on. */
  unsubscribe(taskId: string): void {
    this.call({ type: 'unsubscribe', task: taskId });
  }

  /**
   * Sends a message, now or as soon as there is a link. What became of it is the answer, which need not be waited for
   * and is never a rejection.
   *
   * @throws {SteadywireError} `invalid_argument` for a message that makes no sense, `queue_full` where there is no room.
   */
  send(message: OutgoingMessage, options?: SendOptions | null): Promise<Receipt> {
    return this.sendDraft(draftOf(message, options?.ack ?? false));
  }

  /**
   * The events of one task, its outcome last. Connects and subscribes, without limit of tries. Of the last 1,024
   * outcomes, one that is known already comes at once. A signal ends it: the iteration fails with the signal's reason.
   */
  follow(taskId: string, options?: Abortable | null): Follow {
    const signal = options?.signal;
    throwIfAborted(signal);
    const lease = this.router.number();
    const abort = () => follow.stop({ reason: signal?.reason });
    const follow = new Follow(taskId, () => {
      signal?.removeEventListener('abort', abort);
      if (this.router.unfollow(lease)) {
        this.unlease(lease);
      }
    });
    // The reader first: its events may come before the call returns.
    this.router.follow(lease, follow);
    try {
      this.call({ type: 'lease', lease, task: taskId, kind: 'follow' });
    } catch (error) {
      this.router.unfollow(lease);
      throw error;
    }
    signal?.addEventListener('abort', abort);
    return follow;
  }

  /** The outcome of a task: complete, error or lost, as a value. Connects as `follow()`; a signal gives the task up. */
  wait(taskId: string, options?: Abortable | null): Promise<Outcome> {
    let lease = 0;
    const take = (ticket: number) => {
      lease = ticket;
      this.call({ type: 'lease', lease, task: taskId, kind: 'wait' });
    };
    return this.ask('outcome', take, options, () => this.unlease(lease));
  }

  /**
   * @internal For hooks: wants a task until the returned function is called, and connects without limit of tries.
   *
   * @throws {SteadywireError} as `subscribe()`.
   */
  track(taskId: string): () => void {
    return this.lease(taskId, 'track');
  }

  /** Reports a task: connects, and keeps the link up until its end is reported. */
  report(taskId: string): Task {
    const leave = this.lease(taskId, 'report');
    return new Task(taskId, { send: (draft) => this.sendDraft(draft), leave });
  }

  /** The connection's state now. Events that tell of it may still be waiting. */
  getConnectionState(): ConnectionState {
    return this.engine.state();
  }

  /** The latest connected or subscribed task that is still wanted. */
  getCurrentTaskId(): string | undefined {
    return this.engine.currentTask();
  }

  /** What the client counts, by the names that every language uses. */
  stats(): Stats {
    return { ...this.engine.stats(), callbacks: this.router.counts() } as unknown as Stats;
  }

  /** The cursors of all tasks, for the option `cursors` of a later client. */
  cursors(): Cursors {
    return this.engine.cursors();
  }

  /** Ends the client at once: the link is cut, who waits is answered. Later calls throw `closed`. */
  close(): void {
    if (!this.closed) {
      this.call({ type: 'close' });
      this.closed = true;
      this.router.end(closedError());
      this.removeAllListeners();
    }
  }

  /** Disconnects, then closes. */
  async [ASYNC_DISPOSE](): Promise<void> {
    await this.disconnect();
    this.close();
  }

  /** @internal */
  get isClosed(): boolean {
    return this.closed;
  }

  /** @internal Shown without what is inside: credentials are. */
  [INSPECT](): string {
    return `${this.constructor.name} { state: '${this.closed ? 'closed' : this.getConnectionState()}' }`;
  }

  /** @internal */
  protected listenersChanged(): void {
    this.router.wantNow();
  }

  /** @internal */
  protected listenerThrew(name: EventName, thrown: unknown): void {
    this.router.listenerThrew(name, thrown);
  }

  private call(call: Call): void {
    if (this.closed) {
      throw closedError();
    }
    this.engine.call(call);
  }

  private lease(task: string, kind: LeaseKind): () => void {
    let lease = this.router.number();
    this.call({ type: 'lease', lease, task, kind });
    return () => {
      if (lease !== 0) {
        this.unlease(lease);
        lease = 0;
      }
    };
  }

  private unlease(lease: number): void {
    if (!this.closed) {
      this.call({ type: 'unlease', lease });
    }
  }

  private sendDraft(message: Draft): Promise<Receipt> {
    const ticket = this.router.number();
    const receipt = new Promise<Receipt>((resolve) => {
      const dropped: Receipt = { state: 'dropped', reason: 'closed' };
      this.router.expect(
        ticket,
        (settled) => resolve(answerOf(settled) as Receipt),
        () => resolve(dropped),
      );
    });
    try {
      this.call({ type: 'send', ticket, message });
    } catch (error) {
      this.router.forget(ticket);
      throw error;
    }
    return receipt;
  }

  /** Makes a call and gives its answer; misuse rejects too. `abandon` is called where the waiting is given up. */
  private ask<T>(
    kind: Settlement['type'],
    call: (ticket: number) => void,
    options: Abortable | null | undefined,
    abandon?: () => void,
  ): Promise<T> {
    const { router } = this;
    const signal = options?.signal;
    return new Promise<T>((resolve, reject) => {
      throwIfAborted(signal);
      const ticket = router.number();
      const done = () => signal?.removeEventListener('abort', abort);
      const abort = () => {
        done();
        router.forget(ticket);
        abandon?.();
        reject(signal?.reason);
      };
      const settle = (settlement: Settlement) => {
        done();
        if (settlement.type === 'connected' && settlement.error) {
          reject(settlement.error);
        } else {
          resolve(answerOf(settlement) as T);
        }
      };
      const fail = (error: SteadywireError) => {
        done();
        if (kind === 'disconnected') {
          resolve(undefined as T);
        } else {
          reject(error);
        }
      };
      router.expect(ticket, settle, fail, kind === 'connected');
      try {
        call(ticket);
      } catch (error) {
        router.forget(ticket);
        throw error;
      }
      signal?.addEventListener('abort', abort);
    });
  }
}

function answerOf(settlement: Settlement): unknown {
  return settlement.type === 'receipt'
    ? settlement.receipt
    : settlement.type === 'outcome'
      ? settlement.outcome
      : undefined;
}

function closedError(): SteadywireError {
  return new SteadywireError('closed', 'the client has been closed; make a new one');
}

function throwIfAborted(signal: AbortSignal | null | undefined): void {
  if (signal?.aborted) {
    throw signal.reason;
  }
}
