/** The core in TypeScript: protocol, events and the session. No clock, no I/O, no timers, no randomness. */

export { type Config, newConfig, redactUrl, setOption, type Terminal, validate } from './config';
export { ERROR_CODES, SteadywireError, type ErrorKind } from './error';
export * from './event';
export * as protocol from './protocol';
export * from './session';
