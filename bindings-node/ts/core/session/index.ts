/**
 * The whole behaviour of a client as a machine without clock, I/O, timers or randomness.
 *
 * The rules are in spec/SESSION.md; comments cite them by number. A driver feeds inputs, then empties `pollOutput`,
 * moves `batch` to whoever listens, and (while its transport takes frames) empties `pollTransmit`, and sleeps until
 * `nextDeadline`.
 */

export type { Disposition } from './disposition';
export type {
  CredentialsFailure,
  CredentialsRequest,
  Draft,
  Ending,
  Failure,
  Generation,
  Input,
  LeaseId,
  LeaseKind,
  Now,
  Output,
  Platform,
  Ticket,
  Transmit,
} from './io';
export * as limits from './limits';
export { Session } from './session';
export type { Stats } from './stats';
