/** What clients tell: one type per kind of event. Timestamps are milliseconds since the Unix epoch. */

import type { ConnectionState, ErrorSource, Level, LostReason, MessageType } from './words';

/** How far a task is. */
export interface ProgressUpdate {
  taskId: string;
  /** `''` where the server names none. */
  stage: string;
  /** 0 to 100. */
  progress: number;
  message: string;
  timestamp: number;
}

/** A log line of a task. */
export interface LogEntry {
  taskId: string;
  level: Level;
  message: string;
  timestamp: number;
  // biome-ignore lint/suspicious/noExplicitAny: it is whatever the server says
  metadata?: Record<string, any>;
}

/** A message as it goes over the wire. */
export interface WebSocketMessage {
  type: MessageType;
  taskId: string;
  timestamp: number;
  // biome-ignore lint/suspicious/noExplicitAny: it is any JSON
  data?: any;
}

export interface ProgressEvent extends ProgressUpdate {
  readonly type: 'progress';
}

export interface LogEvent extends LogEntry {
  readonly type: 'log';
}

/** What the server says of a task. Where `data` is an object, its fields are readable here too; own fields win. */
export interface StatusEvent {
  readonly type: 'status';
  readonly taskId: string;
  readonly timestamp: number;
  // biome-ignore lint/suspicious/noExplicitAny: it is any JSON
  readonly data: any;
  // biome-ignore lint/suspicious/noExplicitAny: the fields of the data
  readonly [field: string]: any;
}

/** A task has ended well: its outcome. Where `data` is an object, its fields are readable here too; own fields win. */
export interface CompleteEvent {
  readonly type: 'complete';
  readonly taskId: string;
  readonly timestamp: number;
  // biome-ignore lint/suspicious/noExplicitAny: it is any JSON
  readonly data: any;
  /** Made from the task's status because no `complete` message came. */
  readonly synthetic: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the fields of the data
  readonly [field: string]: any;
}

/** A task failed, or the link, or a message, or a callback: `source` says which. */
export interface ErrorEvent {
  readonly type: 'error';
  readonly source: ErrorSource;
  /** The task's own code, or the name of an `ErrorKind`. */
  readonly code: string;
  readonly message: string;
  readonly taskId: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: it is any JSON
  readonly data: any;
  /** The task, or the connection, is over. */
  readonly fatal: boolean;
  readonly timestamp: number;
  readonly synthetic: boolean;
  /** Of source callback: what was thrown. */
  readonly cause?: unknown;
}

export interface HeartbeatEvent {
  readonly type: 'heartbeat';
  readonly taskId: string;
  readonly timestamp: number;
}

/** A message of a type that the protocol does not know. */
export interface MessageEvent {
  readonly type: 'message';
  readonly messageType: string;
  readonly taskId: string;
  /** The whole frame as it came. */
  readonly raw: string;
}

/** The connection's state has changed. */
export interface StateChangeEvent {
  readonly type: 'stateChange';
  readonly state: ConnectionState;
  readonly previous: ConnectionState;
  /** What happened and what follows, for people. */
  readonly reason: string;
  /** Number of the transport it concerns. */
  readonly generation: number;
  readonly closeCode: number | undefined;
  readonly httpStatus: number | undefined;
  readonly willRetry: boolean;
}

/** An attempt failed or a link was lost, and another attempt will be made. */
export interface RetryEvent {
  readonly type: 'retry';
  readonly attempt: number;
  /** Milliseconds until then. */
  readonly nextDelay: number;
  readonly cause: string;
}

/** A link is up. */
export interface ConnectedEvent {
  readonly type: 'connected';
  readonly generation: number;
}

/** A link that was up is gone. */
export interface DisconnectedEvent {
  readonly type: 'disconnected';
  readonly generation: number;
  readonly closeCode: number | undefined;
  readonly reason: string;
}

/** A subscription ended without an outcome. */
export interface LostEvent {
  readonly type: 'lost';
  readonly taskId: string;
  readonly reason: LostReason;
}

/** Messages of a task are known to be missing. Without `to` nobody can know the last. */
export interface GapEvent {
  readonly type: 'gap';
  readonly taskId: string;
  readonly from: number;
  readonly to: number | undefined;
  readonly epoch: string;
}

/** So many log lines were dropped because this program did not keep pace. */
export interface OverflowEvent {
  readonly type: 'overflow';
  readonly count: number;
}

/** Each kind of event by its name. */
export interface Events {
  progress: ProgressEvent;
  log: LogEvent;
  status: StatusEvent;
  error: ErrorEvent;
  complete: CompleteEvent;
  heartbeat: HeartbeatEvent;
  message: MessageEvent;
  stateChange: StateChangeEvent;
  retry: RetryEvent;
  connected: ConnectedEvent;
  disconnected: DisconnectedEvent;
  lost: LostEvent;
  gap: GapEvent;
  overflow: OverflowEvent;
}

/** The name of a kind of event: what `on()` takes. */
export type EventName = keyof Events;

/** Any event. */
export type Event = Events[EventName];

/** What a follow gives: the events of one task, its outcome last, and `overflow` where the reader was too slow. */
export type TaskEvent =
  | ProgressEvent
  | LogEvent
  | StatusEvent
  | ErrorEvent
  | CompleteEvent
  | HeartbeatEvent
  | MessageEvent
  | LostEvent
  | GapEvent
  | OverflowEvent;

/** What listens to a kind of event. `stateChange` is told the state first: `(state, change)`. */
export type Listener<Name extends EventName> = Name extends 'stateChange'
  ? (state: ConnectionState, change: StateChangeEvent) => unknown
  : (event: Events[Name]) => unknown;

/** Each kind of event with what listens to it. */
export type EventMap = { [Name in EventName]: Listener<Name> };
