/** The words that states, messages and reasons are told in. */

/** The states of a client's connection. */
export const ConnectionState = {
  /** Never started, or the user asked for it. */
  DISCONNECTED: 'disconnected',
  /** Not yet up since `connect()`. */
  CONNECTING: 'connecting',
  CONNECTED: 'connected',
  /** It was up and is being restored. */
  RECONNECTING: 'reconnecting',
  /** Stopped for good until `connect()` or `reconnect()`. */
  ERROR: 'error',
} as const;

/** The state of a client's connection. */
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

/** The state of a client's connection. */
export type State = ConnectionState;

/** The types of messages that the protocol knows. */
export const MessageType = {
  PROGRESS: 'progress',
  LOG: 'log',
  STATUS: 'status',
  ERROR: 'error',
  COMPLETE: 'complete',
  HEARTBEAT: 'heartbeat',
} as const;

/** A type of message that the protocol knows. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** How important a log line is. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

/** Where an `error` event comes from. */
export type ErrorSource = 'task' | 'transport' | 'protocol' | 'auth' | 'callback';

/** Why a subscription ended without an outcome. */
export type LostReason = 'disconnected' | 'givenUp' | 'refused' | 'forgotten' | 'unsubscribed' | 'closed';

/** Why a message was not sent. */
export type DropReason = 'superseded' | 'overflow' | 'disconnected' | 'givenUp' | 'refused' | 'closed' | 'notConnected';

/** What follows from the end of an attempt or a link. */
export type Disposition =
  /** Retry while there is open work, else stop quietly. */
  | 'whileOpen'
  /** Retry with backoff. */
  | 'retry'
  /** Retry after a longer while, or when `Retry-After` says. */
  | 'slow'
  /** Refresh the credentials once per stable link, else stop for good. */
  | 'reauth'
  /** Retry, but stop for good after three in a row. */
  | 'protocol'
  /** Stop for good. */
  | 'fatal';
