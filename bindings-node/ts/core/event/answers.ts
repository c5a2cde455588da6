/** What calls are answered with: outcomes, receipts, settlements. */

import type { SteadywireError } from '../error';
import type { DropReason, LostReason } from './kinds';

/** How a followed task ended. */
export interface Outcome {
  readonly taskId: string;
  readonly kind: 'complete' | 'error' | 'lost';
  /** JSON as text; `null` where there is none. */
  readonly data: string;
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

/** What became of a message. */
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

/** The answer to a call. */
export type Settlement =
  | { readonly type: 'connected'; readonly error?: SteadywireError | undefined }
  | { readonly type: 'disconnected' }
  | { readonly type: 'flushed' }
  | { readonly type: 'receipt'; readonly receipt: Receipt }
  | { readonly type: 'outcome'; readonly outcome: Outcome };
