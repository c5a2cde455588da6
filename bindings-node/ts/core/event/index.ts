/** Events: what a session tells. `data` and `metadata` are JSON as text; timestamps are Unix milliseconds. */

import type { Level } from '../protocol';
import type { Settlement } from './answers';
import type { ErrorSource, LostReason, State } from './kinds';

export type { Outcome, Receipt, Settlement } from './answers';
export type { DropReason, ErrorSource, LostReason, State } from './kinds';

/** One event. */
export type Event =
  | {
      readonly event: 'progress';
      readonly taskId: string;
      readonly stage: string;
      /** 0 to 100. */
      readonly progress: number;
      readonly message: string;
      readonly timestamp: number;
    }
  | {
      readonly event: 'log';
      readonly taskId: string;
      readonly level: Level;
      readonly message: string;
      readonly timestamp: number;
      /** An object. */
      readonly metadata: string | undefined;
    }
  | { readonly event: 'status'; readonly taskId: string; readonly timestamp: number; readonly data: string }
  | {
      readonly event: 'complete';
      readonly taskId: string;
      readonly timestamp: number;
      readonly data: string;
      /** Made from the task's status because no `complete` message came. */
      readonly synthetic: boolean;
    }
  | {
      readonly event: 'error';
      readonly source: ErrorSource;
      /** The task's own code, or the name of an `ErrorKind`. */
      readonly code: string;
      readonly message: string;
      readonly taskId: string | undefined;
      readonly data: string | undefined;
      /** The task, or the connection, is over. */
      readonly fatal: boolean;
      readonly timestamp: number;
      readonly synthetic: boolean;
    }
  | { readonly event: 'heartbeat'; readonly taskId: string; readonly timestamp: number }
  /** A message of a type this protocol does not know: the whole frame as it came. */
  | { readonly event: 'message'; readonly type: string; readonly taskId: string; readonly raw: string }
  | {
      readonly event: 'stateChange';
      readonly state: State;
      readonly previous: State;
      readonly reason: string;
      /** Number of the transport it concerns. */
      readonly generation: number;
      readonly closeCode: number | undefined;
      readonly httpStatus: number | undefined;
      readonly willRetry: boolean;
    }
  /** `nextDelay`: milliseconds until the attempt. */
  | { readonly event: 'retry'; readonly attempt: number; readonly nextDelay: number; readonly cause: string }
  | { readonly event: 'connected'; readonly generation: number }
  | {
      readonly event: 'disconnected';
      readonly generation: number;
      readonly closeCode: number | undefined;
      readonly reason: string;
    }
  /** A subscription ended without an outcome. */
  | { readonly event: 'lost'; readonly taskId: string; readonly reason: LostReason }
  /** Messages of a task are known to be missing. Without `to` nobody can know the last. */
  | {
      readonly event: 'gap';
      readonly taskId: string;
      readonly from: number;
      readonly to: number | undefined;
      readonly epoch: string;
    };

/** The key of an event whose task nobody asked for, or which has no task. */
export const NO_KEY = 0xffffffff;

/** One entry of a batch: an event with the key that tells its task apart, or the answer to a call. */
export type Item =
  | { readonly key: number; readonly event: Event }
  | { readonly ticket: number; readonly settlement: Settlement };

/** Events and settlements in order. */
export type Batch = Item[];

/** An empty batch. */
export function newBatch(): Batch {
  return [];
}

/** Adds an event. */
export function push(batch: Batch, key: number, event: Event): void {
  batch.push({ key, event });
}

/** Adds the answer to a call. */
export function pushSettled(batch: Batch, ticket: number, settlement: Settlement): void {
  batch.push({ ticket, settlement });
}
