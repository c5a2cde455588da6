/** Attempts: why one is made, what follows when it fails (rules TRY and CLOSE). */

import { SteadywireError, type ErrorKind } from '../error';
import type { DropReason, LostReason } from '../event';
import { askedDelay, delay, slowDelay } from './backoff';
import { askWhatItMeans } from './classify';
import { ofHttp, type Disposition } from './disposition';
import type { Failure } from './io';
import { CONNECT_ATTEMPTS, CREDENTIALS_MS, MAX_PROTOCOL_ERRORS } from './limits';
import { isReachable, linkIsGone, moveTo, report, setState } from './link';
import { holdsAnEnd } from './outbox';
import { endAllWork, hasOpenWork } from './outcome';
import { finishEnding } from './ending';
import type { Session } from './session';
import { noteError } from './stats';
import { settle, tell } from './calls';

/** The history of attempts since the link was last stable, or since it was started. */
export interface Attempts {
  /** Failed attempts since the link was last stable. */
  failures: number;
  /** Failed attempts while the network was off or the page hidden: they lengthen the delay, no more. */
  uncounted: number;
  /** Tries since the connect or the loss that made them necessary. */
  tries: number;
  /** The link was stable before the failures began. */
  wasStable: boolean;
  slowRefusals: number;
  protocolErrors: number;
  /** Credentials were refreshed since the link was last stable. */
  refreshed: boolean;
  /** What was had last was refused, and nothing was had since. */
  forceRefresh: boolean;
  lastCloseCode: number | undefined;
  lastHttpStatus: number | undefined;
}

/** Why a link or an attempt ended. */
export interface Cause {
  /** The kind of failure, whatever it means. */
  readonly kind: ErrorKind;
  readonly text: string;
  readonly disposition: Disposition;
  readonly closeCode?: number | undefined;
  readonly httpStatus?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  /** A classifier may know better what it means. */
  readonly isOpenToQuestion?: boolean;
}

/** A history that begins. */
export function newAttempts(wasStable: boolean): Attempts {
  return {
    failures: 0,
    uncounted: 0,
    tries: 0,
    wasStable,
    slowRefusals: 0,
    protocolErrors: 0,
    refreshed: false,
    forceRefresh: false,
    lastCloseCode: undefined,
    lastHttpStatus: undefined,
  };
}

/** Begins an attempt: by asking for credentials, where there is somebody to ask. */
export function tryNow(s: Session, reason: string): void {
  const { link, counters } = s;
  const { attempts } = link;
  const generation = ++link.generation;
  attempts.tries += +isReachable(link);
  counters.attempts++;
  if (s.platform.credentials) {
    moveTo(link, 'preparing', s.mono + CREDENTIALS_MS);
    s.outputs.push({
      type: 'needCredentials',
      generation,
      attempt: attempts.failures + 1,
      reason,
      lastCloseCode: attempts.lastCloseCode,
      httpStatus: attempts.lastHttpStatus,
      forceRefresh: attempts.forceRefresh,
    });
  } else {
    dial(s);
  }
}

/** Opens a transport. */
export function dial(s: Session): void {
  moveTo(s.link, 'dialling', s.mono + s.config.connectTimeout);
  s.outputs.push({ type: 'dial', generation: s.link.generation });
}

/** The attempt under way has failed. */
export function attemptFailed(s: Session, cause: Cause): void {
  noteError(s.counters, toldKind(cause), cause.text);
  moveTo(s.link, 'stopped', Infinity);
  nextAttempt(s, cause);
}

/** The link that was up is lost. */
export function linkLost(s: Session, cause: Cause): void {
  linkIsGone(s, cause.closeCode, cause.text);
  if (s.ending) {
    finishEnding(s);
  } else {
    nextAttempt(s, cause);
  }
}

/** What a failure means. */
export function causeOf(s: Session, failure: Failure): Cause {
  const { kind, httpStatus } = failure;
  const disposition: Disposition = failure.fatal
    ? 'fatal'
    : httpStatus !== undefined
      ? (s.config.dispositions.get(httpStatus) ?? ofHttp(httpStatus))
      : kind === 'protocol_violation' || kind === 'message_too_large'
        ? 'protocol'
        : 'retry';
  return {
    kind,
    text: failure.message,
    disposition,
    httpStatus,
    retryAfterMs: failure.retryAfterMs,
    isOpenToQuestion: !failure.fatal,
  };
}

/** The kind of error that is told, which what it means has a say in. */
export function toldKind({ disposition, kind }: Cause): ErrorKind {
  const lost = kind === 'connection_lost';
  return disposition === 'reauth'
    ? 'unauthorized'
    : disposition === 'fatal' && (lost || kind === 'handshake_failed')
      ? 'refused'
      : disposition === 'protocol' && lost
        ? 'protocol_violation'
        : kind;
}

