/** What one inbound text frame says. */

/** Importance of a log line. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

/** The state of a task as the server knows it. */
export type TaskStatus = 'unknown' | 'running' | 'complete' | 'error';

/** What a server can do beyond the baseline. */
export interface Features {
  /** Cursors are understood and missed messages replayed. */
  readonly resume: boolean;
  /** Messages with an id are acknowledged, duplicates removed. */
  readonly ack: boolean;
  /** One subscribe may name many tasks. */
  readonly batch: boolean;
  /** `query` is answered with `state`. */
  readonly query: boolean;
  /** Heartbeats are answered. */
  readonly heartbeat: boolean;
  /** `publish` is understood: a publisher that is back keeps its tasks alive by it, and ends its older links. */
  readonly publish: boolean;
}

/** What a server says of a task in `subscribed` and `state`. */
export interface TaskState {
  /** The current run of the task's history, if there is one. */
  readonly epoch: string | undefined;
  /** The newest position in it. */
  readonly seq: number | undefined;
  /** Whether everything after the cursor that was sent will be replayed. */
  readonly recovered: boolean | undefined;
  /** Absent where it is missing or another word. */
  readonly status: TaskStatus | undefined;
  /** The outcome's data as JSON text, where the server sent it. */
  readonly data: string | undefined;
}

/** The part of a message that depends on its type. `data` and `metadata` are JSON as text. */
export type Body =
  | { readonly type: 'progress'; readonly stage: string; readonly progress: number; readonly message: string }
  | {
      readonly type: 'log';
      readonly level: Level;
      readonly message: string;
      readonly metadata: string | undefined;
    }
  /** `word`: `data.status`, else `data.state`, where it is a string. */
  | { readonly type: 'status'; readonly word: string | undefined; readonly data: string }
  /** `action`: the request this answers. `refusedId`: the message it refuses. */
  | {
      readonly type: 'error';
      readonly message: string;
      readonly code: string;
      readonly fatal: boolean | undefined;
      readonly action: string | undefined;
      readonly refusedId: string | undefined;
      readonly data: string;
    }
  | { readonly type: 'complete'; readonly data: string }
  /** `received`: it answers one of ours. */
  | { readonly type: 'heartbeat'; readonly received: boolean }
  /** A type this protocol does not know. */
  | { readonly type: 'other'; readonly kind: string }
  /** The server's greeting. */
  | { readonly type: 'hello'; readonly features: Features }
  /** Answers to a subscribe and to a query. */
  | { readonly type: 'subscribed'; readonly state: TaskState }
  | { readonly type: 'state'; readonly state: TaskState }
  /** The message with this id has been taken. */
  | { readonly type: 'ack'; readonly id: string }
  /** What only a server receives. */
  | { readonly type: 'request' };

/** One inbound message, parsed and checked. Optional fields that were unusable are absent and counted in `faults`. */
export type Frame = Body & {
  /** The task the envelope names; empty where the message speaks of no task. */
  readonly taskId: string;
  /** Milliseconds since the Unix epoch: `data.timestamp`, else the envelope's, else none. */
  readonly timestamp: number | undefined;
  /** Position of this message in the task's history. */
  readonly seq: number | undefined;
  /** First position this message stands for, where earlier ones were conflated into it. */
  readonly covers: number | undefined;
  /** The run of the history that `seq` counts in. */
  readonly epoch: string | undefined;
  /** How many optional fields were present but unusable. */
  readonly faults: number;
};

/** Why a frame was rejected. Its link lives on. */
export interface Rejected {
  readonly type: 'rejected';
  /** For people. */
  readonly why: string;
}
