/** What a client needs of the session under it, in TypeScript or native. */

import type { SteadywireError } from '../errors';
import type { Cursors, Event, EventName, Level, Outcome, Receipt, State } from '../types';

/** A session with its driver. */
export interface Engine {
  /**
   * Passes a call on.
   *
   * @throws {SteadywireError} misuse; nothing has changed then.
   */
  call(call: Call): void;
  /** What is listened to has changed: exactly these kinds are wanted, or all. States, outcomes and answers always come. */
  want(kinds: readonly EventName[] | 'all'): void;
  state(): State;
  currentTask(): string | undefined;
  /** What it counts; the client adds `callbacks`. */
  stats(): Record<string, unknown>;
  cursors(): Cursors;
}

/** A call. Tickets and leases are numbers of the client; ticket 0 = nobody waits. */
export type Call =
  | { readonly type: 'connect'; readonly ticket: number; readonly task?: string | undefined }
  | { readonly type: 'reconnect' | 'disconnect' | 'flush'; readonly ticket: number }
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly task: string }
  | { readonly type: 'lease'; readonly lease: number; readonly task: string; readonly kind: LeaseKind }
  | { readonly type: 'unlease'; readonly lease: number }
  | { readonly type: 'send'; readonly ticket: number; readonly message: Draft }
  | { readonly type: 'close' };

/** What wants a task. */
export type LeaseKind = 'follow' | 'wait' | 'track' | 'report';

/** A message to send. `data` and `metadata` are JSON as text. */
export interface Draft {
  readonly type: string;
  readonly taskId: string;
  readonly timestamp?: number | undefined;
  readonly ack?: boolean | undefined;
  /** Of `progress`. */
  readonly stage?: string | undefined;
  readonly progress?: number | undefined;
  /** Of `progress`, `log` and `error`. */
  readonly message?: string | undefined;
  /** Of `log`. */
  readonly level?: Level | undefined;
  readonly metadata?: string | undefined;
  /** Of `error`. */
  readonly code?: string | undefined;
  readonly data?: string | undefined;
}

/** The answer to a call: of connect, of disconnect and flush, of send, and of a follow or wait. */
export type Settlement =
  | { readonly type: 'connected'; readonly error?: SteadywireError | undefined }
  | { readonly type: 'disconnected' | 'flushed' }
  | { readonly type: 'receipt'; readonly receipt: Receipt }
  | { readonly type: 'outcome'; readonly outcome: Outcome };

/** What an engine hands to a client, in order. */
export type Item = Event | { readonly ticket: number; readonly settlement: Settlement };
