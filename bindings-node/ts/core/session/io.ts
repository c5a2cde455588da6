/** What goes into the session and what comes out of it. */

import type { ErrorKind } from '../error';
import type { Level } from '../protocol';
import type { Disposition } from './disposition';

/** The two clocks, read by the driver at one moment. */
export interface Now {
  /** Milliseconds of a clock that never goes back, from any start. */
  readonly monoMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/** The caller's number for a call that is answered later by a settlement. 0 = nobody waits. */
export type Ticket = number;

/** The caller's number for a lease. Never reused by one session. */
export type LeaseId = number;

/** Number of a transport. The first is 1. */
export type Generation = number;

/** What the platform under the session can do. */
export interface Platform {
  /** WebSocket pings can be sent and pongs are seen. */
  readonly pings: boolean;
  /** There is somebody to ask for credentials before every attempt. */
  readonly credentials: boolean;
  /** There is a classifier to ask what an end means. */
  readonly classify: boolean;
}

/** Something happened. */
export type Input =
  /** `connect(taskId?)`, which sets the task's flag; settles `connected`. */
  | { readonly type: 'connect'; readonly ticket: Ticket; readonly task?: string | undefined }
  /** `reconnect()`; settles `connected`. */
  | { readonly type: 'reconnect'; readonly ticket: Ticket }
  /** `disconnect()`; settles `disconnected`. */
  | { readonly type: 'disconnect'; readonly ticket: Ticket }
  | { readonly type: 'subscribe'; readonly task: string }
  | { readonly type: 'unsubscribe'; readonly task: string }
  /** A follow, wait, tracker or reporter begins to want a task. A follow or wait is settled `outcome`. */
  | { readonly type: 'lease'; readonly lease: LeaseId; readonly task: string; readonly kind: LeaseKind }
  /** That lease ends. */
  | { readonly type: 'unlease'; readonly lease: LeaseId }
  /** `send(message)`; settles `receipt`. */
  | { readonly type: 'send'; readonly ticket: Ticket; readonly message: Draft }
  /** `flush()`; settles `flushed` when all receipts before it have. */
  | { readonly type: 'flush'; readonly ticket: Ticket }
  /** The client is being freed: as `disconnect`, but the link is cut at once and the reason is `closed`. */
  | { readonly type: 'close' }
  /** The attempt that `dial` asked for is up. */
  | { readonly type: 'opened'; readonly generation: Generation }
  /** That attempt failed. */
  | { readonly type: 'dialFailed'; readonly generation: Generation; readonly failure: Failure }
  /** A text frame arrived. */
  | { readonly type: 'text'; readonly generation: Generation; readonly text: string }
  /** A binary message arrived: its first `SHOWN_BYTES` bytes read as UTF-8, with U+FFFD for what is none. */
  | { readonly type: 'binary'; readonly generation: Generation; readonly head: string }
  /** A WebSocket ping arrived (the transport answers it). */
  | { readonly type: 'ping'; readonly generation: Generation }
  /** A WebSocket pong arrived: its payload as a number, if it is one of ours. */
  | { readonly type: 'pong'; readonly generation: Generation; readonly payload?: number | undefined }
  /**
   * The peer closed the link with a close frame, or the transport ended without one (1006). Without `code` the
   * close frame had none.
   */
  | {
      readonly type: 'closed';
      readonly generation: Generation;
      readonly code?: number | undefined;
      readonly reason: string;
    }
  /** The link broke. */
  | { readonly type: 'broken'; readonly generation: Generation; readonly failure: Failure }
  /** The driver stopped reading because the inbox is full. */
  | { readonly type: 'readPaused'; readonly generation: Generation }
  /** It reads again. */
  | { readonly type: 'readResumed'; readonly generation: Generation }
  /** The machine slept. */
  | { readonly type: 'woke'; readonly sleptMs: number }
  /** The network came or went. */
  | { readonly type: 'online'; readonly value: boolean }
  /** The page was shown or hidden. */
  | { readonly type: 'visible'; readonly value: boolean }
  /**
   * The answer to `needCredentials`: they are at the driver's hands, or could not be had. Only the first of an attempt
   * counts.
   */
  | {
      readonly type: 'credentials';
      readonly generation: Generation;
      readonly failure?: CredentialsFailure | undefined;
    }
  /** The answer to `classify`: what the end means. Absent = what was proposed. */
  | { readonly type: 'classified'; readonly generation: Generation; readonly disposition?: Disposition | undefined }
  /** A deadline has come, or may have. */
  | { readonly type: 'timeout' };

/** The input of that type. */
export type InputOf<Type extends Input['type']> = Extract<Input, { readonly type: Type }>;

/** What wants a task. */
export type LeaseKind =
  /** An iterator over the task's events: connects, is settled with the outcome. */
  | 'follow'
  /** Waits for the outcome: connects, is settled with it. */
  | 'wait'
  /** A tracker or mounted hook: connects, is not settled. */
  | 'track'
  /** A worker that reports the task: connects, wants no events. Open work until it ends. */
  | 'report';

/** A message to send. `data` and `metadata` are JSON as text. */
export interface Draft {
  /** A type of the protocol, which decides its class in the outbox, or one of the user's own. */
  readonly type: string;
  readonly taskId: string;
  /** Whole milliseconds since the Unix epoch; absent = now. */
  readonly timestamp?: number | undefined;
  /** Ask the server to acknowledge it and send it again until it does. */
  readonly ack?: boolean | undefined;
  /** Of `progress`. */
  readonly stage?: string | undefined;
  /** Of `progress`: 0 to 100. */
  readonly progress?: number | undefined;
  /** Of `progress`, `log` and `error`. */
  readonly message?: string | undefined;
  /** Of `log`; absent = info. */
  readonly level?: Level | undefined;
  /** Of `log`: an object. */
  readonly metadata?: string | undefined;
  /** Of `error`. */
  readonly code?: string | undefined;
  /** Of all but `progress` and `log`. Of an `error` it takes the place of message and code. */
  readonly data?: string | undefined;
}

/** How an attempt or a link failed. */
export interface Failure {
  readonly kind: ErrorKind;
  /** A text for people, without credentials. */
  readonly message: string;
  /** The HTTP status of a refused upgrade. */
  readonly httpStatus?: number | undefined;
  /** `Retry-After` in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  /** Whether trying again cannot help (a bad certificate). */
  readonly fatal?: boolean | undefined;
}

/** How credentials could not be had. */
export interface CredentialsFailure {
  /** A text for people, without credentials. */
  readonly message: string;
  /** Stop for good. */
  readonly fatal?: boolean | undefined;
}

/** What somebody who has credentials is told when they are needed for one attempt. */
export interface CredentialsRequest {
  /** The transport they are for; goes into the answer. */
  readonly generation: Generation;
  /** Which attempt this is, counted from 1 since the link was last stable. */
  readonly attempt: number;
  /** Why it is made. */
  readonly reason: string;
  /** The close code that ended the last link. */
  readonly lastCloseCode?: number | undefined;
  /** The HTTP status that refused the last attempt. */
  readonly httpStatus?: number | undefined;
  /** What was used last was refused; a cached answer will not do. */
  readonly forceRefresh: boolean;
}

/** How an attempt or a link ended, for somebody who may know better what it means. */
export interface Ending {
  /** The transport that ended; goes into the answer. */
  readonly generation: Generation;
  /** The close code, if a link was closed: 1005 = there was none, 1006 = there was no close frame. */
  readonly closeCode?: number | undefined;
  /** The HTTP status that refused the attempt. */
  readonly httpStatus?: number | undefined;
  /** The kind of failure, whatever it means. */
  readonly kind: ErrorKind;
  /** A text for people, without credentials. */
  readonly reason: string;
  /** What it means unless the answer names another disposition. */
  readonly disposition: Disposition;
}

/** Something the driver has to do. */
export type Output =
  /** Ask the providers, then answer with `credentials`, within `CREDENTIALS_MS`. */
  | ({ readonly type: 'needCredentials' } & CredentialsRequest)
  /** Ask the classifier what the end means, then answer with `classified`, within `CLASSIFY_MS`. */
  | ({ readonly type: 'classify' } & Ending)
  /** Open a transport and answer with `opened` or `dialFailed`. */
  | { readonly type: 'dial'; readonly generation: Generation }
  /** Abandon the attempt or cut the link at once, without a close handshake. Nothing of it is awaited. */
  | { readonly type: 'drop'; readonly generation: Generation }
  /** Send a close frame, wait for the peer's for `CLOSE_TIMEOUT_MS`, then drop. Nothing of it is awaited. */
  | { readonly type: 'close'; readonly generation: Generation; readonly code: number };

/** A frame to write to the current link: a text, or the number of a ping, its payload in 8 bytes big-endian. */
export type Transmit = string | number;
