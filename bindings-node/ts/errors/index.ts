/** What went wrong, in the words every language shares. */

/** The number of each kind of error. Numbers never change their meaning; new kinds will be added. */
export const ERROR_CODES = {
  invalid_argument: 100,
  unknown_option: 101,
  invalid_url: 102,
  would_deadlock: 103,
  closed: 104,
  invalid_state: 105,
  forked: 106,
  unsupported: 107,
  connect_failed: 200,
  dns_failed: 201,
  tls_failed: 202,
  connect_timeout: 203,
  connection_lost: 204,
  heartbeat_timeout: 205,
  proxy_failed: 206,
  attempts_exhausted: 207,
  disconnected: 208,
  credentials_failed: 209,
  invalid_message: 300,
  message_too_large: 301,
  protocol_violation: 302,
  handshake_failed: 303,
  refused: 400,
  unauthorized: 401,
  message_refused: 402,
  task_failed: 403,
  server_error: 404,
  queue_full: 500,
  message_too_large_to_queue: 501,
  timeout: 502,
  limit_reached: 503,
  internal: 900,
  callback_failed: 901,
} as const;

/** The name of a kind of error. */
export type ErrorKind = keyof typeof ERROR_CODES;

/** Every kind of error. */
export const ERROR_KINDS = Object.keys(ERROR_CODES) as ErrorKind[];

/** What all copies of this library in a process know each other's errors by. */
const BRAND = Symbol.for('steadywire.error');

/** An error: its kind, a text for people, and the cause if there is one. `instanceof` holds for those of other copies too. */
export class SteadywireError extends Error {
  override readonly name = 'SteadywireError';
  /** What went wrong, to be looked up; texts may change. */
  readonly kind: ErrorKind;
  override readonly cause: unknown;

  constructor(kind: ErrorKind, message: string, cause?: unknown) {
    super(message);
    this.kind = kind;
    this.cause = cause;
  }

  /** The number of the kind. */
  get code(): number {
    return ERROR_CODES[this.kind];
  }

  /** Whether doing the same again later can succeed without a change by the user. */
  isRetryable(): boolean {
    const { code, kind } = this;
    return (code >= 200 && code < 300 && kind !== 'disconnected') || kind === 'queue_full' || kind === 'timeout';
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore-start lint/complexity/noThisInStatic: a class derived from this one has its own instances only
    const branded = this === SteadywireError && typeof value === 'object' && value !== null && BRAND in value;
    return branded || super[Symbol.hasInstance](value);
    // biome-ignore-end lint/complexity/noThisInStatic: only here
  }
}