/** Fails everyone who waits for the link. */
export function rejectWaiters(s: Session, error: SteadywireError): void {
  const { waiters } = s.link;
  s.link.waiters = [];
  for (const ticket of waiters) {
    settle(s, ticket, { type: 'connected', error });
  }
}

/** Counts a failed attempt or a lost link, and decides what follows or asks. */
function nextAttempt(s: Session, cause: Cause): void {
  const { attempts } = s.link;
  attempts.lastCloseCode = cause.closeCode;
  attempts.lastHttpStatus = cause.httpStatus;
  if (isReachable(s.link)) {
    attempts.failures++;
  } else {
    attempts.uncounted++;
  }
  if (s.platform.classify && cause.isOpenToQuestion) {
    askWhatItMeans(s, cause);
  } else {
    decide(s, cause);
  }
}

/** Decides what follows. */
export function decide(s: Session, cause: Cause): void {
  const { disposition } = cause;
  const kind = toldKind(cause);
  const { attempts } = s.link;
  let stop = disposition === 'fatal';
  // What happened, and what follows from it: rule CLOSE-14.
  let { text } = cause;
  if (disposition === 'whileOpen' && !hasOpenWork(s)) {
    text += '; nothing needs the link';
    setState(s, 'disconnected', text, cause, false);
    rejectWaiters(s, new SteadywireError(kind, text));
    return;
  }
  if (disposition === 'slow') {
    attempts.slowRefusals++;
  } else if (disposition === 'reauth') {
    stop = !s.platform.credentials || attempts.refreshed;
    text += !stop
      ? '; new credentials are asked for'
      : s.platform.credentials
        ? '; new credentials were refused too'
        : '; there are no other credentials';
    attempts.forceRefresh = !stop;
    attempts.refreshed ||= !stop;
  } else if (disposition === 'protocol') {
    stop = ++attempts.protocolErrors >= MAX_PROTOCOL_ERRORS;
    text += `; ${MAX_PROTOCOL_ERRORS} such faults in a row`;
    text += stop ? '' : ` stop the client, this is number ${attempts.protocolErrors}`;
  }
  if (stop) {
    stopForGood(s, new SteadywireError(kind, `${text}; the client stops`), cause, 'refused');
  } else if (isExhausted(s)) {
    const tries = attempts.tries === 1 ? '1 try' : `${attempts.tries} tries`;
    const why = new SteadywireError(kind, cause.text);
    const error = new SteadywireError('attempts_exhausted', `${cause.text}; given up after ${tries}`, why);
    stopForGood(s, error, cause, 'givenUp');
  } else {
    schedule(s, cause, text);
  }
}

function schedule(s: Session, cause: Cause, decided: string): void {
  const { link, config, rng } = s;
  const { attempts } = link;
  const { retryAfterMs } = cause;
  const k = Math.max(attempts.failures + attempts.uncounted, 1);
  const slow = cause.disposition === 'slow';
  const asked = retryAfterMs !== undefined;
  const nextDelay = asked
    ? askedDelay(retryAfterMs, rng)
    : slow
      ? slowDelay(attempts.slowRefusals, rng)
      : delay(config, k, attempts.wasStable, rng);
  moveTo(link, 'waiting', s.mono + nextDelay);
  link.asked = asked || slow;
  const text = decided + (asked ? '; the server asked to wait' : slow ? '; the server is given time' : '');
  if (s.state === 'connected') {
    setState(s, 'reconnecting', text, cause, true);
  }
  tell(s, { event: 'retry', attempt: k, nextDelay, cause: text });
}

/** Whether no further try is allowed. Rules TRY-8 to TRY-10. */
function isExhausted(s: Session): boolean {
  const { tries } = s.link.attempts;
  const { maxConnectAttempts, maxReconnectAttempts } = s.config;
  if (s.state !== 'connecting') {
    return tries >= maxReconnectAttempts;
  }
  const most = maxConnectAttempts ?? CONNECT_ATTEMPTS;
  if (tries >= most && maxConnectAttempts === undefined && (s.tasks.leases.size > 0 || holdsAnEnd(s.outbox))) {
    const text = `no connection after ${most} tries; the client goes on for tasks that are followed or reported`;
    rejectWaiters(s, new SteadywireError('attempts_exhausted', text));
    return false;
  }
  return tries >= most;
}

/** Ends what is open, in the order of rule LINK-6. */
function stopForGood(s: Session, error: SteadywireError, cause: Cause, why: LostReason & DropReason): void {
  endAllWork(s, why);
  setState(s, 'error', error.message, cause, false);
  rejectWaiters(s, error);
  report(s, toldKind(cause) === 'unauthorized' ? 'auth' : 'transport', error.kind, error.message, true);
}
