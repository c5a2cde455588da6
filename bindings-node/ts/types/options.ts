/** What a client can be told. Times are milliseconds. */

import type { ErrorKind } from '../errors';
import type { Cursors } from './answers';
import type { Disposition } from './words';

/** What a function is told that is asked before an attempt. */
export interface CredentialsRequest {
  /** Which attempt this is, counted from 1 since the link was last stable. */
  readonly attempt: number;
  /** Why it is made. */
  readonly reason: string;
  /** The close code that ended the last link. */
  readonly lastCloseCode?: number | undefined;
  /** The HTTP status that refused the last attempt. Never known on the web. */
  readonly httpStatus?: number | undefined;
  /** What was used last was refused; a cached answer will not do. */
  readonly forceRefresh: boolean;
}

/** How an attempt or a link ended. */
export interface Ending {
  /** The close code, if a link was closed: 1005 = there was none, 1006 = there was no close frame. */
  readonly closeCode?: number | undefined;
  /** The HTTP status that refused the attempt. Never known on the web. */
  readonly httpStatus?: number | undefined;
  readonly kind: ErrorKind;
  /** For people, without credentials. */
  readonly reason: string;
  /** What it means unless the answer names another disposition. */
  readonly disposition: Disposition;
}

/** A value, or a function (also an async one) that is called for it before every attempt. */
export type Given<Value> = Value | ((request: CredentialsRequest) => Value | PromiseLike<Value>);

/** Where a client writes what nobody listens to. */
export interface Logger {
  debug?(text: string, ...more: unknown[]): void;
  warn(text: string, ...more: unknown[]): void;
  error(text: string, ...more: unknown[]): void;
}

/** Trust and identity in TLS. PEM texts. Node only. */
export interface TlsOptions {
  readonly ca?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly minVersion?: '1.2' | '1.3' | undefined;
  readonly serverName?: string | undefined;
  readonly dangerouslyAcceptAnyCertificate?: boolean | undefined;
}

/** What the client needs of a WebSocket class. Those of browsers, React Native, Node, Deno and the package `ws` fit. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocketLike;

/** What the client needs of a WebSocket. */
export interface WebSocketLike {
  // React Native declares neither of these.
  binaryType?: string | undefined;
  readonly bufferedAmount?: number | undefined;
  // Bivariant, so that every platform's own event types fit.
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/**
 * Every option. An unknown option, or a value that one cannot take, is an error at construction; what is `undefined`
 * counts as not given.
 */
export interface ConnectionOptions {
  /** The server, `ws://` or `wss://`. Required. */
  readonly url: Given<string>;
  /** First retry delay. Default 1000. */
  readonly reconnectInterval?: number | undefined;
  /** Growth per failed attempt, 1 to 10. Default 1.5. */
  readonly reconnectBackoffMultiplier?: number | undefined;
  /** Ceiling of the delay. Default 30000. */
  readonly maxReconnectBackoff?: number | undefined;
  /**
   * Tries of the first connect before `connect()` fails; `Infinity` = unlimited. Default 5, and unlimited while a
   * follow, a wait, a hook or a reported task needs the link.
   */
  readonly maxConnectAttempts?: number | undefined;
  /** Tries after a link that was up is lost; 0 = never. Default `Infinity`. */
  readonly maxReconnectAttempts?: number | undefined;
  /** A link open for this long begins to count attempts anew. Default 5000. */
  readonly stableAfter?: number | undefined;
  /** For one attempt. Default 10000. */
  readonly connectTimeout?: number | undefined;
  /** Time between heartbeats; 0 turns them off. Default 30000. */
  readonly heartbeatInterval?: number | undefined;
  /** Time in which a heartbeat must be followed by a sign of life. Default 10000. */
  readonly heartbeatTimeout?: number | undefined;
  /** How many messages wait for the link. Default 1000. */
  readonly maxQueuedMessages?: number | undefined;
  /** How many bytes of messages wait for the link. Default 1 MiB. */
  readonly maxQueuedBytes?: number | undefined;
  /** What happens to a progress message or log line where they are full. Default `reject`. */
  readonly overflow?: 'reject' | 'dropOldest' | 'dropNewest' | undefined;
  /** How many events wait for this program. Default 10000. */
  readonly maxPendingEvents?: number | undefined;
  /** How many bytes of events wait for this program. Default 16 MiB. */
  readonly maxPendingBytes?: number | undefined;
  /** Whether newer progress of a task replaces the one that waits: while this program lags, or never. Default `lag`. */
  readonly conflate?: 'lag' | 'never' | undefined;
  /** A larger inbound message, in bytes, ends the link. Default 16 MiB. */
  readonly maxMessageSize?: number | undefined;
  /** Ask for the status of a task that has said nothing this long; 0 = never. Default 60000. */
  readonly stallTimeout?: number | undefined;
  /** Sent as `Authorization: Bearer`; on the web as `tokenIn` says. */
  readonly token?: Given<string> | undefined;
  /** Web only. Where the token goes: `{ query: name }` or `'protocol'`. Default `{ query: 'token' }`. */
  readonly tokenIn?: { readonly query: string } | 'protocol' | undefined;
  /** Subprotocols to offer. */
  readonly protocols?: Given<readonly string[]> | undefined;
  /** Further headers of the upgrade. Node only. */
  readonly headers?: Given<{ readonly [name: string]: string }> | undefined;
  /** Node only. */
  readonly tls?: TlsOptions | undefined;
  /** `http://`, `https://` or `socks5://`; `null` = none. Default: as the environment says. Node only. */
  readonly proxy?: string | null | undefined;
  /** What close codes and HTTP statuses mean, where it differs from the table. */
  readonly dispositions?: { readonly [code: number]: Disposition } | undefined;
  /** Says what an end means; `undefined` = as proposed. At most 1 s is waited for it. */
  readonly classify?: ((ending: Ending) => Disposition | undefined | PromiseLike<Disposition | undefined>) | undefined;
  /** Status words that end a task, and how; `null` takes a built-in word away. */
  readonly terminalStatus?: { readonly [word: string]: 'complete' | 'error' | null } | undefined;
  /** Cursors exported by an earlier client. */
  readonly cursors?: Cursors | undefined;
  /** Where to write what nobody listens to. Default: the console. */
  readonly logger?: Logger | undefined;
  /** Seeds the jitter, so that runs can be repeated. */
  readonly seed?: number | undefined;
  /** Web only. The class to connect with. Default: the platform's `WebSocket`. */
  readonly WebSocket?: WebSocketClass | undefined;
}
