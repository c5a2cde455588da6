/** What calls are answered with. */

import type { DropReason, Level, LostReason, State } from './words';

/** How a task ended. */
export interface Outcome {
  readonly taskId: string;
  readonly kind: 'complete' | 'error' | 'lost';
  /** What came with the end; `null` where nothing did. */
  // biome-ignore lint/suspicious/noExplicitAny: it is any JSON
  readonly data: any;
  /** Of an error, or empty. */
  readonly message: string;
  /** Of an error, or empty. */
  readonly code: string;
  /** Why it was lost. */
  readonly reason: LostReason | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
  /** Made from the task's status because its own last message did not come. */
  readonly synthetic: boolean;
}

/** What became of a message: its one final state. */
export type Receipt =
  /**
   * It was written, and the server has shown life since, or, where it need not (heartbeats are off, or a browser's
   * server answers none), the link lasted for `heartbeatInterval` more.
   * `ackUnsupported`: the server acknowledges nothing.
   */
  | { readonly state: 'written'; readonly ackUnsupported?: boolean | undefined }
  /** The server has it. */
  | { readonly state: 'acked' }
  /** The server refused it. */
  | { readonly state: 'rejected'; readonly message: string }
  /** It was never written. */
  | { readonly state: 'dropped'; readonly reason: DropReason }
  /** It was written, and the link was lost before it was known to have arrived. */
  | { readonly state: 'unknown' };

/** A message to send. */
export interface OutgoingMessage {
  /** A type of the protocol, or one of your own. */
  readonly type: string;
  readonly taskId: string;
  /** Milliseconds since the Unix epoch; absent = now. */
  readonly timestamp?: number | undefined;
  /** Any JSON; of the protocol's types, what the protocol says. */
  readonly data?: unknown;
}

export interface SendOptions {
  /** Ask the server to acknowledge it, and send it again on each new link until it does. Default false. */
  readonly ack?: boolean | undefined;
}

/** What a worker may say beside a number or a text. */
export interface ProgressWords {
  readonly stage?: string | undefined;
  readonly message?: string | undefined;
}

export interface LogWords {
  /** Default `info`. */
  readonly level?: Level | undefined;
  readonly metadata?: { readonly [field: string]: unknown } | undefined;
}

export interface FailWords {
  /** A code of your own. */
  readonly code?: string | undefined;
  /** Further fields of the error's data. */
  readonly data?: { readonly [field: string]: unknown } | undefined;
}

export interface Abortable {
  /** Ends the waiting: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | null | undefined;
}

/** Cursors by task, to be given to a later client. */
export interface Cursors {
  readonly [taskId: string]: { readonly epoch: string; readonly seq: number };
}

/** What a client counts, by the names that every language uses. */
export interface Stats {
  readonly state: State;
  readonly generation: number;
  readonly attempts: number;
  readonly connects: number;
  readonly failures: number;
  readonly framesIn: number;
  readonly bytesIn: number;
  readonly framesOut: number;
  readonly bytesOut: number;
  readonly tasks: number;
  readonly openTasks: number;
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  readonly inFlight: number;
  readonly rttMs: number | null;
  readonly lastErrors: readonly { readonly code: string; readonly message: string }[];
  readonly inbox: {
    readonly pendingEvents: number;
    readonly pendingBytes: number;
    /** How long the oldest event has been waiting, in milliseconds. */
    readonly oldestMs: number;
    readonly conflated: number;
    readonly dropped: number;
    readonly unwanted: number;
    readonly paused: boolean;
  };
  readonly callbacks: {
    readonly delivered: number;
    readonly failures: number;
    readonly lastFailures: readonly string[];
    readonly batchMs: number;
    readonly slowestBatchMs: number;
    readonly listeners: number;
    readonly follows: number;
    readonly waiting: number;
  };
  readonly [more: string]: unknown;
}
